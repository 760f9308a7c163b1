// Sets up a Pod's volumes before its containers, keeps them up to date, and clears away what a Pod leaves behind.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../src/util/clock.ts';
import type { ContainerConfig, EngineVolume, Mount } from '../../runtime/runtime.ts';
import { allContainers, quoted, type Container, type Pod, type Volume } from '../pod.ts';
import { emptyDir } from './empty-dir.ts';
import { volumePlugins } from './index.ts';
import type { Mounter } from './mounts.ts';
import { MapVolumeError, VolumeProcessingError, type BlockDevice, type Place, type VolumeContext, type VolumePlugin, type VolumeSources } from './plugin.ts';
import { bindSubPath, checkSubPath, expandSubPath, openSubPath } from './subpath.ts';

/** What a Pod is told of a volume: files are mounted, devices are mapped. */
export interface VolumeEvent { readonly reason: 'FailedMount' | 'FailedMapVolume'; readonly message: string }
/** Volumes could not be set up. */
export class MountError extends Error {
  readonly events: readonly VolumeEvent[];
  constructor(events: readonly VolumeEvent[], options?: ErrorOptions) {
    super(events.map(({ message }) => message).join('; '), options);
    this.events = events;
  }
}

export const pluginOf = (volume: Volume): VolumePlugin | undefined => volumePlugins.find((p) => p.supports(volume));

export interface MountedVolume {
  readonly place: Place;
  /** No container may write to it, whatever its mount says. */
  readonly readOnly: boolean;
}
/** By volume name. */
export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

const goList = (names: Iterable<string>): string => `[${[...names].sort().join(' ')}]`;
/** One event tells of all volumes that could not be processed. upstream: pkg/kubelet/volumemanager/volume_manager.go (WaitForAttachAndMount) */
function notAttached(pod: Pod, mounted: MountedVolumes, unprocessed: ReadonlyMap<string, Error>): VolumeEvent[] {
  if (unprocessed.size === 0) return [];
  const unmounted = (pod.spec.volumes ?? []).map(({ name }) => name).filter((name) => !mounted.has(name));
  const why = [...unprocessed.values()].map(({ message }) => message).join('; ');
  return [{ reason: 'FailedMount', message: `Unable to attach or mount volumes: unmounted volumes=${goList(unmounted)}, unattached volumes=[], failed to process volumes=${goList(unprocessed.keys())}: ${why}` }];
}

const isDevice = (place: Place): place is BlockDevice => typeof place !== 'string' && 'blockDevice' in place;

export class VolumeManager {
  readonly #podsDirectory: string;
  readonly #memoryDirectory: string;
  readonly #mounter: Mounter;
  readonly #sources: VolumeSources;
  readonly #clock: Clock;
  /** What this agent has set up, by Pod UID. */
  readonly #mounted = new Map<string, Map<string, MountedVolume>>();
  #memoryReady: Promise<void> | undefined;
  #shared: Promise<void> | undefined;
  #networkTurn: Promise<unknown> = Promise.resolve();

  constructor(options: { dataDir: string; mounter: Mounter; sources: VolumeSources; clock: Clock }) {
    this.#podsDirectory = join(options.dataDir, 'pods');
    this.#memoryDirectory = join(options.dataDir, 'memory');
    this.#mounter = options.mounter;
    this.#sources = options.sources;
    this.#clock = options.clock;
  }

  podDirectory(uid: string): string { return join(this.#podsDirectory, uid); }

  /** What is set up of a Pod by now. */
  mounted(uid: string): MountedVolumes { return this.#mounted.get(uid) ?? new Map<string, MountedVolume>(); }

  /** Each volume is tried. Errors of those that are usable as they are, but could not be brought up to date, come in `stale`. @throws MountError */
  async setUp(pod: Pod): Promise<{ mounted: MountedVolumes; stale: readonly MountError[] }> {
    const { uid } = pod.metadata;
    let mounted = this.#mounted.get(uid);
    if (!mounted) {
      // Without volumes, its first file makes it.
      if (pod.spec.volumes?.length) {
        await this.#share();
        await mkdir(this.podDirectory(uid), { recursive: true, mode: 0o750 });
      }
      this.#mounted.set(uid, (mounted = new Map<string, MountedVolume>()));
    }
    const [stale, failed]: [MountError[], MountError[]] = [[], []];
    const unprocessed = new Map<string, Error>();
    for (const volume of pod.spec.volumes ?? []) {
      const plugin = pluginOf(volume);
      if (!plugin) {
        unprocessed.set(volume.name, new VolumeProcessingError(`failed to get Plugin from volumeSpec for volume ${quoted(volume.name)} err=no volume plugin matched`));
        continue;
      }
      if (mounted.has(volume.name) && !plugin.find) continue;
      const context = this.#contextOf(pod, volume, plugin);
      const done = (place: Place): unknown => mounted.set(volume.name, { place, readOnly: plugin.readOnly ?? volume.persistentVolumeClaim?.readOnly ?? false });
      try {
        done(await this.#reachable(context, await plugin.setUp(context)));
      } catch (error) {
        const { message } = error as Error;
        const failure = new MountError([error instanceof MapVolumeError ? { reason: 'FailedMapVolume', message } : { reason: 'FailedMount', message: `MountVolume.SetUp failed for volume ${quoted(volume.name)} : ${message}` }], { cause: error });
        const found = mounted.get(volume.name)?.place ?? (await plugin.find?.(context));
        if (found !== undefined) {
          done(found);
          stale.push(failure);
        } else if (error instanceof VolumeProcessingError) unprocessed.set(volume.name, error);
        else failed.push(failure);
      }
    }
    if (failed.length + unprocessed.size) throw new MountError([...failed.flatMap(({ events }) => events), ...notAttached(pod, mounted, unprocessed)]);
    return { mounted, stale };
  }
  /** Of a network volume a subPath can be told only where it is mounted: then that is the host too, and the engine binds it. */
  async #reachable({ pod, volume, directory }: VolumeContext, place: Place): Promise<Place> {
    if (typeof place === 'string' || !('device' in place)) return place;
    if (!allContainers(pod).some((c) => c.volumeMounts?.some((m) => m.name === volume.name && (m.subPath || m.subPathExpr)))) return place;
    await this.#mounter.mountNetwork(directory, place);
    return { networkDirectory: directory };
  }
  #directoryOf(pod: Pod, volume: Volume, plugin: VolumePlugin): string { return join(this.podDirectory(pod.metadata.uid), 'volumes', plugin.name.replace('/', '~'), volume.name); }
  #contextOf(pod: Pod, volume: Volume, plugin: VolumePlugin): VolumeContext {
    const directoryName = plugin.name.replace('/', '~');
    return {
      pod, volume, directory: this.#directoryOf(pod, volume, plugin), clock: this.#clock, sources: this.#sources,
      memoryDirectory: () => this.#inMemory(join(pod.metadata.uid, directoryName, volume.name)),
      mountTmpfs: (at, options) => this.#mounter.mountTmpfs(at, options),
    };
  }

  /** The container's volume mounts in spec order. @throws Error naming the volume that is missing or the path that is refused. */
  async mountsOf(pod: Pod, container: Container, mounted: MountedVolumes, variables: ReadonlyMap<string, string>): Promise<Mount[]> {
    const mounts: Mount[] = [];
    for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
      const volume = mounted.get(mount.name);
      if (!volume || isDevice(volume.place)) throw new Error(`cannot find volume ${quoted(mount.name)} to mount into container ${quoted(container.name)}`);
      const subPath = mount.subPathExpr ? expandSubPath(mount.subPathExpr, variables) : mount.subPath ?? '';
      checkSubPath(subPath);
      // Nothing the engine's API of before 1.44 can ask for; `IfPossible` is content without. upstream: pkg/kubelet/kubelet_pods.go (resolveRecursiveReadOnly)
      if (mount.recursiveReadOnly === 'Enabled') throw new Error(`failed to resolve recursive read-only mode: volume ${quoted(mount.name)} requested recursive read-only mode, but it is not supported by the runtime`);
      mounts.push({
        ...(await this.#source(volume.place, subPath, join(this.podDirectory(pod.metadata.uid), 'volume-subpaths', mount.name, container.name, String(index))).catch((cause: unknown) => {
          // Users of the API learn nothing of the host's files from it; the log has the cause.
          throw new Error(`failed to prepare subPath for volumeMount ${quoted(mount.name)} of container ${quoted(container.name)}`, { cause });
        })),
        containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
        ...(mount.readOnly || volume.readOnly ? { readonly: true } : {}),
        ...(mount.mountPropagation === 'HostToContainer' ? { propagation: 'rslave' as const } : mount.mountPropagation === 'Bidirectional' ? { propagation: 'rshared' as const } : {}),
      });
    }
    return mounts;
  }

  /** Its block devices. upstream: pkg/kubelet/kubelet_pods.go (makeBlockVolumes) @throws Error naming the volume that is missing */
  devicesOf(container: Container, mounted: MountedVolumes): NonNullable<ContainerConfig['devices']> {
    return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
      const volume = mounted.get(name);
      if (!volume || !isDevice(volume.place)) throw new Error(`cannot find volume ${quoted(name)} to pass into container ${quoted(container.name)}`);
      return { hostPath: volume.place.blockDevice, containerPath: devicePath, permissions: volume.readOnly ? 'r' : 'mrw' };
    });
  }

  /** What the engine is to mount, where `target` is for the part that a subPath names. */
  async #source(place: Exclude<Place, BlockDevice>, subPath: string, target: string): Promise<{ hostPath: string } | { engineVolume: EngineVolume }> {
    if (typeof place !== 'string' && 'device' in place) {
      if (subPath !== '') throw new Error('the engine mounts a network volume as a whole only');
      return { engineVolume: place };
    }
    const root = typeof place === 'string' ? place : place.networkDirectory;
    if (subPath === '') return { hostPath: root };
    if (typeof place === 'string') return { hostPath: await this.#bind(root, subPath, target) };
    // One at a time: a silent server keeps a thread, and all the agent's work on files has four.
    const done = this.#networkTurn.then(() => this.#bind(root, subPath, target));
    this.#networkTurn = done.catch(() => undefined); // told to who waits for this one
    return { hostPath: await done };
  }
  async #bind(volumePath: string, subPath: string, target: string): Promise<string> {
    const handle = await openSubPath(volumePath, subPath);
    try {
      await bindSubPath(handle, target, this.#mounter);
      return target;
    } finally {
      await handle.close();
    }
  }

  /** Removes everything on the host that belongs to the Pod; its containers are gone. */
  async tearDown(uid: string): Promise<void> {
    this.#mounted.delete(uid);
    for (const path of await this.#mounter.below(this.podDirectory(uid))) await this.#mounter.unmount(path);
    await rm(join(this.#memoryDirectory, uid), { recursive: true, force: true });
    await rm(this.podDirectory(uid), { recursive: true, force: true });
  }

  /** The Pod's volumes that take up the node's disk, and where they lie. */
  localVolumes(pod: Pod): { name: string; path: string }[] {
    return (pod.spec.volumes ?? []).filter(({ emptyDir: source }) => source && source.medium !== 'Memory')
      .map((volume) => ({ name: volume.name, path: this.#directoryOf(pod, volume, emptyDir) }));
  }

  /** UIDs of Pods that have a directory here. */
  async podsOnDisk(): Promise<string[]> {
    return readdir(this.#podsDirectory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }

  /** Before anything is mounted there, which would be covered. upstream: pkg/kubelet/kubelet.go (setupDataDirs) */
  #share(): Promise<void> {
    return (this.#shared ??= this.#mounter.makeShared(this.#podsDirectory).catch((error: unknown) => {
      this.#shared = undefined;
      throw error;
    }));
  }

  /** One tmpfs serves every file volume: a mount per volume would cost each Pod start a process. */
  async #inMemory(path: string): Promise<string> {
    this.#memoryReady ??= this.#mounter.mountTmpfs(this.#memoryDirectory, { mode: '0700' }).catch((error: unknown) => {
      this.#memoryReady = undefined;
      throw error;
    });
    await this.#memoryReady;
    return join(this.#memoryDirectory, path);
  }
}
