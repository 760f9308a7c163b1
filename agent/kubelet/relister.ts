// The slow list of everything that runs, and what its silence says of the engine: a list that has not succeeded for three
// minutes makes the node not ready. upstream: pkg/kubelet/pleg/generic.go (Healthy), pkg/kubelet/runtime.go
import { formatDuration } from '../../src/apimachinery/duration.ts';
import { within, type Clock } from '../../src/util/clock.ts';
import { RuntimeUnavailable } from '../runtime/runtime.ts';
import type { RuntimeCache } from './runtime-cache.ts';

/** upstream: relistThreshold */
const thresholdMs = 180_000;
/** An engine that has not answered for so long is not waited for. upstream: the kubelet's --runtime-request-timeout */
const timeoutMs = 120_000;

export class Relister {
  readonly #cache: RuntimeCache;
  readonly #clock: Clock;
  #succeededAt: number | undefined;

  constructor(cache: RuntimeCache, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /** Ids of what someone has paused. @throws RuntimeUnavailable when the engine does not answer in time, and what the list throws */
  async relist(): Promise<string[]> {
    const paused = await within(this.#clock, timeoutMs, this.#cache.relist(), () => { throw new RuntimeUnavailable(`the engine has not answered for ${formatDuration(timeoutMs)}`); });
    this.#succeededAt = this.#clock.monotonic();
    return paused;
  }

  /** Why the node cannot run Pods; undefined while lists succeed, and before the first. */
  get fault(): string | undefined {
    if (this.#succeededAt === undefined) return undefined;
    const elapsed = this.#clock.monotonic() - this.#succeededAt;
    return elapsed > thresholdMs ? `PLEG is not healthy: pleg was last seen active ${formatDuration(elapsed)} ago; threshold is ${formatDuration(thresholdMs)}` : undefined;
  }
}
