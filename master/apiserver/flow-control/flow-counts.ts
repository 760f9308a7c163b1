// What became of requests, by FlowSchema and priority level. (upstream: apiserver pkg/util/flowcontrol/metrics/metrics.go)
import type { Flow } from './flow-schemas.ts';

export type Rejection = 'concurrency-limit' | 'queue-full' | 'time-out';
export interface FlowCount {
  readonly schema: string;
  readonly level: string;
  executing: number;
  waiting: number;
  dispatched: number;
  readonly rejected: Record<Rejection, number>;
}

export class FlowCounts {
  readonly #counts = new Map<string, Map<string, FlowCount>>();

  of({ schema: { metadata: { name } }, level }: Flow): FlowCount {
    let levels = this.#counts.get(name);
    if (!levels) this.#counts.set(name, (levels = new Map()));
    let count = levels.get(level);
    if (!count) levels.set(level, (count = { schema: name, level, executing: 0, waiting: 0, dispatched: 0, rejected: { 'concurrency-limit': 0, 'queue-full': 0, 'time-out': 0 } }));
    return count;
  }
  *all(): Generator<Readonly<FlowCount>> { for (const levels of this.#counts.values()) yield* levels.values(); }
}
