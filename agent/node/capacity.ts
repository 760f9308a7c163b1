// What this host has, as a Node's capacity and allocatable. Pure; `readHost` reads.
import { readFile, statfs } from 'node:fs/promises';
import type { RuntimeInfo } from '../runtime/runtime.ts';

export interface HostFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryAvailableBytes: number;
  readonly diskBytes: number;
  readonly diskAvailableBytes: number;
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly osImage: string;
}

/** Pods a node takes. upstream: the kubelet's --max-pods */
const maxPods = '110';
/** Kept back as upstream's hard eviction thresholds are: memory.available<100Mi, nodefs.available<10%. */
const memoryReserve = 100 * 2 ** 20;
const diskReserve = 0.1;
const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export const capacity = (facts: HostFacts): Record<string, string> =>
  ({ cpu: String(facts.cpus), memory: kibi(facts.memoryBytes), 'ephemeral-storage': kibi(facts.diskBytes), pods: maxPods });
export const allocatable = (facts: HostFacts): Record<string, string> => ({
  cpu: String(facts.cpus), memory: kibi(Math.max(0, facts.memoryBytes - memoryReserve)),
  'ephemeral-storage': String(Math.floor(facts.diskBytes * (1 - diskReserve))), pods: maxPods,
});

const textOf = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();

/** `info` of the engine on this host. */
export async function readHost(info: RuntimeInfo): Promise<HostFacts> {
  const [machineID, uuid, bootID, release, meminfo, disk] = await Promise.all([
    textOf('/etc/machine-id'), textOf('/sys/class/dmi/id/product_uuid'), textOf('/proc/sys/kernel/random/boot_id'), textOf('/etc/os-release'), textOf('/proc/meminfo'),
    statfs(info.rootDirectory).catch(() => statfs('/')),
  ]);
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1];
  return {
    cpus: info.cpus, memoryBytes: info.memoryBytes, memoryAvailableBytes: available ? Number(available) * 1024 : info.memoryBytes,
    diskBytes: disk.blocks * disk.bsize, diskAvailableBytes: disk.bavail * disk.bsize,
    machineID, systemUUID: uuid || machineID, bootID, osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? info.osImage,
  };
}
