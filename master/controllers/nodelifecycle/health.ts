// Whether a node still speaks: judged by changes of its Lease and heartbeat as seen here, never by comparing clocks of two machines,
// and measured in time this process was awake: a clock that is set, a master that was down or stopped, silence no node.
// upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go (tryUpdateNodeHealth)
import { findCondition } from '../../../src/apimachinery/conditions.ts';
import type { Lease } from '../../../src/api/coordination/lease.ts';
import type { Node, NodeCondition } from '../../../src/api/core/node.ts';
import { timestamp } from '../../../src/util/clock.ts';

/** A node that was silent this long is no longer known to work. */
const monitorGraceMs = 40_000;
/** A new node may take this long to report for the first time. */
const startupGraceMs = 60_000;
/** How often each node is looked at, even if nothing is heard. (upstream: --node-monitor-period) */
export const monitorPeriodMs = 5_000;
/** What only the node itself can say; unknown when it is silent. */
const reportedConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/**
 * Monotonic time without the spells in which this process did not run (stopped, or its machine suspended): it was deaf then. It is
 * read at least every `monitorPeriodMs`, so a much longer pause between two readings was such a spell.
 */
export class AwakeTime {
  #last: number | undefined;
  #deaf = 0;
  /** @param monotonic ms that never jump */
  read(monotonic: number): number {
    const gap = monotonic - (this.#last ?? monotonic);
    if (gap > 2 * monitorPeriodMs) this.#deaf += gap - monitorPeriodMs;
    this.#last = monotonic;
    return monotonic - this.#deaf;
  }
}

/** `heardAt` is the awake time this process last saw a sign of life, which `sign` describes. */
export interface NodeHealth { readonly uid: string; readonly sign: string; readonly heardAt: number }

export function observe(previous: NodeHealth | undefined, node: Node, lease: Lease | undefined, now: number): NodeHealth {
  const ready = findCondition(node.status?.conditions, 'Ready');
  const sign = JSON.stringify([node.metadata.uid, lease?.spec?.renewTime ?? null, ready?.lastHeartbeatTime ?? null, ready?.status === 'Unknown' ? null : ready?.status ?? null]);
  // Becoming Unknown is our own mark and no sign of life.
  const silent = previous && (previous.sign === sign || ready?.status === 'Unknown' && sameLease(previous.sign, sign));
  return { uid: node.metadata.uid, sign, heardAt: silent ? previous.heardAt : now };
}
const sameLease = (a: string, b: string): boolean => {
  const [uidA, leaseA, beatA] = JSON.parse(a) as unknown[];
  const [uidB, leaseB, beatB] = JSON.parse(b) as unknown[];
  return uidA === uidB && leaseA === leaseB && beatA === beatB;
};

/** Milliseconds of silence left before the node counts as lost; 0 or less when it does. */
export function graceLeft(node: Node, health: NodeHealth, now: number): number {
  const reported = findCondition(node.status?.conditions, 'Ready') !== undefined;
  return health.heardAt + (reported ? monitorGraceMs : startupGraceMs) - now;
}

/** The conditions of a silent node; undefined when they already say so. `now` is the time of day. */
export function silentConditions(node: Node, now: number): NodeCondition[] | undefined {
  const conditions = node.status?.conditions ?? [];
  const changed = reportedConditions.filter((type) => findCondition(conditions, type)?.status !== 'Unknown');
  if (!changed.length) return undefined;
  return [
    ...conditions.map((c) => ((changed as readonly string[]).includes(c.type)
      ? { ...c, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: timestamp(now) } : c)),
    ...changed.filter((type) => !findCondition(conditions, type)).map((type) => ({
      type, status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.',
      lastHeartbeatTime: node.metadata.creationTimestamp, lastTransitionTime: timestamp(now),
    }) as NodeCondition),
  ];
}
