// What rules lack of others, and how that is told. (upstream: component-helpers auth/rbac/validation/policy_comparator_test.go)
import { compactRules, missingRules, ruleText } from '../../../../src/api/rbac/covering.ts';
import type { PolicyRule } from '../../../../src/api/rbac/policy-rule.ts';

const rule = (verbs: string, apiGroups: string, resources: string, names = ''): PolicyRule =>
  ({ verbs: verbs.split(' '), apiGroups: apiGroups.split(','), resources: resources.split(' '), ...(names ? { resourceNames: names.split(' ') } : {}) });
const urls = (verbs: string, paths: string): PolicyRule => ({ verbs: verbs.split(' '), nonResourceURLs: paths.split(' ') });

it.each<[string, PolicyRule[], PolicyRule[], string[]]>([
  ['the same', [rule('get list', '', 'pods')], [rule('list get', '', 'pods')], []],
  ['split over several rules', [rule('get', '', 'pods'), rule('list', '', 'pods'), rule('get', '', 'nodes'), rule('list', '', 'nodes')], [rule('get list', '', 'pods nodes')], []],
  ['by *', [rule('*', '*', '*')], [rule('get delete', ',apps', 'pods deployments/scale', 'a')], []],
  ['a verb is missing', [rule('get', '', 'pods')], [rule('get delete', '', 'pods')], ['{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}']],
  ['verbs of one thing are told together', [], [rule('get', '', 'pods'), rule('list watch', '', 'pods')], ['{APIGroups:[""], Resources:["pods"], Verbs:["get" "list" "watch"]}']],
  ['* is not held by holding each', [rule('get list watch create update patch delete', '', 'pods')], [rule('*', '', 'pods')], ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}']],
  ['all names include one', [rule('get', '', 'pods')], [rule('get', '', 'pods', 'a')], []],
  ['one name is not all', [rule('get', '', 'pods', 'a')], [rule('get', '', 'pods')], ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}']],
  ['another name', [rule('get', '', 'pods', 'a')], [rule('get', '', 'pods', 'a b')], ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}']],
  ['a subresource of everything', [rule('get', '*', '*/scale')], [rule('get', 'apps', 'deployments/scale deployments')], ['{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}']],
  ['paths', [urls('get', '/healthz /apis/*')], [urls('get', '/healthz /apis/apps /metrics')], ['{NonResourceURLs:["/metrics"], Verbs:["get"]}']],
  ['a pattern in a pattern', [urls('get', '/apis/*')], [urls('get', '/apis/apps/* /api*')], ['{NonResourceURLs:["/api*"], Verbs:["get"]}']],
])('%s', (_, owned, wanted, missing) => {
  expect(compactRules(missingRules(owned, wanted)).map(ruleText)).toEqual(missing);
});
