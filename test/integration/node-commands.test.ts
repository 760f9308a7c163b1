// `dray node`: draining under a budget, and a node that is taken out, whose certificate then serves no more, and which may join again.
import { noteRemovedNode } from '../../master/bootstrap.ts';
import { nodeCertificateHandler } from '../../master/apiserver/node-certificate.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { PodDisruptionBudgets } from '../../src/api/policy/pod-disruption-budget.ts';
import { cordonNode, drainNode, removeNode } from '../../src/cli/node.ts';
import { isNotFound } from '../../src/apimachinery/status-error.ts';
import { TransportError } from '../../src/client/transport.ts';
import { Client } from '../../src/client/client.ts';
import { realClock, timestamp, type Clock } from '../../src/util/clock.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

let api: HttpsApi;
let admin: Client;
const lines: string[] = [];
const output = { say: (line: string): void => void lines.push(line), warn: (line: string): void => void lines.push(line) };
const said = (): string[] => lines.splice(0);
const stop = new AbortController();
let agent: Promise<void>;

beforeAll(async () => {
  api = await startHttpsApi({
    controllers: true,
    pathsOf: () => [nodeCertificateHandler({
      issue: () => Promise.reject(new Error('not here')),
      revoke: async (node) => { await noteRemovedNode(admin, node, Date.now()); api.http.disconnect(`system:node:${node}`); },
    })],
  });
  admin = new Client(api.transport(api.admin));
  // What an agent does: a Pod that is to end goes.
  agent = (async () => {
    for await (const { type, object } of admin.watch<Pod>(Pods, { resourceVersion: '0', signal: stop.signal })) {
      if (type === 'DELETED' || !object.metadata.deletionTimestamp) continue;
      await admin.delete(Pods, object.metadata, { gracePeriodSeconds: 0 }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
    }
  })();
});
afterAll(async () => {
  stop.abort();
  await agent;
  await api.stop();
});

const namespace = 'default';
const node = (name: string): Promise<unknown> => admin.create(Nodes, { metadata: { name } });
async function pod(name: string, nodeName: string, kind?: string): Promise<void> {
  const owner = kind ? { ownerReferences: [{ apiVersion: 'example.com/v1', kind, name: 'o', uid: 'u', controller: true }] } : {};
  await admin.create(Pods, { metadata: { name, namespace, labels: { app: name }, ...owner }, spec: { nodeName, containers: [{ name: 'main', image: 'i' }] } } as never);
  const now = timestamp(Date.now());
  await admin.patch(Pods, { namespace, name }, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }] } }, { subresource: 'status' });
}
const names = async (nodeName: string): Promise<string[]> => (await admin.list(Pods, { fieldSelector: `spec.nodeName=${nodeName}` })).items.map(({ metadata }) => metadata.name).sort();

test('cordoning is told once', async () => {
  await node('c1');
  for (const on of [true, true, false, false]) await cordonNode(admin, 'c1', on, output);
  expect(said()).toEqual(['node/c1 cordoned', 'node/c1 already cordoned', 'node/c1 uncordoned', 'node/c1 already uncordoned']);
  await expect(cordonNode(admin, 'none', true, output)).rejects.toThrow('nodes "none" not found');
});

test('a drain waits for the budget, leaves what a DaemonSet keeps, and ends the rest', async () => {
  await node('d1');
  await pod('web', 'd1', 'Keeper');
  await pod('daemon', 'd1', 'DaemonSet');
  await pod('alone', 'd1');
  const options = { force: false, deleteEmptydirData: false, timeoutMs: 0 };
  await expect(drainNode(admin, 'd1', options, output, realClock)).rejects.toThrow('unable to drain node "d1": cannot delete Pods that declare no controller (use --force to override): default/alone; it stays cordoned');
  expect(await names('d1')).toEqual(['alone', 'daemon', 'web']);
  await admin.create(PodDisruptionBudgets, { metadata: { name: 'web', namespace }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } } as never);
  said();
  // The wait before another attempt is where the budget goes.
  const clock: Clock = { ...realClock, sleep: async (ms, signal) => {
    if (ms < 5000) return realClock.sleep(Math.min(ms, 20), signal);
    expect(await names('d1')).toContain('web');
    await admin.delete(PodDisruptionBudgets, { namespace, name: 'web' });
  } };
  await drainNode(admin, 'd1', { ...options, force: true }, output, clock);
  const told = said();
  expect(told.slice(0, 3)).toEqual(['node/d1 already cordoned', 'Warning: ignoring DaemonSet-managed Pods: default/daemon', 'Warning: deleting Pods that declare no controller: default/alone']);
  expect(told).toContainEqual(expect.stringMatching(/^error when evicting pods\/"web" -n "default" \(will retry after 5s\): Cannot evict pod as /));
  expect(told.filter((line) => line === 'evicting pod default/web').length).toBe(2);
  expect(told).toEqual(expect.arrayContaining(['pod/alone evicted', 'pod/web evicted']));
  expect(told.at(-1)).toBe('node/d1 drained');
  expect(await names('d1')).toEqual(['daemon']);
});

test('a drain that takes too long says so', async () => {
  await node('d2');
  await pod('held', 'd2', 'Keeper');
  await admin.create(PodDisruptionBudgets, { metadata: { name: 'held', namespace }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'held' } } } } as never);
  await expect(drainNode(admin, 'd2', { force: false, deleteEmptydirData: false, timeoutMs: 200 }, output, realClock)).rejects.toThrow('unable to drain node "d2": global timeout reached: 200ms');
  expect(await names('d2')).toEqual(['held']);
  said();
});

test('a node that is taken out loses its connections and its credentials; one that joins again under its name has new ones', async () => {
  const access = await api.access('system:node:r1', ['system:nodes']);
  const transport = api.transport(access);
  const its = new Client(transport);
  await its.create(Nodes, { metadata: { name: 'r1' } });
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime: timestamp(Date.now()), lastTransitionTime: timestamp(Date.now()) };
  await admin.patch(Nodes, { name: 'r1' }, { status: { conditions: [ready] } }, { subresource: 'status' });
  await pod('busy', 'r1', 'Keeper');
  await expect(removeNode(admin, 'r1', { force: false }, output)).rejects.toThrow('node "r1" is Ready and runs 1 Pods: move them with "dray node drain r1" first, or use --force');
  await expect(its.transport.request({ method: 'DELETE', path: '/dray/v1/nodes/r1/certificate' })).rejects.toMatchObject({ code: 403 });
  const other = new Client(api.transport(await api.access('system:node:r2', ['system:nodes'])));
  await other.create(Nodes, { metadata: { name: 'r2' } });
  const seen: string[] = [];
  const watching = (async () => { for await (const { type } of its.watch(Nodes, { fieldSelector: 'metadata.name=r1', resourceVersion: '0' })) seen.push(type); })();
  await its.get(Nodes, { name: 'r1' });
  await removeNode(admin, 'r1', { force: true }, output);
  expect(said()).toEqual(['node "r1" removed; "dray leave" on that host removes what its agent left there']);
  // Cut off before its object goes, whichever way that ends the stream.
  await watching.catch((error: unknown) => expect(error).toBeInstanceOf(TransportError));
  expect(seen).not.toContain('DELETED');
  await expect(its.get(Nodes, { name: 'r1' })).rejects.toMatchObject({ code: 401 });
  await expect(admin.get(Nodes, { name: 'r1' })).rejects.toMatchObject({ code: 404 });
  await other.get(Nodes, { name: 'r2' });
  const again = new Client(api.transport(await api.access('system:node:r1', ['system:nodes'])));
  await again.create(Nodes, { metadata: { name: 'r1' } });
  await expect(its.get(Nodes, { name: 'r1' })).rejects.toMatchObject({ code: 401 });
  await expect(removeNode(admin, 'none', { force: false }, output)).rejects.toThrow('nodes "none" not found');
});

test('a name that is none is refused', async () => {
  await expect(admin.transport.request({ method: 'DELETE', path: '/dray/v1/nodes/..%2Fca/certificate' })).rejects.toMatchObject({ code: 400 });
});
