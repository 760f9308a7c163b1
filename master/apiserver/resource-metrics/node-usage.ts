// What nodes use, asked of their kubelets when somebody asks here and at no other time; an answer is kept for a few seconds.
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { shared } from '../../../src/util/shared.ts';
import type { Tunnels } from '../tunnel.ts';
import { parsePoints, usageBetween, type NodeUsage, type Points } from './points.ts';

const keptMs = 5_000;
/** Usage over less says little, over more it says nothing of the present. */
const shortestWindowMs = 1_000;
const longestWindowMs = 60_000;
const timeoutMs = 10_000;

export interface NodeUsageOptions { readonly tunnels: Pick<Tunnels, 'request' | 'nodes'>; readonly clock: Clock; readonly log: Log }

export class NodeUsages {
  readonly #options: NodeUsageOptions;
  readonly #nodes = new Map<string, { readonly usage: () => Promise<NodeUsage>; askedAt: number }>();
  constructor(options: NodeUsageOptions) { this.#options = options; }

  /** By node; one whose kubelet does not answer is absent. */
  async of(names: Iterable<string>): Promise<ReadonlyMap<string, NodeUsage>> {
    const { log, tunnels, clock } = this.#options;
    for (const [name, { askedAt }] of this.#nodes) if (clock.monotonic() - askedAt > longestWindowMs) this.#nodes.delete(name);
    const connected = new Set(tunnels.nodes);
    const found = await Promise.all([...new Set(names)].filter((name) => connected.has(name)).map((name) => this.#node(name).then((usage) => [[name, usage] as const], (error: unknown) => {
      log.info({ node: name, error: (error as Error).message }, 'a kubelet did not tell what its node uses');
      return [];
    })));
    return new Map(found.flat());
  }

  #node(name: string): Promise<NodeUsage> {
    const { clock } = this.#options;
    let known = this.#nodes.get(name);
    if (!known) {
      let base: { readonly points: Points; readonly at: number } | undefined;
      const usage = shared(async () => {
        if (!base || clock.monotonic() - base.at > longestWindowMs) {
          base = { points: await this.#read(name), at: clock.monotonic() };
          await clock.sleep(shortestWindowMs);
        }
        const before = base.points;
        base = { points: await this.#read(name), at: clock.monotonic() };
        return usageBetween(before, base.points);
      }, clock, keptMs);
      known = { usage, askedAt: 0 };
      this.#nodes.set(name, known);
    }
    known.askedAt = clock.monotonic();
    return known.usage();
  }

  async #read(name: string): Promise<Points> {
    const { tunnels, clock } = this.#options;
    const stop = new AbortController();
    const cancel = clock.after(timeoutMs, () => stop.abort(new Error('it took too long')));
    try {
      const response = await tunnels.request(name, 'GET', '/metrics/resource', {}, stop.signal);
      let text = '';
      for await (const chunk of response) text += String(chunk);
      if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}: ${text.trim()}`);
      return parsePoints(text, clock.now());
    } finally {
      cancel();
    }
  }
}
