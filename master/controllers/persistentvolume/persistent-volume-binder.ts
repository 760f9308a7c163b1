// Binds claims to volumes and tells both how that stands. Keys are `claim/<namespace>/<name>` and `volume/<name>`; one worker
// takes them all, so that no two claims are given one volume. (upstream: pkg/controller/volume/persistentvolume)
import { PersistentVolumeClaims, type PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes, type PersistentVolume } from '../../../src/api/core/persistent-volume.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { bindCompleted, boundByController, isBoundTo, oldStorageProvisioner, storageProvisioner } from '../../../src/api/core/volume-binding.ts';
import { storageClassOf } from '../../../src/api/core/volume-columns.ts';
import { byDefaultRank, isDefaultClass, StorageClasses, type StorageClass } from '../../../src/api/storage/storage-class.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { equalJson } from '../../../src/util/json.ts';
import { claimIndex, keysOf } from '../pvcprotection/pvc-protection-controller.ts';
import { namesClass, planClaim, planVolume, type News } from './plan.ts';

const claimKey = (claim: PersistentVolumeClaim): string => `claim/${keyOf(claim)}`;
const volumeKey = (volume: PersistentVolume): string => `volume/${volume.metadata.name}`;
type Cached = Pick<ControllerContext, 'cached'>;

/** Claims that wait for a volume: any that is free may be theirs. */
const waiting = ({ cached }: Cached, of: (claim: PersistentVolumeClaim) => boolean): string[] => cached(PersistentVolumeClaims).list().filter((claim) => claim.status.phase !== 'Bound' && of(claim)).map(claimKey);

export const persistentVolumeBinder: Controller = {
  name: 'persistent-volume-binder',
  component: 'persistentvolume-controller',
  workers: 1,
  watches: [
    { resource: PersistentVolumeClaims, map: (claim: PersistentVolumeClaim, { cached }: Cached) => [claimKey(claim), ...cached(PersistentVolumes).list().filter((v) => v.metadata.name === claim.spec.volumeName || isBoundTo(v, claim)).map(volumeKey)] },
    {
      resource: PersistentVolumes,
      map: (volume: PersistentVolume, context: Cached) => {
        const { claimRef } = volume.spec;
        const named = claimRef ? [`claim/${claimRef.namespace}/${claimRef.name}`] : [];
        return [volumeKey(volume), ...named, ...waiting(context, (claim) => claim.spec.volumeName === volume.metadata.name || (!claimRef && storageClassOf(claim as never) === storageClassOf(volume as never)))];
      },
    },
    // One that waits for a node tells the claim why it waits, too.
    { resource: Pods, map: (pod: Pod, { cached }: Cached, old?: Pod) => (old || pod.spec.nodeName ? [] : keysOf(pod).filter((key) => cached(PersistentVolumeClaims).get(key)?.status.phase === 'Pending').map((key) => `claim/${key}`)) },
    { resource: StorageClasses, map: (storageClass: StorageClass, context: Cached) => waiting(context, (claim) => storageClassOf(claim as never) === storageClass.metadata.name || (isDefaultClass(storageClass) && !namesClass(claim))) },
  ],
  indexes: [claimIndex],
  async reconcile(context, key) {
    const [kind, ...rest] = key.split('/');
    if (kind === 'claim') return syncClaim(context, rest.join('/'));
    return syncVolume(context, rest.join('/'));
  },
};

async function syncClaim(context: ControllerContext, key: string): Promise<void> {
  const claim = context.cached(PersistentVolumeClaims).get(key);
  if (!claim) return;
  const volumes = context.cached(PersistentVolumes);
  const classes = context.cached(StorageClasses);
  const plan = planClaim(claim, { volume: (name) => volumes.get(name), volumes: () => volumes.list(), storageClass: (name) => classes.get(name), defaultClass: () => classes.list().filter(isDefaultClass).sort(byDefaultRank)[0], unscheduledPods: () => unscheduledPods(context, key) });
  if (plan.kind === 'bind') return bind(context, claim, plan.volume);
  if (plan.kind === 'class') {
    await context.client.update(PersistentVolumeClaims, { ...claim, spec: { ...claim.spec, storageClassName: plan.name } } as Draft<PersistentVolumeClaim>);
    return;
  }
  if (plan.kind === 'lost') {
    if (claim.status.phase === 'Lost') return;
    tell(context, claim, plan.news);
    await context.client.updateStatus(PersistentVolumeClaims, { ...claim, status: { ...claim.status, phase: 'Lost' } } as Draft<PersistentVolumeClaim>);
    return;
  }
  if (plan.news) tell(context, claim, plan.news);
  const provisioner = plan.provision?.provisioner;
  if (provisioner !== undefined && claim.metadata.annotations?.[storageProvisioner] !== provisioner) {
    await context.client.update(PersistentVolumeClaims, annotated(claim, { [storageProvisioner]: provisioner, [oldStorageProvisioner]: provisioner }));
  }
}

const unscheduledPods = ({ cached }: ControllerContext, key: string): string[] => cached(Pods).byIndex(claimIndex.name, key).filter(({ spec }) => !spec.nodeName).map(({ metadata }) => metadata.name);
const tell = ({ events }: ControllerContext, object: PersistentVolumeClaim | PersistentVolume, { type, reason, message }: News): void => (type === 'Normal' ? events.normal(object, reason, message) : events.warning(object, reason, message));
const annotated = <T extends PersistentVolume | PersistentVolumeClaim>(object: T, annotations: Record<string, string>): Draft<T> => ({ ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } }) as Draft<T>;

/** Both sides in upstream's order: the volume takes the claim first, so that a crash in between leaves no claim without volume. */
async function bind({ client, clock }: ControllerContext, claim: PersistentVolumeClaim, found: PersistentVolume): Promise<void> {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  let volume = found;
  if (!isBoundTo(volume, claim) || !volume.spec.claimRef?.uid) {
    const chosen = isBoundTo(volume, claim) ? {} : { [boundByController]: 'yes' };
    const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion };
    volume = await client.update(PersistentVolumes, annotated({ ...volume, spec: { ...volume.spec, claimRef } } as PersistentVolume, chosen));
  }
  volume = await setPhase({ client, clock }, volume, 'Bound');
  let bound = claim;
  if (claim.spec.volumeName !== volume.metadata.name || claim.metadata.annotations?.[bindCompleted] === undefined) {
    const marks = { [bindCompleted]: 'yes', ...(claim.spec.volumeName ? {} : { [boundByController]: 'yes' }) };
    bound = await client.update(PersistentVolumeClaims, annotated({ ...claim, spec: { ...claim.spec, volumeName: volume.metadata.name } } as PersistentVolumeClaim, marks));
  }
  // Once bound, growing is somebody else's to report.
  const capacity = bound.status.phase === 'Bound' && bound.status.capacity ? bound.status.capacity : volume.spec.capacity;
  const status = { ...bound.status, phase: 'Bound', accessModes: volume.spec.accessModes, capacity };
  if (!equalJson(status, bound.status)) await client.updateStatus(PersistentVolumeClaims, { ...bound, status } as Draft<PersistentVolumeClaim>);
}

async function syncVolume(context: ControllerContext, name: string): Promise<void> {
  const volume = context.cached(PersistentVolumes).get(name);
  if (!volume) return;
  const { claimRef } = volume.spec;
  const claim = claimRef ? context.cached(PersistentVolumeClaims).get(`${claimRef.namespace}/${claimRef.name}`) : undefined;
  const plan = planVolume(volume, claim);
  if (plan.kind === 'claim') return syncClaim(context, keyOf(claim!));
  if (plan.kind === 'phase') await setPhase(context, volume, plan.phase);
  else if (plan.kind === 'failed') {
    if (volume.status.phase === 'Failed') return;
    tell(context, volume, { type: 'Warning', reason: 'VolumeFailedDelete', message: plan.message });
    await setPhase(context, volume, 'Failed', plan.message);
  } else await unbind(context, volume, plan.altogether);
}

async function unbind({ client }: ControllerContext, volume: PersistentVolume, altogether: boolean): Promise<void> {
  const { [boundByController]: _chosen, ...annotations } = volume.metadata.annotations ?? {};
  const { claimRef, ...spec } = volume.spec;
  const { uid: _uid, resourceVersion: _revision, ...reference } = claimRef!;
  await client.update(PersistentVolumes, { ...volume, metadata: { ...volume.metadata, annotations }, spec: altogether ? spec : { ...spec, claimRef: reference } } as Draft<PersistentVolume>);
}

async function setPhase({ client, clock }: Pick<ControllerContext, 'client' | 'clock'>, volume: PersistentVolume, phase: string, message?: string): Promise<PersistentVolume> {
  if (volume.status.phase === phase) return volume;
  const status = { phase, ...(message === undefined ? {} : { message }), lastPhaseTransitionTime: timestamp(clock.now()) };
  return client.updateStatus(PersistentVolumes, { ...volume, status } as Draft<PersistentVolume>);
}
