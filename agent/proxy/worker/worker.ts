// Makes the open ports follow the rules: diffs them against what is open, opens and closes listeners, moves back ends,
// and says what it could not open.
import type { Socket as UdpSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { NameServer } from '../../dns/server.ts';
import type { Ask } from '../../dns/upstream.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { listChange } from '../keyed-list.ts';
import { idOf, listensOf, type Listen, type ListenError, type ProxyRules, type WorkerRole } from '../rules.ts';
import { HttpService } from './http/service.ts';
import { placeOf, Places } from './places.ts';
import { PortState } from './port-state.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpListener } from './udp-listener.ts';

export interface WorkerOptions {
  readonly role: WorkerRole;
  readonly clock: Clock;
  readonly log: Log;
  /** False sends every HTTP request through http-proxy. */
  readonly plainPath?: boolean;
  /** Asks resolvers on the host's loopback, for a worker that has another. */
  readonly askHost?: Ask;
  /** Called when a port that was in use could be opened after all. */
  readonly onErrorsChanged?: (errors: readonly ListenError[]) => void;
}

type Listener = TcpListener | UdpListener;
/** Listening handles of an earlier worker, by place. */
export type Handles = Map<string, Server | UdpSocket>;

/** A port in use is tried again after this long, as well as at every change of the rules. */
const retryMs = 3_000;
const affinitySweepMs = 60_000;

export class ProxyWorker {
  readonly #options: WorkerOptions;
  readonly #http: HttpService;
  readonly #names: NameServer;
  readonly #ports = new Map<string, PortState>();
  readonly #places = new Places();
  /** By place, as those that could not be opened. */
  readonly #listeners = new Map<string, Listener>();
  readonly #failed = new Map<string, ListenError>();
  /** Places of rules that changed, to be opened or closed. */
  readonly #touched = new Set<string>();
  readonly #sockets = new Set<Socket>();
  #rules: ProxyRules = { revision: 0, ports: [] };
  #errors: ListenError[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #cancelRetry: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;
  #stopped = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#http = new HttpService(options);
    this.#names = new NameServer({ clock: options.clock, log: options.log, askHost: options.askHost });
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

  /** Only what differs from the rules before is looked at. */
  #updatePorts(rules: ProxyRules): void {
    const { put, removed } = listChange(this.#rules.ports, rules.ports, idOf);
    this.#rules = rules;
    const [touched, gone] = [new Set<string>(), new Set(removed)];
    for (const id of removed) for (const place of this.#places.set(id, [])) touched.add(place);
    for (const rule of put) {
      const listens = listensOf(rule, this.#options.role);
      for (const place of this.#places.set(rule.id, listens)) touched.add(place);
      const port = this.#ports.get(rule.id);
      if (listens.length === 0) gone.add(rule.id);
      else {
        gone.delete(rule.id);
        if (port) port.update(rule);
        else this.#ports.set(rule.id, new PortState(rule, this.#options.clock));
      }
    }
    for (const place of touched) this.#point(place);
    for (const id of gone) {
      this.#ports.get(id)?.remove();
      this.#ports.delete(id);
    }
    for (const place of touched) {
      this.#touched.add(place);
      const listener = this.#listeners.get(place);
      if (listener instanceof UdpListener) listener.dropGone();
    }
    if (put.some((rule) => rule.affinitySeconds > 0)) this.#cancelSweep ??= this.#options.clock.after(affinitySweepMs, () => this.#sweep());
  }

  #wanted(place: string): { readonly listen: Listen; readonly port: PortState } | undefined {
    const claim = this.#places.holder(place);
    const port = claim && this.#ports.get(claim.id);
    return port && { listen: claim.listen, port };
  }

  /** Under another name it is the same port to whoever is connected to it. False: no rule wants the listener that is there. */
  #point(place: string): boolean {
    const [listener, target] = [this.#listeners.get(place), this.#wanted(place)];
    if (!listener) return true;
    if (target?.listen.side !== listener.listen.side) return false;
    listener.port = target.port;
    return true;
  }

  /** Those of what changed, and those that failed before. */
  async #updateListeners(handles?: Handles): Promise<readonly ListenError[]> {
    if (this.#stopped) return [];
    const places = new Set([...this.#touched, ...this.#failed.keys()]);
    const { dns } = this.#rules;
    this.#touched.clear();
    const stale = [...places].flatMap((place) => (this.#point(place) ? [] : [this.#listeners.get(place)!]));
    for (const { listen } of stale) this.#listeners.delete(placeOf(listen));
    await Promise.all(stale.map((listener) => listener.close()));
    await Promise.all([...places].map((place) => this.#open(place, handles)));
    const errors = [...this.#failed.values(), ...(this.#options.role === 'service' ? await this.#names.apply(dns, handles) : [])];
    errors.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.port - b.port));
    this.#errors = errors;
    this.#cancelRetry?.();
    this.#cancelRetry = errors.length > 0 ? this.#options.clock.after(retryMs, () => this.#retry()) : undefined;
    return errors;
  }

  async #open(place: string, handles: Handles | undefined): Promise<void> {
    this.#failed.delete(place);
    const target = this.#wanted(place);
    if (!target || this.#listeners.has(place)) return;
    const { listen, port } = target;
    const handle = handles?.get(place);
    const listener = listen.protocol === 'TCP'
      ? new TcpListener(listen, port, this.#http, this.#sockets, handle as Server | undefined)
      : new UdpListener(listen, port, this.#options.clock, handle as UdpSocket | undefined);
    try {
      await listener.open();
      this.#listeners.set(place, listener);
    } catch (error) {
      this.#failed.set(place, { id: port.rule.id, address: listen.address, port: listen.port, message: listenMessage(error as NodeJS.ErrnoException, listen) });
    }
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
