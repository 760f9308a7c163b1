// A CertificateSigningRequest from its maker to the signed certificate, with an authority and keys of its own.
import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { createCertificateApprovingController } from '../../master/controllers/certificates/certificate-approving-controller.ts';
import { createCertificateCleaner } from '../../master/controllers/certificates/certificate-cleaner.ts';
import { createCertificateSigningController } from '../../master/controllers/certificates/certificate-signing-controller.ts';
import { controllerUser } from '../../master/identities.ts';
import { createAuthority } from '../../master/pki/certificates.ts';
import { signingAuthority } from '../../master/pki/requests.ts';
import { CertificateSigningRequests, type CertificateSigningRequest } from '../../src/api/certificates/certificate-signing-request.ts';
import { requestSubject } from '../../src/api/certificates/request-subject.ts';
import { ClusterRoleBindings } from '../../src/api/rbac/cluster-role-binding.ts';
import { ClusterRoles } from '../../src/api/rbac/cluster-role.ts';
import { isAlreadyExists } from '../../src/apimachinery/status-error.ts';
import { Events } from '../../src/api/core/event.ts';
import type { Draft } from '../../src/client/client.ts';
import { ControllerRunner } from '../../src/controller/runner.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

let api: TestApi;
let ca: { cert: string; key: string };
const running: Promise<unknown>[] = [];
beforeAll(async () => {
  api = await startTestApi({ policy: true });
  ca = await createAuthority('test-ca');
  const authority = signingAuthority(ca);
  const informers = api.informers();
  for (const controller of [createCertificateApprovingController(authority.names), createCertificateSigningController(authority), createCertificateCleaner(authority.endOf)]) {
    const { name, groups } = controllerUser(controller.name);
    running.push(new ControllerRunner(controller, { client: api.as(name, ...groups), informers, events: Events, clock: realClock, log: silentLog }).run(api.signal));
  }
  informers.start(api.signal);
});
afterAll(async () => {
  await api.stop();
  await Promise.allSettled(running);
});

const algorithms = { EC: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' }, RSA: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' } };
async function requestFor(name: string, algorithm: keyof typeof algorithms = 'EC'): Promise<string> {
  const signingAlgorithm = algorithms[algorithm];
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm as webcrypto.EcKeyGenParams, true, ['sign', 'verify']);
  const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm }, webcrypto as never);
  return Buffer.from(made.toString('pem')).toString('base64');
}
const spec = { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth', 'digital signature'] };
const create = (name: string, more: object, client = api.client) => client.create(CertificateSigningRequests, { metadata: { name }, spec: { ...spec, ...more } } as Draft<CertificateSigningRequest>);
const approve = (name: string, type = 'Approved', client = api.client) => client.patch(CertificateSigningRequests, { name }, { status: { conditions: [{ type, status: 'True', reason: 'Test' }] } }, { subresource: 'approval' });
async function until(name: string, check: (request: CertificateSigningRequest) => unknown): Promise<CertificateSigningRequest> {
  for await (const { object } of api.client.watch(CertificateSigningRequests, { fieldSelector: `metadata.name=${name}`, resourceVersion: '0', signal: api.signal })) if (object.metadata.name === name && check(object)) return object;
  throw new Error('the watch ended');
}
const message = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'accepted', (error: Error) => error.message);

it.each(['EC', 'RSA'] as const)('a request with an %s key is approved and signed for as long as it asks', async (algorithm) => {
  const name = `signed-${algorithm.toLowerCase()}`;
  const made = await create(name, { request: await requestFor('CN=tom,O=devs,O=ops', algorithm), expirationSeconds: 3600, username: 'somebody else' });
  expect(made.spec).toMatchObject({ username: 'kubernetes-admin', groups: expect.arrayContaining(['system:masters']) as string[] });
  expect(requestSubject(made.spec.request)).toEqual({ commonName: 'tom', organizations: ['devs', 'ops'] });
  const approved = await approve(name);
  expect(approved.status.conditions).toEqual([{ type: 'Approved', status: 'True', reason: 'Test', lastUpdateTime: expect.any(String) as string, lastTransitionTime: expect.any(String) as string }]);
  const signed = await until(name, (request) => request.status.certificate);
  const certificate = new X509Certificate(Buffer.from(signed.status.certificate!, 'base64'));
  expect(certificate.verify(new X509Certificate(ca.cert).publicKey)).toBe(true);
  expect(certificate.subject.split('\n').sort()).toEqual(['CN=tom', 'O=devs', 'O=ops']);
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / 60_000)).toBeLessThanOrEqual(60);
});

it('only who may for the signer decides, and signs', async () => {
  const rule = (verbs: string[], resources: string[], resourceNames?: string[]): object => ({ verbs, apiGroups: ['certificates.k8s.io'], resources, ...(resourceNames ? { resourceNames } : {}) });
  await api.client.create(ClusterRoles, { metadata: { name: 'clerk' }, rules: [rule(['create', 'get', 'update', 'patch'], ['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status']), rule(['approve'], ['signers'], ['example.com/*']), rule(['sign'], ['signers'], ['example.com/a'])] } as never);
  await api.client.create(ClusterRoleBindings, { metadata: { name: 'clerk' }, subjects: [{ kind: 'User', name: 'clerk' }], roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'clerk' } } as never);
  const clerk = api.as('clerk');
  for (const [name, signerName] of [['ours', 'example.com/a'], ['other', 'example.com/b'], ['theirs', 'kubernetes.io/kube-apiserver-client']] as const) await create(name, { signerName, request: await requestFor('CN=x') });
  const sign = (name: string): Promise<string> => message(clerk.patch(CertificateSigningRequests, { name }, { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test' }, { type: 'Failed', status: 'True', reason: 'Test' }] } }, { subresource: 'status' }));
  const refusal = (name: string, verb: string, signer: string): string => `certificatesigningrequests.certificates.k8s.io "${name}" is forbidden: user not permitted to ${verb} requests with signerName "${signer}"`;
  expect(await message(approve('ours', 'Approved', clerk))).toBe('accepted');
  expect(await message(approve('other', 'Approved', clerk))).toBe('accepted');
  expect(await message(approve('theirs', 'Approved', clerk))).toBe(refusal('theirs', 'approve', 'kubernetes.io/kube-apiserver-client'));
  expect(await sign('ours')).toBe('accepted');
  expect(await sign('other')).toBe(refusal('other', 'sign', 'example.com/b'));
  expect(await message(clerk.patch(CertificateSigningRequests, { name: 'other' }, { metadata: { labels: { a: 'b' } } }, { subresource: 'status' }))).toBe('accepted');
});

it('a signer that refuses says why, and signs nothing', async () => {
  await create('refused', { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', request: await requestFor('CN=tom') });
  await approve('refused');
  const failed = await until('refused', (request) => request.status.conditions?.some(({ type }) => type === 'Failed'));
  expect(failed.status).toMatchObject({ conditions: [{ type: 'Approved' }, { type: 'Failed', reason: 'SignerValidationFailure', message: 'subject organization is not system:nodes' }] });
  expect(failed.status.certificate).toBeUndefined();
});

it('approval changes metadata too, by the rules for it', async () => {
  await create('annotated', { request: await requestFor('CN=tom') });
  const annotate = (annotations: object): Promise<CertificateSigningRequest> => api.client.patch(CertificateSigningRequests, { name: 'annotated' }, { metadata: { annotations, uid: 'another' } } as never, { subresource: 'approval' });
  await expect(annotate({ seen: 'yes' })).rejects.toThrow('metadata.uid: Invalid value: "another": field is immutable');
  const { metadata, spec } = await api.client.patch(CertificateSigningRequests, { name: 'annotated' }, { metadata: { annotations: { seen: 'yes' } }, spec: { signerName: 'example.com/other' } } as never, { subresource: 'approval' });
  expect({ annotations: metadata.annotations, signer: spec.signerName }).toEqual({ annotations: { seen: 'yes' }, signer: 'kubernetes.io/kube-apiserver-client' });
  expect(await message(api.client.patch(CertificateSigningRequests, { name: 'annotated' }, { metadata: { annotations: { 'no name ': 'x' } } }, { subresource: 'approval' }))).toContain('metadata.annotations: Invalid value: "no name "');
});

it('approval is no matter of /status, cannot be taken back, and not be both', async () => {
  await create('pending', { request: await requestFor('CN=tom') });
  const conditions = [{ type: 'Approved', status: 'True' }];
  expect(await message(api.client.patch(CertificateSigningRequests, { name: 'pending' }, { status: { conditions } }, { subresource: 'status' }))).toContain('status.conditions: Forbidden: updates may not add a condition of type "Approved"');
  await approve('pending', 'Denied');
  expect(await message(api.client.patch(CertificateSigningRequests, { name: 'pending' }, { status: { conditions: [] } }, { subresource: 'approval' }))).toContain('status.conditions: Forbidden: updates may not remove a condition of type "Denied"');
  const both = [{ type: 'Denied', status: 'True' }, { type: 'Approved', status: 'True' }];
  expect(await message(api.client.patch(CertificateSigningRequests, { name: 'pending' }, { status: { conditions: both } }, { subresource: 'approval' }))).toContain('Approved and Denied conditions are mutually exclusive');
});

it('nobody asks for the group of the superusers', async () => {
  expect(await message(create('root', { request: await requestFor('CN=x,O=system:masters') }))).toBe('certificatesigningrequests.certificates.k8s.io "root" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed');
});

describe('a kubelet that asks for a certificate', () => {
  const kubelet = { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['client auth', 'digital signature'] };
  it('of its own gets it when a role lets nodes have it, and another one does not', async () => {
    const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient' };
    await api.client.create(ClusterRoles, { metadata: { name: role.name }, rules: [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/selfnodeclient'], verbs: ['create'] }] }).catch((error: unknown) => { if (!isAlreadyExists(error)) throw error; });
    await api.client.create(ClusterRoleBindings, { metadata: { name: 'renewal' }, roleRef: role, subjects: [{ kind: 'Group', name: 'system:nodes', apiGroup: role.apiGroup }] });
    const node = api.as('system:node:n1', 'system:nodes');
    await create('neighbour', { ...kubelet, request: await requestFor('CN=system:node:n2,O=system:nodes') }, node);
    await create('own', { ...kubelet, request: await requestFor('CN=system:node:n1,O=system:nodes') }, node);
    const { status } = await until('own', (request) => request.status.certificate);
    expect(status.conditions).toMatchObject([{ type: 'Approved', reason: 'AutoApproved', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' }]);
    expect((await api.client.get(CertificateSigningRequests, { name: 'neighbour' })).status.conditions).toBeUndefined();
  });
});
