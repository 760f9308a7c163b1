// How requests are counted: each verb, resource and subresource that is served under its name, all others under one.
import { ConfigMaps } from '../../../../src/api/core/config-map.ts';
import { Pods } from '../../../../src/api/core/pod.ts';
import type { ResourceDefinition } from '../../../../src/schema/resource.ts';
import { reported } from '../../../../master/apiserver/metrics.ts';
import { parseRequestInfo } from '../../../../master/apiserver/request-info.ts';

const ask = (method: string, target: string, resource?: ResourceDefinition, contentType?: string): ReturnType<typeof reported> => {
  const { pathname, searchParams } = new URL(target, 'https://dray');
  return reported(parseRequestInfo(method, pathname, searchParams), contentType, resource);
};
const pod = '/api/v1/namespaces/n/pods/p';
const nothing = { group: '', version: '', resource: '', subresource: '', scope: '' };

describe('What a request is counted as', () => {
  it.each<[string, string, ResourceDefinition | undefined, string, string, string]>([
    ['GET', pod, Pods, 'GET', '', 'namespace'], ['HEAD', pod, Pods, 'GET', '', 'namespace'], ['GET', '/api/v1/pods', Pods, 'LIST', '', 'cluster'],
    ['GET', '/api/v1/watch/pods', Pods, 'WATCH', '', 'cluster'], ['GET', '/api/v1/pods?watch=yes', Pods, 'WATCH', '', 'cluster'], ['GET', '/api/v1/pods?watch=False', Pods, 'LIST', '', 'cluster'], ['GET', '/api/v1/watch/namespaces/n/pods/p', Pods, 'WATCH', '', 'namespace'], ['GET', `${pod}?watch=1`, Pods, 'GET', '', 'namespace'],
    ['POST', '/api/v1/namespaces/n/configmaps', ConfigMaps, 'POST', '', 'namespace'], ['PUT', `${pod}/status`, Pods, 'PUT', 'status', 'namespace'], ['DELETE', '/api/v1/namespaces/n/pods', Pods, 'DELETECOLLECTION', '', 'namespace'],
    ['GET', `${pod}/log`, Pods, 'CONNECT', 'log', 'namespace'], ['POST', `${pod}/exec`, Pods, 'CONNECT', 'exec', 'namespace'], ['DELETE', `${pod}/proxy/a/b`, Pods, 'CONNECT', 'proxy', 'namespace'],
    ['FROB', pod, Pods, 'other', '', 'namespace'], ['constructor', pod, Pods, 'other', '', 'namespace'],
  ])('%s %s', (method, path, resource, verb, subresource, scope) => {
    expect(ask(method, path, resource)).toMatchObject({ verb, subresource, scope, resource: resource!.plural, version: 'v1', group: '' });
  });
  it('tells apply from other patches', () => {
    expect(ask('PATCH', pod, Pods, 'application/apply-patch+yaml').verb).toBe('APPLY');
    expect(ask('PATCH', pod, Pods, 'application/merge-patch+json').verb).toBe('PATCH');
  });
  it.each([
    ['GET', `${pod}/made-up`, Pods], ['GET', '/api/v1/namespaces/n/configmaps/c/status', ConfigMaps], ['GET', '/api/v1/namespaces/n/configmaps/c/scale', ConfigMaps], ['GET', '/apis/made.up/v1/things', undefined], ['GET', '/made-up', undefined],
  ])('has no names for what is not served: %s %s', (method, path, resource) => {
    expect(ask(method, path, resource)).toMatchObject(nothing);
  });
  it('has one name for all methods that are none', () => {
    expect(ask('FROB', '/made-up')).toEqual({ verb: 'other', ...nothing });
    expect(ask('OPTIONS', '/made-up')).toEqual({ verb: 'other', ...nothing });
  });
});
