// Makes the open ports follow the rules: diffs them against what is open, opens and closes listeners, moves back ends,
// and says what it could not open.
import type { Socket as UdpSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { NameServer } from '../../dns/server.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { listensOf, type Listen, type ListenError, type ProxyRules, type WorkerRole } from '../rules.ts';
import { HttpService } from './http/service.ts';
import { PortState } from './port-state.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpListener } from './udp-listener.ts';

export interface WorkerOptions {
  readonly role: WorkerRole;
  readonly clock: Clock;
  readonly log: Log;
  /** False sends every HTTP request through http-proxy. */
  readonly plainPath?: boolean;
  /** Called when a port that was in use could be opened after all. */
  readonly onErrorsChanged?: (errors: readonly ListenError[]) => void;
}

type Listener = TcpListener | UdpListener;
type Wanted = ReadonlyMap<string, { readonly listen: Listen; readonly port: PortState }>;
/** Listening handles of an earlier worker, by listener key. */
export type Handles = Map<string, Server | UdpSocket>;

/** A port in use is tried again after this long, as well as at every change of the rules. */
const retryMs = 3_000;
const affinitySweepMs = 60_000;

export const listenKey = (listen: Listen): string => `${listen.protocol}/${listen.address}:${listen.port}`;

export class ProxyWorker {
  readonly #options: WorkerOptions;
  readonly #http: HttpService;
  readonly #names: NameServer;
  readonly #ports = new Map<string, PortState>();
  readonly #listeners = new Map<string, Listener>();
  readonly #sockets = new Set<Socket>();
  #rules: ProxyRules = { revision: 0, ports: [] };
  /** By listener key, as the newest rules say. */
  #wanted: Wanted = new Map();
  #errors: ListenError[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #cancelRetry: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;
  #stopped = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#http = new HttpService(options);
    this.#names = new NameServer({ clock: options.clock, log: options.log });
  }

  get rules(): ProxyRules { return this.#rules; }
  get errors(): readonly ListenError[] { return this.#errors; }
  /** Client connections that are open. */
  get connections(): number { return this.#sockets.size; }

  /**
   * Back ends change at once; the promise resolves when every port is open or has failed, and listeners without a rule are
   * closed. Calls are carried out in order.
   */
  apply(rules: ProxyRules, handles?: Handles): Promise<readonly ListenError[]> {
    this.#updatePorts(rules);
    const result = this.#queue.then(() => this.#updateListeners(handles));
    this.#queue = result;
    return result;
  }

  #updatePorts(rules: ProxyRules): void {
    this.#rules = rules;
    const wanted = new Map<string, { listen: Listen; port: PortState }>();
    const ids = new Set<string>();
    for (const rule of rules.ports) {
      const listens = listensOf(rule, this.#options.role);
      if (listens.length === 0) continue;
      ids.add(rule.id);
      let port = this.#ports.get(rule.id);
      if (!port) this.#ports.set(rule.id, port = new PortState(rule, this.#options.clock));
      else if (port.rule !== rule) port.update(rule);
      for (const listen of listens) {
        // The first rule keeps an address two of them claim.
        if (!wanted.has(listenKey(listen))) wanted.set(listenKey(listen), { listen, port });
      }
    }
    this.#wanted = wanted;
    this.#pointListeners();
    for (const [id, port] of this.#ports) {
      if (ids.has(id)) continue;
      port.remove();
      this.#ports.delete(id);
    }
    for (const listener of this.#listeners.values()) if (listener instanceof UdpListener) listener.dropGone();
    if (rules.ports.some((rule) => rule.affinitySeconds > 0)) this.#cancelSweep ??= this.#options.clock.after(affinitySweepMs, () => this.#sweep());
  }

  /** Under another name it is the same port to whoever is connected to it. Returns the listeners no rule wants. */
  #pointListeners(): [string, Listener][] {
    return [...this.#listeners].filter(([key, listener]) => {
      const target = this.#wanted.get(key);
      if (target?.listen.side !== listener.listen.side) return true;
      listener.port = target.port;
      return false;
    });
  }

  async #updateListeners(handles?: Handles): Promise<readonly ListenError[]> {
    if (this.#stopped) return [];
    const [wanted, rules] = [this.#wanted, this.#rules];
    const closing: Promise<void>[] = [];
    for (const [key, listener] of this.#pointListeners()) {
      this.#listeners.delete(key);
      closing.push(listener.close());
    }
    await Promise.all(closing);
    const errors: ListenError[] = [];
    await Promise.all([...wanted].map(async ([key, { listen, port }]) => {
      if (this.#listeners.has(key)) return;
      const handle = handles?.get(key);
      const listener = listen.protocol === 'TCP'
        ? new TcpListener(listen, port, this.#http, this.#sockets, handle as Server | undefined)
        : new UdpListener(listen, port, this.#options.clock, handle as UdpSocket | undefined);
      try {
        await listener.open();
        this.#listeners.set(key, listener);
      } catch (error) {
        errors.push({ id: port.rule.id, address: listen.address, port: listen.port, message: listenMessage(error as NodeJS.ErrnoException, listen) });
      }
    }));
    if (this.#options.role === 'service') errors.push(...await this.#names.apply(rules.dns, handles));
    errors.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.port - b.port));
    this.#errors = errors;
    this.#cancelRetry?.();
    this.#cancelRetry = errors.length > 0 ? this.#options.clock.after(retryMs, () => this.#retry()) : undefined;
    return errors;
  }

  #retry(): void {
    const before = JSON.stringify(this.#errors);
    void this.apply(this.#rules).then((errors) => {
      if (!this.#stopped && JSON.stringify(errors) !== before) this.#options.onErrorsChanged?.(errors);
    });
  }

  #sweep(): void {
    const now = this.#options.clock.monotonic();
    for (const port of this.#ports.values()) port.sweep(now);
    this.#cancelSweep = this.#options.clock.after(affinitySweepMs, () => this.#sweep());
  }

  /** Every listening handle, for another process to go on with. */
  handles(): Handles {
    const handles: Handles = new Map(this.#names.handles());
    for (const [key, listener] of this.#listeners) handles.set(key, listener instanceof TcpListener ? listener.server : listener.socket);
    return handles;
  }

  /** Another process accepts from now on: stops listening, finishes what is open. Resolves when the last connection is closed. */
  async drain(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#http.drain();
    await this.#closeListeners();
    await Promise.all([...this.#sockets].map((socket) => new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    })));
    this.#end();
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry?.();
    await this.#closeListeners();
    for (const socket of this.#sockets) socket.destroy();
    this.#end();
  }

  async #closeListeners(): Promise<void> {
    await this.#queue;
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
    this.#listeners.clear();
    await this.#names.close();
  }

  #end(): void {
    this.#cancelSweep?.();
    for (const port of this.#ports.values()) port.remove();
    this.#http.close();
  }
}

function listenMessage(error: NodeJS.ErrnoException, listen: Listen): string {
  const where = `${listen.address}:${listen.port}/${listen.protocol}`;
  if (error.code === 'EADDRINUSE') return `port ${where} is in use by another process`;
  if (error.code === 'EADDRNOTAVAIL') return `address of ${where} is not on this host`;
  if (error.code === 'EACCES') return `not permitted to listen on ${where}`;
  return `cannot listen on ${where}: ${error.message}`;
}
