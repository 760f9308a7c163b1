// Volumes on a real file system: the atomic swap, modes, items, what is refused, and that nothing leaves its volume.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAtomically, type FileContent } from '../../../../agent/kubelet/volumes/atomic-writer.ts';
import { memorySize } from '../../../../agent/kubelet/volumes/empty-dir.ts';
import { hostMounter, parseMountInfo, type Mounter } from '../../../../agent/kubelet/volumes/mounts.ts';
import { nfsVolume } from '../../../../agent/kubelet/volumes/nfs.ts';
import { bindSubPath, openSubPath } from '../../../../agent/kubelet/volumes/subpath.ts';
import { VolumeProcessingError } from '../../../../agent/kubelet/volumes/plugin.ts';
import { MountError, VolumeManager } from '../../../../agent/kubelet/volumes/volume-manager.ts';
import type { PersistentVolume } from '../../../../src/api/core/persistent-volume.ts';
import type { VolumeSources } from '../../../../agent/kubelet/volumes/plugin.ts';
import type { PodSpec } from '../../../../agent/kubelet/pod.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { noMounts } from '../../../support/kubelet.ts';
import { testWhere } from '../../../support/test-where.ts';
import { container, pod } from './pods.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'dray-volumes-')); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const file = (text: string, mode = 0o644): FileContent => ({ data: Buffer.from(text), mode });

describe('atomic writer', () => {
  it('swaps the whole set, keeps nothing old, and writes nothing that has not changed', async () => {
    expect(await writeAtomically(directory, new Map([['a', file('1')], ['d/b', file('2', 0o400)]]))).toBe(true);
    expect(readFileSync(join(directory, 'a'), 'utf8') + readFileSync(join(directory, 'd/b'), 'utf8')).toBe('12');
    expect(statSync(join(directory, 'd/b')).mode & 0o777).toBe(0o400);
    const first = readlinkSync(join(directory, '..data'));
    expect(await writeAtomically(directory, new Map([['a', file('1')], ['d/b', file('2', 0o400)]]))).toBe(false);
    expect(readlinkSync(join(directory, '..data'))).toBe(first);
    expect(await writeAtomically(directory, new Map([['c', file('3')]]))).toBe(true);
    expect(readdirSync(directory).sort()).toEqual([readlinkSync(join(directory, '..data')), '..data', 'c'].sort());
  });
  it.each(['../x', 'a/../b', '/x', '..data', ''])('refuses the path %j', async (path) => {
    await expect(writeAtomically(directory, new Map([[path, file('')]]))).rejects.toThrow('invalid path');
  });
});

describe('subPath', () => {
  const placeOf = async (path: string): Promise<string> => {
    const handle = await openSubPath(directory, path);
    try {
      return readlinkSync(`/proc/self/fd/${handle.fd}`);
    } finally {
      await handle.close();
    }
  };
  it('makes what is missing with the mode of the volume, below links too', async () => {
    chmodSync(directory, 0o2777);
    mkdirSync(join(directory, 'real'));
    symlinkSync('real', join(directory, 'link'));
    expect(await placeOf('link/./new//deep/')).toBe(join(directory, 'real/new/deep'));
    expect(['real/new', 'real/new/deep'].map((p) => statSync(join(directory, p)).mode & 0o7777)).toEqual([0o2777, 0o2777]);
    expect(await placeOf('')).toBe(directory);
  });
  it('takes a file, and what must not be opened', async () => {
    writeFileSync(join(directory, 'file'), '');
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    expect([await placeOf('file'), await placeOf('pipe')]).toEqual([join(directory, 'file'), join(directory, 'pipe')]);
    await expect(placeOf('file/below')).rejects.toThrow('ENOTDIR');
  });
  it.each(['../x', 'a/../../x', '/etc', 'out', 'out/passwd', 'up', 'up/x', 'chain/passwd', 'dangling', 'dangling/x'])('refuses %s', async (path) => {
    mkdirSync(join(directory, 'v'));
    for (const [name, target] of [['out', '/etc'], ['up', '../..'], ['chain', 'out'], ['dangling', '/no/such/place']] as const) symlinkSync(target, join(directory, 'v', name));
    await expect(openSubPath(join(directory, 'v'), path)).rejects.toThrow(/not within volume path|must not be an absolute path|must not contain '\.\.'|unexpected symlink/);
    expect(readdirSync(directory)).toEqual(['v']);
  });
  it('never leaves the volume, whenever a name is swapped for a link', async () => {
    const [place, aside, link] = ['place', 'aside', 'link'].map((n) => join(directory, 'v', n)) as [string, string, string];
    mkdirSync(join(place, 'passwd'), { recursive: true });
    symlinkSync('/etc', link);
    const found: Record<string, number> = {};
    let ended = false;
    const swapping = (async () => {
      while (!ended) {
        for (const [from, to] of [[place, aside], [link, place], [place, link], [aside, place]] as const) {
          // What is missing for a moment may have been made anew meanwhile.
          while (!(await rename(from, to).then(() => true, () => false))) rmSync(to, { recursive: true, force: true });
        }
      }
    })();
    for (let i = 0; i < 300; i++) {
      const where = await openSubPath(join(directory, 'v'), 'place/passwd').then(async (handle) => {
        const path = readlinkSync(`/proc/self/fd/${handle.fd}`);
        await handle.close();
        return path.startsWith(`${directory}/v/`) ? 'inside' : path;
      }, () => 'refused');
      found[where] = (found[where] ?? 0) + 1;
    }
    ended = true;
    await swapping;
    expect(Object.keys(found).filter((where) => where !== 'refused' && where !== 'inside')).toEqual([]);
  });
  it('binds the very place that was checked, once', async () => {
    const [volume, target, bound] = [join(directory, 'v'), join(directory, 'private/0'), [] as string[]];
    mkdirSync(join(volume, 'place'), { recursive: true });
    writeFileSync(join(volume, 'file'), 'x');
    const mounter = (below: string[]): Mounter => ({
      ...noMounts, below: () => Promise.resolve(below.splice(0)), unmount: (path) => Promise.resolve(void bound.push(`-${path}`)),
      bind: (fd, at) => Promise.resolve(void bound.push(`${readlinkSync(`/proc/self/fd/${fd}`)} ${at}`)),
    });
    const handle = await openSubPath(volume, 'place');
    renameSync(join(volume, 'place'), join(volume, 'moved'));
    symlinkSync('/etc', join(volume, 'place'));
    await bindSubPath(handle, target, mounter([]));
    expect(bound.splice(0)).toEqual([`${volume}/moved ${target}`]);
    expect(statSync(target).isDirectory()).toBe(true);
    await bindSubPath(handle, join(volume, 'moved'), mounter([]));
    expect(bound).toEqual([]);
    await handle.close();
    const file = await openSubPath(volume, 'file');
    await bindSubPath(file, target, mounter([target]));
    expect(bound).toEqual([`-${target}`, `${volume}/file ${target}`]);
    expect(statSync(target).isFile()).toBe(true);
    await file.close();
  });
});

describe('plugins', () => {
  const mounted: string[] = [];
  const volumes: Record<string, PersistentVolume> = {};
  const sources: VolumeSources = {
    configMap: (_, name) => Promise.resolve(name === 'settings' ? new Map([['color', Buffer.from('blue')], ['shape', Buffer.from('round')]]) : undefined),
    secret: (_, name) => Promise.resolve(name === 'keys' ? new Map([['password', Buffer.from('p')]]) : undefined),
    token: () => Promise.resolve('token'), persistentVolume: (_, name) => (volumes[name] ? Promise.resolve(volumes[name]) : Promise.reject(new VolumeProcessingError(`error processing PVC default/${name}: PVC is not bound`))), allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '1Gi' },
  };
  const manager = (from = sources) => new VolumeManager({
    dataDir: directory, sources: from, clock: new FakeClock(),
    mounter: { ...noMounts, mountTmpfs: (path, options) => { mounted.push(path, JSON.stringify(options)); mkdirSync(path, { recursive: true }); return Promise.resolve(); } },
  });
  const setUp = async (volume: object, spec: Partial<PodSpec> = {}) => (await manager().setUp(pod({ ...spec, volumes: [{ name: 'v', ...volume }] as never }, { metadata: { labels: { app: 'x' } } }))).mounted.get('v')!.place as string;

  it('emptyDir is open to all, Memory is a mount', async () => {
    expect(statSync(await setUp({ emptyDir: {} })).mode & 0o7777).toBe(0o777);
    const path = await setUp({ emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } });
    expect(mounted.slice(mounted.indexOf(path))).toEqual([path, '{"mode":"1777","sizeBytes":1048576}']);
    await setUp({ emptyDir: { medium: 'Memory' } }, { securityContext: { fsGroup: 5 } } as never);
    expect(mounted.at(-1)).toBe(`{"mode":"3777","sizeBytes":${8 * 2 ** 30},"group":5}`);
  });
  it.each<[string, number[], (number | string)[], string | undefined, number]>([
    ['the node gives', [0], [], undefined, 4096], ['the volume asks', [0], [], '1Mi', 1], ['the Pod may', [16, 8], [], undefined, 24], ['the Pod may, not what the volume asks', [16, 8], [], '32Mi', 24],
    ['the node gives where one container has no limit', [16, 0], [], '0', 4096], ['an init container may', [16], [64], undefined, 64],
    ['the sidecar and all others may', [16], [2, 's4'], undefined, 20], ['an init container and the sidecar before it may', [1], ['s4', 8], undefined, 12], ['the node gives, not what the volume asks', [0], [], '8Gi', 4096],
  ])('a Memory emptyDir has what %s', (_, limits, init, sizeLimit, expected) => {
    const limited = (mebi: number | string, i: number) => {
      const value = Number(String(mebi).replace('s', ''));
      return container(`c${i}`, { ...(value ? { resources: { limits: { memory: `${value}Mi` } } } : {}), ...(typeof mebi === 'string' ? { restartPolicy: 'Always' } : {}) } as never);
    };
    expect(memorySize(pod({ containers: limits.map(limited), initContainers: init.map(limited) }), sizeLimit, { ...sources.allocatable, memory: '4Gi' }) / 2 ** 20).toBe(expected);
  });
  it('emptyDir keeps the mode its containers give it, under later agents too', async () => {
    const path = await setUp({ emptyDir: {} }, { securityContext: { fsGroup: 7 } } as never);
    expect([statSync(path).mode & 0o7777, statSync(path).gid]).toEqual([0o2777, 7]);
    chmodSync(path, 0o700);
    expect(statSync(await setUp({ emptyDir: {} })).mode & 0o7777).toBe(0o700);
  });
  it('what was set up stays usable when its object is gone, under later agents too', async () => {
    const volumes = [{ name: 'c', configMap: { name: 'settings' } }, { name: 's', secret: { secretName: 'keys' } }, { name: 'p', projected: { sources: [{ configMap: { name: 'settings' } }] } }] as never;
    const first = await manager().setUp(pod({ volumes }));
    expect(first.stale).toEqual([]);
    const none = { ...sources, configMap: () => Promise.resolve(undefined), secret: () => Promise.reject(new Error('the API is away')) };
    const later = manager(none);
    for (let pass = 0; pass < 2; pass++) {
      const { mounted: found, stale } = await later.setUp(pod({ volumes }));
      expect(found).toEqual(first.mounted);
      expect(stale.map((e) => e.message)).toEqual(['c" : configmap "settings" not found', 's" : the API is away', 'p" : configmap "settings" not found'].map((text) => `MountVolume.SetUp failed for volume "${text}`));
      expect(readFileSync(join(found.get('s')!.place as string, 'password'), 'utf8')).toBe('p');
    }
    await expect(manager(none).setUp(pod({ volumes }, { metadata: { uid: 'uid-2' } }))).rejects.toThrow('configmap "settings" not found');
  });
  it('a claim leads to the directory of its volume, which is made for a local-path class alone', async () => {
    const made = join(directory, 'volumes', 'pvc-1');
    const spec = (where: object) => ({ volumeMode: 'Filesystem', ...where });
    volumes['data'] = { metadata: { name: 'pvc-1', annotations: { 'pv.kubernetes.io/provisioned-by': 'dray.local/local-path' } }, spec: spec({ hostPath: { path: made, type: 'DirectoryOrCreate' } }) } as unknown as PersistentVolume;
    expect(await setUp({ persistentVolumeClaim: { claimName: 'data' } })).toBe(made);
    expect(statSync(made).mode & 0o777).toBe(0o777);
    chmodSync(made, 0o700);
    await setUp({ persistentVolumeClaim: { claimName: 'data' } });
    expect(statSync(made).mode & 0o777).toBe(0o700);
    volumes['disk'] = { metadata: { name: 'disk' }, spec: spec({ local: { path: directory } }) } as unknown as PersistentVolume;
    expect(await setUp({ persistentVolumeClaim: { claimName: 'disk' } })).toBe(directory);
    volumes['gone'] = { metadata: { name: 'gone' }, spec: spec({ local: { path: join(directory, 'none') } }) } as unknown as PersistentVolume;
    await expect(setUp({ persistentVolumeClaim: { claimName: 'gone' } })).rejects.toThrow(`MountVolume.SetUp failed for volume "v" : path "${join(directory, 'none')}" does not exist`);
    volumes['far'] = { metadata: { name: 'far' }, spec: spec({ flocker: { datasetName: 'd' } }) } as unknown as PersistentVolume;
    await expect(setUp({ persistentVolumeClaim: { claimName: 'far' } })).rejects.toThrow('Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: failed to get Plugin from volumeSpec for volume "far" err=no volume plugin matched');
    volumes['files'] = { metadata: { name: 'files' }, spec: { ...spec({ nfs: { server: 's', path: '/' } }), mountOptions: ['hard'] } } as unknown as PersistentVolume;
    expect(await setUp({ persistentVolumeClaim: { claimName: 'files' } })).toEqual({ type: 'nfs', device: ':/', options: 'addr=s,nfsvers=4,hard' });
    await expect(setUp({ persistentVolumeClaim: { claimName: 'none' } })).rejects.toThrow('Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: error processing PVC default/none: PVC is not bound');
  });
  it('a claim for a device is none for files, and leads to a device of this host alone', async () => {
    const [mount, device] = [{ volumeMounts: [{ name: 'v', mountPath: '/v' }] }, { volumeDevices: [{ name: 'v', devicePath: '/dev/v' }] }];
    const refused = async (where: object, use: object, words: string) => {
      volumes['raw'] = { metadata: { name: 'raw' }, spec: where } as unknown as PersistentVolume;
      await expect(setUp({ persistentVolumeClaim: { claimName: 'raw' } }, { containers: [container('c', use as never)] })).rejects.toThrow(words);
    };
    await refused({ volumeMode: 'Block', local: { path: '/dev/null' } }, mount, 'failed to process volumes=[v]: volume v has volumeMode Block, but is specified in volumeMounts');
    await refused({ local: { path: directory } }, device, 'failed to process volumes=[v]: volume v has volumeMode Filesystem, but is specified in volumeDevices');
    await refused({ volumeMode: 'Block', local: { path: '/dev/null' } }, device, 'MapVolume.MapBlockVolume failed for volume "raw" : path "/dev/null" is not a block device');
    await refused({ volumeMode: 'Block', local: { path: '/dev/none/such' } }, device, 'MapVolume.MapBlockVolume failed for volume "raw" : path "/dev/none/such" does not exist');
    await refused({ volumeMode: 'Block', hostPath: { path: '/dev/null' } }, device, 'MapVolume.FindMapperPluginBySpec failed to find BlockVolumeMapper plugin. Volume plugin is nil. for volume "raw"');
  });
  const disk = readdirSync('/dev').map((name) => join('/dev', name)).find((path) => statSync(path, { throwIfNoEntry: false })?.isBlockDevice());
  testWhere(disk !== undefined, 'this machine shows no block device', 'a device is passed to containers as it is, and read alone where the claim says so', async () => {
    volumes['raw'] = { metadata: { name: 'raw' }, spec: { volumeMode: 'Block', local: { path: disk } } } as unknown as PersistentVolume;
    const claim = (name: string, readOnly: boolean) => ({ name, persistentVolumeClaim: { claimName: 'raw', readOnly } });
    const of = container('c', { volumeDevices: [{ name: 'v', devicePath: '/dev/a' }, { name: 'r', devicePath: '/dev/b' }] } as never);
    const { mounted: found } = await manager().setUp(pod({ containers: [of], volumes: [claim('v', false), claim('r', true), { name: 'e', emptyDir: {} }] as never }));
    expect(manager().devicesOf(of, found)).toEqual([{ hostPath: disk, containerPath: '/dev/a', permissions: 'mrw' }, { hostPath: disk, containerPath: '/dev/b', permissions: 'r' }]);
    for (const name of ['e', 'x']) expect(() => manager().devicesOf(container('c', { volumeDevices: [{ name, devicePath: '/dev/a' }] } as never), found)).toThrow(`cannot find volume "${name}" to pass into container "c"`);
    await expect(manager().mountsOf(pod(), container('c', { volumeMounts: [{ name: 'v', mountPath: '/v' }] } as never), found, new Map())).rejects.toThrow('cannot find volume "v" to mount into container "c"');
  });
  it('a volume of type local gets the fsGroup once a Pod, all the way down but through no link; hostPath keeps what the host gave it', async () => {
    const [disk, outside] = [join(directory, 'disk'), join(directory, 'outside')];
    for (const path of ['disk/sub', 'outside']) mkdirSync(join(directory, path), { recursive: true, mode: 0o755 });
    for (const path of ['disk/sub/file', 'outside/file']) writeFileSync(join(directory, path), '', { mode: 0o604 });
    symlinkSync(outside, join(disk, 'link'));
    const shown = (...paths: string[]): string[] => paths.map((path) => { const { mode, gid } = statSync(path); return `${(mode & 0o7777).toString(8)} ${gid}`; });
    volumes['disk'] = { metadata: { name: 'disk' }, spec: { volumeMode: 'Filesystem', local: { path: disk } } } as unknown as PersistentVolume;
    volumes['host'] = { metadata: { name: 'host' }, spec: { volumeMode: 'Filesystem', hostPath: { path: outside } } } as unknown as PersistentVolume;
    const claimed = (claimName: string, fsGroup: number, more: object = {}) => setUp({ persistentVolumeClaim: { claimName } }, { securityContext: { fsGroup, ...more } } as never);
    await claimed('host', 7);
    await claimed('disk', 7);
    expect(shown(disk, join(disk, 'sub'), join(disk, 'sub/file'), outside, join(outside, 'file'))).toEqual(['2775 7', '2775 7', '664 7', '755 0', '604 0']);
    chmodSync(join(disk, 'sub/file'), 0o600);
    await claimed('disk', 7);
    expect(shown(join(disk, 'sub/file'))).toEqual(['600 7']);
    const again = async (more: object) => { await manager().tearDown('uid-1'); await claimed('disk', 7, more); return shown(join(disk, 'sub/file')); };
    expect([await again({ fsGroupChangePolicy: 'OnRootMismatch' }), await again({ fsGroupChangePolicy: 'Always' })]).toEqual([['600 7'], ['660 7']]);
    chmodSync(disk, 0o755);
    chmodSync(join(disk, 'sub/file'), 0o600);
    expect(await again({ fsGroupChangePolicy: 'OnRootMismatch' })).toEqual(['660 7']);
  });
  it('configMap takes items and modes', async () => {
    const path = await setUp({ configMap: { name: 'settings', defaultMode: 0o440, items: [{ key: 'color', path: 'deep/c' }, { key: 'shape', path: 's', mode: 0o600 }] } });
    expect(readFileSync(join(path, 'deep/c'), 'utf8')).toBe('blue');
    expect([statSync(join(path, 'deep/c')).mode & 0o777, statSync(join(path, 's')).mode & 0o777]).toEqual([0o440, 0o600]);
  });
  it('secrets and projections live in memory', async () => {
    expect(await setUp({ secret: { secretName: 'keys' } })).toContain(`${directory}/memory/`);
    const path = await setUp({ projected: { sources: [{ configMap: { name: 'settings' } }, { secret: { name: 'keys' } }, { serviceAccountToken: { path: 'token' } }, { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } }] } });
    expect(readdirSync(path).filter((n) => !n.startsWith('..')).sort()).toEqual(['color', 'l', 'password', 'shape', 'token']);
    expect(readFileSync(join(path, 'l'), 'utf8')).toBe('app="x"');
    expect(path).toContain(`${directory}/memory/`);
  });
  it.each([
    [{ configMap: { name: 'none' } }, 'configmap "none" not found'], [{ secret: { secretName: 'none' } }, 'secret "none" not found'],
    [{ configMap: { name: 'settings', items: [{ key: 'x', path: 'x' }] } }, 'references non-existent config key: x'], [{ secret: { secretName: 'keys', items: [{ key: 'x', path: 'x' }] } }, 'references non-existent secret key: x'],
    [{ hostPath: { path: '/no/such/place', type: 'Directory' } }, 'hostPath type check failed: /no/such/place is not a directory'], [{ hostPath: { path: '/etc', type: 'File' } }, 'hostPath type check failed: /etc is not a file'],
    [{ hostPath: { path: '/no/such/file', type: 'FileOrCreate' } }, 'open /no/such/file: no such file or directory'], [{ hostPath: { path: '/etc/passwd/x', type: 'DirectoryOrCreate' } }, 'mkdir /etc/passwd/x: not a directory'],
    [{ hostPath: { path: '/etc', type: 'Socket' } }, 'hostPath type check failed: /etc is not a socket file'], [{ emptyDir: { medium: 'HugePages' } }, 'unknown storage medium "HugePages"'],
  ])('%j: %s', async (volume, why) => {
    await expect(setUp(volume)).rejects.toMatchObject({ constructor: MountError, message: `MountVolume.SetUp failed for volume "v" : ${why}` });
  });
  it('tries every volume, and tells of each, but once of those it can make nothing of', async () => {
    const names = ['z', 'y', 'x', 'w', 'v'];
    const [claim, other, missing, fine] = [{ persistentVolumeClaim: { claimName: 'none' } }, { iscsi: {} }, { configMap: { name: 'none' } }, { emptyDir: {} }];
    const failure = await manager().setUp(pod({ volumes: [claim, missing, other, { secret: { secretName: 'none' } }, fine].map((source, i) => ({ name: names[i], ...source })) as never })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MountError);
    expect((failure as MountError).events.map(({ reason, message }) => { expect(reason).toBe('FailedMount'); return message; })).toEqual([
      'MountVolume.SetUp failed for volume "y" : configmap "none" not found', 'MountVolume.SetUp failed for volume "w" : secret "none" not found',
      'Unable to attach or mount volumes: unmounted volumes=[w x y z], unattached volumes=[], failed to process volumes=[x z]: error processing PVC default/none: PVC is not bound; failed to get Plugin from volumeSpec for volume "x" err=no volume plugin matched',
    ]);
  });
  it('optional sources may be missing', async () => {
    expect(readdirSync(await setUp({ configMap: { name: 'none', optional: true } })).filter((n) => !n.startsWith('..'))).toEqual([]);
  });
  it('hostPath makes what its type says', async () => {
    expect(statSync(await setUp({ hostPath: { path: join(directory, 'made'), type: 'DirectoryOrCreate' } })).isDirectory()).toBe(true);
    expect(statSync(await setUp({ hostPath: { path: join(directory, 'made/file'), type: 'FileOrCreate' } })).isFile()).toBe(true);
    expect(await setUp({ hostPath: { path: '/dev/null', type: 'CharDevice' } })).toBe('/dev/null');
    expect(statSync(await setUp({ hostPath: { path: join(directory, 'any/thing') } })).isDirectory()).toBe(true);
    expect(await setUp({ hostPath: { path: join(directory, 'made/file') } })).toBe(join(directory, 'made/file'));
  });
  it.each<[string, object, readonly string[], string]>([
    ['as it is', { server: 'files.example', path: '/exports/a' }, [], 'addr=files.example,nfsvers=4'], ['read-only', { server: '10.0.0.1', path: '/', readOnly: true }, [], 'addr=10.0.0.1,nfsvers=4,ro'],
    ['in the version that is named', { server: '[fd00::1]', path: '/a' }, ['hard', 'vers=3,nolock'], 'addr=fd00::1,hard,vers=3,nolock'], ['with other options', { server: 's', path: '/a' }, ['hard', 'timeo=600'], 'addr=s,nfsvers=4,hard,timeo=600'],
  ])('an NFS directory is mounted by the engine, %s', async (_, source, mountOptions, options) => {
    const { path } = source as { path: string };
    expect(nfsVolume(source as never, mountOptions)).toEqual({ type: 'nfs', device: `:${path}`, options });
    const volumes = manager();
    const of = pod({ volumes: [{ name: 'v', nfs: source }] as never });
    const { mounted } = await volumes.setUp(of);
    expect(await volumes.mountsOf(of, container('a', { volumeMounts: [{ name: 'v', mountPath: '/d', readOnly: true }] }), mounted, new Map())).toEqual([{ engineVolume: nfsVolume(source as never), containerPath: '/d', readonly: true }]);
  });
  it('an NFS directory of which a container wants a part is mounted on the host, for all containers', async () => {
    const [calls, source] = [[] as string[], { server: 'files.example', path: '/exports' }];
    const volumes = new VolumeManager({ dataDir: directory, sources, clock: new FakeClock(), mounter: {
      ...noMounts, mountNetwork: (path, volume) => { mkdirSync(path, { recursive: true }); calls.push(`${path} ${JSON.stringify(volume)}`); return Promise.resolve(); },
      bind: (fd, target) => Promise.resolve(void calls.push(`${readlinkSync(`/proc/self/fd/${fd}`)} ${target}`)),
    } });
    const containers = [container('part', { volumeMounts: [{ name: 'v', mountPath: '/d', subPathExpr: '$(NAME)/x' }] }), container('all', { volumeMounts: [{ name: 'v', mountPath: '/d' }] })];
    const of = pod({ containers, volumes: [{ name: 'v', nfs: source }] as never });
    const { mounted } = await volumes.setUp(of);
    const [root, target] = [join(directory, 'pods/uid-1/volumes/kubernetes.io~nfs/v'), join(directory, 'pods/uid-1/volume-subpaths/v/part/0')];
    expect(calls.splice(0)).toEqual([`${root} ${JSON.stringify(nfsVolume(source))}`]);
    // Nobody looks there for numbers: it may take long.
    expect(mounted.get('v')!.place).toEqual({ networkDirectory: root });
    const mountsOf = (of2: (typeof containers)[number]) => volumes.mountsOf(of, of2, mounted, new Map([['NAME', 'n']]));
    expect([await mountsOf(containers[0]!), await mountsOf(containers[1]!)]).toEqual([[{ hostPath: target, containerPath: '/d' }], [{ hostPath: root, containerPath: '/d' }]]);
    expect(calls).toEqual([`${root}/n/x ${target}`]);
    symlinkSync('/etc', join(root, 'out'));
    await expect(volumes.mountsOf(of, containers[0]!, mounted, new Map([['NAME', 'out']]))).rejects.toThrow('failed to prepare subPath for volumeMount "v" of container "part"');
    expect(await mountsOf(containers[0]!)).toHaveLength(1);
    await expect(hostMounter.mountNetwork(join(directory, 'm'), { type: 'nfs', device: ':/x', options: 'addr=127.0.0.1,nfsvers=4,soft,timeo=1,retrans=0,port=1' })).rejects.toThrow(new RegExp(`^mount failed: exit status \\d+\\nMounting command: mount\\nMounting arguments: -t nfs -o addr=127\\.0\\.0\\.1,nfsvers=4,soft,timeo=1,retrans=0,port=1 :/x ${directory}/m\\nOutput: mount: `));
  });
  it('mounts follow the spec, with sub-paths from variables', async () => {
    const volumes = manager();
    const subject = container('a', { volumeMounts: [{ name: 'v', mountPath: '/d', readOnly: true }, { name: 'v', mountPath: 'rel', subPathExpr: '$(NAME)/x' }, { name: 'v', mountPath: '/p', mountPropagation: 'HostToContainer' }] });
    const of = pod({ volumes: [{ name: 'v', emptyDir: {} }] });
    const { mounted: mountedVolumes } = await volumes.setUp(of);
    const root = mountedVolumes.get('v')!.place as string;
    expect(await volumes.mountsOf(of, subject, mountedVolumes, new Map([['NAME', 'n']]))).toEqual([
      { hostPath: root, containerPath: '/d', readonly: true }, { hostPath: join(directory, 'pods/uid-1/volume-subpaths/v/a/1'), containerPath: '/rel' }, { hostPath: root, containerPath: '/p', propagation: 'rslave' },
    ]);
  });
  it.each<[string, object, boolean]>([
    ['configMap', { configMap: { name: 'settings' } }, true], ['secret', { secret: { secretName: 'keys' } }, true], ['downwardAPI', { downwardAPI: { items: [{ path: 'color', fieldRef: { fieldPath: 'metadata.name' } }] } }, true],
    ['projected', { projected: { sources: [{ configMap: { name: 'settings' } }] } }, true], ['emptyDir', { emptyDir: {} }, false], ['hostPath', { hostPath: { path: tmpdir() } }, false],
  ])('the mounts of a volume: %s %j is read-only: %s', async (_, volume, readOnly) => {
    const volumes = manager();
    const of = pod({ volumes: [{ name: 'v', ...volume }] as never });
    const { mounted } = await volumes.setUp(of);
    const mounts = await volumes.mountsOf(of, container('a', { volumeMounts: [{ name: 'v', mountPath: '/d' }, { name: 'v', mountPath: '/s', subPath: '.' }] }), mounted, new Map());
    expect(mounts.map((m) => m.readonly ?? false)).toEqual([readOnly, readOnly]);
  });
  it.each<[string, object, string]>([
    ['a link out of the volume', { subPath: 'out' }, 'failed to prepare subPath for volumeMount "v" of container "a"'], ['a variable that is not there', { subPathExpr: '$(B)/$(A)/$(NAME)' }, 'missing value for A, B'],
    ['a variable that leads up', { subPathExpr: '$(UP)' }, "unable to provision SubPath `../x`: must not contain '..'"], ['an absolute variable', { subPathExpr: '$(ROOT)' }, 'error SubPath `/x` must not be an absolute path'],
    ['what the engine cannot make read-only all the way down', { readOnly: true, recursiveReadOnly: 'Enabled' }, 'failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not supported by the runtime'],
    ['a volume that is not there', { name: 'w' }, 'cannot find volume "w" to mount into container "a"'],
  ])('refuses %s', async (_, mount, message) => {
    const volumes = manager();
    const of = pod({ volumes: [{ name: 'v', emptyDir: {} }] });
    const { mounted } = await volumes.setUp(of);
    symlinkSync('/etc', join(mounted.get('v')!.place as string, 'out'));
    await expect(volumes.mountsOf(of, container('a', { volumeMounts: [{ name: 'v', mountPath: '/d', ...mount }] }), mounted, new Map([['NAME', 'n'], ['UP', '../x'], ['ROOT', '/x']]))).rejects.toMatchObject({ message });
  });
  it('tears down everything of a Pod and nothing else', async () => {
    const path = await setUp({ secret: { secretName: 'keys' } });
    writeFileSync(join(directory, 'other'), '');
    chmodSync(path, 0o500);
    await manager().tearDown('uid-1');
    expect(readdirSync(join(directory, 'pods'))).toEqual([]);
    expect(readdirSync(join(directory, 'memory'))).toEqual([]);
    expect(readdirSync(directory).sort()).toEqual(['memory', 'other', 'pods']);
  });
});

it('reads mount points with blanks and their sharing', () => {
  expect(parseMountInfo('36 35 98:0 / /a\\040b rw,noatime shared:1 - tmpfs tmpfs rw\n37 35 98:0 / /c rw - ext4 /dev/x rw\n')).toEqual([{ path: '/a b', shared: true, fsType: 'tmpfs' }, { path: '/c', shared: false, fsType: 'ext4' }]);
});
