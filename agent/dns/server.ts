// The cluster's name server: answers the cluster's names from the table and forwards all others. UDP and TCP.
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import dnsPacket, { type DecodedPacket, type Packet } from 'dns-packet';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { DnsIndex, type DnsAnswer } from './answers.ts';
import { forwardTcp, forwardUdp } from './forward.ts';
import type { DnsTable } from './table.ts';

export interface NameServerError { readonly id: string; readonly address: string; readonly port: number; readonly message: string }
type Handles = Map<string, Server | UdpSocket>;

/** Largest answer over UDP (it never leaves the host), and what a client without EDNS takes. */
const maxUdpBytes = 4096;
const plainUdpBytes = 512;
const tcpIdleMs = 10_000;
const maxPending = 1_024;
const rcodes: Record<string, number> = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };
const authoritative = 1 << 10;
const recursionDesired = 1 << 8;
const recursionAvailable = 1 << 7;
const truncated = 1 << 9;

interface Pair { readonly udp: UdpSocket; readonly tcp: Server }

export class NameServer {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listening = new Map<string, Pair>();
  readonly #connections = new Set<Socket>();
  #table: DnsTable | undefined;
  #index: DnsIndex | undefined;
  #serial = 0;
  #pending = 0;

  constructor(options: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Answers from `table` from now on, on its addresses; what could not be opened is returned. */
  async apply(table: DnsTable | undefined, handles?: Handles): Promise<NameServerError[]> {
    if (table !== this.#table) {
      this.#table = table;
      this.#index = table && new DnsIndex(table, ++this.#serial);
    }
    const wanted = new Set((table?.addresses ?? []).map((address) => `${address}:${table!.port}`));
    for (const [key, pair] of this.#listening) {
      if (wanted.has(key)) continue;
      this.#listening.delete(key);
      await closePair(pair);
    }
    const errors: NameServerError[] = [];
    for (const address of table?.addresses ?? []) {
      const key = `${address}:${table!.port}`;
      if (this.#listening.has(key)) continue;
      try {
        this.#listening.set(key, await this.#open(address, table!.port, handles));
      } catch (error) {
        errors.push({ id: 'dns', address, port: table!.port, message: `cannot listen on ${key}: ${(error as Error).message}` });
      }
    }
    return errors;
  }

  handles(): Handles {
    const handles: Handles = new Map();
    for (const [key, pair] of this.#listening) {
      handles.set(`dns/UDP/${key}`, pair.udp);
      handles.set(`dns/TCP/${key}`, pair.tcp);
    }
    return handles;
  }

  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    for (const pair of this.#listening.values()) await closePair(pair);
    this.#listening.clear();
  }

  async #open(address: string, port: number, handles?: Handles): Promise<Pair> {
    const adoptedUdp = handles?.get(`dns/UDP/${address}:${port}`) as UdpSocket | undefined;
    const adoptedTcp = handles?.get(`dns/TCP/${address}:${port}`) as Server | undefined;
    const udp = adoptedUdp ?? createSocket('udp4');
    const tcp = adoptedTcp ?? createServer();
    udp.on('message', (message, from) => this.#onDatagram(udp, message, from));
    tcp.on('connection', (socket) => this.#onConnection(socket));
    try {
      if (!adoptedUdp) await new Promise<void>((resolve, reject) => { udp.once('error', reject).bind({ address, port, exclusive: true }, resolve); });
      if (!adoptedTcp) await new Promise<void>((resolve, reject) => { tcp.once('error', reject).listen({ host: address, port, exclusive: true }, resolve); });
    } catch (error) {
      await closePair({ udp, tcp });
      throw error;
    }
    for (const handle of [udp, tcp]) {
      handle.removeAllListeners('error');
      handle.on('error', (error: Error) => this.#log.warn({ error }, 'name server socket reported an error'));
    }
    return { udp, tcp };
  }

  #onDatagram(udp: UdpSocket, message: Buffer, from: RemoteInfo): void {
    void this.#answer(message, 'udp').then((reply) => {
      // The socket may have been closed while the answer was on its way.
      if (reply) try { udp.send(reply, from.port, from.address); } catch (error) { this.#log.debug({ error }, 'answer not sent'); }
    });
  }

  #onConnection(socket: Socket): void {
    this.#connections.add(socket);
    let input = Buffer.alloc(0);
    socket.setTimeout(tcpIdleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      input = Buffer.concat([input, chunk]);
      while (input.length >= 2 && input.length >= 2 + input.readUInt16BE(0)) {
        const size = input.readUInt16BE(0);
        const query = input.subarray(2, 2 + size);
        input = input.subarray(2 + size);
        void this.#answer(query, 'tcp').then((reply) => {
          if (!reply || socket.destroyed) return;
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([length, reply]));
        });
      }
    });
  }

  /** Undefined for what is no query at all. */
  async #answer(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    let query: DecodedPacket;
    try {
      query = dnsPacket.decode(message);
    } catch {
      return message.length >= 12 ? headerOnly(message, 'FORMERR') : undefined;
    }
    const question = query.questions?.[0];
    if (query.type !== 'query') return undefined;
    if ((message[2]! >> 3 & 0x0f) !== 0) return headerOnly(message, 'NOTIMP');
    if (!question) return headerOnly(message, 'FORMERR');
    const known = this.#index?.answer(question.name, question.type);
    if (!known) return this.#forward(message, transport);
    const followed = known.follow === undefined ? [] : await this.#resolve(known.follow, question.type);
    return encode(query, known, followed, transport);
  }

  async #forward(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> {
    if (this.#pending >= maxPending) return headerOnly(message, 'SERVFAIL');
    this.#pending++;
    try {
      for (const upstream of this.#table?.upstreams ?? []) {
        const reply = await (transport === 'udp' ? forwardUdp : forwardTcp)(message, upstream, this.#clock);
        if (reply) return reply;
      }
    } finally {
      this.#pending--;
    }
    return headerOnly(message, 'SERVFAIL');
  }

  /** What the outside says of a name a Service stands for. */
  async #resolve(name: string, type: string): Promise<NonNullable<Packet['answers']>> {
    const query = dnsPacket.encode({ type: 'query', id: Math.floor(Math.random() * 65536), flags: recursionDesired, questions: [{ name, type: type as 'A' }] });
    const reply = await this.#forward(query, 'udp');
    return dnsPacket.decode(reply).answers ?? [];
  }
}

function encode(query: DecodedPacket, answer: DnsAnswer, followed: NonNullable<Packet['answers']>, transport: 'udp' | 'tcp'): Buffer {
  const edns = (query.additionals ?? []).find((record) => record.type === 'OPT');
  const limit = transport === 'tcp' ? 65535 : edns ? Math.max(plainUdpBytes, Math.min(maxUdpBytes, (edns as { udpPayloadSize?: number }).udpPayloadSize ?? plainUdpBytes)) : plainUdpBytes;
  const opt = edns ? [{ type: 'OPT', name: '.', udpPayloadSize: maxUdpBytes, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }] : [];
  const flags = authoritative | recursionAvailable | ((query.flags ?? 0) & recursionDesired) | rcodes[answer.rcode]!;
  const answers = [...answer.answers, ...followed] as NonNullable<Packet['answers']>;
  const packet = (count: number): Buffer => dnsPacket.encode({
    type: 'response', id: query.id ?? 0, flags: flags | (count < answers.length ? truncated : 0), questions: query.questions ?? [],
    answers: answers.slice(0, count),
    authorities: answer.authorities as NonNullable<Packet['answers']>,
    additionals: [...(count < answers.length ? [] : answer.additionals), ...opt] as NonNullable<Packet['answers']>,
  });
  let bytes = packet(answers.length);
  // As many as fit: some resolvers never ask again over TCP.
  for (let count = answers.length; bytes.length > limit && count > 0;) {
    count = Math.min(count - 1, Math.floor((count * limit) / bytes.length));
    bytes = packet(count);
  }
  return bytes;
}

/** The query's own header and question with a result code: needs nothing decoded. */
function headerOnly(message: Buffer, rcode: string): Buffer {
  const reply = Buffer.from(message.subarray(0, 12));
  reply[2] = (reply[2]! & 0x79) | 0x80;
  reply[3] = recursionAvailable | rcodes[rcode]!;
  reply.fill(0, 4, 12);
  return reply;
}

function closePair(pair: Pair): Promise<unknown> {
  return Promise.all([
    new Promise<void>((resolve) => { try { pair.udp.close(() => resolve()); } catch { resolve(); } }),
    // The port is free at once; connections end by themselves soon.
    Promise.resolve(pair.tcp.close()),
  ]);
}
