// Makes, changes and removes control groups: through the kernel's files, or as slices where systemd owns them. What a kernel has no
// controller for is left out, as the engine leaves it out. upstream: pkg/kubelet/cm/cgroup_manager_linux.go
import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CgroupMount } from '../../../src/util/cgroup/location.ts';
import { CommandError, type Run } from '../../../src/util/run.ts';
import { groupFiles, sliceProperties, type CgroupDriver, type Group, type GroupResources } from './plan.ts';

export interface Hierarchies {
  /** Makes a group, or takes it as it is, and gives it these resources. The group around it is there. */
  make(group: Group, resources: GroupResources): Promise<void>;
  set(group: Group, resources: GroupResources): Promise<void>;
  /** With what is left below it; false when processes are in it. */
  remove(group: Group): Promise<boolean>;
  /** Ends the processes in a group and below it; how many. */
  kill(group: Group): Promise<number>;
  /** Names of the directories in a group, in any hierarchy. */
  children(group: Group): Promise<string[]>;
}
export interface HierarchyOptions { readonly version: '1' | '2'; /** As this process sees them. */ readonly mounts: readonly CgroupMount[]; readonly run: Run }

export const openHierarchies = (driver: CgroupDriver, options: HierarchyOptions): Hierarchies => (driver === 'systemd' ? new Slices(options) : new Files(options));

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
/** `otherwise` in place of an error with one of these codes. */
const unless = async <T>(codes: readonly string[], otherwise: T, work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (codes.includes(codeOf(error) ?? '')) return otherwise;
    throw error;
  }
};
/** Of a group that is gone, or ends while it is looked at. */
const goneCodes = ['ENOENT', 'ENODEV'];

class Files implements Hierarchies {
  readonly version: '1' | '2';
  readonly #mounts: readonly CgroupMount[];
  /** Where each hierarchy is mounted. */
  readonly #everywhere: readonly string[];
  constructor({ version, mounts }: HierarchyOptions) {
    this.version = version;
    this.#mounts = mounts;
    this.#everywhere = [...new Set(mounts.map(({ at }) => at))];
  }

  /** The first version's other hierarchies get theirs from the engine, whose cpusets must not be made empty. */
  async make({ path }: Group, resources: GroupResources): Promise<void> {
    const directories = this.version === '2' ? [this.#directory('unified', path)] : [this.#directory('cpu', path), this.#directory('memory', path)];
    await Promise.all([...new Set(directories)].map(async (directory) => {
      if (directory === undefined) return;
      await unless(['EEXIST'], undefined, mkdir(directory));
      await this.#count(directory);
    }));
    // Of a new group the kernel has nothing to take back, so this waits for nothing; a thread would, on a busy machine.
    for (const { path: file, text } of this.#texts(path, resources)) {
      try {
        writeFileSync(file, text, existing);
      } catch (error) {
        throwUnlessLacking(error, file);
      }
    }
  }
  /** What is below a group is to be counted and limited with it. */
  async #count(directory: string): Promise<void> {
    if (this.version === '2') {
      const controllers = (await readFile(`${directory}/cgroup.controllers`, 'utf8')).split(/\s+/).filter((name) => name === 'cpu' || name === 'memory');
      if (controllers.length > 0) await writeFile(`${directory}/cgroup.subtree_control`, controllers.map((name) => `+${name}`).join(' '), existing);
    } else if ((await unless(goneCodes, '', readFile(`${directory}/memory.use_hierarchy`, 'utf8'))).trim() === '0') await writeFile(`${directory}/memory.use_hierarchy`, '1', existing);
  }

  /** The second version would end processes to come below a new limit, the first refuses. */
  async set({ path }: Group, resources: GroupResources): Promise<void> {
    const { memoryLimitInBytes: limit = -1 } = resources;
    if (this.version === '2' && limit !== -1) {
      const used = Number(await unless(goneCodes, '0', readFile(`${this.#directory('unified', path)}/memory.current`, 'utf8')));
      if (used > limit) throw new Error(`the Pod uses ${used} bytes of memory, more than its new limit of ${limit}`);
    }
    for (const { path: file, text } of this.#texts(path, resources)) await writeFile(file, text, existing).catch((error: unknown) => throwUnlessLacking(error, file));
  }
  #texts(group: string, resources: GroupResources): { path: string; text: string }[] {
    return groupFiles(this.version, resources).flatMap(({ controller, file, text }) => {
      const directory = this.#directory(this.version === '2' ? 'unified' : controller, group);
      return directory === undefined ? [] : [{ path: `${directory}/${file}`, text }];
    });
  }
  #directory(controller: string, path: string): string | undefined {
    const at = this.#mounts.find(({ controllers }) => controllers.includes(controller))?.at;
    return at === undefined ? undefined : `${at}${path}`;
  }

  async remove({ path }: Group): Promise<boolean> {
    return (await Promise.all(this.#everywhere.map((at) => removeTree(`${at}${path}`)))).every(Boolean);
  }
  async kill({ path }: Group): Promise<number> {
    const lists = await Promise.all(this.#everywhere.map((at) => processesBelow(`${at}${path}`)));
    const pids = new Set(lists.flat());
    for (const pid of pids) endProcess(pid);
    return pids.size;
  }
  async children({ path }: Group): Promise<string[]> {
    const lists = await Promise.all(this.#everywhere.map((at) => directoriesIn(`${at}${path}`)));
    return [...new Set(lists.flat())];
  }
  /** Whether a process is in the group or below it; undefined when there is no such group. */
  async busy({ path }: Group): Promise<boolean | undefined> {
    const found = await Promise.all(this.#everywhere.map((at) => busyTree(`${at}${path}`)));
    return found.every((one) => one === undefined) ? undefined : found.includes(true);
  }
}

/** Never makes a file. */
const existing = { flag: 'r+' } as const;
/** A file the kernel does not have, in a group that is there, is not to be had. */
const throwUnlessLacking = (error: unknown, file: string): void => {
  if (codeOf(error) !== 'ENOENT' || !existsSync(dirname(file))) throw error;
};
const directoriesIn = async (path: string): Promise<string[]> => (await unless(goneCodes, [], readdir(path, { withFileTypes: true }))).filter((entry) => entry.isDirectory()).map(({ name }) => name);

/** False when processes are in it. */
async function removeTree(path: string): Promise<boolean> {
  const remove = (): Promise<boolean> => unless(['EBUSY', 'ENOTEMPTY'], false, unless(goneCodes, undefined, rmdir(path)).then(() => true));
  // As a rule the engine has left nothing in it.
  if (await remove()) return true;
  for (const name of await directoriesIn(path)) if (!(await removeTree(`${path}/${name}`))) return false;
  return remove();
}
/** Those of other PID namespaces are told as 0, and nobody here can end them. */
async function processesBelow(path: string): Promise<number[]> {
  const own = (await unless(goneCodes, '', readFile(`${path}/cgroup.procs`, 'utf8'))).split('\n').map(Number).filter((pid) => pid > 0);
  const below = await Promise.all((await directoriesIn(path)).map((name) => processesBelow(`${path}/${name}`)));
  return [...own, ...below.flat()];
}
function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
async function busyTree(path: string): Promise<boolean | undefined> {
  const processes = await unless(goneCodes, undefined, readFile(`${path}/cgroup.procs`, 'utf8'));
  if (processes === undefined) return undefined;
  if (processes !== '') return true;
  for (const name of await directoriesIn(path)) if (await busyTree(`${path}/${name}`)) return true;
  return false;
}

const manager = ['call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'];
/** Exit code of systemctl for a unit it does not know; no slice is loaded either where there is no systemctl. */
const NOT_LOADED = 5;
const isNotLoaded = (error: unknown): boolean => error instanceof CommandError && (error.exitCode === NOT_LOADED || error.code === 'ENOENT');

/** systemd takes back what others write into its groups, so it is asked; what it leaves of them goes like any group. */
class Slices implements Hierarchies {
  readonly #run: Run;
  readonly #files: Files;
  constructor(options: HierarchyOptions) {
    this.#run = options.run;
    this.#files = new Files(options);
  }

  async make(group: Group, resources: GroupResources): Promise<void> {
    const fixed = [['DefaultDependencies', 'b', 'false'], ...['CPUAccounting', 'MemoryAccounting', 'TasksAccounting'].map((name) => [name, 'b', 'true'])];
    const properties = [...fixed, ...sliceProperties(this.#files.version, resources)];
    try {
      await this.#run('busctl', [...manager, 'StartTransientUnit', 'ssa(sv)a(sa(sv))', group.name, 'replace', String(properties.length), ...properties.flat(), '0']);
    } catch (error) {
      if (!(error instanceof CommandError) || !/already (exists|loaded)/.test(error.stderr)) throw error;
      await this.set(group, resources);
    }
  }
  async set({ name }: Group, resources: GroupResources): Promise<void> {
    const properties = sliceProperties(this.#files.version, resources);
    await this.#run('busctl', [...manager, 'SetUnitProperties', 'sba(sv)', name, 'true', String(properties.length), ...properties.flat()]);
  }
  /** Stopping a slice would end what runs in it. */
  async remove(group: Group): Promise<boolean> {
    if (await this.#files.busy(group)) return false;
    await this.#run('systemctl', ['stop', group.name]).catch((error: unknown) => {
      if (!isNotLoaded(error)) throw error;
    });
    return this.#files.remove(group);
  }
  kill(group: Group): Promise<number> { return this.#files.kill(group); }
  children(group: Group): Promise<string[]> { return this.#files.children(group); }
}
