// Which Pod goes first when the node runs out of something, and what is said of it: those above their requests, then the lower
// priority, then whoever is furthest above its request. Pure. upstream: pkg/kubelet/eviction/helpers.go (rank…, evictionMessage)
import { podRequests } from '../../../src/api/core/pod-resources.ts';
import { formatQuantity, quantityValue } from '../../../src/apimachinery/quantity.ts';
import type { Container, Pod } from '../pod.ts';
import { addUsage, type ContainerUsage, type PodUsage } from './pod-usage.ts';
import { resourceOf, type StarvedResource } from './pressure.ts';
import type { Observation } from './signals.ts';
import { amountOf, type Signal, type Threshold } from './thresholds.ts';

type Counted = 'rootfs' | 'logs' | 'volumes';
export interface Measured { readonly pod: Pod; /** Undefined when it could not be measured: such a Pod goes first. */ readonly usage: PodUsage | undefined }

/** On a file system of its own imagefs holds what containers write, nodefs the rest. */
const countedOn = (signal: Signal, dedicatedImageFs: boolean): readonly Counted[] =>
  (!dedicatedImageFs ? ['rootfs', 'logs', 'volumes'] : signal.startsWith('imagefs') ? ['rootfs'] : ['logs', 'volumes']);

function used(usage: PodUsage, signal: Signal, dedicatedImageFs: boolean): number {
  const resource = resourceOf[signal];
  const sum = (of: (c: ContainerUsage) => number): number => usage.containers.reduce((total, c) => total + of(c), 0);
  if (resource === 'memory') return sum((c) => c.memoryBytes);
  if (resource === 'pids') return sum((c) => c.processes);
  const counted = countedOn(signal, dedicatedImageFs);
  const disk = addUsage([
    ...usage.containers.flatMap((c) => [...(counted.includes('rootfs') ? [c.rootfs] : []), ...(counted.includes('logs') ? [c.logs] : [])]), ...(counted.includes('volumes') ? usage.volumes.values() : []),
  ]);
  return resource === 'inodes' ? disk.inodesUsed : disk.usedBytes;
}

/** Nobody requests inodes or processes. */
const requestOf = (pod: Pod, resource: StarvedResource): number => {
  const request = podRequests(pod.spec as Parameters<typeof podRequests>[0])[resource];
  return request === undefined ? 0 : quantityValue(request);
};

/** The first is evicted first. */
export function rankPods<T extends Measured>(pods: readonly T[], signal: Signal, dedicatedImageFs: boolean): T[] {
  const resource = resourceOf[signal];
  const judged = pods.map((entry) => {
    const usage = entry.usage && used(entry.usage, signal, dedicatedImageFs);
    const above = usage === undefined ? Infinity : usage - requestOf(entry.pod, resource);
    return { entry, above, priority: entry.pod.spec.priority ?? 0, exceeds: resource === 'pids' ? 0 : Number(above > 0) };
  });
  return judged.sort((a, b) => Number(b.entry.usage === undefined) - Number(a.entry.usage === undefined) || b.exceeds - a.exceeds || a.priority - b.priority || compare(b.above, a.above)).map(({ entry }) => entry);
}
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

const binary = (bytes: number): string => formatQuantity({ nanos: BigInt(Math.round(bytes)) * 1_000_000_000n, format: 'BinarySI' });
const decimal = (count: number): string => formatQuantity({ nanos: BigInt(Math.round(count)) * 1_000_000_000n, format: 'DecimalSI' });

/** What the status and the Event of an evicted Pod say, and the Event's annotations. */
export function evictionMessage({ pod, usage }: Measured, threshold: Threshold, seen: Observation): { message: string; annotations?: Record<string, string> } {
  const resource = resourceOf[threshold.signal];
  const format = resource === 'memory' || resource === 'ephemeral-storage' ? binary : decimal;
  const said = [`The node was low on resource: ${resource}. `, `Threshold quantity: ${format(amountOf(threshold.value, seen.capacity))}, available: ${format(seen.available)}. `];
  const offending: { name: string; used: string }[] = [];
  for (const container of usage?.containers ?? []) {
    const found = ([...pod.spec.containers, ...(pod.spec.initContainers ?? [])] as Container[]).find((c) => c.name === container.name);
    const amount = resource === 'memory' ? container.memoryBytes : resource === 'ephemeral-storage' ? addUsage([container.rootfs, container.logs]).usedBytes : undefined;
    if (!found || amount === undefined) continue;
    const request = found.resources?.requests?.[resource] ?? '0';
    if (amount <= quantityValue(request)) continue;
    offending.push({ name: container.name, used: binary(amount) });
    said.push(`Container ${container.name} was using ${binary(amount)}, request is ${request}, has larger consumption of ${resource}. `);
  }
  const join = (texts: readonly string[]): string => texts.join(',');
  const annotations = { offending_containers: join(offending.map((c) => c.name)), offending_containers_usage: join(offending.map((c) => c.used)), starved_resource: resource };
  return { message: said.join(''), ...(usage ? { annotations } : {}) };
}
