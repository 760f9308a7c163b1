// DNS messages as bytes: reads what the name server has to know of a query, writes its own answers with compressed names, so that as
// many addresses as can be fit into one datagram. (RFC 1035, 2181, 3596, 6891)
import { addressKey } from './reverse-names.ts';
import type { DnsRecord } from './answers.ts';

export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
export type Rcode = keyof typeof rcodes;

export const typeNumbers = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, IXFR: 251, AXFR: 252, ANY: 255 } as const;
const typeNames = new Map<number, string>(Object.entries(typeNumbers).map(([name, number]) => [number, name]));
export const classIN = 1;

export const flags = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100, recursionAvailable: 0x0080, authenticData: 0x0020, checkingDisabled: 0x0010 } as const;
export const headerBytes = 12;
/** What a client without EDNS takes over UDP. */
const plainUdpBytes = 512;
const optBytes = 11;
const dnssecOk = 0x8000;

export interface Edns { readonly udpBytes: number; readonly version: number; readonly dnssecOk: boolean }
export interface Query {
  readonly id: number;
  /** The second word of the header. */
  readonly flags: number;
  /** Name, type and class as they were sent. */
  readonly question: Buffer;
  /** As it was asked, without a final dot; dots and backslashes inside labels are escaped. */
  readonly name: string;
  /** `A`, …, or `TYPE65` for those without a name here. */
  readonly type: string;
  readonly class: number;
  readonly edns?: Edns;
}

export const opcodeOf = (header: Buffer): number => (header[2]! >> 3) & 0x0f;

/** Whether a message was not what it should be; a Buffer says so in the same way when it is read beyond its end. */
export const isMalformed = (error: unknown): boolean => (error as Error).name === 'RangeError';

/** The offset after the name at `offset`. @throws RangeError where the message ends too soon or goes round in circles */
export function skipName(message: Buffer, offset: number): number {
  for (;;) {
    const length = message.readUInt8(offset);
    if (length === 0) return offset + 1;
    if ((length & 0xc0) === 0xc0) return offset + 2;
    if (length & 0xc0) throw new RangeError('unknown kind of label');
    offset += length + 1;
  }
}

/** @throws RangeError for bytes that are no query with one question */
export function parseQuery(message: Buffer): Query {
  if (message.readUInt16BE(4) !== 1) throw new RangeError('not one question');
  const end = skipName(message, headerBytes);
  if (end - headerBytes > 255) throw new RangeError('the name is too long');
  const labels: string[] = [];
  for (let at = headerBytes; message[at] !== 0; at += message[at]! + 1) {
    if (message[at]! & 0xc0) throw new RangeError('a question has nothing to point at');
    labels.push(message.toString('latin1', at + 1, at + 1 + message[at]!).replaceAll(/[.\\]/g, '\\$&'));
  }
  const type = message.readUInt16BE(end);
  let offset = end + 4;
  let edns: Edns | undefined;
  for (let left = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10); left > 0; left--) {
    const fixed = skipName(message, offset);
    if (message.readUInt16BE(fixed) === typeNumbers.OPT) {
      if (edns) throw new RangeError('more than one OPT record');
      edns = { udpBytes: message.readUInt16BE(fixed + 2), version: message.readUInt8(fixed + 5), dnssecOk: (message.readUInt16BE(fixed + 6) & dnssecOk) !== 0 };
    }
    offset = fixed + 10 + message.readUInt16BE(fixed + 8);
    if (offset > message.length) throw new RangeError('a record ends beyond the message');
  }
  return {
    id: message.readUInt16BE(0), flags: message.readUInt16BE(2), question: message.subarray(headerBytes, end + 4), name: labels.join('.'),
    type: typeNames.get(type) ?? `TYPE${type}`, class: message.readUInt16BE(end + 2), ...(edns ? { edns } : {}),
  };
}

export interface AnswerParts {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers?: readonly DnsRecord[];
  readonly authorities?: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
}

/** The answer in at most `limit` bytes: answers that do not fit make it truncated (as many as fit stay: some clients never ask again), additional records are left out. */
export function encodeAnswer(query: Query, parts: AnswerParts, limit: number): Buffer {
  const { answers = [], authorities = [], additionals = [] } = parts;
  const writer = new Writer(limit - (query.edns ? optBytes : 0), query);
  const counts = [answers, authorities].map((records) => records.filter((record) => writer.write(record)).length);
  const truncated = writer.full;
  const extra = truncated ? 0 : additionals.filter((record) => writer.write(record)).length;
  const word = flags.response | (query.flags & flags.recursionDesired) | flags.recursionAvailable | (query.flags & flags.checkingDisabled)
    | (parts.authoritative ? flags.authoritative : 0) | (truncated ? flags.truncated : 0) | (rcodes[parts.rcode] & 0x0f);
  return writer.finish(query, word, [counts[0]!, counts[1]!, extra], rcodes[parts.rcode] >> 4);
}

/** The query's own header with a result code: for what cannot be read further. */
export function headerOnly(message: Buffer, rcode: Rcode): Buffer {
  const reply = Buffer.alloc(headerBytes);
  message.copy(reply, 0, 0, 2);
  reply.writeUInt16BE(flags.response | (message.readUInt16BE(2) & 0x7900) | flags.recursionAvailable | rcodes[rcode], 2);
  return reply;
}

/** The OPT record of a message of ours. */
export function optRecord(udpBytes: number, dnssec: boolean, extendedRcode = 0): Buffer {
  const opt = Buffer.alloc(optBytes);
  opt.writeUInt16BE(typeNumbers.OPT, 1);
  opt.writeUInt16BE(udpBytes, 3);
  opt.writeUInt8(extendedRcode, 5);
  opt.writeUInt16BE(dnssec ? dnssecOk : 0, 7);
  return opt;
}

/** Largest datagram this server sends and takes: answers to Pods never leave the host. */
export const maxUdpBytes = 4096;

/** How large an answer may be. */
export const limitOf = (query: Pick<Query, 'edns'>, transport: 'udp' | 'tcp'): number =>
  (transport === 'tcp' ? 65_535 : query.edns ? Math.max(plainUdpBytes, Math.min(maxUdpBytes, query.edns.udpBytes)) : plainUdpBytes);

/** Longest record this server writes: a name, the fixed part, and data that is an SOA with two names. */
const maxRecordBytes = 1024;
/** Offsets beyond this cannot be pointed at. */
const maxPointer = 0x3fff;

class Writer {
  readonly #limit: number;
  readonly #offsets = new Map<string, number>();
  #bytes: Buffer;
  #at: number;
  /** A record did not fit; none is written after it. */
  full = false;

  constructor(limit: number, query: Query) {
    this.#limit = limit;
    this.#bytes = Buffer.allocUnsafe(plainUdpBytes + maxRecordBytes);
    this.#at = headerBytes + query.question.copy(this.#bytes, headerBytes);
    let offset = headerBytes;
    for (let name = query.name; name !== '' && !name.includes('\\'); name = parentOf(name)) {
      this.#offsets.set(name.toLowerCase(), offset);
      offset += this.#bytes[offset]! + 1;
    }
  }

  write(record: DnsRecord): boolean {
    if (this.full) return false;
    const start = this.#at;
    if (this.#bytes.length - start < maxRecordBytes) this.#bytes = Buffer.concat([this.#bytes, Buffer.allocUnsafe(this.#bytes.length)]);
    this.#name(record.name);
    this.#uint16(typeNumbers[record.type]);
    this.#uint16(classIN);
    this.#uint32(record.ttl);
    const data = this.#at + 2;
    this.#at = data;
    this.#data(record);
    this.#bytes.writeUInt16BE(this.#at - data, data - 2);
    if (this.#at <= this.#limit) return true;
    // What was noted of names beyond here is never used: nothing is written any more.
    this.#at = start;
    this.full = true;
    return false;
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case 'A': this.#at = record.data.split('.').reduce((at, part) => this.#bytes.writeUInt8(Number(part), at), this.#at); break;
      case 'AAAA': this.#at += this.#bytes.write(addressKey(record.data), this.#at, 'hex'); break;
      case 'TXT': {
        const length = this.#bytes.write(record.data, this.#at + 1, 255, 'latin1');
        this.#bytes[this.#at] = length;
        this.#at += length + 1;
        break;
      }
      case 'SRV':
        for (const value of [record.data.priority, record.data.weight, record.data.port]) this.#uint16(value);
        // Whole: RFC 2782 allows no pointer here.
        this.#name(record.data.target, false);
        break;
      case 'SOA': {
        const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
        this.#name(mname);
        this.#name(rname);
        for (const value of [serial, refresh, retry, expire, minimum]) this.#uint32(value);
        break;
      }
      default: this.#name(record.data);
    }
  }

  #name(name: string, compressed = true): void {
    for (let rest = name; rest !== ''; rest = parentOf(rest)) {
      const key = rest.toLowerCase();
      const known = this.#offsets.get(key);
      if (known !== undefined && compressed) {
        this.#uint16(0xc000 | known);
        return;
      }
      if (known === undefined && this.#at <= maxPointer) this.#offsets.set(key, this.#at);
      const dot = rest.indexOf('.');
      const length = this.#bytes.write(dot < 0 ? rest : rest.slice(0, dot), this.#at + 1, 63, 'latin1');
      this.#bytes[this.#at] = length;
      this.#at += length + 1;
    }
    this.#bytes[this.#at++] = 0;
  }

  #uint16(value: number): void { this.#at = this.#bytes.writeUInt16BE(value, this.#at); }
  #uint32(value: number): void { this.#at = this.#bytes.writeUInt32BE(value, this.#at); }

  finish(query: Query, word: number, counts: readonly [number, number, number], extendedRcode: number): Buffer {
    this.#bytes.writeUInt16BE(query.id, 0);
    this.#bytes.writeUInt16BE(word, 2);
    [1, counts[0], counts[1], counts[2] + (query.edns ? 1 : 0)].forEach((count, i) => this.#bytes.writeUInt16BE(count, 4 + 2 * i));
    const message = this.#bytes.subarray(0, this.#at);
    return query.edns ? Buffer.concat([message, optRecord(maxUdpBytes, query.edns.dnssecOk, extendedRcode)]) : message;
  }
}

const parentOf = (name: string): string => {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
};
