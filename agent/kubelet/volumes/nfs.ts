// nfs: a directory of an NFS server, which the engine mounts by its local volume driver when a container starts; no mount program is
// needed on the host. Version 4 where no mount option names one: that needs neither a port mapper nor a daemon for locks.
// upstream: pkg/volume/nfs/nfs.go
import type { EngineVolume } from '../../runtime/runtime.ts';
import type { Volume } from '../pod.ts';
import type { VolumePlugin } from './plugin.ts';

type Source = NonNullable<Volume['nfs']>;
const namesVersion = /^(nfs)?vers=|^v[234](\.\d)?$/;

/** `mountOptions` are those of a PersistentVolume. */
export function nfsVolume({ server, path, readOnly }: Source, mountOptions: readonly string[] = []): EngineVolume {
  const version = mountOptions.some((option) => option.split(',').some((part) => namesVersion.test(part))) ? [] : ['nfsvers=4'];
  return { type: 'nfs', device: `:${path}`, options: [`addr=${server.replace(/^\[(.*)\]$/, '$1')}`, ...version, ...mountOptions, ...(readOnly ? ['ro'] : [])].join(',') };
}

export const nfs: VolumePlugin = {
  name: 'kubernetes.io/nfs',
  supports: (volume) => volume.nfs !== undefined,
  setUp: ({ volume }) => Promise.resolve(nfsVolume(volume.nfs!)),
};
