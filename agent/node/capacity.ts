// What this host has, as a Node's capacity and allocatable. Pure; `readHost` reads.
import { readFile, statfs } from 'node:fs/promises';
import type { RuntimeInfo } from '../runtime/runtime.ts';

export interface HostFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly osImage: string;
  /** Whether the kernel enforces AppArmor profiles. */
  readonly appArmor: boolean;
}

/** Pods a node takes. upstream: the kubelet's --max-pods */
const maxPods = '110';
/** What the hard eviction thresholds keep back. upstream: the kubelet's getNodeAllocatableAbsolute */
export interface Reserve { readonly memoryBytes: number; readonly diskBytes: number }
const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export const capacity = (facts: HostFacts): Record<string, string> =>
  ({ cpu: String(facts.cpus), memory: kibi(facts.memoryBytes), 'ephemeral-storage': kibi(facts.diskBytes), pods: maxPods });
export const allocatable = (facts: HostFacts, reserve: Reserve): Record<string, string> => ({
  cpu: String(facts.cpus), memory: kibi(Math.max(0, facts.memoryBytes - reserve.memoryBytes)),
  'ephemeral-storage': String(Math.max(0, Math.floor(facts.diskBytes - reserve.diskBytes))), pods: maxPods,
});

const textOf = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();

/** `info` of the engine on this host. */
export async function readHost(info: RuntimeInfo): Promise<HostFacts> {
  const [machineID, uuid, bootID, release, appArmor, disk] = await Promise.all([
    textOf('/etc/machine-id'), textOf('/sys/class/dmi/id/product_uuid'), textOf('/proc/sys/kernel/random/boot_id'), textOf('/etc/os-release'), textOf('/sys/module/apparmor/parameters/enabled'),
    statfs(info.rootDirectory).catch(() => statfs('/')),
  ]);
  return {
    cpus: info.cpus, memoryBytes: info.memoryBytes, diskBytes: disk.blocks * disk.bsize,
    machineID, systemUUID: uuid || machineID, bootID, osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? info.osImage, appArmor: appArmor.startsWith('Y'),
  };
}
