// What this host has, as a Node's capacity and allocatable. Pure; `readHost` reads.
import { readFile, statfs } from 'node:fs/promises';
import { compareQuantities, formatQuantity, milliValue, quantityValue } from '../../src/apimachinery/quantity.ts';
import { addLists, type Quantities } from '../../src/apimachinery/resource-list.ts';
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
/** What is kept from Pods: for the system and the agent, and what the hard eviction thresholds keep free. upstream: GetNodeAllocatableReservation */
export interface Reserve { readonly milliCpus?: number; readonly memoryBytes: number; readonly diskBytes: number }
const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export const capacity = (facts: HostFacts): Record<string, string> =>
  ({ cpu: String(facts.cpus), memory: kibi(facts.memoryBytes), 'ephemeral-storage': kibi(facts.diskBytes), pods: maxPods });
export const allocatable = (facts: HostFacts, reserve: Reserve): Record<string, string> => ({
  cpu: formatMillis(facts.cpus * 1000 - (reserve.milliCpus ?? 0)), memory: kibi(Math.max(0, facts.memoryBytes - reserve.memoryBytes)),
  'ephemeral-storage': String(Math.max(0, Math.floor(facts.diskBytes - reserve.diskBytes))), pods: maxPods,
});

const formatMillis = (millis: number): string => formatQuantity({ nanos: BigInt(millis) * 1_000_000n, format: 'DecimalSI' });

/** What cannot be kept back; the command line shows it as something to put right. */
export class InvalidReservation extends Error { readonly exitCode = 2; }
/** The sum of what each keeps back. @throws InvalidReservation in upstream's words when it is more than there is. upstream: validateNodeAllocatable */
export function reserveOf(facts: Pick<HostFacts, 'cpus' | 'memoryBytes' | 'diskBytes'>, reservations: readonly Quantities[], thresholds: Pick<Reserve, 'memoryBytes' | 'diskBytes'>): Required<Reserve> {
  const sum = reservations.reduce<Quantities>((all, one) => addLists(all, one), {});
  const reserve = {
    milliCpus: milliValue(sum['cpu'] ?? '0'), memoryBytes: quantityValue(sum['memory'] ?? '0') + thresholds.memoryBytes, diskBytes: quantityValue(sum['ephemeral-storage'] ?? '0') + thresholds.diskBytes,
  };
  const faults = ([['cpu', formatMillis(reserve.milliCpus), String(facts.cpus)], ['memory', kibi(reserve.memoryBytes), kibi(facts.memoryBytes)], ['ephemeral-storage', kibi(reserve.diskBytes), kibi(facts.diskBytes)]] as const)
    .filter(([, kept, has]) => compareQuantities(kept, has) > 0).map(([name, kept, has]) => `Resource "${name}" has a reservation of ${kept} but capacity of ${has}. Expected capacity >= reservation.`);
  if (faults.length) throw new InvalidReservation(`invalid Node Allocatable configuration. ${faults.join(' ')}`);
  return reserve;
}

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
