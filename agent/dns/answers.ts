// The cluster's names and what each resolves to. Pure: a table of Services makes an index, the index answers questions.
// (upstream: kubernetes/dns specification.md 1.1.0; CoreDNS plugin/kubernetes)
import type { DnsPort, DnsService, DnsTable } from './table.ts';

export interface DnsRecord { readonly name: string; readonly type: 'A' | 'AAAA' | 'CNAME' | 'SRV' | 'PTR' | 'SOA' | 'TXT' | 'NS'; readonly ttl: number; readonly data: unknown }
export interface DnsAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** A name outside the cluster the answer points to: to be asked upstream and appended. */
  readonly follow?: string;
}

/** Seconds an answer may be kept: short, as Pods come and go. */
export const recordTtl = 5;

type Entry = { readonly type: DnsRecord['type']; readonly data: unknown };
interface SrvData { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }

/** All names of a table with their records; a name without records exists only because others lie below it. */
export class DnsIndex {
  readonly domain: string;
  readonly #names = new Map<string, Entry[]>();
  readonly #reverse = new Map<string, Entry[]>();
  readonly #namespaces: ReadonlySet<string>;
  readonly #serial: number;

  constructor(table: DnsTable, serial = 1) {
    this.domain = table.domain.toLowerCase();
    this.#serial = serial;
    this.#namespaces = new Set(table.namespaces);
    this.#add(this.domain, { type: 'NS', data: `ns.dns.${this.domain}` });
    for (const address of table.addresses) this.#add(`ns.dns.${this.domain}`, addressEntry(address));
    this.#add(`dns-version.${this.domain}`, { type: 'TXT', data: '1.1.0' });
    this.#exists(`svc.${this.domain}`);
    this.#exists(`pod.${this.domain}`);
    for (const namespace of table.namespaces) {
      this.#exists(`${namespace}.svc.${this.domain}`);
      this.#exists(`${namespace}.pod.${this.domain}`);
    }
    for (const service of table.services) this.#addService(service);
  }

  /** Undefined: the name is not the cluster's. Names are asked without a final dot, in any case. */
  answer(question: string, type: string): DnsAnswer | undefined {
    const name = question.toLowerCase().replace(/\.$/, '');
    if (name.endsWith('.in-addr.arpa') || name.endsWith('.ip6.arpa')) {
      const entries = this.#reverse.get(name);
      return entries && this.#reply(question, entries, type);
    }
    if (name !== this.domain && !name.endsWith(`.${this.domain}`)) return undefined;
    if (name === this.domain && (type === 'SOA' || type === 'ANY')) return { rcode: 'NOERROR', answers: [this.#soa()], additionals: [], authorities: [] };
    const entries = this.#names.get(name) ?? this.#pod(name);
    if (!entries) return { rcode: 'NXDOMAIN', answers: [], additionals: [], authorities: [this.#soa()] };
    return this.#reply(question, entries, type);
  }

  #reply(name: string, entries: readonly Entry[], type: string): DnsAnswer {
    const record = (owner: string, entry: Entry): DnsRecord => ({ name: owner, type: entry.type, ttl: recordTtl, data: entry.data });
    const answers = entries.filter((entry) => entry.type === type || entry.type === 'CNAME' || type === 'ANY').map((entry) => record(name, entry));
    if (answers.length === 0) return { rcode: 'NOERROR', answers, additionals: [], authorities: [this.#soa()] };
    const additionals = new Map<string, DnsRecord[]>();
    let follow: string | undefined;
    for (const answer of answers.slice()) {
      if (answer.type === 'SRV') {
        const { target } = answer.data as SrvData;
        additionals.set(target, (this.#names.get(target) ?? []).filter(isAddress).map((entry) => record(target, entry)));
      }
      if (answer.type === 'CNAME' && type !== 'CNAME') {
        const target = answer.data as string;
        const known = this.#names.get(target.toLowerCase());
        if (known) answers.push(...known.filter((entry) => entry.type === type).map((entry) => record(target, entry)));
        else follow = target;
      }
    }
    return { rcode: 'NOERROR', answers, additionals: [...additionals.values()].flat(), authorities: [], ...(follow === undefined ? {} : { follow }) };
  }

  #soa(): DnsRecord {
    return {
      name: this.domain, type: 'SOA', ttl: recordTtl,
      data: { mname: `ns.dns.${this.domain}`, rname: `hostmaster.${this.domain}`, serial: this.#serial, refresh: 7200, retry: 1800, expire: 86400, minimum: recordTtl },
    };
  }

  /** `1-2-3-4.<namespace>.pod`: the address is in the name. */
  #pod(name: string): Entry[] | undefined {
    const match = /^(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\.([^.]+)\.pod\./.exec(name);
    if (!match || `${match[0]}${this.domain}` !== name || !this.#namespaces.has(match[5]!)) return undefined;
    const parts = match.slice(1, 5);
    return parts.every((part) => Number(part) <= 255) ? [{ type: 'A', data: parts.join('.') }] : undefined;
  }

  #addService(service: DnsService): void {
    const zone = `${service.name}.${service.namespace}.svc.${this.domain}`;
    this.#exists(zone);
    if (service.externalName !== undefined) {
      if (service.externalName) this.#add(zone, { type: 'CNAME', data: service.externalName.replace(/\.$/, '') });
      return;
    }
    for (const address of service.addresses) {
      this.#add(zone, addressEntry(address));
      this.#addReverse(address, zone);
    }
    if (!service.endpoints) {
      for (const port of service.ports) this.#addSrv(zone, port, zone);
      return;
    }
    for (const endpoint of service.endpoints) {
      const host = `${endpoint.host.toLowerCase()}.${zone}`;
      this.#add(zone, addressEntry(endpoint.address));
      this.#add(host, addressEntry(endpoint.address));
      this.#addReverse(endpoint.address, host);
      for (const port of endpoint.ports) this.#addSrv(zone, port, host);
    }
  }

  #addSrv(zone: string, port: DnsPort, target: string): void {
    if (!port.name) return;
    this.#exists(`_${port.protocol}.${zone}`);
    this.#add(`_${port.name}._${port.protocol}.${zone}`, { type: 'SRV', data: { priority: 0, weight: 100, port: port.port, target } satisfies SrvData });
  }

  #addReverse(address: string, name: string): void {
    if (!address.includes('.')) return;
    const reverse = `${address.split('.').reverse().join('.')}.in-addr.arpa`;
    const entries = this.#reverse.get(reverse);
    if (entries) entries.push({ type: 'PTR', data: name });
    else this.#reverse.set(reverse, [{ type: 'PTR', data: name }]);
  }

  #exists(name: string): Entry[] {
    let entries = this.#names.get(name);
    if (!entries) this.#names.set(name, entries = []);
    return entries;
  }

  #add(name: string, entry: Entry): void {
    const entries = this.#exists(name);
    if (!entries.some((known) => known.type === entry.type && JSON.stringify(known.data) === JSON.stringify(entry.data))) entries.push(entry);
  }
}

const addressEntry = (address: string): Entry => ({ type: address.includes(':') ? 'AAAA' : 'A', data: address });
const isAddress = (entry: Entry): boolean => entry.type === 'A' || entry.type === 'AAAA';
