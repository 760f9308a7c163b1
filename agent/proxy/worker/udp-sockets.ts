// The sockets of one open UDP port. What comes in on a socket of all addresses is answered from the address that the route to the client
// names, and who has asked another address takes no answer from there: so each address of the host has a socket of its own beside it, which
// the kernel prefers. Addresses that come later are found when the socket of all is asked. All of them share the port, as they must: another
// program that is willing to share could have it, too, once it is open.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../../src/util/clock.ts';
import { anyAddress, type Listen } from '../rules.ts';

/** Broadcasts, too, arrive at the socket of all addresses: the host's are not looked up for each of them. */
const lookMs = 1000;

export interface UdpSocketsOptions {
  readonly listen: Pick<Listen, 'address' | 'port'>;
  readonly clock: Clock;
  /** Whether who asks this port is answered by it: not where the kernel takes its traffic. */
  readonly answers: () => boolean;
  /** `asked` is the address to answer from, or that of all. */
  readonly received: (message: Buffer, from: RemoteInfo, asked: string) => void;
}

export class UdpSockets {
  /** What the next worker takes over. */
  readonly main: Socket;
  readonly #options: UdpSocketsOptions;
  readonly #adopted: boolean;
  /** By address; undefined while it is being opened. */
  readonly #own = new Map<string, Socket | undefined>();
  #lookedAt = -Infinity;
  #closed = false;

  constructor(options: UdpSocketsOptions, adopted?: Socket) {
    this.#options = options;
    this.#adopted = adopted !== undefined;
    this.main = this.#prepared(adopted ?? createSocket({ type: 'udp4', reuseAddr: options.listen.address === anyAddress }), options.listen.address);
  }

  /** @throws Error when somebody else has the port */
  async open(): Promise<void> {
    const { address } = this.#options.listen;
    if (!this.#adopted) {
      // Sockets may share a port when each of them is willing to: one that is not says whether it is free.
      if (address === anyAddress) await this.#claim();
      await this.#bound(this.main, address);
    }
    await this.look();
  }

  /** An address that has gone answers nobody. */
  answer(asked: string, message: Buffer, to: RemoteInfo): void {
    if (!this.#closed) (asked === this.#options.listen.address ? this.main : this.#own.get(asked))?.send(message, to.port, to.address);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.main, ...this.#own.values()].map((socket) => socket && closed(socket)));
  }

  #prepared(socket: Socket, address: string): Socket {
    socket.on('message', (message, from) => {
      if (socket === this.main && this.#options.clock.monotonic() - this.#lookedAt >= lookMs) void this.look();
      this.#options.received(message, from, address);
    });
    // ICMP errors of single packets: the sender learns by silence, as without the relay.
    socket.on('error', () => {});
    return socket;
  }

  async #claim(): Promise<void> {
    const socket = createSocket('udp4');
    try {
      await this.#bound(socket, anyAddress);
    } finally {
      await closed(socket);
    }
  }

  #bound(socket: Socket, address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address, port: this.#options.listen.port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  }

  /** Opens what the host's addresses and `answers` ask for now. */
  async look(): Promise<void> {
    const { listen, clock, answers } = this.#options;
    this.#lookedAt = clock.monotonic();
    if (this.#closed || listen.address !== anyAddress || !answers()) return;
    const there = new Set(hostAddresses());
    for (const [address, socket] of this.#own) {
      if (there.has(address)) continue;
      this.#own.delete(address);
      socket?.close();
    }
    await Promise.all([...there].filter((address) => !this.#own.has(address)).map(async (address) => {
      const socket = this.#prepared(createSocket({ type: 'udp4', reuseAddr: true }), address);
      this.#own.set(address, undefined);
      try {
        await this.#bound(socket, address);
      } catch {
        // The address has gone again, another program has the port on it, or the socket of all is an earlier version's, which shares with nobody: that
        // one goes on answering.
        this.#own.delete(address);
        socket.close();
        return;
      }
      if (this.#closed || !this.#own.has(address)) socket.close();
      else this.#own.set(address, socket);
    }));
  }
}

const hostAddresses = (): string[] => Object.values(networkInterfaces()).flatMap((list) => list ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address);
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => { socket.close(() => resolve()); });
