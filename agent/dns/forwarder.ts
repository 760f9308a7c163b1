// Names that are not the cluster's: asked of the resolvers they belong to, once for all who ask at the same time, and kept as long as the
// reply allows. When nobody outside answers, what was true last is told on for a while.
// (RFC 2308 negative answers, RFC 8767 stale ones, RFC 9520 failures; upstream: CoreDNS plugins forward and cache as kubeadm sets them)
import type { Clock } from '../../src/util/clock.ts';
import { flags, headerBytes, isMalformed, rcodes, type Query } from './message.ts';
import { ReplyCache, type Kept } from './reply-cache.ts';
import { parseReply, type Reply } from './reply.ts';
import type { StubDomain } from './table.ts';
import { lower, type Ask, type Question } from './upstream.ts';

export interface ForwardingConfig { readonly upstreams: readonly string[]; readonly stubDomains: readonly StubDomain[] }

/** Longest time a reply is told on without asking again, as `cache 30` of kubeadm's Corefile. */
const maxKeepMs = 30_000;
/** How long after that it may be told when nobody answers. */
const staleMs = 3_600_000;
/** A client waits so long for a fresh reply where there is a stale one. */
const patienceMs = 1_000;
/** With a stale reply at hand the resolvers are asked again after this long, without one after `failureMs`. */
const staleRetryMs = 5_000;
const failureMs = 1_000;
/** A resolver that did not answer is asked last for so long. */
const avoidMs = 10_000;
/** Questions that wait for resolvers outside, as `max_concurrent` of kubeadm's Corefile. */
const maxWaiting = 1_000;
const cacheBytes = 8 << 20;
/** Seconds a client may keep a stale reply. */
export const staleTtl = 5;

export interface Forwarded { readonly reply: Reply; /** Since it was said. */ readonly seconds: number; readonly stale: boolean }

export class Forwarder {
  readonly #clock: Clock;
  readonly #ask: Ask;
  readonly #cache = new ReplyCache(cacheBytes);
  #waiting = new Map<string, Promise<Reply | undefined>>();
  /** By resolver: until when it is asked last. */
  readonly #avoided = new Map<string, number>();
  #config: ForwardingConfig = { upstreams: [], stubDomains: [] };

  constructor(options: { readonly clock: Clock; readonly ask: Ask }) {
    this.#clock = options.clock;
    this.#ask = options.ask;
  }

  /** What other resolvers said is forgotten. */
  configure(config: ForwardingConfig): void {
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return;
    this.#config = config;
    this.#waiting = new Map();
    this.#cache.clear();
    this.#avoided.clear();
  }

  /** Undefined when it is not known and nobody can be asked: SERVFAIL. */
  async resolve(query: Pick<Query, 'question' | 'name' | 'flags' | 'edns'>): Promise<Forwarded | undefined> {
    const question: Question = { bytes: query.question, checkingDisabled: (query.flags & flags.checkingDisabled) !== 0, dnssecOk: query.edns?.dnssecOk === true };
    const key = `${lower(query.question)}${question.checkingDisabled ? 'c' : ''}${question.dnssecOk ? 'd' : ''}`;
    const now = this.#clock.monotonic();
    const kept = this.#cache.get(key);
    if (kept && kept.until > now) return this.#known(kept);
    const usable = kept !== undefined && kept.reply.rcode !== rcodes.SERVFAIL && kept.until + staleMs > now ? kept : undefined;
    if (usable && usable.retryAt > now) return this.#known(usable);
    const asked = this.#fetch(key, question, query.name, usable);
    const reply = usable ? await this.#patient(asked, usable) : await asked;
    if (reply && reply.rcode !== rcodes.SERVFAIL) return { reply, seconds: 0, stale: false };
    return usable ? this.#known(usable) : reply && { reply, seconds: 0, stale: false };
  }

  #known(kept: Kept): Forwarded {
    const now = this.#clock.monotonic();
    return { reply: kept.reply, seconds: (now - kept.said) / 1000, stale: kept.until <= now };
  }

  /** One question for all who have it; a loop of resolvers that comes back here ends in it. */
  #fetch(key: string, question: Question, name: string, stale: Kept | undefined): Promise<Reply | undefined> {
    const waiting = this.#waiting;
    const known = waiting.get(key);
    if (known) return known;
    if (waiting.size >= maxWaiting) return Promise.resolve(undefined);
    const asked = this.#askInTurn(question, name).then((reply) => {
      // Other resolvers may answer this name since it was asked.
      if (waiting === this.#waiting) this.#keep(key, reply, question, stale);
      return reply;
    }).finally(() => waiting.delete(key));
    waiting.set(key, asked);
    return asked;
  }

  #keep(key: string, reply: Reply | undefined, question: Question, stale: Kept | undefined): void {
    const now = this.#clock.monotonic();
    if (reply && reply.rcode !== rcodes.SERVFAIL) {
      const keepMs = Math.min(maxKeepMs, (reply.keep ?? 0) * 1000);
      if (keepMs > 0) this.#cache.set(key, { reply, said: now, until: now + keepMs, retryAt: 0 });
      else this.#cache.delete(key);
    } else if (stale) stale.retryAt = now + staleRetryMs;
    else this.#cache.set(key, { reply: reply ?? failure(question), said: now, until: now + failureMs, retryAt: 0 });
  }

  /** The resolvers in the order they are given, those that were silent lately last. One that refuses or fails leaves it to the next. */
  async #askInTurn(question: Question, name: string): Promise<Reply | undefined> {
    const began = this.#clock.monotonic();
    const silent = (upstream: string): number => ((this.#avoided.get(upstream) ?? 0) > began ? 1 : 0);
    let last: Reply | undefined;
    for (const upstream of [...this.#upstreamsOf(name)].sort((a, b) => silent(a) - silent(b))) {
      // One question tries whether it is back: the others do not wait for it.
      if (this.#avoided.has(upstream)) this.#avoided.set(upstream, this.#clock.monotonic() + avoidMs);
      const message = await this.#ask(question, upstream);
      if (!message) {
        this.#avoided.set(upstream, this.#clock.monotonic() + avoidMs);
        continue;
      }
      this.#avoided.delete(upstream);
      try {
        last = parseReply(message);
      } catch (error) {
        if (isMalformed(error)) continue;
        throw error;
      }
      if (last.rcode === rcodes.NOERROR || last.rcode === rcodes.NXDOMAIN) return last;
    }
    return last;
  }

  #upstreamsOf(name: string): readonly string[] {
    const asked = name.toLowerCase();
    const stub = this.#config.stubDomains.filter(({ domain }) => asked === domain || asked.endsWith(`.${domain}`)).sort((a, b) => b.domain.length - a.domain.length)[0];
    return stub?.upstreams ?? this.#config.upstreams;
  }

  #patient(asked: Promise<Reply | undefined>, stale: Kept): Promise<Reply | undefined> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(patienceMs, () => {
        // The next who ask do not wait as well.
        stale.retryAt = this.#clock.monotonic() + staleRetryMs;
        resolve(undefined);
      });
      asked.finally(cancel).then(resolve, reject);
    });
  }
}

function failure(question: Question): Reply {
  const bytes = Buffer.concat([Buffer.alloc(headerBytes), question.bytes]);
  bytes.writeUInt16BE(flags.response | rcodes.SERVFAIL, 2);
  bytes.writeUInt16BE(1, 4);
  return { bytes, rcode: rcodes.SERVFAIL, ttls: [], cuts: [bytes.length] };
}
