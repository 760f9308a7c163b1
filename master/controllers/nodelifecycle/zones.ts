// How fast lost nodes are given up. Zones are judged one by one: where most nodes of a zone are lost, its network is the likelier culprit
// than its nodes, and their Pods are evicted more slowly or not at all.
// upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go (handleDisruption, ComputeZoneState), component-helpers/node/topology
import { isConditionTrue } from '../../../src/apimachinery/conditions.ts';
import type { Node } from '../../../src/api/core/node.ts';

/** Nodes per second whose Pods are to be evicted, and when that changes. */
export interface EvictionRates {
  readonly nodeEvictionRate: number;
  /** In a large zone that is unhealthy; a smaller one evicts nothing then. */
  readonly secondaryNodeEvictionRate: number;
  /** The share of nodes not Ready, of at least three, that makes a zone unhealthy. */
  readonly unhealthyZoneThreshold: number;
  /** A zone of more nodes than this is large. */
  readonly largeClusterSizeThreshold: number;
}
export const defaultEvictionRates: EvictionRates = { nodeEvictionRate: 0.1, secondaryNodeEvictionRate: 0.01, unhealthyZoneThreshold: 0.55, largeClusterSizeThreshold: 50 };

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

const excluded = 'node.kubernetes.io/exclude-disruption';
const labelOf = ({ metadata: { labels = {} } }: Node, name: string): string => labels[`topology.kubernetes.io/${name}`] || labels[`failure-domain.beta.kubernetes.io/${name}`] || '';

/** A zone belongs to its region; nodes that name neither are one zone. */
export const zoneOf = (node: Node): string => JSON.stringify([labelOf(node, 'region'), labelOf(node, 'zone')]);

/** With three nodes of five lost, 0.6 is beyond the threshold; two of two are not many enough for a part, but they are all. */
function zoneState(ready: number, lost: number, threshold: number): ZoneState {
  if (ready === 0 && lost > 0) return 'FullDisruption';
  return lost > 2 && lost / (lost + ready) >= threshold ? 'PartialDisruption' : 'Normal';
}

export interface Disruption {
  /** No zone has a Ready node: nobody is evicted, and who was to be is not any more. */
  readonly everywhere: boolean;
  /** Nodes per second of each zone; zones without nodes that count are not in it. */
  readonly rates: ReadonlyMap<string, number>;
}

export function disruptionOf(nodes: readonly Node[], limits: EvictionRates): Disruption {
  const zones = new Map<string, { ready: number; lost: number }>();
  for (const node of nodes) {
    if (node.metadata.labels?.[excluded] !== undefined) continue;
    const zone = zoneOf(node);
    const counts = zones.get(zone) ?? { ready: 0, lost: 0 };
    zones.set(zone, counts);
    if (isConditionTrue(node.status?.conditions, 'Ready')) counts.ready++;
    else counts.lost++;
  }
  const states = [...zones].map(([zone, { ready, lost }]) => ({ zone, size: ready + lost, state: zoneState(ready, lost, limits.unhealthyZoneThreshold) }));
  const everywhere = states.length > 0 && states.every(({ state }) => state === 'FullDisruption');
  // A zone that is lost as a whole, while others are not, has gone itself.
  const rateOf = (state: ZoneState, size: number): number => (state === 'PartialDisruption' ? (size > limits.largeClusterSizeThreshold ? limits.secondaryNodeEvictionRate : 0) : limits.nodeEvictionRate);
  return { everywhere, rates: new Map(states.map(({ zone, size, state }) => [zone, everywhere ? 0 : rateOf(state, size)])) };
}

/** The lost nodes of one zone in the order they are given up, one at a time. */
export class EvictionQueue {
  readonly #waiting: string[] = [];
  #rate: number;
  /** When the next one may go. */
  #nextAt = -Infinity;

  constructor(rate: number) {
    this.#rate = rate;
    if (rate <= 0) this.#nextAt = Infinity;
  }
  /** Whoever has to wait now waits a whole turn of the new rate. `now` in ms that never jump. */
  setRate(rate: number, now: number): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    if (rate <= 0) this.#nextAt = Infinity;
    else if (this.#nextAt > now) this.#nextAt = now + 1000 / rate;
  }
  /** 0 when the node's turn has come, which is then over; else the ms until it may, as things are. */
  ask(node: string, now: number): number {
    if (!this.#waiting.includes(node)) this.#waiting.push(node);
    const before = this.#waiting.indexOf(node);
    const wait = this.#nextAt - now + (before === 0 ? 0 : (before * 1000) / this.#rate);
    if (before > 0 || wait > 0) return Math.max(wait, 1);
    this.#waiting.shift();
    this.#nextAt = now + 1000 / this.#rate;
    return 0;
  }
  leave(node: string): void {
    const at = this.#waiting.indexOf(node);
    if (at >= 0) this.#waiting.splice(at, 1);
  }
}

/** The queues of all zones. */
export class Evictions {
  readonly #limits: EvictionRates;
  readonly #zones = new Map<string, EvictionQueue>();
  constructor(limits: EvictionRates) { this.#limits = limits; }

  /** Ms until the Pods of this lost node are to be evicted: 0 now, Infinity while nobody is. */
  ask(node: Node, { everywhere, rates }: Disruption, now: number): number {
    for (const [zone, rate] of rates) this.#queue(zone).setRate(rate, now);
    const own = this.#queue(zoneOf(node));
    for (const queue of this.#zones.values()) if (queue !== own || everywhere) queue.leave(node.metadata.name);
    return everywhere ? Infinity : own.ask(node.metadata.name, now);
  }
  leave(node: string): void { for (const queue of this.#zones.values()) queue.leave(node); }

  #queue(zone: string): EvictionQueue {
    let queue = this.#zones.get(zone);
    if (!queue) this.#zones.set(zone, (queue = new EvictionQueue(this.#limits.nodeEvictionRate)));
    return queue;
  }
}
