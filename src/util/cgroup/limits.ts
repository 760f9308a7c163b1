// What a cgroup is given, from the texts of its files; v1 and v2 come out as one shape. Pure, but for the one that reads.
// upstream: pkg/kubelet/cm/cgroup_manager_linux.go (GetCgroupConfig)
import { readFileSync } from 'node:fs';
import type { CgroupDirectories } from './location.ts';

/** A controller that shows no files here is absent, and so is a limit there is none of. */
export interface CgroupLimits {
  /** In microseconds; a part of the processor is `shares` in v1, `weight` in v2. */
  readonly cpu?: { readonly shares?: number; readonly weight?: number; readonly period?: number; readonly quota?: number };
  readonly memory?: { readonly bytes?: number };
}

/** upstream: CpuSharesToCpuWeight */
export const weightOf = (shares: number): number => 1 + Math.floor(((shares - 2) * 9999) / 262_142);
/** upstream: CpuWeightToCpuShares */
const sharesOf = (weight: number): number => Math.floor(((weight - 1) * 262_142) / 9999) + 2;
/** As newer runtimes have it: 1024 shares are a weight of 100. upstream: opencontainers/cgroups (ConvertCPUSharesToCgroupV2Value) */
function newerWeightOf(shares: number): number {
  if (shares <= 2) return 1;
  const l = Math.log2(shares);
  return shares >= 262_144 ? 10_000 : Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}
/** The shares `weight` was made of: those asked for, where either way of counting leads from them to it. */
export const sharesBehind = (weight: number, asked: number | undefined): number =>
  (asked !== undefined && (weightOf(asked) === weight || newerWeightOf(asked) === weight) ? asked : sharesOf(weight));

const limitFilesV1 = { cpu: ['cpu.shares', 'cpu.cfs_quota_us', 'cpu.cfs_period_us'], memory: ['memory.limit_in_bytes'] } as const;
const limitFilesV2 = { unified: ['cpu.weight', 'cpu.max', 'memory.max'] } as const;

const number = (text = ''): number | undefined => (/^\d+\s*$/.test(text) ? Number(text) : undefined);
const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
type Texts = Readonly<Record<string, string>>;

export function limitsV1(texts: Texts): CgroupLimits {
  const quota = number(texts['cpu.cfs_quota_us']);
  const bytes = number(texts['memory.limit_in_bytes']);
  return {
    ...(texts['cpu.shares'] ? { cpu: given({ shares: number(texts['cpu.shares']), period: quota === undefined ? undefined : number(texts['cpu.cfs_period_us']), quota }) } : {}),
    // The largest multiple of a page is "no limit".
    ...(texts['memory.limit_in_bytes'] ? { memory: given({ bytes: bytes !== undefined && bytes < 2 ** 62 ? bytes : undefined }) } : {}),
  };
}
export function limitsV2(texts: Texts): CgroupLimits {
  const [quota, period] = (texts['cpu.max'] ?? '').split(' ').map(number);
  return {
    ...(texts['cpu.weight'] ? { cpu: given({ weight: number(texts['cpu.weight']), period: quota === undefined ? undefined : period, quota }) } : {}),
    ...(texts['memory.max'] ? { memory: given({ bytes: number(texts['memory.max']) }) } : {}),
  };
}

/** Nothing of a group that is gone. At once: the kernel has these at hand, where a thread would have to be waited for on a busy machine. */
export function readLimits(directories: CgroupDirectories): CgroupLimits {
  const texts = (files: Readonly<Record<string, readonly string[]>>): Texts => Object.fromEntries(Object.entries(files).flatMap(([controller, names]) => {
    const directory = directories[controller as keyof CgroupDirectories];
    return directory === undefined ? [] : names.map((name) => [name, textOf(`${directory}/${name}`)]);
  }));
  // Where both versions are mounted, the controllers are the first's.
  return directories.memory ?? directories.cpu ? limitsV1(texts(limitFilesV1)) : limitsV2(texts(limitFilesV2));
}
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
