// Carries out what VolumeBinding decided, before its Pod is bound: gives volumes to claims, says where others are to be made,
// and waits until all are bound. (upstream: pkg/scheduler/framework/plugins/volumebinding/binder.go, BindPodVolumes)
import { PersistentVolumeClaims, type PersistentVolumeClaim } from '../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../src/api/core/persistent-volume.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { boundByController, selectedNode } from '../../src/api/core/volume-binding.ts';
import { CSINodes } from '../../src/api/storage/csi-node.ts';
import { StorageClasses } from '../../src/api/storage/storage-class.ts';
import { keyOf, type Client, type Draft } from '../../src/client/client.ts';
import type { Informer, InformerFactory } from '../../src/client/informer.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Storage } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { claimNames, claimsOf, isBound, serve } from './pod-volumes.ts';

export class VolumeBinder {
  readonly storage: Storage;
  readonly informers: readonly Informer[];
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly #pods: Informer<Pod>;
  readonly #client: Client;
  readonly #clock: Clock;

  constructor(client: Client, informers: InformerFactory, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    this.#pods = informers.informer(Pods);
    const claims = informers.informer(PersistentVolumeClaims);
    const volumes = informers.informer(PersistentVolumes);
    const classes = informers.informer(StorageClasses);
    const csiNodes = informers.informer(CSINodes);
    this.claims = claims;
    this.informers = [claims, volumes, classes, csiNodes];
    this.storage = {
      claim: (namespace, name) => claims.get(`${namespace}/${name}`), volume: (name) => volumes.get(name), volumes: () => volumes.list(), storageClass: (name) => classes.get(name),
      csiNode: (name) => csiNodes.get(name),
    };
  }

  /** Tells of every change that may let a Pod's volumes be found. */
  watch(changed: (event: 'PersistentVolumeClaim' | 'PersistentVolume' | 'StorageClass' | 'CSINode') => void): () => void {
    const off = this.informers.map((informer) => {
      const tell = (): void => changed(informer.resource.kind as 'PersistentVolume');
      return informer.addHandler({ added: tell, updated: tell });
    });
    return () => { for (const stop of off) stop(); };
  }

  /** Resolves at once for Pods without claims. @throws when the volumes cannot be had: the Pod is placed anew */
  async bind(pod: Pod, node: NodeInfo, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!claimNames(pod).length) return;
    const claims = claimsOf(pod, this.storage);
    if (typeof claims === 'string') throw new Error(claims);
    const served = serve(claims, node, this.storage);
    if ('reasons' in served) throw new Error(served.reasons.join(', '));
    for (const { claim, volume } of served.taken) {
      const { name, namespace, uid, resourceVersion } = claim.metadata;
      if (volume.spec.claimRef?.uid === uid) continue;
      const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion };
      const marks = volume.spec.claimRef ? {} : { [boundByController]: 'yes' };
      await this.#client.update(PersistentVolumes, { ...volume, metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, ...marks } }, spec: { ...volume.spec, claimRef } } as Draft<typeof volume>);
    }
    const asked = new Set<string>();
    for (const claim of served.provision) {
      asked.add(keyOf(claim));
      if (claim.metadata.annotations?.[selectedNode] === node.name) continue;
      const annotations = { ...claim.metadata.annotations, [selectedNode]: node.name };
      const { metadata } = await this.#client.update(PersistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations } } as Draft<PersistentVolumeClaim>);
      await this.claims.waitFor(Number(metadata.resourceVersion), signal);
    }
    await this.#allBound(pod, claims.waiting.map(keyOf), asked, timeoutMs, signal);
  }

  #allBound(pod: Pod, keys: readonly string[], asked: ReadonlySet<string>, timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const off: (() => void)[] = [];
      const end = (error?: Error): void => {
        for (const stop of off) stop();
        if (error) reject(error);
        else resolve();
      };
      const look = (): void => {
        // Whoever binds the Pod next is told that it is gone.
        if (this.#pods.get(keyOf(pod))?.metadata.uid !== pod.metadata.uid) return end();
        const claims = keys.map((key) => this.claims.get(key));
        if (claims.some((claim) => !claim)) return end(new Error(`persistentvolumeclaim "${keys[claims.findIndex((claim) => !claim)]}" not found`));
        const failed = claims.find((claim) => !isBound(claim!) && asked.has(keyOf(claim!)) && claim!.metadata.annotations?.[selectedNode] === undefined);
        if (failed) return end(new Error(`provisioning failed for PVC "${failed.metadata.name}"`));
        if (claims.every((claim) => isBound(claim!))) end();
      };
      const stop = (): void => end(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      off.push(() => signal.removeEventListener('abort', stop), this.#clock.after(timeoutMs, () => end(new Error('context deadline exceeded'))));
      off.push(this.claims.addHandler({ updated: look, deleted: look }), this.#pods.addHandler({ deleted: look }));
      look();
    });
  }
}
