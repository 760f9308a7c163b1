// One HTTP connection to a back end, and the pools of idle ones. A connection serves one request at a time; its events go
// to whoever owns it now.
import type { Socket } from 'node:net';
import type { Clock } from '../../../../src/util/clock.ts';
import type { BackendState } from '../port-state.ts';

/** Idle longer than this, the back end may be closing it just now (Node's own servers do after 5 s). */
const defaultIdleMs = 4_000;
/** A request that must not be sent twice goes only on a connection used this recently. */
export const freshMs = 1_000;
const sweepMs = 1_000;

export interface UpstreamOwner {
  upstreamData(chunk: Buffer): void;
  upstreamDrain(): void;
  /** The connection ended or broke; it is of no more use. */
  upstreamClosed(error: Error | undefined): void;
}

export class Upstream {
  readonly socket: Socket;
  readonly backend: BackendState;
  owner: UpstreamOwner | undefined;
  lastUsed = 0;
  idleMs = defaultIdleMs;
  /** It has carried a response before. */
  reused = false;

  constructor(socket: Socket, backend: BackendState) {
    this.socket = socket;
    this.backend = backend;
    socket.on('data', (chunk: Buffer) => {
      // Bytes nobody asked for: the connection is out of step.
      if (this.owner) this.owner.upstreamData(chunk);
      else this.destroy();
    });
    socket.on('drain', () => this.owner?.upstreamDrain());
    socket.on('end', () => this.#closed(undefined));
    socket.on('error', (error) => this.#closed(error));
    socket.on('close', () => this.#closed(undefined));
  }

  #closed(error: Error | undefined): void {
    const owner = this.owner;
    this.owner = undefined;
    this.destroy();
    owner?.upstreamClosed(error);
  }

  /** `Keep-Alive: timeout=` of the last response, in seconds. */
  hint(seconds: number): void {
    this.idleMs = Math.max(0, Math.min(defaultIdleMs, seconds * 1000 - 1000));
  }

  destroy(): void {
    this.owner = undefined;
    this.socket.destroy();
  }
}

export class UpstreamPool {
  readonly #clock: Clock;
  readonly #backends = new Set<BackendState>();
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock) { this.#clock = clock; }

  /** The most recently used idle connection, if it was used within `maxIdleMs` and its own limit. */
  take(backend: BackendState, maxIdleMs: number): Upstream | undefined {
    const { idle } = backend;
    const now = this.#clock.monotonic();
    while (idle.length > 0) {
      const upstream = idle[idle.length - 1]!;
      const age = now - upstream.lastUsed;
      if (!upstream.socket.destroyed) {
        if (age > maxIdleMs) return undefined;
        if (age <= upstream.idleMs) return idle.pop();
      }
      idle.pop();
      upstream.destroy();
    }
    return undefined;
  }

  release(upstream: Upstream): void {
    upstream.owner = undefined;
    if (upstream.backend.gone || upstream.socket.destroyed || upstream.idleMs === 0) {
      upstream.destroy();
      return;
    }
    upstream.reused = true;
    upstream.lastUsed = this.#clock.monotonic();
    if (upstream.socket.isPaused()) upstream.socket.resume();
    upstream.backend.idle.push(upstream);
    this.#backends.add(upstream.backend);
    this.#cancelSweep ??= this.#clock.after(sweepMs, () => this.#sweep());
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const backend of this.#backends) {
      backend.idle = backend.idle.filter((upstream) => {
        const keep = !upstream.socket.destroyed && now - upstream.lastUsed <= upstream.idleMs;
        if (!keep) upstream.destroy();
        return keep;
      });
      if (backend.idle.length === 0) this.#backends.delete(backend);
    }
    this.#cancelSweep = this.#backends.size > 0 ? this.#clock.after(sweepMs, () => this.#sweep()) : undefined;
  }

  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    for (const backend of this.#backends) for (const upstream of backend.idle.splice(0)) upstream.destroy();
    this.#backends.clear();
  }
}
