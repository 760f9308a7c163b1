// What a node may leave behind while its Pods come and go: everything outside of them that exists for a container or a Pod, compared with
// the containers that run and the Pods there are.
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestCluster } from './cluster.ts';
import type { EngineApi, EngineContainer } from './engine-api.ts';

export interface NodeCensus {
  /** Each thing that belongs to no container that runs and to no Pod there is. */
  readonly leaks: readonly string[];
  /** How many there are beyond one for each container or sandbox: the same on every day. */
  readonly surplus: Readonly<Record<string, number>>;
}
/** What a process holds: memory of its own, and how much of that is no garbage. */
export interface Held { readonly descriptors: number; readonly residentMB: number; readonly liveMB: number }

const label = (container: EngineContainer, name: string): string => container.Labels[`io.kubernetes.${name}`] ?? '';
export const podUid = (container: EngineContainer): string => label(container, 'pod.uid');
export const containerName = (container: EngineContainer): string => label(container, 'container.name');
export const isSandbox = (container: EngineContainer): boolean => label(container, 'docker.type') === 'podsandbox';
export const runs = (container: EngineContainer): boolean => container.State === 'running' || container.State === 'paused';
const place = (container: EngineContainer): string => `${label(container, 'pod.name')}/${containerName(container)}`;

const namesIn = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);
const ids = /\b[0-9a-f]{64}\b/;

/** Of each place the present container is kept and the dead one before it: what is beyond these, dead sandboxes no kept container was in, and whatever is of a Pod that is gone. */
export function leftContainers(all: readonly EngineContainer[], uids: ReadonlySet<string>): string[] {
  const ofPods = all.filter((c) => podUid(c) !== '');
  const gone = ofPods.filter((c) => !uids.has(podUid(c))).map((c) => `container of a Pod that is gone: ${place(c)} ${c.State}`);
  const dead = ofPods.filter((c) => uids.has(podUid(c)) && !runs(c));
  const needed = new Set(dead.map((c) => label(c, 'sandbox.id')));
  const samePlace = (c: EngineContainer) => (d: EngineContainer): boolean => place(d) === place(c) && podUid(d) === podUid(c);
  // The list has the newest first.
  const more = dead.filter((c) => (isSandbox(c) ? !needed.has(c.Id) : ofPods.filter(samePlace(c)).indexOf(c) > 1));
  return [...gone, ...more.map((c) => `dead ${isSandbox(c) ? 'sandbox' : 'container'}: ${place(c)} ${c.Id.slice(0, 12)}`)];
}

/** `uids` are those of all Pods of the node; `namespace` is one that no other cluster of this machine has. */
export async function censusOf(cluster: TestCluster, engine: EngineApi, namespace: string, uids: ReadonlySet<string>): Promise<NodeCensus> {
  const [host] = cluster.hosts as [TestCluster['hosts'][0]];
  const directory = join(cluster.lan.directory, host.name);
  const all = await engine.containers();
  const running = new Set(all.filter(runs).map((c) => c.Id));
  const sandboxes = all.filter((c) => isSandbox(c) && runs(c));
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '');
  const ofEngine = mounts.filter((path) => path.startsWith(`${directory}/`));
  const network = (await host.docker('network', 'ls', '--format', '{{.Name}}')).split('\n').find((name) => name.startsWith('dray-'))!;
  const attached = await engine.attached(network);
  const unless = (allowed: ReadonlySet<string>, what: string, found: readonly string[]): string[] => found.filter((id) => !allowed.has(id)).map((id) => `${what}: ${id}`);
  const links = namesIn('/var/log/containers').filter((name) => name.includes(`_${namespace}_`)).map((name) => join('/var/log/containers', name));
  const logDirectories = namesIn('/var/log/pods').filter((name) => name.startsWith(`${namespace}_`));
  const veths = (JSON.parse((await cluster.run('ip', ['-j', 'link', 'show', 'type', 'veth'])).stdout) as unknown[]).length;
  const groups = controlGroups(host.name).map((path) => basename(path));
  const onNetwork = sandboxes.filter((c) => attached.includes(c.Id)).length;
  return {
    leaks: [
      ...leftContainers(all, uids),
      ...unless(running, 'mount of a container that does not run', ofEngine.flatMap((path) => (path.includes('/overlay2/') ? [] : ids.exec(path)?.[0] ?? []))),
      ...unless(running, 'control group of a container that does not run', groups.flatMap((name) => ids.exec(name)?.[0] ?? [])),
      ...unless(uids, 'control group of a Pod that is gone', groups.flatMap((name) => /^pod(.+)$/.exec(name)?.[1] ?? [])),
      ...unless(running, 'endpoint of a container that does not run', attached),
      ...unless(uids, 'mount of a Pod that is gone', mounts.flatMap((path) => (path.startsWith(join(cluster.dataDir, 'pods/')) ? [path.split('/')[cluster.dataDir.split('/').length + 1]!] : []))),
      ...unless(uids, 'directory of a Pod that is gone', [...namesIn(join(cluster.dataDir, 'pods')), ...namesIn(join(cluster.dataDir, 'memory'))]),
      ...unless(uids, 'log directory of a Pod that is gone', logDirectories.map((name) => name.split('_').at(-1)!)),
      ...links.filter((path) => !existsSync(path)).map((path) => `log link that leads nowhere: ${path}`),
    ],
    surplus: {
      'overlay mounts': ofEngine.filter((path) => path.includes('/overlay2/') && path.endsWith('/merged')).length - running.size,
      'network namespaces': ofEngine.filter((path) => path.includes('/netns/') && !path.endsWith('/default')).length - onNetwork,
      'veth pairs': veths - onNetwork,
      'shims': processes((line) => line.includes('containerd-shim') && line.includes(`${directory}/`)).length - running.size,
      'proxy workers': processes((line, pid) => line.includes('proxy/worker/main.js') && readlinkSync(`/proc/${pid}/cwd`) === cluster.dataDir).length,
    },
  };
}

/** Pages of files, the store's among them, are the kernel's to take back. */
export async function held(cluster: TestCluster, pid: number): Promise<Held> {
  const { code, stdout, stderr } = await cluster.run(process.execPath, [join(import.meta.dirname, 'live-heap.js'), String(pid)]);
  if (code !== 0) throw new Error(`live-heap.js ${pid}: ${stderr}`);
  const { liveMB } = JSON.parse(stdout) as { liveMB: number };
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, residentMB: ownMB(pid), liveMB };
}

/** Memory that is the process's own, garbage included. */
export const ownMB = (pid: number): number => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

/** Paths of all control groups below the engine's, in any hierarchy. */
export function controlGroups(parent: string): string[] {
  const root = '/sys/fs/cgroup';
  const below = (path: string): string[] => namesIn(path).flatMap((name) => {
    const at = join(path, name);
    // A group may go while it is looked at.
    return statSync(at, { throwIfNoEntry: false })?.isDirectory() ? [at, ...below(at)] : [];
  });
  return [root, ...readdirSync(root).map((name) => join(root, name))].flatMap((hierarchy) => below(join(hierarchy, parent)));
}

function processes(is: (line: string, pid: string) => boolean): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return is(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '), pid);
    } catch {
      return false; // it ended while being looked at
    }
  });
}
