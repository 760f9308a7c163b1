// Usage for whoever asks, shared by those who ask together. Nothing is read while nobody does: a rate needs two samples, and the first
// who asks after a pause waits for the second.
import type { Clock } from '../../../src/util/clock.ts';
import { shared } from '../../../src/util/shared.ts';
import type { DiskSample, NodeSample, UsageReader } from './usage.ts';

/** An answer this old is given again. */
const freshMs = 2_000;
/** Directories are counted at most this often. upstream: the kubelet's volumeStatsAggPeriod */
const diskFreshMs = 60_000;
/** Over less than this a rate says little, over more it says nothing of the present. */
const shortestWindowMs = 1_000;
const longestWindowMs = 60_000;

/** Cores × 10⁹ by container id; '' is the node, `agent` this process. */
export type Rates = ReadonlyMap<string, number>;
export interface RatedSample { readonly sample: NodeSample; readonly rates: Rates }

/** Processor time by container id at a moment; '' is the node. */
type Base = ReadonlyMap<string, { readonly at: number; readonly cpu: number }>;
const agentKey = 'agent';

const baseOf = (sample: NodeSample): Base => new Map([
  ['', { at: sample.at, cpu: sample.host.cpu }], [agentKey, { at: sample.at, cpu: sample.agent.cpu }],
  ...sample.pods.flatMap((p) => p.containers.flatMap((c) => (c.usage.cpu ? [[c.status.id, { at: c.at, cpu: c.usage.cpu.usage }] as const] : []))),
]);

/** What began after the base is measured from its beginning. */
export function ratesBetween(base: Base, sample: NodeSample): Rates {
  const started = new Map(sample.pods.flatMap((p) => p.containers.map((c) => [c.status.id, c.status.startedAt] as const)));
  return new Map([...baseOf(sample)].flatMap(([id, now]) => {
    const before = base.get(id) ?? { at: started.get(id) ?? 0, cpu: 0 };
    return now.at > before.at && now.cpu >= before.cpu ? [[id, Math.round(((now.cpu - before.cpu) * 1000) / (now.at - before.at))] as const] : [];
  }));
}

export class StatsProvider {
  readonly #reader: Pick<UsageReader, 'node' | 'disk'>;
  readonly #clock: Clock;
  #base: { readonly at: number; readonly values: Base } | undefined;
  /** Counters as they are, without waiting. */
  readonly sample: () => Promise<NodeSample>;
  readonly rated: () => Promise<RatedSample>;
  readonly disk: () => Promise<DiskSample>;

  constructor(reader: Pick<UsageReader, 'node' | 'disk'>, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
    this.sample = shared(() => reader.node(), clock, shortestWindowMs / 2);
    this.rated = shared(() => this.#rate(), clock, freshMs);
    this.disk = shared(() => reader.disk(), clock, diskFreshMs);
  }

  async #rate(): Promise<RatedSample> {
    const age = this.#base ? this.#clock.monotonic() - this.#base.at : Infinity;
    if (age > longestWindowMs) {
      this.#base = { at: this.#clock.monotonic(), values: baseOf(await this.#reader.node()) };
      await this.#clock.sleep(shortestWindowMs);
    } else if (age < shortestWindowMs) await this.#clock.sleep(shortestWindowMs - age);
    const base = this.#base!.values;
    const sample = await this.#reader.node();
    this.#base = { at: this.#clock.monotonic(), values: baseOf(sample) };
    return { sample, rates: ratesBetween(base, sample) };
  }
}
