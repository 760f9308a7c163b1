// The agent's side of the tunnel. It dials the master and keeps a control connection; whenever the master asks, it opens one
// more connection and serves it as if it had been accepted here. Nothing ever connects to an agent.
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { accessOf, type AccessSource } from '../../src/client/kubeconfig.ts';
import { Backoff } from '../../src/util/backoff.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { openUpgraded, UpgradeRefused } from './upgraded-connection.ts';

const firstRetryMs = 100;
const longestRetryMs = 5_000;
/** The master pings every 10 s. */
const silenceMs = 30_000;
/** A new agent waits this long for the connection of an earlier one of its name to be given up. */
const nameInUseMs = 20_000;
/** Longer than any line the master writes. */
const longestLine = 64 * 1024;

export interface TunnelOptions {
  readonly access: AccessSource;
  readonly nodeName: string;
  /** Gets each connection the master asks for. */
  readonly server: Pick<Server, 'emit'> | ((socket: Duplex) => void);
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the control connection and every stream. */
  readonly signal: AbortSignal;
}

/** The master already has a live agent of this name. */
export class NodeNameInUse extends Error {
  /** Exit code of the command line. */
  readonly exitCode = 2;
}

/** The master does not take the certificate this agent has. */
export class CredentialsRefused extends Error {
  /** Exit code of the command line. */
  readonly exitCode = 2;
}

export interface Tunnel {
  /** Resolves at the first connection; rejects with NodeNameInUse when another agent keeps the name, with CredentialsRefused when the master does not know this one. */
  readonly admitted: Promise<void>;
  /** Tells the master that this node's proxies have acted on rules of this revision; told again after each reconnection. */
  applied(revision: number): void;
  readonly connected: boolean;
  /** Resolves when the signal has ended it. */
  readonly finished: Promise<void>;
}

export function runTunnel(options: TunnelOptions): Tunnel {
  // A signal of its own: each open stream listens to it, and their number has no bound.
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const { signal } = options;
  if (signal.aborted) stop.abort(signal.reason);
  else signal.addEventListener('abort', () => stop.abort(signal.reason), { once: true });
  const tunnel = new AgentTunnel({ ...options, signal: stop.signal });
  return { admitted: tunnel.admitted, applied: (revision) => tunnel.applied(revision), get connected() { return tunnel.connected; }, finished: tunnel.run() };
}

class AgentTunnel {
  readonly #options: TunnelOptions;
  readonly #serve: (socket: Duplex) => void;
  readonly #path: string;
  #control: TLSSocket | undefined;
  #applied = 0;
  #admit!: () => void;
  #refuse!: (error: Error) => void;
  readonly admitted = new Promise<void>((resolve, reject) => { this.#admit = resolve; this.#refuse = reject; });

  constructor(options: TunnelOptions) {
    this.#options = options;
    const { server } = options;
    this.#serve = typeof server === 'function' ? server : (socket) => { server.emit('connection', socket); };
    this.#path = `/dray/v1/nodes/${encodeURIComponent(options.nodeName)}`;
    // Whoever does not wait for it learns from the log.
    this.admitted.catch(() => undefined);
  }

  get connected(): boolean { return this.#control !== undefined; }

  applied(revision: number): void {
    if (revision <= this.#applied) return;
    this.#applied = revision;
    if (this.#control) this.#report(this.#control);
  }

  async run(): Promise<void> {
    const { clock, log, signal } = this.#options;
    const backoff = new Backoff(firstRetryMs, longestRetryMs);
    let told = '';
    const start = clock.monotonic();
    while (!signal.aborted) {
      try {
        await this.#keepControl(() => {
          log.info({}, 'connected to the master');
          backoff.forget('control');
          told = '';
          this.#admit();
        });
        if (!signal.aborted) log.warn({}, 'the connection to the master broke; connecting again');
      } catch (error) {
        const { message } = error as Error;
        if (error instanceof UpgradeRefused && error.code === 409 && clock.monotonic() - start > nameInUseMs) this.#refuse(new NodeNameInUse(`another live agent uses the node name "${this.#options.nodeName}"; stop it, or choose another --node-name`));
        if (error instanceof UpgradeRefused && error.code === 401) this.#refuse(new CredentialsRefused(`the master does not take the certificate of node "${this.#options.nodeName}": the node was removed, or the certificate has ended; "dray leave", then join again with a new token`));
        // Once per reason: a master that stays away must not fill the log.
        if (!signal.aborted && message !== told) {
          if (error instanceof UpgradeRefused && error.code === 409) log.error({ error: message }, 'the master refuses this agent because another live agent uses the same node name; stop that one or choose another name; trying again');
          else log.warn({ error: message }, 'the master cannot be reached; trying again');
          told = message;
        }
      }
      await clock.sleep(backoff.next('control'), signal).catch(() => undefined); // aborted: the loop ends
    }
  }

  /** Resolves when the control connection has ended. */
  async #keepControl(connected: () => void): Promise<void> {
    const { access, clock, signal } = this.#options;
    const socket = await openUpgraded(accessOf(access), `${this.#path}/tunnel`, 'dray-tunnel', { clock, signal });
    this.#control = socket;
    connected();
    this.#report(socket);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const listen = (): (() => void) => clock.after(silenceMs, () => socket.destroy());
    let deaf = listen();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      deaf();
      deaf = listen();
      text += chunk.toString();
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        this.#message(socket, text.slice(0, end));
        text = text.slice(end + 1);
      }
      if (text.length > longestLine) socket.destroy();
    });
    socket.resume();
    await closed;
    deaf();
    this.#control = undefined;
  }

  /** Any line is a sign of life; this one says something as well. */
  #report(socket: TLSSocket): void {
    if (socket.writable) socket.write(`${JSON.stringify({ applied: this.#applied })}\n`);
  }

  #message(socket: TLSSocket, line: string): void {
    let message: { dial?: unknown; ping?: unknown };
    try {
      message = JSON.parse(line) as { dial?: unknown; ping?: unknown };
    } catch {
      this.#options.log.warn({ line: line.slice(0, 100) }, 'the master wrote something that is no message');
      socket.destroy();
      return;
    }
    if (message.ping) this.#report(socket);
    if (typeof message.dial === 'string') void this.#openStream(message.dial);
  }

  async #openStream(id: string): Promise<void> {
    const { access, clock, log, signal } = this.#options;
    try {
      const socket = await openUpgraded(accessOf(access), `${this.#path}/streams/${encodeURIComponent(id)}`, 'dray-stream', { clock, signal });
      this.#serve(socket);
      socket.resume();
    } catch (error) {
      if (!signal.aborted) log.warn({ error: (error as Error).message }, 'a stream the master asked for could not be opened');
    }
  }
}
