// The cluster's name server: answers the cluster's names from the table and forwards all others. UDP and TCP.
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { Forwarder } from './forwarder.ts';
import { onLoopback } from './host-resolvers.ts';
import { headerBytes, headerOnly } from './message.ts';
import { Resolver, type Transport } from './resolver.ts';
import type { DnsTable } from './table.ts';
import { createAsk, type Ask } from './upstream.ts';

export interface NameServerError { readonly id: string; readonly address: string; readonly port: number; readonly message: string }
type Handles = Map<string, Server | UdpSocket>;

const tcpIdleMs = 10_000;
const maxConnections = 1_000;
/** A client that does not read what it asked for is left. */
const maxUnread = 1 << 20;

interface Pair { readonly udp: UdpSocket; readonly tcp: Server }

export class NameServer {
  readonly #log: Log;
  readonly #resolver: Resolver;
  readonly #listening = new Map<string, Pair>();
  readonly #connections = new Set<Socket>();

  /** `askHost` asks resolvers on the loopback of the host, where that is another's. */
  constructor({ clock, log, askHost }: { readonly clock: Clock; readonly log: Log; readonly askHost?: Ask | undefined }) {
    this.#log = log;
    const ask = createAsk(clock);
    this.#resolver = new Resolver(new Forwarder({ clock, ask: askHost ? (question, upstream) => (onLoopback(upstream) ? askHost : ask)(question, upstream) : ask }));
  }

  /** Answers from `table` from now on, on its addresses; what could not be opened is returned. */
  async apply(table: DnsTable | undefined, handles?: Handles): Promise<NameServerError[]> {
    this.#resolver.use(table);
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
    tcp.maxConnections = maxConnections;
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
    this.#answer(message, 'udp', (reply) => {
      // The socket may have been closed while the answer was on its way.
      try { udp.send(reply, from.port, from.address); } catch (error) { this.#log.debug({ error }, 'answer not sent'); }
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
        this.#answer(query, 'tcp', (reply) => {
          if (socket.destroyed) return;
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([length, reply]));
          if (socket.writableLength > maxUnread) socket.destroy();
        });
      }
    });
  }

  /** What the cluster knows is answered in this turn. */
  #answer(message: Buffer, transport: Transport, send: (reply: Buffer) => void): void {
    const failed = (error: unknown): void => {
      this.#log.error({ error }, 'a name could not be resolved');
      if (message.length >= headerBytes) send(headerOnly(message, 'SERVFAIL'));
    };
    try {
      const reply = this.#resolver.answer(message, transport);
      if (reply instanceof Promise) reply.then(send, failed);
      else if (reply) send(reply);
    } catch (error) {
      failed(error);
    }
  }
}

function closePair(pair: Pair): Promise<unknown> {
  return Promise.all([
    new Promise<void>((resolve) => { try { pair.udp.close(() => resolve()); } catch { resolve(); } }),
    // The port is free at once; connections end by themselves soon.
    Promise.resolve(pair.tcp.close()),
  ]);
}
