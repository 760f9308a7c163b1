// A volume plugin: makes one volume of a Pod usable on the host and keeps it up to date. Plugins form one ordered list
// (index.ts); each is one file.
import type { PersistentVolume } from '../../../src/api/core/persistent-volume.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { EngineVolume } from '../../runtime/runtime.ts';
import type { NodeAllocatable } from '../downward.ts';
import type { Pod, Volume } from '../pod.ts';

/** Text and binary entries of a ConfigMap or Secret, as bytes by key. */
export type DataEntries = ReadonlyMap<string, Buffer>;

/** Where file volumes take their content from; each call answers with what the API holds now. */
export interface VolumeSources {
  /** Undefined when there is no such object. @throws Error while the API cannot be asked. */
  configMap(pod: Pod, name: string): Promise<DataEntries | undefined>;
  secret(pod: Pod, name: string): Promise<DataEntries | undefined>;
  /** A bound token of the Pod's service account; undefined when the server issues none. */
  token(pod: Pod, options: { audience: string; expirationSeconds: number }): Promise<string | undefined>;
  /** The volume a claim is bound to. @throws Error while the Pod must not use it */
  persistentVolume(pod: Pod, claim: string, ephemeral: boolean): Promise<PersistentVolume>;
  readonly allocatable: NodeAllocatable;
}

export interface VolumeContext {
  readonly pod: Pod;
  readonly volume: Volume;
  /** Directory of this volume on disk; the plugin makes it. */
  readonly directory: string;
  /** Directory of this volume in memory (tmpfs), for what must never reach a disk. */
  memoryDirectory(): Promise<string>;
  /** Mounts a tmpfs of its own at `path`; nothing when that is done already. */
  mountTmpfs(path: string, options: { sizeBytes?: number; mode: string; group?: number }): Promise<void>;
  readonly sources: VolumeSources;
  readonly clock: Clock;
}

/** A block device of the host, which containers get as it is. */
export interface BlockDevice { readonly blockDevice: string }
/** A network volume that is mounted on this host. Looking there may take as long as its server is silent. */
export interface NetworkDirectory { readonly networkDirectory: string }
/** Where a volume is: a path of the host, with the engine, or a device. */
export type Place = string | EngineVolume | NetworkDirectory | BlockDevice;

/** A block device cannot be had: the words of a FailedMapVolume event. */
export class MapVolumeError extends Error {}

/** What the Pod names cannot be made out to be a volume it may have: nothing was tried to be mounted. */
export class VolumeProcessingError extends Error {}

export interface VolumePlugin {
  /** As events and paths name it: `kubernetes.io/secret`. */
  readonly name: string;
  supports(volume: Volume): boolean;
  /** Containers only read it: what it holds comes from the API. upstream: pkg/volume (Attributes.ReadOnly) */
  readonly readOnly?: true;
  /** May be called again at any time, also by a later agent. @throws Error with upstream's words. */
  setUp(context: VolumeContext): Promise<Place>;
  /**
   * For a volume whose content follows the API: each pass sets it up anew, and this tells where it lies when an earlier agent
   * had set it up. One that was set up stays usable when it cannot be brought up to date. upstream: pkg/volume (RequiresRemount)
   */
  readonly find?: (context: VolumeContext) => Promise<string | undefined>;
  /** Names of the objects the volume is made of, so that a change of one brings the Pod's next pass. */
  readonly uses?: (volume: Volume) => readonly { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string }[];
}
