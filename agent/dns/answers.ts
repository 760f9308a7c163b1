// The cluster's names and what each resolves to. Pure: nothing is made ahead but where to look, so that a new table costs little.
// (upstream: kubernetes/dns docs/specification.md 1.1.0; CoreDNS plugin/kubernetes and plugin/backend_lookup.go)
import { isIP } from 'node:net';
import { addressKey, dashedAddress, isReverseName, reverseAddress, undashedAddress } from './reverse-names.ts';
import type { DnsHost, DnsPort, DnsService, DnsSubset, DnsTable } from './table.ts';

export interface SrvData { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
export interface SoaData { readonly mname: string; readonly rname: string; readonly serial: number; readonly refresh: number; readonly retry: number; readonly expire: number; readonly minimum: number }
export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS' | 'TXT'; readonly data: string } | { readonly type: 'SRV'; readonly data: SrvData } | { readonly type: 'SOA'; readonly data: SoaData });
export interface DnsAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  readonly answers: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** A name outside the cluster the answer points to: to be asked upstream and appended. */
  readonly follow?: string;
}

/** Seconds an answer may be kept: short, as Pods come and go. */
const recordTtl = 5;
const schemaVersion = '1.1.0';
const schemaTtl = 28_800;
/** ExternalNames that point to one another are followed this far. */
const maxAliases = 10;

/** Where a name leads: one address and port of a Service; port -1 where none is declared. `target` is the host's own name. */
interface Place { readonly target: string; readonly address: string; readonly port: number }
/** A name that is there: with its places (none: only others lie below it), or as another name of something. */
type Found = { readonly places: readonly Place[]; readonly alias?: undefined } | { readonly alias: string };

/** By address: the Service it is the cluster address of, else the hosts that have it. */
type Owners = Map<string, DnsService | { readonly service: DnsService; readonly host: DnsHost }[]>;

const empty: Found = { places: [] };
const noPort: DnsPort = { name: '', protocol: 'tcp', port: -1 };

export class DnsIndex {
  readonly domain: string;
  readonly #suffix: string;
  readonly #table: DnsTable;
  readonly #serial: number;
  readonly #namespaces: ReadonlySet<string>;
  /** By `namespace/name`. */
  readonly #services: Map<string, DnsService>;
  readonly #own: DnsService;
  /** Made at the first question for an address: most tables see none before the next one comes. */
  #owners: Owners | undefined;

  /** `before` is taken over and not used again: where tables share Services, only the others are entered. */
  constructor(table: DnsTable, serial = 1, before?: DnsIndex) {
    this.domain = table.domain.toLowerCase();
    this.#suffix = `.${this.domain}`;
    this.#table = table;
    this.#serial = serial;
    this.#namespaces = before && before.#table.namespaces === table.namespaces ? before.#namespaces : new Set([...table.namespaces, ownNamespace]);
    this.#services = before ? before.#services : new Map<string, DnsService>();
    const [old, now] = [before ? before.#table.services : [], table.services];
    let [start, oldEnd, end] = [0, old.length, now.length];
    while (start < oldEnd && start < end && old[start] === now[start]) start++;
    while (oldEnd > start && end > start && old[oldEnd - 1] === now[end - 1]) { oldEnd--; end--; }
    for (const service of old.slice(start, oldEnd)) this.#services.delete(keyOf(service));
    for (const service of now.slice(start, end)) this.#services.set(keyOf(service), service);
    const own = ownService(table);
    const known = this.#services.get(keyOf(own));
    if (!known || (before && known === before.#own)) this.#services.set(keyOf(own), own);
    this.#own = own;
  }

  /** Undefined: the name is not the cluster's. Names are asked with or without a final dot, in any case; the answer has the asker's case. */
  answer(question: string, type: string): DnsAnswer | undefined {
    const asked = question.replace(/\.$/, '');
    const name = asked.toLowerCase();
    if (isReverseName(name)) return this.#reverse(asked, name, type);
    if (name !== this.domain && !name.endsWith(this.#suffix)) return undefined;
    if (type === 'AXFR' || type === 'IXFR') return { rcode: 'REFUSED', answers: [], additionals: [], authorities: [] };
    if (name === this.domain) return this.#apex(asked, type);
    if (name === `dns-version${this.#suffix}`) return this.#reply(type === 'TXT' || type === 'ANY' ? [{ name: asked, type: 'TXT', ttl: schemaTtl, data: schemaVersion }] : []);
    return this.#named(asked, name, type);
  }

  #named(asked: string, name: string, type: string): DnsAnswer {
    let found = this.#find(name);
    if (!found) return this.#nothing('NXDOMAIN');
    const aliases: DnsRecord[] = [];
    let owner = asked;
    while (found.alias !== undefined) {
      const target: string = found.alias;
      aliases.push({ name: owner, type: 'CNAME', ttl: recordTtl, data: target });
      if (type === 'CNAME' || type === 'ANY') return this.#reply(aliases);
      owner = target;
      const next = target.toLowerCase();
      if (next !== this.domain && !next.endsWith(this.#suffix)) return { ...this.#reply(aliases), follow: target };
      const pointed = this.#find(next);
      // One without an address beyond it stands for nothing.
      if (!pointed || aliases.length > maxAliases) return this.#nothing('NOERROR');
      found = pointed;
    }
    const { records, additionals } = this.#records(owner, found.places, type);
    return records.length > 0 ? this.#reply([...aliases, ...records], additionals) : this.#nothing('NOERROR');
  }

  #records(owner: string, places: readonly Place[], type: string): { records: DnsRecord[]; additionals: DnsRecord[] } {
    const wanted = (address: DnsRecord): boolean => type === 'ANY' || address.type === type;
    if (type !== 'SRV') return { records: distinct(places.map((place) => addressRecord(owner, place.address)).filter(wanted)), additionals: [] };
    const ported = places.filter(({ port }) => port !== -1);
    const weight = Math.max(1, Math.floor(100 / Math.max(1, ported.length)));
    return {
      records: distinct(ported.map(({ port, target }): DnsRecord => ({ name: owner, type: 'SRV', ttl: recordTtl, data: { priority: 0, weight, port, target } }))),
      additionals: distinct(ported.map(({ target, address }) => addressRecord(target, address))),
    };
  }

  #apex(asked: string, type: string): DnsAnswer {
    const ns = `ns.dns${this.#suffix}`;
    if (type === 'SOA' || type === 'ANY') return this.#reply([this.#soa()]);
    if (type === 'NS') return this.#reply([{ name: asked, type: 'NS', ttl: recordTtl, data: ns }], this.#table.addresses.map((address) => addressRecord(ns, address)));
    return this.#nothing('NOERROR');
  }

  /** What the labels before the cluster's domain name. `name` is of lower case and below the domain. */
  #find(name: string): Found | undefined {
    const labels = name.slice(0, -this.#suffix.length).split('.').reverse();
    const [kind, namespace, first, ...rest] = labels;
    if (labels.length === 2 && kind === 'dns' && namespace === 'ns') return { places: this.#table.addresses.map((address) => ({ target: name, address, port: -1 })) };
    if (kind !== 'svc' && kind !== 'pod') return undefined;
    if (namespace === undefined) return empty;
    if (!this.#namespaces.has(namespace)) return undefined;
    if (first === undefined) return empty;
    if (kind === 'svc') {
      const service = this.#services.get(`${namespace}/${first}`);
      return service && this.#findIn(service, rest);
    }
    // The address is in the name: nobody has to own it.
    const address = rest.length === 0 ? undashedAddress(first) : undefined;
    return address === undefined ? undefined : { places: [{ target: name, address, port: -1 }] };
  }

  /** `rest`: the labels before the Service's, the nearest first. */
  #findIn(service: DnsService, rest: readonly string[]): Found | undefined {
    if (service.externalName !== undefined) {
      const alias = service.externalName.replace(/\.$/, '');
      return rest.length > 0 || alias === '' || isIP(alias) ? undefined : { alias };
    }
    const zone = this.#zone(service);
    const headless = service.addresses.length === 0;
    if (rest.length > 2) return undefined;
    let wanted = (_port: DnsPort): boolean => true;
    if (rest.length === 2) {
      const [protocol, name] = rest.map((label) => label.replace(/^_/, ''));
      wanted = (port) => port.name.toLowerCase() === name && name !== '' && port.protocol === protocol;
    }
    const host = rest.length === 1 ? rest[0]! : undefined;
    const places = headless || host !== undefined
      ? (service.subsets ?? []).flatMap((subset) => hostPlaces(zone, subset, host, wanted))
      : portsOf(service.ports).filter(wanted).flatMap(({ port }) => service.addresses.map((address): Place => ({ target: zone, address, port })));
    if (places.length > 0) return { places };
    // `_tcp` lies between the Service and its ports.
    const ports = headless ? (service.subsets ?? []).flatMap((subset) => subset.ports) : service.ports;
    return host?.startsWith('_') && ports.some((port) => port.name !== '' && `_${port.protocol}` === host) ? empty : undefined;
  }

  #reverse(asked: string, name: string, type: string): DnsAnswer | undefined {
    const address = reverseAddress(name);
    const owner = address === undefined ? undefined : (this.#owners ??= ownersOf(this.#services.values())).get(address);
    if (!owner) return undefined;
    if (type !== 'PTR' && type !== 'ANY') return this.#nothing('NOERROR', name.endsWith('.ip6.arpa') ? 'ip6.arpa' : 'in-addr.arpa');
    const names = Array.isArray(owner) ? owner.map(({ service, host }) => `${nameOf(host)}.${this.#zone(service)}`) : [this.#zone(owner)];
    return this.#reply([...new Set(names)].map((data) => ({ name: asked, type: 'PTR', ttl: recordTtl, data })));
  }

  #zone(service: DnsService): string { return `${service.name}.${service.namespace}.svc${this.#suffix}`; }
  #reply(answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []): DnsAnswer {
    return answers.length > 0 ? { rcode: 'NOERROR', answers, additionals, authorities: [] } : this.#nothing('NOERROR');
  }
  #nothing(rcode: 'NOERROR' | 'NXDOMAIN', zone = this.domain): DnsAnswer { return { rcode, answers: [], additionals: [], authorities: [this.#soa(zone)] }; }
  #soa(zone = this.domain): DnsRecord {
    return {
      name: zone, type: 'SOA', ttl: recordTtl,
      data: { mname: `ns.dns${this.#suffix}`, rname: `hostmaster${this.#suffix}`, serial: this.#serial, refresh: 7200, retry: 1800, expire: 86400, minimum: recordTtl },
    };
  }
}

const ownNamespace = 'kube-system';
const keyOf = ({ namespace, name }: DnsService): string => `${namespace}/${name}`;
/** What Kubernetes' add-on for DNS is called: the name server itself, as long as nobody makes a Service of that name. */
const ownService = (table: DnsTable): DnsService => ({
  namespace: ownNamespace, name: 'kube-dns', addresses: table.addresses, ports: [{ name: 'dns', protocol: 'udp', port: table.port }, { name: 'dns-tcp', protocol: 'tcp', port: table.port }],
});

function ownersOf(services: Iterable<DnsService>): Owners {
  const owners: Owners = new Map();
  for (const service of services) {
    for (const address of service.addresses) {
      const known = owners.get(addressKey(address));
      if (!known || Array.isArray(known)) owners.set(addressKey(address), service);
    }
    for (const { hosts } of service.subsets ?? []) for (const host of hosts) {
      const key = addressKey(host.address);
      const known = owners.get(key);
      if (!known) owners.set(key, [{ service, host }]);
      else if (Array.isArray(known)) known.push({ service, host });
    }
  }
  return owners;
}

/** Hosts are there without ports, too. */
const portsOf = (ports: readonly DnsPort[]): readonly DnsPort[] => (ports.length > 0 ? ports : [noPort]);

function hostPlaces(zone: string, subset: DnsSubset, host: string | undefined, wanted: (port: DnsPort) => boolean): Place[] {
  const ports = portsOf(subset.ports).filter(wanted);
  return subset.hosts.flatMap((candidate) => {
    const name = nameOf(candidate);
    return host === undefined || host === name ? ports.map(({ port }): Place => ({ target: `${name}.${zone}`, address: candidate.address, port })) : [];
  });
}

const nameOf = ({ hostname, address }: DnsHost): string => hostname?.toLowerCase() ?? dashedAddress(address);

const addressRecord = (name: string, address: string): DnsRecord => ({ name, type: address.includes(':') ? 'AAAA' : 'A', ttl: recordTtl, data: address });

function distinct(records: readonly DnsRecord[]): DnsRecord[] {
  const seen = new Map<string, DnsRecord>();
  for (const record of records) {
    const key = record.type === 'SRV' ? `${record.data.target} ${record.data.port}` : `${record.name} ${record.data as string}`;
    if (!seen.has(key)) seen.set(key, record);
  }
  return [...seen.values()];
}
