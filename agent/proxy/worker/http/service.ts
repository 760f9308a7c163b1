// HTTP for all ports of a worker: the client connections, the pool of idle connections to back ends, and the way into the
// general path.
import type { Socket } from 'node:net';
import type { Clock } from '../../../../src/util/clock.ts';
import type { Log } from '../../../../src/util/log.ts';
import type { Origin } from '../port-state.ts';
import { ClientConnection } from './connection.ts';
import { GeneralPath } from './general.ts';
import { UpstreamPool } from './upstream.ts';

export interface HttpOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** False sends every request through http-proxy. */
  readonly plainPath?: boolean;
}

const sweepMs = 5_000;

export class HttpService {
  readonly clock: Clock;
  readonly pool: UpstreamPool;
  readonly plainPath: boolean;
  readonly connections = new Set<ClientConnection>();
  draining = false;
  readonly #general: GeneralPath;
  #cancelSweep: (() => void) | undefined;

  constructor(options: HttpOptions) {
    this.clock = options.clock;
    this.plainPath = options.plainPath ?? true;
    this.pool = new UpstreamPool(options.clock);
    this.#general = new GeneralPath(options.log);
  }

  accept(socket: Socket, origin: Origin): void {
    this.connections.add(new ClientConnection(socket, this, origin));
    this.#cancelSweep ??= this.clock.after(sweepMs, () => this.#sweep());
  }

  /** Takes a connection over for good; `head` was read from it already. */
  general(socket: Socket, origin: Origin, head: Buffer): void { this.#general.accept(socket, origin, head); }

  #sweep(): void {
    const now = this.clock.monotonic();
    for (const connection of this.connections) connection.sweep(now);
    this.#cancelSweep = this.connections.size > 0 ? this.clock.after(sweepMs, () => this.#sweep()) : undefined;
  }

  /** From now on each response is the last of its connection; idle ones stay, as a request may be under way. */
  drain(): void {
    this.draining = true;
    this.#general.draining = true;
  }

  close(): void {
    this.#cancelSweep?.();
    this.pool.close();
    this.#general.close();
  }
}
