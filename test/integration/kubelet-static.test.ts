// Pods the node has by itself: run from files, shown by mirrors, changed and ended by what happens to the files only.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Nodes } from '../../src/api/core/node.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { eventually, kubeletBed, type KubeletBed, type RunningKubelet } from '../support/kubelet.ts';

const manifest = (image: string, more = ''): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec:\n  terminationGracePeriodSeconds: 1\n  containers: [{name: c, image: '${image}'}]\n${more}`;

describe('static Pods', () => {
  let bed: KubeletBed;
  let directory: string;
  beforeEach(async () => {
    bed = await kubeletBed({ 'nginx:1': {}, 'nginx:2': {} });
    directory = mkdtempSync(join(tmpdir(), 'dray-manifests-'));
  });
  afterEach(async () => {
    await bed.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const write = (text: string): void => writeFileSync(join(directory, 'web.yaml'), text);
  const start = (): RunningKubelet => bed.start({ podManifestPath: directory });
  const running = async (): Promise<[string, string][]> => (await bed.runtime.listContainers()).filter((c) => c.state === 'running').map((c) => [c.id, c.image]);

  it('run, and are shown by a mirror that comes back when it is deleted', async () => {
    write(manifest('nginx:1'));
    start();
    const mirror = (await bed.until('web-node-1', (p) => p && isPodReady(p)))!;
    const node = await bed.client.get(Nodes, { name: 'node-1' });
    expect(mirror.metadata).toMatchObject({ labels: { app: 'web' }, annotations: { 'kubernetes.io/config.source': 'file' }, ownerReferences: [{ kind: 'Node', name: 'node-1', uid: node.metadata.uid, controller: true }] });
    expect(mirror.metadata.annotations!['kubernetes.io/config.mirror']).toBe(mirror.metadata.annotations!['kubernetes.io/config.hash']);
    expect(mirror.spec.tolerations).toContainEqual({ operator: 'Exists', effect: 'NoExecute' });
    const before = await running();
    await bed.client.delete(Pods, { namespace: 'default', name: 'web-node-1' }, { gracePeriodSeconds: 0 });
    const again = (await bed.until('web-node-1', (p) => p && p.metadata.uid !== mirror.metadata.uid && isPodReady(p)))!;
    expect(again.status.containerStatuses![0]).toMatchObject({ restartCount: 0, containerID: mirror.status.containerStatuses![0]!.containerID });
    // A gentle deletion marks it only: no one but the node ends it.
    await bed.client.delete(Pods, { namespace: 'default', name: 'web-node-1' });
    await bed.until('web-node-1', (p) => p && p.metadata.uid !== again.metadata.uid && isPodReady(p));
    expect(await running()).toEqual(before);
  });

  it('are none of the API that only say they were', async () => {
    start();
    await bed.create('plain', { containers: [{ name: 'c', image: 'nginx:1' }] }, { annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': 'x' } });
    await bed.until('plain', (p) => p && isPodReady(p));
    // A mirror of nothing goes.
    await bed.create('nobody', { containers: [{ name: 'c', image: 'nginx:1' }] }, { annotations: { 'kubernetes.io/config.mirror': 'x' } });
    await bed.until('nobody', (p) => !p);
    expect(await running()).toHaveLength(1);
  });

  it('follow their files: another content is another Pod, a mistake changes nothing, none is the end', async () => {
    start();
    write(manifest('nginx:1'));
    const first = (await bed.until('web-node-1', (p) => p && isPodReady(p)))!;
    write(manifest('nginx:1', '  containerz: []\n  restartPolicy: Sometimes\n'));
    writeFileSync(join(directory, '.hidden'), manifest('nginx:2'));
    writeFileSync(join(directory, 'other.yaml'), manifest('nginx:1').replace('name: web', 'name: other'));
    await bed.until('other-node-1', (p) => p && isPodReady(p));
    expect((await bed.get('web-node-1')).metadata.uid).toBe(first.metadata.uid);
    write(manifest('nginx:2'));
    const second = (await bed.until('web-node-1', (p) => p?.spec.containers[0]!.image === 'nginx:2' && isPodReady(p)))!;
    expect(second.status.containerStatuses![0]).toMatchObject({ image: 'nginx:2', restartCount: 0 });
    rmSync(join(directory, 'web.yaml'));
    await bed.until('web-node-1', (p) => !p);
    await eventually(async () => expect((await running()).map(([, image]) => image)).toEqual(['nginx:1']));
  });

  it('are taken over by a later agent, and ended by it when their file went meanwhile', async () => {
    write(manifest('nginx:1'));
    const one = start();
    const mirror = (await bed.until('web-node-1', (p) => p && isPodReady(p)))!;
    const before = await running();
    await one.kill();
    const two = start();
    await eventually(async () => expect(two.kubelet.podNamed('default', 'web-node-1')).toBeDefined());
    await bed.client.patch(Pods, { namespace: 'default', name: 'web-node-1' }, { status: { phase: 'Pending' } }, { subresource: 'status', type: 'strategic' });
    const after = (await bed.until('web-node-1', (p) => p?.status.phase === 'Running'))!;
    expect(after.metadata.uid).toBe(mirror.metadata.uid);
    expect(await running()).toEqual(before);
    await two.kill();
    rmSync(join(directory, 'web.yaml'));
    start();
    await bed.until('web-node-1', (p) => !p);
    await eventually(async () => expect([...(await bed.runtime.listContainers()), ...(await bed.runtime.listPodSandbox())]).toEqual([]));
  });
});
