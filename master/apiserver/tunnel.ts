// Agents dial out only: each keeps a control connection to the master, and opens a stream connection whenever the master asks
// for one. The master then speaks plain HTTP/1.1 to the kubelet over that stream.
import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import * as errors from '../../src/apimachinery/status-error.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { nodeOf } from '../registry/node-identity.ts';
import type { User } from '../registry/request-context.ts';

const dialTimeoutMs = 10_000;
const pingEveryMs = 10_000;
/** Without a sign of life for this long an agent's control connection is dead. */
const silenceMs = 30_000;
/** Longer than any line an agent writes. */
const longestLine = 64 * 1024;

interface Control { readonly socket: Duplex; lastSeen: number; /** Newest rules the node's proxies have acted on. */ applied: number }

interface Waiter { readonly revision: number; readonly nodes: readonly string[]; readonly resolve: () => void }

export class Tunnels {
  readonly #controls = new Map<string, Control>();
  readonly #dials = new Map<string, { node: string; resolve: (socket: Duplex) => void; reject: (error: Error) => void }>();
  #waiters: Waiter[] = [];
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: { clock: Clock; log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** `/dray/v1/nodes/{node}/tunnel` and `/dray/v1/nodes/{node}/streams/{id}`. @throws StatusError */
  accept(path: string, user: User, socket: Duplex, head: Buffer): void {
    const [, , , kind, node = '', what, id = ''] = path.split('/');
    if (kind !== 'nodes') throw errors.pageNotFound();
    if (nodeOf(user) !== decodeURIComponent(node) && !user.groups.includes('system:masters')) throw errors.forbidden({ group: '', resource: 'nodes' }, node, `User "${user.name}" cannot open a tunnel for this node`);
    if (what === 'tunnel') this.#acceptControl(decodeURIComponent(node), socket);
    else if (what === 'streams') this.#acceptStream(decodeURIComponent(node), id, socket, head);
    else throw errors.pageNotFound();
  }

  get nodes(): string[] { return [...this.#controls.keys()]; }

  #acceptControl(node: string, socket: Duplex): void {
    const current = this.#controls.get(node);
    if (current && !current.socket.destroyed && this.#clock.monotonic() - current.lastSeen < silenceMs / 2) {
      throw errors.conflict({ group: '', resource: 'nodes' }, node, 'another agent of this name is connected');
    }
    current?.socket.destroy();
    socket.write(switching('dray-tunnel'));
    const control: Control = { socket, lastSeen: this.#clock.monotonic(), applied: 0 };
    this.#controls.set(node, control);
    this.#log.info({ node }, 'an agent connected');
    this.#settle();
    const ping = (): (() => void) => this.#clock.after(pingEveryMs, () => {
      if (this.#clock.monotonic() - control.lastSeen > silenceMs) socket.destroy();
      else socket.write('{"ping":true}\n');
      stopPing = ping();
    });
    let stopPing = ping();
    let buffer = '';
    socket.on('data', (chunk: Buffer) => {
      control.lastSeen = this.#clock.monotonic();
      buffer += chunk.toString();
      for (let end = buffer.indexOf('\n'); end >= 0; end = buffer.indexOf('\n')) {
        this.#message(control, buffer.slice(0, end));
        buffer = buffer.slice(end + 1);
      }
      if (buffer.length > longestLine) socket.destroy();
    });
    socket.on('close', () => {
      stopPing();
      if (this.#controls.get(node) !== control) return;
      this.#controls.delete(node);
      for (const dial of this.#dials.values()) if (dial.node === node) dial.reject(notConnected(node));
      this.#log.info({ node }, 'an agent disconnected');
      this.#settle();
    });
  }

  #message(control: Control, line: string): void {
    let message: { applied?: number };
    try {
      message = JSON.parse(line) as { applied?: number };
    } catch {
      control.socket.destroy();
      return;
    }
    if (typeof message.applied === 'number' && message.applied > control.applied) {
      control.applied = message.applied;
      this.#settle();
    }
  }

  /**
   * Resolves once the proxies of every connected agent, and of each of `nodes`, have acted on rules of at least `revision`, or
   * when the signal aborts. A node whose agent is away goes on with the rules it had, so it is waited for until it is back.
   */
  applied(revision: number, nodes: readonly string[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiter = { revision, nodes, resolve };
      this.#waiters.push(waiter);
      signal.addEventListener('abort', () => { this.#waiters = this.#waiters.filter((w) => w !== waiter); resolve(); }, { once: true });
      this.#settle();
    });
  }
  #settle(): void {
    const lowest = Math.min(Infinity, ...[...this.#controls.values()].map((c) => c.applied));
    const ready = this.#waiters.filter((w) => w.revision <= lowest && w.nodes.every((node) => this.#controls.has(node)));
    this.#waiters = this.#waiters.filter((w) => !ready.includes(w));
    for (const waiter of ready) waiter.resolve();
  }

  #acceptStream(node: string, id: string, socket: Duplex, head: Buffer): void {
    const dial = this.#dials.get(id);
    if (!dial || dial.node !== node) throw errors.notFound({ group: '', resource: 'streams' }, id);
    socket.write(switching('dray-stream'));
    if (head.length) socket.unshift(head);
    dial.resolve(socket);
  }

  /** A connection to the kubelet of a node. @throws StatusError 503 when its agent is not connected */
  async dial(node: string): Promise<Duplex> {
    const control = this.#controls.get(node);
    if (!control || control.socket.destroyed) throw notConnected(node);
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(dialTimeoutMs, () => {
        this.#dials.delete(id);
        reject(errors.timeout(`the agent of node "${node}" did not open a stream`));
      });
      const over = (): void => { cancel(); this.#dials.delete(id); };
      this.#dials.set(id, { node, resolve: (socket) => { over(); resolve(socket); }, reject: (error) => { over(); reject(error); } });
      control.socket.write(`${JSON.stringify({ dial: id })}\n`);
    });
  }

  /** An HTTP request to a node's kubelet; resolves with its response, whose body streams. */
  async request(node: string, method: string, path: string, headers: Record<string, string>, signal: AbortSignal, body?: Uint8Array): Promise<IncomingMessage> {
    const socket = await this.dial(node);
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({ method, path, headers: { host: node, connection: 'close', ...headers }, createConnection: () => socket as never, signal });
      outgoing.once('response', resolve);
      outgoing.once('error', (error) => { socket.destroy(); reject(errors.serviceUnavailable(`the kubelet of node "${node}" broke off: ${error.message}`)); });
      signal.addEventListener('abort', () => socket.destroy(), { once: true });
      outgoing.end(body);
    });
  }
}

const notConnected = (node: string): errors.StatusError => errors.serviceUnavailable(`the agent of node "${node}" is not connected`);
const switching = (protocol: string): string => `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
