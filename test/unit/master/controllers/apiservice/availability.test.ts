// What keeps an APIService from being available, and which ones a server registers by itself.
import { judge } from '../../../../../master/controllers/apiservice/availability.ts';
import { trustData } from '../../../../../master/controllers/clusterauthenticationtrust/cluster-authentication-trust-controller.ts';
import type { APIService } from '../../../../../src/api/apiregistration/api-service.ts';
import { managedLabel, planRegistration, registeredServices, type RegisteredService } from '../../../../../src/api/apiregistration/registered.ts';
import { allResources } from '../../../../../src/api/index.ts';

const spec = { service: { namespace: 'ns', name: 'svc', port: 7443 } } as unknown as APIService['spec'];
const service = (port: object, type = 'ClusterIP'): any => ({ spec: { type, ports: [port] } });
const endpoints = (...subsets: object[]): any => ({ subsets });
const https = { name: 'https', port: 7443 };
const where = 'service/svc in "ns"';

it.each<[string, unknown, any, any, unknown]>([
  ['local', {}, undefined, undefined, { status: 'True', reason: 'Local', message: 'Local APIServices are always available' }],
  ['no Service', spec, undefined, undefined, { status: 'False', reason: 'ServiceNotFound', message: `${where} is not present` }],
  ['another port', spec, service({ port: 443 }), undefined, { status: 'False', reason: 'ServicePortError', message: `${where} is not listening on port 7443` }],
  ['no Endpoints', spec, service(https), undefined, { status: 'False', reason: 'EndpointsNotFound', message: `cannot find endpoints for ${where}` }],
  ['none ready', spec, service(https), endpoints({ notReadyAddresses: [{ ip: 'a' }], ports: [{ name: 'https' }] }), { status: 'False', reason: 'MissingEndpoints', message: `endpoints for ${where} have no addresses with port name "https"` }],
  ['none of that port', spec, service(https), endpoints({ addresses: [{ ip: 'a' }], ports: [{ name: 'http' }] }), { status: 'False', reason: 'MissingEndpoints', message: `endpoints for ${where} have no addresses with port name "https"` }],
  ['one', spec, service(https), endpoints({ addresses: [{ ip: 'a' }], ports: [{ name: 'https' }] }), undefined],
  ['the usual port', { service: { namespace: 'ns', name: 'svc' } }, service({ port: 443 }), endpoints({ addresses: [{ ip: 'a' }], ports: [{}] }), undefined],
  ['a Service that is only a name', spec, service({}, 'ExternalName'), undefined, undefined],
])('%s', (_, of, has, endsAt, verdict) => expect(judge({ spec: of as APIService['spec'] }, has, endsAt)).toEqual(verdict));

describe('APIServices a server registers by itself', () => {
  it('are one for each group version but their own, as upstream labels and orders them', () => {
    const all = registeredServices([...allResources, { ...allResources[1]!, group: 'example.com', version: 'v1', custom: true }]);
    expect(all.get('v1.')).toEqual({ metadata: { name: 'v1.', labels: { [managedLabel]: 'onstart' } }, spec: { version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 } });
    expect(all.get('v2.autoscaling')?.spec).toEqual({ group: 'autoscaling', version: 'v2', groupPriorityMinimum: 17_500, versionPriority: 30 });
    expect(all.get('v1.example.com')).toEqual({ metadata: { name: 'v1.example.com', labels: { [managedLabel]: 'true' } }, spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 } });
    expect(['v1.apiregistration.k8s.io', 'v1beta1.metrics.k8s.io'].filter((name) => all.has(name))).toEqual([]);
  });

  const wanted: RegisteredService = { metadata: { name: 'v1.g', labels: { [managedLabel]: 'true' } }, spec: { group: 'g', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 } };
  const current = (label: string | undefined, changed: object = {}): APIService => ({ metadata: { name: 'v1.g', uid: 'u', ...(label ? { labels: { [managedLabel]: label } } : {}) }, spec: { ...wanted.spec, ...changed } }) as unknown as APIService;
  it.each<[string, RegisteredService | undefined, APIService | undefined, boolean, unknown]>([
    ['is not there, nor wanted', undefined, undefined, true, { kind: 'none' }],
    ['is made, also again', wanted, undefined, true, { kind: 'create', object: wanted }],
    ['is somebody\'s own', wanted, current(undefined, { versionPriority: 2 }), false, { kind: 'none' }],
    ['is as it should be', wanted, current('true'), true, { kind: 'none' }],
    ['is set right', wanted, current('true', { versionPriority: 2 }), true, expect.objectContaining({ kind: 'update', object: expect.objectContaining({ spec: wanted.spec }) })],
    ['is of a definition that is gone', undefined, current('true'), true, { kind: 'delete', uid: 'u' }],
    ['is built in and was changed', wanted, current('onstart', { versionPriority: 2 }), true, { kind: 'none' }],
    ['is set right at the next start', wanted, current('onstart', { versionPriority: 2 }), false, expect.objectContaining({ kind: 'update' })],
    ['is of a group that is no longer built in', undefined, current('onstart'), false, { kind: 'delete', uid: 'u' }],
  ])('one that %s', (_, one, there, synced, plan) => expect(planRegistration(one, there, synced)).toEqual(plan));
});

it('tells extension servers whom to trust, lists as JSON', () =>
  expect(trustData({ clientCA: 'C', requestHeaderCA: 'R', allowedNames: ['front-proxy-client'], headers: { username: 'X-Remote-User', uid: 'X-Remote-Uid', group: 'X-Remote-Group', extraPrefix: 'X-Remote-Extra-' } })).toEqual({
    'client-ca-file': 'C', 'requestheader-client-ca-file': 'R', 'requestheader-allowed-names': '["front-proxy-client"]', 'requestheader-username-headers': '["X-Remote-User"]', 'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-group-headers': '["X-Remote-Group"]', 'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  }));
