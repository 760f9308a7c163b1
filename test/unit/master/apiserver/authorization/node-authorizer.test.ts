// What an agent may ask for, with a graph of one Pod that names a Secret.
import { nodeAuthorizer } from '../../../../../master/apiserver/authorization/node-authorizer.ts';
import { authorize } from '../../../../../master/apiserver/filters/authorization.ts';
import { parseRequestInfo } from '../../../../../master/apiserver/request-info.ts';

const reached = new Set(['secret default/used', 'configmap default/used', 'pod default/mine', 'pvc default/data', 'pv /disk', 'serviceAccount default/app', 'volumeattachment /va']);
const authorizer = nodeAuthorizer({ reaches: (node, kind, namespace, name) => node === 'n1' && reached.has(`${kind} ${namespace}/${name}`) });
const node = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const verdict = (request: string, user = node): boolean | string | undefined => {
  const [method = '', target = ''] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  return authorizer.authorize(user, parseRequestInfo(method, path, new URLSearchParams(query)));
};
const stranger = "no relationship found between node 'n1' and this object";
const core = '/api/v1';
const here = '/api/v1/namespaces/default';

describe('an agent', () => {
  it.each<[string, true | string | undefined]>([
    [`GET ${here}/secrets/used`, true],
    [`GET ${here}/secrets/other`, stranger],
    [`GET ${here}/secrets?fieldSelector=metadata.name%3Dused`, true],
    [`GET ${here}/secrets?fieldSelector=metadata.name%3Dused&watch=true`, true],
    [`GET ${here}/secrets?fieldSelector=metadata.name%3Dother`, stranger],
    [`GET ${here}/secrets?fieldSelector=metadata.name!%3Dother`, 'No Object name found'],
    [`GET ${here}/secrets?fieldSelector=metadata.name`, 'No Object name found'],
    [`GET ${here}/secrets`, 'No Object name found'],
    [`GET ${core}/secrets?fieldSelector=metadata.name%3Dused`, 'can only read namespaced object of this type'],
    [`DELETE ${here}/secrets/used`, 'can only read resources of this type'],
    [`GET ${here}/configmaps/used`, true],
    [`GET ${here}/configmaps/other`, stranger],
    [`GET ${core}/namespaces/kube-system/configmaps/dray-cluster`, true],
    [`GET ${core}/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Dkube-dns&watch=true`, true],
    [`GET ${core}/namespaces/kube-system/configmaps`, 'No Object name found'],
    [`GET ${here}/configmaps/kube-dns`, stranger],
    [`PATCH ${core}/namespaces/kube-system/configmaps/dray-cluster`, 'can only read resources of this type'],
    [`GET ${here}/persistentvolumeclaims/data`, true],
    [`GET ${here}/persistentvolumeclaims?fieldSelector=metadata.name%3Ddata`, 'can only get individual resources of this type'],
    [`PATCH ${here}/persistentvolumeclaims/data/status`, true],
    [`PATCH ${here}/persistentvolumeclaims/other/status`, stranger],
    [`GET ${core}/persistentvolumes/disk`, true],
    [`GET ${core}/persistentvolumes/other`, stranger],
    [`GET ${core}/persistentvolumes?labelSelector=dray.local%2Fnode%3Dn1&watch=true`, true],
    [`GET ${core}/persistentvolumes?labelSelector=dray.local%2Fnode%3Dn2`, 'can only get individual resources of this type'],
    [`GET ${core}/persistentvolumes`, 'can only get individual resources of this type'],
    [`DELETE ${core}/persistentvolumes/disk`, true],
    [`DELETE ${core}/persistentvolumes`, 'can only get individual resources of this type'],
    [`PATCH ${core}/persistentvolumes/disk`, 'can only get individual resources of this type'],
    ['GET /apis/storage.k8s.io/v1/volumeattachments/va', true],
    [`POST ${here}/serviceaccounts/app/token`, true],
    [`POST ${here}/serviceaccounts/other/token`, stranger],
    [`GET ${here}/serviceaccounts/app`, 'can only create tokens for individual service accounts'],
    [`POST ${here}/serviceaccounts`, 'can only create tokens for individual service accounts'],
    [`GET ${here}/pods/mine`, true],
    [`GET ${here}/pods/other`, stranger],
    [`GET ${core}/pods?fieldSelector=spec.nodeName%3Dn1&watch=true`, true],
    [`GET ${core}/pods?fieldSelector=spec.nodeName%3Dn2&watch=true`, 'can only list/watch pods with spec.nodeName field selector'],
    [`GET ${core}/pods`, 'can only list/watch pods with spec.nodeName field selector'],
    [`GET ${here}/pods?fieldSelector=metadata.name%3Dmine`, true],
    [`DELETE ${here}/pods`, undefined],
    [`PATCH ${here}/pods/mine/status`, true],
    [`PATCH ${here}/pods/mine`, undefined],
    [`POST ${here}/pods/mine/exec`, undefined],
    ['PATCH /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1', true],
    ['PATCH /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2', 'can only access node lease with the same name as the requesting node'],
    ['PATCH /apis/coordination.k8s.io/v1/namespaces/default/leases/n1', 'can only access leases in the "kube-node-lease" system namespace'],
    ['GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', 'can only get, create, update, patch, or delete a node lease'],
    ['GET /apis/storage.k8s.io/v1/csinodes/n1', true],
    ['GET /apis/storage.k8s.io/v1/csinodes/n2', 'can only access CSINode with the same name as the requesting node'],
    [`GET ${core}/nodes?watch=true`, true],
    [`DELETE ${core}/nodes/n1`, undefined],
    [`GET ${core}/services`, true],
    [`PATCH ${here}/services/x`, undefined],
    [`POST ${here}/events`, true],
    ['GET /apis/apps/v1/deployments', undefined],
    ['GET /dray/v1/proxy/applied', true],
    ['GET /metrics', undefined],
  ])('%s', (request, expected) => { expect(verdict(request)).toBe(expected); });
  it('is known by group and name', () => {
    expect(verdict(`GET ${here}/secrets/used`, { ...node, name: 'system:node:' })).toBe('unknown node for user "system:node:"');
    expect(verdict(`GET ${here}/secrets/used`, { ...node, groups: [] })).toBeUndefined();
    expect(verdict(`GET ${here}/secrets/used`, { ...node, name: 'system:node:n2' })).toBe(stranger.replace('n1', 'n2'));
  });
  it('is told why', () => {
    const ask = (target: string): void => authorize(node, parseRequestInfo('GET', target.split('?')[0]!, new URLSearchParams(target.split('?')[1])), [authorizer]);
    expect(() => ask(`${here}/secrets/other`)).toThrow(`secrets "other" is forbidden: User "system:node:n1" cannot get resource "secrets" in API group "" in the namespace "default": ${stranger}`);
    expect(() => ask(`${here}/secrets?fieldSelector=metadata.name%3Dother`)).toThrow('secrets "other" is forbidden: User "system:node:n1" cannot list resource "secrets"');
    expect(() => ask('/apis/apps/v1/deployments')).toThrow(/at the cluster scope$/);
  });
});
