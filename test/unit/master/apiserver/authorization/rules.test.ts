// Which requests a rule allows, as a table. (upstream: plugin/pkg/auth/authorizer/rbac/rbac_test.go)
import { ruleAllows, type PolicyRule } from '../../../../../master/apiserver/authorization/rules.ts';
import { parseRequestInfo } from '../../../../../master/apiserver/request-info.ts';

const request = (text: string): ReturnType<typeof parseRequestInfo> => {
  const [method = '', url = ''] = text.split(' ');
  const [path = '', query = ''] = url.split('?');
  return parseRequestInfo(method, path, new URLSearchParams(query));
};
const rule = (verbs: string, apiGroups: string[], resources: string, resourceNames?: string[]): PolicyRule => ({ verbs: verbs.split(' '), apiGroups, resources: resources.split(' '), ...(resourceNames ? { resourceNames } : {}) });
const urls = (verbs: string, ...nonResourceURLs: string[]): PolicyRule => ({ verbs: verbs.split(' '), nonResourceURLs });

const pods = '/api/v1/namespaces/n/pods';
const deployments = '/apis/apps/v1/namespaces/n/deployments';

describe('a rule', () => {
  it.each<[string, PolicyRule, string[], string[]]>([
    ['names a verb', rule('get', [''], 'pods'), [`GET ${pods}/a`], [`GET ${pods}`, `DELETE ${pods}/a`, `GET ${deployments}/a`]],
    ['tells list from watch', rule('list', [''], 'pods'), [`GET ${pods}`, 'GET /api/v1/pods'], [`GET ${pods}?watch=1`, `DELETE ${pods}`]],
    ['allows every verb by *', rule('*', [''], 'pods'), [`GET ${pods}/a`, `DELETE ${pods}`, `PATCH ${pods}/a`], ['GET /api/v1/namespaces/n/secrets/a']],
    ['names a group', rule('get', ['apps'], 'deployments'), [`GET ${deployments}/a`], ['GET /apis/extensions/v1/namespaces/n/deployments/a']],
    ['allows every group by *', rule('get', ['*'], 'deployments'), [`GET ${deployments}/a`, 'GET /apis/extensions/v1/namespaces/n/deployments/a'], [`GET ${pods}/a`]],
    ['does not reach subresources', rule('get', [''], 'pods'), [], [`GET ${pods}/a/log`]],
    ['names a subresource', rule('get', [''], 'pods/log'), [`GET ${pods}/a/log`], [`GET ${pods}/a`, `GET ${pods}/a/status`]],
    ['names a subresource of all resources', rule('get', ['*'], '*/scale'), [`GET ${deployments}/a/scale`], [`GET ${deployments}/a`, `GET ${deployments}/a/status`]],
    ['allows all resources and subresources by *', rule('get', ['*'], '*'), [`GET ${deployments}/a/scale`, `GET ${pods}/a`], [`DELETE ${pods}/a`, 'GET /healthz']],
    ['names objects', rule('get list delete', [''], 'pods', ['a', 'b']), [`GET ${pods}/a`, `DELETE ${pods}/b`, `GET ${pods}?fieldSelector=metadata.name%3Da`], [`GET ${pods}/c`, `GET ${pods}`]],
    ['with names allows no creation, whose name is not known', rule('create', [''], 'pods', ['a']), [], [`POST ${pods}`]],
    ['names a path', urls('get', '/healthz'), ['GET /healthz'], ['GET /healthz/ping', 'POST /healthz', 'GET /version']],
    ['names the beginning of paths', urls('get', '/healthz/*'), ['GET /healthz/ping', 'GET /healthz/'], ['GET /healthz', 'GET /health']],
    ['allows all paths by *', urls('*', '*'), ['GET /healthz', 'POST /x/y'], [`GET ${pods}/a`]],
    ['about resources says nothing about paths', rule('*', ['*'], '*'), [], ['GET /metrics']],
  ])('%s', (_, given, allowed, refused) => {
    for (const one of allowed) expect([one, ruleAllows(given, request(one))]).toEqual([one, true]);
    for (const one of refused) expect([one, ruleAllows(given, request(one))]).toEqual([one, false]);
  });
});
