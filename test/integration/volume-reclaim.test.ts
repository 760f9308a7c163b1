// An agent removes what is left of the volumes that were made on its node, and nothing else.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reclaimVolumes } from '../../agent/kubelet/volume-reclaimer.ts';
import { nodeAuthorizer } from '../../master/apiserver/authorization/node-authorizer.ts';
import { ApiServer } from '../../master/apiserver/api-server.ts';
import { peerAuthenticator } from '../../master/apiserver/filters/authentication.ts';
import { MemoryTransport } from '../../master/apiserver/memory-transport.ts';
import { PersistentVolumes, type PersistentVolume } from '../../src/api/core/persistent-volume.ts';
import { volumeProtection } from '../../src/api/core/volume-protection.ts';
import { Client, type Draft } from '../../src/client/client.ts';
import { InformerFactory } from '../../src/client/informer.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

let api: TestApi;
let node: Client;
let directory: string;
beforeEach(async () => {
  api = await startTestApi();
  directory = mkdtempSync(join(tmpdir(), 'dray-reclaim-'));
  // With the authorizer of real nodes: what the agent asks for must be what it may.
  const server = new ApiServer({ registry: api.registry, log: silentLog, authenticators: [peerAuthenticator], authorizers: [nodeAuthorizer({ reaches: () => false })], paths: [], subresources: {}, serverAddress: () => '127.0.0.1:6443', ready: () => true });
  node = new Client(new MemoryTransport(server, { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] }));
});
afterEach(async () => {
  await api.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function volume(name: string, { on = 'n1', policy = 'Delete', path = join(directory, name) }: { on?: string; policy?: string; path?: string } = {}): Promise<string> {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'data'), 'x');
  await api.client.create(PersistentVolumes, {
    metadata: { name, labels: { 'dray.local/node': on }, annotations: { 'pv.kubernetes.io/provisioned-by': 'dray.local/local-path' } },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: policy, hostPath: { path } },
  } as never);
  return path;
}
async function release(name: string): Promise<void> {
  const found = await api.client.get(PersistentVolumes, { name });
  await api.client.updateStatus(PersistentVolumes, { ...found, status: { ...found.status, phase: 'Released' } } as Draft<PersistentVolume>);
}

it('a released volume goes with its data; kept, bound, foreign and outlying ones stay', async () => {
  const gone = await volume('gone');
  const bound = await volume('bound');
  const kept = await volume('kept', { policy: 'Retain' });
  const far = await volume('far', { on: 'n2' });
  const outside = await volume('outside', { path: join(directory, 'deeper', 'x') });
  const informers = new InformerFactory(node, { clock: realClock, log: silentLog });
  reclaimVolumes({ client: node, informers, nodeName: 'n1', directory, clock: realClock, log: silentLog }, api.signal);
  informers.start(api.signal);
  await informers.synced(api.signal);
  for (const name of ['kept', 'far', 'outside', 'gone']) await release(name);
  for await (const { object } of api.client.watch(PersistentVolumes, { fieldSelector: 'metadata.name=gone', signal: api.signal })) if (object.metadata.deletionTimestamp) break;
  expect([gone, bound, kept, far, outside].map((path) => existsSync(path))).toEqual([false, true, true, true, true]);
  expect((await api.client.get(PersistentVolumes, { name: 'gone' })).metadata.finalizers).toEqual([volumeProtection]);
  for (const name of ['bound', 'kept', 'far']) {
    await expect(node.delete(PersistentVolumes, { name })).rejects.toThrow(`persistentvolumes "${name}" is forbidden: node "n1" can only delete volumes of its own that are released`);
  }
});
