// Claims through the kubelet, which may do no more than an agent: it waits for the binding and mounts the volume's directory.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PersistentVolumeClaims, type PersistentVolumeClaim } from '../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../src/api/core/persistent-volume.ts';
import type { Draft } from '../../src/client/client.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

let bed: KubeletBed;
beforeEach(async () => { bed = await kubeletBed({ 'nginx:1': {} }); });
afterEach(() => bed.close());

it('a Pod waits until its claim is bound, and has the directory then', async () => {
  const path = join(bed.dataDir, 'volumes', 'pvc-1');
  const claim = await bed.client.create(PersistentVolumeClaims, { metadata: { name: 'data', namespace: 'default' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '' } } as never);
  bed.start();
  await bed.create('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data', readOnly: true } }], containers: [{ name: 'c', image: 'nginx:1', volumeMounts: [{ name: 'v', mountPath: '/data' }] }] });
  await eventually(async () => expect((await bed.events('p')).map((e) => e.message)).toContain('Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: error processing PVC default/data: PVC is not bound'));
  const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: 'default', name: 'data', uid: claim.metadata.uid };
  await bed.client.create(PersistentVolumes, {
    metadata: { name: 'pvc-1', annotations: { 'pv.kubernetes.io/provisioned-by': 'dray.local/local-path' } },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], claimRef, hostPath: { path, type: 'DirectoryOrCreate' } },
  } as never);
  const bound = await bed.client.patch(PersistentVolumeClaims, { namespace: 'default', name: 'data' }, { spec: { volumeName: 'pvc-1' } });
  await bed.client.updateStatus(PersistentVolumeClaims, { ...bound, status: { ...bound.status, phase: 'Bound' } } as Draft<PersistentVolumeClaim>);
  await bed.until('p', (pod) => pod && isPodReady(pod));
  expect(existsSync(path)).toBe(true);
  const [container] = await bed.runtime.listContainers();
  const { mounts } = await bed.runtime.containerStatus(container!.id);
  expect(mounts).toContainEqual(expect.objectContaining({ hostPath: path, containerPath: '/data', readonly: true }));
});
