// What a cgroup has used, from the texts of its files; v1 and v2 come out as one shape. Pure, but for those at the end that read.
// upstream: cadvisor container/libcontainer/handler.go (setCPUStats, setMemoryStats)
import { readFile } from 'node:fs/promises';
import { locateCgroup, parseCgroupMounts, type CgroupDirectories } from './location.ts';

/** Times in nanoseconds, sizes in bytes; what the kernel does not tell is absent. */
export interface CgroupUsage {
  readonly cpu?: { readonly usage: number; readonly user?: number; readonly system?: number; readonly periods?: number; readonly throttledPeriods?: number; readonly throttled?: number };
  readonly memory?: {
    readonly usage: number; readonly workingSet: number; readonly rss: number; readonly cache: number; readonly mappedFile: number; readonly swap: number;
    readonly pageFaults: number; readonly majorPageFaults: number; /** Absent without a limit. */ readonly limit?: number; readonly maxUsage?: number; readonly failures?: number;
  };
  readonly processes?: number;
}

/** Text by file name; a file that is not there is ''. */
export type CgroupTexts = Readonly<Record<string, string>>;

const number = (text: string | undefined): number | undefined => (text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined);
/** `name value` lines. */
export const parsePairs = (text = ''): Record<string, number> =>
  Object.fromEntries(text.split('\n').flatMap((line) => { const [, name, value] = /^(\S+?):?\s+(\d+)/.exec(line) ?? []; return name ? [[name, Number(value)]] : []; }));
/** v1 writes the largest page multiple for "no limit". */
const limitOf = (bytes: number | undefined): number | undefined => (bytes === undefined || bytes >= 2 ** 62 ? undefined : bytes);
const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;

/** Of the clock ticks cpuacct.stat counts in. */
const nanosecondsPerTick = 1e7;

const filesV1 = {
  cpuacct: ['cpuacct.usage', 'cpuacct.stat'], cpu: ['cpu.stat'], memory: ['memory.usage_in_bytes', 'memory.stat', 'memory.limit_in_bytes', 'memory.max_usage_in_bytes', 'memory.failcnt'], pids: ['pids.current'],
} as const;
const filesV2 = { unified: ['cpu.stat', 'memory.current', 'memory.stat', 'memory.max', 'memory.peak', 'memory.swap.current', 'pids.current'] } as const;

export function usageV1(texts: CgroupTexts): CgroupUsage {
  const usage = number(texts['cpuacct.usage']);
  const ticks = parsePairs(texts['cpuacct.stat']);
  const quota = parsePairs(texts['cpu.stat']);
  const bytes = number(texts['memory.usage_in_bytes']);
  const memory = parsePairs(texts['memory.stat']);
  const total = (name: string): number => memory[`total_${name}`] ?? memory[name] ?? 0;
  const processes = number(texts['pids.current']);
  return {
    ...(usage === undefined ? {} : {
      cpu: {
        usage, ...(ticks['user'] === undefined ? {} : { user: ticks['user'] * nanosecondsPerTick, system: (ticks['system'] ?? 0) * nanosecondsPerTick }),
        ...(quota['nr_periods'] === undefined ? {} : { periods: quota['nr_periods'], throttledPeriods: quota['nr_throttled'] ?? 0, throttled: quota['throttled_time'] ?? 0 }),
      },
    }),
    ...(bytes === undefined ? {} : {
      memory: {
        usage: bytes, workingSet: Math.max(0, bytes - total('inactive_file')), rss: total('rss'), cache: total('cache'), mappedFile: total('mapped_file'), swap: total('swap'), pageFaults: total('pgfault'), majorPageFaults: total('pgmajfault'),
        ...given({ limit: limitOf(number(texts['memory.limit_in_bytes'])), maxUsage: number(texts['memory.max_usage_in_bytes']), failures: number(texts['memory.failcnt']) }),
      },
    }),
    ...(processes === undefined ? {} : { processes }),
  };
}

export function usageV2(texts: CgroupTexts): CgroupUsage {
  const cpu = parsePairs(texts['cpu.stat']);
  const micro = (name: string): number => (cpu[name] ?? 0) * 1000;
  const bytes = number(texts['memory.current']);
  const memory = parsePairs(texts['memory.stat']);
  const of = (name: string): number => memory[name] ?? 0;
  const processes = number(texts['pids.current']);
  return {
    ...(cpu['usage_usec'] === undefined ? {} : {
      cpu: {
        usage: micro('usage_usec'), user: micro('user_usec'), system: micro('system_usec'),
        ...(cpu['nr_periods'] === undefined ? {} : { periods: cpu['nr_periods'], throttledPeriods: cpu['nr_throttled'] ?? 0, throttled: micro('throttled_usec') }),
      },
    }),
    ...(bytes === undefined ? {} : {
      memory: {
        usage: bytes, workingSet: Math.max(0, bytes - of('inactive_file')), rss: of('anon'), cache: of('file'), mappedFile: of('file_mapped'), swap: number(texts['memory.swap.current']) ?? 0, pageFaults: of('pgfault'), majorPageFaults: of('pgmajfault'),
        ...given({ limit: number(texts['memory.max']), maxUsage: number(texts['memory.peak']) }),
      },
    }),
    ...(processes === undefined ? {} : { processes }),
  };
}

/** Of what is gone there is nothing to read, nor of a controller the kernel lacks. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'ENODEV') return '';
  throw error;
});

/** A group that is gone has used nothing that could be told: {}. */
export async function readCgroup(directories: CgroupDirectories): Promise<CgroupUsage> {
  const texts = async (files: Readonly<Record<string, readonly string[]>>): Promise<CgroupTexts> => {
    const paths = Object.entries(files).flatMap(([controller, names]) => names.map((name) => [name, directories[controller as keyof CgroupDirectories]] as const));
    return Object.fromEntries(await Promise.all(paths.map(async ([name, directory]) => [name, directory === undefined ? '' : await read(`${directory}/${name}`)] as const)));
  };
  // Where both versions are mounted, the controllers are the first's.
  return directories.memory ?? directories.cpuacct ? usageV1(await texts(filesV1)) : usageV2(await texts(filesV2));
}

/** Of the group of one process; {} when that has ended, or is 0. */
export async function processUsage(pid: number): Promise<CgroupUsage> {
  const [membership, mountinfo] = await Promise.all([read(`/proc/${pid}/cgroup`), read('/proc/self/mountinfo')]);
  return readCgroup(locateCgroup(membership, parseCgroupMounts(mountinfo)));
}
