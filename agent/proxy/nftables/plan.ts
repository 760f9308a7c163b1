// What the kernel is to hold for all rules together, kept from change to change: only the places a change touches are planned anew, and
// what comes of it is the difference to what was there before. Pure.
import type { CIDR } from '../../../src/util/cidr.ts';
import type { ServicePortRule } from '../rules.ts';
import { claimsOf, elementNames, nodePlace, partOf, type Claim, type ElementName, type Part } from './parts.ts';

/** What several places have in common is there as long as one of them needs it. */
class Counted<V> {
  readonly #held = new Map<string, { value: V; count: number }>();
  /** The values of what was touched, before it was; undefined where there was nothing. */
  readonly #before = new Map<string, V | undefined>();

  get size(): number { return this.#held.size; }
  has(key: string): boolean { return this.#held.has(key); }
  keys(): Iterable<string> { return this.#held.keys(); }
  get(key: string): V | undefined { return this.#held.get(key)?.value; }

  add(key: string, value: V): void {
    const known = this.#held.get(key);
    this.#touch(key, known?.value);
    if (!known) this.#held.set(key, { value, count: 1 });
    else {
      known.value = value;
      known.count++;
    }
  }

  remove(key: string): void {
    const known = this.#held.get(key)!;
    this.#touch(key, known.value);
    if (--known.count === 0) this.#held.delete(key);
  }

  #touch(key: string, value: V | undefined): void { if (!this.#before.has(key)) this.#before.set(key, value); }

  /** What differs from the time of the last call. */
  take(same: (a: V, b: V) => boolean): { readonly gone: [string, V][]; readonly come: [string, V][] } {
    const gone: [string, V][] = [];
    const come: [string, V][] = [];
    for (const [key, before] of this.#before) {
      const now = this.#held.get(key)?.value;
      if (before !== undefined && now !== undefined && same(before, now)) continue;
      if (before !== undefined) gone.push([key, before]);
      if (now !== undefined) come.push([key, now]);
    }
    this.#before.clear();
    return { gone, come };
  }

  /** Everything, as what came. */
  all(): { readonly gone: [string, V][]; readonly come: [string, V][] } {
    this.#before.clear();
    return { gone: [], come: [...this.#held].map(([key, { value }]) => [key, value]) };
  }
}

/** What was settled last. */
export type Content<V> = Pick<Counted<V>, 'size' | 'has' | 'keys' | 'get'>;

/** `gone` is to be taken away before `come` is added; what has another value than before is in both. */
export interface Difference<V> { readonly gone: readonly (readonly [string, V])[]; readonly come: readonly (readonly [string, V])[] }

export interface KernelChange {
  readonly elements: Readonly<Record<ElementName, Difference<string>>>;
  readonly chains: Difference<readonly string[]>;
  /** Sets of clients that stick to an endpoint. */
  readonly clients: Difference<string>;
  /** UDP flows by name, in words of `conntrack --delete`. */
  readonly flows: Difference<readonly string[]>;
}

const sameText = (a: string, b: string): boolean => a === b;
const sameLines = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n');

export class KernelPlan {
  readonly #pods: CIDR;
  readonly #rules = new Map<string, readonly Claim[]>();
  /** Who wants a place; the first by id has it. */
  readonly #claims = new Map<string, readonly Claim[]>();
  readonly #parts = new Map<string, Part>();
  readonly #dirty = new Set<string>();
  #held: ReadonlySet<string> = new Set();
  #largest = 64;
  readonly #elements = Object.fromEntries(elementNames.map((name) => [name, new Counted<string>()])) as Record<ElementName, Counted<string>>;
  readonly #chains = new Counted<readonly string[]>();
  readonly #clients = new Counted<string>();
  readonly #flows = new Counted<readonly string[]>();

  /** `pods` is this node's own pod subnet. */
  constructor(pods: CIDR) { this.#pods = pods; }

  /** For lists of how many endpoints the tables must have chains: a power of two, and never less than before. */
  get largest(): number { return this.#largest; }
  get elements(): Readonly<Record<ElementName, Content<string>>> { return this.#elements; }
  get chains(): Content<readonly string[]> { return this.#chains; }
  get clients(): Content<string> { return this.#clients; }
  get flows(): Content<readonly string[]> { return this.#flows; }

  /** A rule that is new, or is another than before. */
  put(rule: ServicePortRule): void {
    this.remove(rule.id);
    const claims = claimsOf(rule);
    if (claims.length > 0) this.#rules.set(rule.id, claims);
    for (const claim of claims) {
      const key = keyOf(claim);
      const others = this.#claims.get(key) ?? [];
      // Of two by the same rule the first counts; between rules the order does not depend on who came when.
      const at = others.findIndex((other) => other.rule.id > rule.id);
      this.#claims.set(key, others.toSpliced(at < 0 ? others.length : at, 0, claim));
      this.#dirty.add(key);
    }
  }

  remove(id: string): void {
    for (const claim of this.#rules.get(id) ?? []) {
      const key = keyOf(claim);
      const others = (this.#claims.get(key) ?? []).filter((other) => other.rule.id !== id);
      if (others.length > 0) this.#claims.set(key, others);
      else this.#claims.delete(key);
      this.#dirty.add(key);
    }
    this.#rules.delete(id);
  }

  /** Ports of the node a worker of ours listens on (`TCP/30080`), so that nobody else's port is taken away. */
  hold(ports: ReadonlySet<string>): void {
    for (const port of ports) if (!this.#held.has(port)) this.#dirty.add(`node ${nodePlace(port)}`);
    for (const port of this.#held) if (!ports.has(port)) this.#dirty.add(`node ${nodePlace(port)}`);
    this.#held = ports;
  }

  /** Plans the places that were touched, one after each step; returns the difference to the last call. */
  *settle(): Generator<undefined, KernelChange> {
    const before = new Map<string, Part>();
    // All go before any comes: what moves from one place to another is no change.
    for (const key of this.#dirty) {
      const part = this.#parts.get(key);
      if (part) {
        before.set(key, part);
        this.#parts.delete(key);
        for (const [name, element] of part.elements) this.#elements[name].remove(element);
        for (const [name] of part.chains) this.#chains.remove(name);
        for (const name of part.clients) this.#clients.remove(name);
        for (const [flow] of part.flows) this.#flows.remove(flow);
      }
      yield;
    }
    const held = new Set([...this.#held].map((port) => `node ${nodePlace(port)}`));
    for (const key of this.#dirty) {
      const claim = this.#claims.get(key)?.[0];
      if (claim && (claim.family === 'service' || held.has(key))) {
        const part = partOf(claim, this.#pods, before.get(key));
        this.#parts.set(key, part);
        for (const [name, element, value] of part.elements) this.#elements[name].add(element, value);
        for (const [name, lines] of part.chains) this.#chains.add(name, lines);
        for (const name of part.clients) this.#clients.add(name, '');
        for (const [flow, words] of part.flows) this.#flows.add(flow, words);
        while (this.#largest < Math.max(part.orders.outside.length, part.orders.inside.length)) this.#largest *= 2;
      }
      yield;
    }
    this.#dirty.clear();
    const elements = Object.fromEntries(elementNames.map((name) => [name, this.#elements[name].take(sameText)])) as unknown as KernelChange['elements'];
    return { elements, chains: this.#chains.take(sameLines), clients: this.#clients.take(sameText), flows: this.#flows.take(sameLines) };
  }

  /** All of it, as the difference to empty tables; only what was settled. */
  whole(): KernelChange {
    const elements = Object.fromEntries(elementNames.map((name) => [name, this.#elements[name].all()])) as unknown as KernelChange['elements'];
    return { elements, chains: this.#chains.all(), clients: this.#clients.all(), flows: this.#flows.all() };
  }
}

const keyOf = ({ family, place }: Claim): string => `${family} ${place}`;
