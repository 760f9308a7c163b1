// Gives each Pod its address: round robin through the node's subnet, and none again within a minute of its release, because an
// endpoint that is still listed somewhere would answer for another Service's Pod.
import { containsAddress, formatIPv4, lastOf, mustParseCIDR, parseIPv4 } from '../../src/util/cidr.ts';
import type { Clock } from '../../src/util/clock.ts';

export const reuseDelayMs = 60_000;
/** Addresses below are the network, its gateway, the service namespace, and room for what comes. */
const firstOffset = 10;

export class AddressesExhausted extends Error {}

export class PodAddresses {
  readonly #cidr: string;
  readonly #first: number;
  readonly #last: number;
  readonly #clock: Clock;
  readonly #used = new Set<number>();
  /** Address to the monotonic time from which it may be given again. */
  readonly #resting = new Map<number, number>();
  #next: number;

  /** `start` (0 to 1) is where the first round begins: random in an agent, so that a restart does not begin with addresses just released. */
  constructor(podCIDR: string, clock: Clock, start = 0) {
    const range = mustParseCIDR(podCIDR);
    this.#cidr = podCIDR;
    this.#clock = clock;
    this.#first = range.base + firstOffset;
    this.#last = lastOf(range) - 1;
    if (this.#last < this.#first) throw new Error(`${podCIDR} is too small for Pods`);
    this.#next = this.#first + Math.min(Math.floor(start * this.size), this.size - 1);
  }

  /** Addresses there are for Pods. */
  get size(): number { return this.#last - this.#first + 1; }

  /** @throws AddressesExhausted when each address is used or rests. */
  allocate(): string {
    const now = this.#clock.monotonic();
    for (let tried = 0; tried < this.size; tried++) {
      const address = this.#next;
      this.#next = address === this.#last ? this.#first : address + 1;
      if (this.#used.has(address) || (this.#resting.get(address) ?? 0) > now) continue;
      this.#resting.delete(address);
      this.#used.add(address);
      return formatIPv4(address);
    }
    throw new AddressesExhausted(`no free pod address in ${this.#cidr}: ${this.#used.size} of ${this.size} in use, the others released less than ${reuseDelayMs / 1000} s ago`);
  }

  /** Marks an adopted Pod's address as used; idempotent. Addresses outside the range belong to somebody else and need no mark. */
  reserve(ip: string): void {
    const address = parseIPv4(ip);
    if (address === undefined || address < this.#first || address > this.#last) return;
    this.#resting.delete(address);
    this.#used.add(address);
  }

  /** Idempotent; an address that is not in use stays as it is. */
  release(ip: string): void {
    const address = parseIPv4(ip);
    if (address !== undefined && this.#used.delete(address)) this.#resting.set(address, this.#clock.monotonic() + reuseDelayMs);
  }

  /** Whether the address lies in the node's subnet. */
  owns(ip: string): boolean {
    const address = parseIPv4(ip);
    return address !== undefined && containsAddress(mustParseCIDR(this.#cidr), address);
  }
}
