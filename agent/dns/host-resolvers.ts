// Resolvers on the loopback of the host, such as systemd-resolved's 127.0.0.53: the name server lives in another network namespace, whose
// loopback is another one. A process in the host's asks for it, one question a connection to its unix socket.
import { randomInt } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../src/util/clock.ts';
import type { DnsTable } from './table.ts';
import { upstreamAddress, type Ask } from './upstream.ts';

interface Wire { readonly upstream: string; readonly question: string; readonly checkingDisabled: boolean; readonly dnssecOk: boolean }

/** Longer than the process asks. */
const timeoutMs = 10_000;
/** A question has no more; an answer fits into a DNS message. */
const maxQuestion = 4_096;
const maxAnswer = 65_535;

/** `upstream` as a table has it. */
export function onLoopback(upstream: string): boolean {
  const { host } = upstreamAddress(upstream);
  return host.startsWith('127.') || host === '::1';
}

export const asksHost = ({ upstreams, stubDomains = [] }: DnsTable): boolean => [upstreams, ...stubDomains.map((stub) => stub.upstreams)].flat().some(onLoopback);

/** Answers at `path`. */
export class HostResolvers {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** `ask` asks from where this process is. */
  constructor(ask: Ask) { this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#onConnection(socket, ask)); }

  /** In the place of whoever answered there before, without a moment in which nobody does. */
  async open(path: string): Promise<void> {
    // Its end takes away the name it was made with, which by then may be another's.
    const own = `${path}.${randomInt(1 << 30)}`;
    await new Promise<void>((resolve, reject) => { this.#server.once('error', reject).listen(own, resolve); });
    await rename(own, path);
  }

  #onConnection(socket: Socket, ask: Ask): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    readAll(socket, maxQuestion, (bytes) => {
      const { upstream, question, ...flags } = JSON.parse(bytes.toString()) as Wire;
      ask({ bytes: Buffer.from(question, 'base64'), ...flags }, upstream).then((reply) => socket.end(reply ?? ''), () => socket.destroy());
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Asks as the process at `path` can; where there is none, nobody answers. */
export const askThrough = (path: string, clock: Clock): Ask => ({ bytes, ...flags }, upstream) => new Promise((resolve) => {
  const socket = connect(path);
  const cancel = clock.after(timeoutMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => { cancel(); resolve(undefined); });
  readAll(socket, maxAnswer, (reply) => resolve(reply.length > 0 ? reply : undefined));
  socket.end(JSON.stringify({ upstream, question: bytes.toString('base64'), ...flags } satisfies Wire));
});

/** All that comes; whoever sends more than `limit` bytes is left. */
function readAll(socket: Socket, limit: number, whole: (bytes: Buffer) => void): void {
  const parts: Buffer[] = [];
  let size = 0;
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size > limit) socket.destroy();
  });
  socket.on('end', () => { if (size <= limit) whole(Buffer.concat(parts)); });
}
