// Agents against the real API server in memory: which objects their Pods open to them and when that ends, and what they may write.
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { PersistentVolumeClaims } from '../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../src/api/core/persistent-volume.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { Secrets } from '../../src/api/core/secret.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import type { Client } from '../../src/client/client.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { refusal } from '../support/refusal.ts';

let api: TestApi;
let node: Client;
beforeEach(async () => {
  api = await startTestApi();
  node = api.as('system:node:n1', 'system:nodes');
  await api.client.create(ServiceAccounts, { metadata: { name: 'default', namespace } });
  for (const name of ['env', 'files', 'pull', 'disk', 'private']) {
    await api.client.create(Secrets, { metadata: { name, namespace }, stringData: { a: 'b' } } as never);
    await api.client.create(ConfigMaps, { metadata: { name, namespace } });
  }
});
afterEach(() => api.stop());

const namespace = 'default';
const create = (name: string, spec: object = {}, metadata: object = {}): Promise<unknown> =>
  api.client.create(Pods, { metadata: { name, namespace, ...metadata }, spec: { containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'env' } }, { configMapRef: { name: 'env' } }] }], ...spec } } as never);
const may = async (resource: typeof Secrets | typeof ConfigMaps, name: string): Promise<boolean> => {
  const answers = await Promise.all([
    node.get(resource as typeof Secrets, { namespace, name }).then(() => true, () => false),
    node.list(resource as typeof Secrets, { namespace, fieldSelector: `metadata.name=${name}` }).then((l) => l.items.length === 1, () => false),
  ]);
  expect(answers[0]).toBe(answers[1]);
  return answers[0];
};

describe('a node reads', () => {
  it('what Pods bound to it name, from the binding on until they are gone', async () => {
    const volumes = [{ name: 'v', projected: { sources: [{ secret: { name: 'files' } }, { configMap: { name: 'files' } }] } }];
    await create('p', { volumes, imagePullSecrets: [{ name: 'pull' }] });
    expect(await may(Secrets, 'env')).toBe(false);
    await api.client.post(Pods, { namespace, name: 'p' }, 'binding', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } });
    for (const name of ['env', 'files', 'pull']) expect(await may(Secrets, name)).toBe(true);
    expect([await may(ConfigMaps, 'env'), await may(ConfigMaps, 'files')]).toEqual([true, true]);
    expect([await may(Secrets, 'private'), await may(ConfigMaps, 'pull')]).toEqual([false, false]);
    expect((await refusal(node.get(Secrets, { namespace, name: 'private' }))).message).toMatch(/: no relationship found between node 'n1' and this object$/);
    // Another Pod of the node names the same Secret.
    await create('q', { nodeName: 'n1' });
    await api.client.delete(Pods, { namespace, name: 'p' }, { gracePeriodSeconds: 0 });
    expect([await may(Secrets, 'env'), await may(Secrets, 'files')]).toEqual([true, false]);
    await api.client.delete(Pods, { namespace, name: 'q' }, { gracePeriodSeconds: 0 });
    expect(await may(Secrets, 'env')).toBe(false);
    expect((await refusal(node.list(Secrets, { namespace }))).code).toBe(403);
  });
  it('claims of its Pods, their volumes and what these need', async () => {
    await api.client.create(PersistentVolumeClaims, { metadata: { name: 'data', namespace }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '' } } as never);
    const csi = { driver: 'd.example.com', volumeHandle: 'h', nodePublishSecretRef: { namespace, name: 'disk' }, controllerPublishSecretRef: { namespace, name: 'private' } };
    await api.client.create(PersistentVolumes, { metadata: { name: 'pv' }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], claimRef: { namespace, name: 'data' }, csi } } as never);
    expect((await refusal(node.get(PersistentVolumes, { name: 'pv' }))).code).toBe(403);
    await create('p', { nodeName: 'n1', volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] });
    expect((await node.get(PersistentVolumeClaims, { namespace, name: 'data' })).metadata.name).toBe('data');
    expect((await node.get(PersistentVolumes, { name: 'pv' })).metadata.name).toBe('pv');
    expect([await may(Secrets, 'disk'), await may(Secrets, 'private')]).toEqual([true, false]);
    await api.client.delete(Pods, { namespace, name: 'p' }, { gracePeriodSeconds: 0 });
    expect(await may(Secrets, 'disk')).toBe(false);
  });
  it('nothing by way of Pods it makes itself', async () => {
    const { metadata: { uid } } = await node.create(Nodes, { metadata: { name: 'n1' } });
    const mirror = (spec: object, owner: object = {}) => node.create(Pods, {
      metadata: { name: 'm', namespace, annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true, ...owner }] },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], ...spec },
    } as never);
    expect((await refusal(mirror({ volumes: [{ name: 'v', secret: { secretName: 'private' } }] }))).message).toBe('pods "m" is forbidden: a mirror pod may not reference secrets');
    expect((await refusal(mirror({ nodeName: 'n2' }))).message).toBe('pods "m" is forbidden: node "n1" can only create pods with spec.nodeName set to itself');
    expect((await refusal(mirror({}, { uid: 'other' }))).message).toBe(`pods "m" is forbidden: node n1 UID mismatch: expected other got ${uid}`);
    await mirror({});
    expect((await node.get(Pods, { namespace, name: 'm' })).metadata.name).toBe('m');
  });
});

describe('a node writes', () => {
  it('the status of its Pods, not their labels', async () => {
    await create('p', { nodeName: 'n1' }, { labels: { app: 'a' } });
    await create('q', { nodeName: 'n2' });
    const status = (name: string, patch: object): Promise<unknown> => node.patch(Pods, { namespace, name }, patch, { subresource: 'status' });
    await status('p', { status: { phase: 'Running' } });
    expect((await refusal(status('p', { metadata: { labels: { app: 'b' } } }))).message).toBe('pods "p" is forbidden: node "n1" cannot update labels through pod status');
    expect((await refusal(status('q', { status: { phase: 'Running' } }))).message).toBe('pods "q" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself');
    expect((await refusal(node.delete(Pods, { namespace, name: 'q' }))).message).toBe('pods "q" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself');
    // Everyone else may, as upstream.
    expect((await api.client.patch(Pods, { namespace, name: 'p' }, { metadata: { labels: { app: 'b' } } }, { subresource: 'status' })).metadata.labels).toEqual({ app: 'b' });
  });
  it('its own Node, but neither taints nor labels that steer Pods', async () => {
    await api.client.create(Nodes, { metadata: { name: 'n2' } });
    expect((await refusal(node.create(Nodes, { metadata: { name: 'n1', labels: { 'node-restriction.kubernetes.io/x': '1', 'node-role.kubernetes.io/control-plane': '' } } }))).message)
      .toBe('nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/x, node-role.kubernetes.io/control-plane');
    await node.create(Nodes, { metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1', 'kubelet.kubernetes.io/x': '1', mine: 'y' } } });
    const patch = (name: string, body: object): Promise<unknown> => node.patch(Nodes, { name }, body);
    expect((await refusal(patch('n1', { spec: { taints: [] } }))).message).toBe('nodes "n1" is forbidden: node "n1" is not allowed to modify taints');
    expect((await refusal(patch('n1', { metadata: { labels: { 'foo.k8s.io/x': '1' } } }))).message).toBe('nodes "n1" is forbidden: is not allowed to modify labels: foo.k8s.io/x');
    expect((await refusal(patch('n2', { metadata: { labels: { mine: 'n' } } }))).message).toBe('nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"');
    await patch('n1', { metadata: { labels: { mine: 'z' } } });
  });
});
