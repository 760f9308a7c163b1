// From a query's bytes to the answer's: the cluster's names from the index, all others from resolvers outside.
import dnsPacket from 'dns-packet';
import { DnsIndex, type DnsAnswer, type DnsRecord } from './answers.ts';
import { staleTtl, type Forwarded, type Forwarder } from './forwarder.ts';
import { classIN, encodeAnswer, flags, headerBytes, headerOnly, isMalformed, limitOf, opcodeOf, parseQuery, rcodes, typeNumbers, type Query, type Rcode } from './message.ts';
import { renderReply } from './reply.ts';
import type { DnsTable } from './table.ts';
import { upstreamAddress } from './upstream.ts';

export type Transport = 'udp' | 'tcp';

const anyClass = 255;

export class Resolver {
  readonly #forwarder: Forwarder;
  #index: DnsIndex | undefined;
  #table: DnsTable | undefined;
  #serial = 0;
  #turn = 0;

  constructor(forwarder: Forwarder) { this.#forwarder = forwarder; }

  use(table: DnsTable | undefined): void {
    if (table === this.#table) return;
    this.#table = table;
    this.#index = table && new DnsIndex(table, ++this.#serial, this.#index);
    if (!table) return;
    // A host that resolves through this very server must not make it ask itself.
    const others = (upstreams: readonly string[]): string[] => upstreams.filter((upstream) => {
      const { host, port } = upstreamAddress(upstream);
      return port !== table.port || !table.addresses.includes(host);
    });
    this.#forwarder.configure({ upstreams: others(table.upstreams), stubDomains: (table.stubDomains ?? []).map(({ domain, upstreams }) => ({ domain: domain.toLowerCase(), upstreams: others(upstreams) })) });
  }

  /** Undefined for what is no query at all; a promise only where somebody else has to be asked. */
  answer(message: Buffer, transport: Transport): Buffer | undefined | Promise<Buffer> {
    if (message.length < headerBytes || message.readUInt16BE(2) & flags.response) return undefined;
    if (opcodeOf(message) !== 0) return headerOnly(message, 'NOTIMP');
    let query: Query;
    try {
      query = parseQuery(message);
    } catch (error) {
      if (isMalformed(error)) return headerOnly(message, 'FORMERR');
      throw error;
    }
    if (query.edns && query.edns.version !== 0) return failed(query, transport, 'BADVERS');
    if (query.class !== classIN && query.class !== anyClass) return failed(query, transport, 'REFUSED');
    const known = this.#index?.answer(query.name, query.type);
    if (known?.follow !== undefined) return this.#follow(query, known, known.follow, transport);
    if (known) return this.#encode(query, known, transport);
    return query.type === 'AXFR' || query.type === 'IXFR' ? failed(query, transport, 'REFUSED') : this.#forward(query, transport);
  }

  #encode(query: Query, known: Pick<DnsAnswer, 'answers' | 'authorities' | 'additionals' | 'rcode'>, transport: Transport): Buffer {
    return encodeAnswer(query, { ...known, answers: this.#rotated(known.answers), authoritative: known.rcode !== 'REFUSED' }, limitOf(query, transport));
  }

  async #forward(query: Query, transport: Transport): Promise<Buffer> {
    const forwarded = await this.#forwarder.resolve(query);
    return forwarded ? renderReply(forwarded.reply, query, transport, forwarded.seconds, forwarded.stale ? staleTtl : undefined) : failed(query, transport, 'SERVFAIL');
  }

  /** What the outside says of a name a Service stands for, after the aliases that lead there. */
  async #follow(query: Query, known: DnsAnswer, name: string, transport: Transport): Promise<Buffer> {
    const forwarded = await this.#forwarder.resolve({ ...query, name, question: questionBytes(name, query) });
    const rcode = (Object.keys(rcodes) as Rcode[]).find((candidate) => rcodes[candidate] === forwarded?.reply.rcode) ?? 'SERVFAIL';
    if (!forwarded || (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN')) return failed(query, transport, rcode);
    return encodeAnswer(query, { rcode, authoritative: true, answers: this.#rotated([...known.answers, ...recordsOf(forwarded)]) }, limitOf(query, transport));
  }

  /** Each address comes first in its turn, as most clients take the first. (upstream: CoreDNS plugin/loadbalance) */
  #rotated(records: readonly DnsRecord[]): readonly DnsRecord[] {
    const first = records.findIndex(({ type }) => type === 'A' || type === 'AAAA');
    if (first < 0 || records.length - first < 2) return records;
    const addresses = records.slice(first);
    const turn = this.#turn++ % addresses.length;
    return [...records.slice(0, first), ...addresses.slice(turn), ...addresses.slice(0, turn)];
  }
}

const failed = (query: Query, transport: Transport, rcode: Rcode): Buffer => encodeAnswer(query, { rcode, authoritative: false }, limitOf(query, transport));

function questionBytes(name: string, { type, class: wanted }: Query): Buffer {
  const end = Buffer.alloc(4);
  end.writeUInt16BE(type in typeNumbers ? typeNumbers[type as keyof typeof typeNumbers] : Number(type.slice('TYPE'.length)), 0);
  end.writeUInt16BE(wanted, 2);
  return Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])), Buffer.from([0]), end]);
}

/** Aliases and addresses of a reply, and where Services of other protocols are; other types have no place behind an alias. */
function recordsOf({ reply, seconds, stale }: Forwarded): DnsRecord[] {
  return (dnsPacket.decode(reply.bytes).answers ?? []).flatMap((record) => {
    if (record.type !== 'A' && record.type !== 'AAAA' && record.type !== 'CNAME' && record.type !== 'SRV') return [];
    const ttl = stale ? staleTtl : Math.max(0, (record.ttl ?? 0) - Math.floor(seconds));
    return [{ name: record.name, type: record.type, ttl, data: record.data } as DnsRecord];
  });
}
