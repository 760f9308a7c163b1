// The live side of one rule: its back ends with what is in flight on each, and the choice of the next one.
import type { Clock } from '../../../src/util/clock.ts';
import type { Backend, ServicePortRule } from '../rules.ts';
import type { Upstream } from './http/upstream.ts';

export type Side = 'internal' | 'external';

/** Where a client connection came in: its requests go by the rule that has that place now, whatever it is called. */
export interface Origin { readonly port: PortState; readonly side: Side }

/** How long a back end that could not be reached is chosen only when nothing else is left. */
const avoidMs = 2_000;

export class BackendState {
  readonly address: string;
  readonly port: number;
  /** Requests or connections it carries now. */
  inFlight = 0;
  /** Left the rules: it finishes what it carries and gets nothing new. */
  gone = false;
  /** Idle HTTP connections, the most recently used last. */
  idle: Upstream[] = [];
  avoidUntil = -Infinity;

  constructor(backend: Backend) {
    this.address = backend.address;
    this.port = backend.port;
  }
}

interface Affinity { readonly backend: BackendState; expires: number }

export class PortState {
  rule: ServicePortRule;
  /** No rule has this port any more. */
  removed = false;
  readonly #clock: Clock;
  readonly #backends = new Map<string, BackendState>();
  #sides: Record<Side, BackendState[]> = { internal: [], external: [] };
  readonly #affinity = new Map<string, Affinity>();
  #turn = 0;

  constructor(rule: ServicePortRule, clock: Clock) {
    this.rule = rule;
    this.#clock = clock;
    this.update(rule);
  }

  /** Takes a newer form of the rule; back ends that left it are returned, already marked and without idle connections. */
  update(rule: ServicePortRule): BackendState[] {
    this.rule = rule;
    const listed = new Set<BackendState>();
    const take = (backend: Backend): BackendState => {
      const key = `${backend.address}:${backend.port}`;
      let state = this.#backends.get(key);
      if (!state) this.#backends.set(key, state = new BackendState(backend));
      listed.add(state);
      return state;
    };
    this.#sides = { internal: rule.internal.map(take), external: rule.external.map(take) };
    const removed = [...this.#backends].filter(([, state]) => !listed.has(state));
    for (const [key, state] of removed) {
      this.#backends.delete(key);
      state.gone = true;
      for (const upstream of state.idle.splice(0)) upstream.destroy();
    }
    for (const [client, affinity] of this.#affinity) if (affinity.backend.gone || !rule.affinitySeconds) this.#affinity.delete(client);
    return removed.map(([, state]) => state);
  }

  /** The Service is gone: nothing is chosen any more. */
  remove(): BackendState[] {
    this.removed = true;
    return this.update({ ...this.rule, internal: [], external: [] });
  }

  get backends(): Iterable<BackendState> { return this.#backends.values(); }
  hasBackends(side: Side): boolean { return this.#sides[side].length > 0; }

  /** The least loaded back end not yet tried, in turn among equals; the client's own one under ClientIP affinity. */
  choose(side: Side, client: string, tried?: ReadonlySet<BackendState>): BackendState | undefined {
    const list = this.#sides[side];
    const sticky = this.rule.affinitySeconds * 1000;
    const now = this.#clock.monotonic();
    if (sticky > 0) {
      const known = this.#affinity.get(client);
      if (known && known.expires > now && !tried?.has(known.backend) && list.includes(known.backend)) {
        known.expires = now + sticky;
        return known.backend;
      }
    }
    const chosen = this.#least(list, tried, now) ?? this.#least(list, tried, Infinity);
    if (chosen && sticky > 0) this.#affinity.set(client, { backend: chosen, expires: now + sticky });
    return chosen;
  }

  #least(list: readonly BackendState[], tried: ReadonlySet<BackendState> | undefined, now: number): BackendState | undefined {
    let best: BackendState | undefined;
    let turn = this.#turn;
    for (let i = 0; i < list.length; i++) {
      const at = (this.#turn + i) % list.length;
      const state = list[at]!;
      if (state.avoidUntil > now || tried?.has(state) || (best && state.inFlight >= best.inFlight)) continue;
      best = state;
      turn = at + 1;
    }
    this.#turn = turn;
    return best;
  }

  avoid(backend: BackendState): void { backend.avoidUntil = this.#clock.monotonic() + avoidMs; }

  /** Drops affinities that ran out. */
  sweep(now: number): void {
    for (const [client, affinity] of this.#affinity) if (affinity.expires <= now) this.#affinity.delete(client);
  }
}
