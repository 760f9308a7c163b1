// One open UDP port of a Service: each client address that asks an address is a flow with its own socket to one back end, ended by idleness.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Clock } from '../../../src/util/clock.ts';
import { admits, type Listen } from '../rules.ts';
import type { BackendState, PortState } from './port-state.ts';
import { UdpSockets } from './udp-sockets.ts';

/** As long as the kernel remembers a UDP flow that was answered (nf_conntrack_udp_timeout_stream). */
const flowIdleMs = 120_000;
const sweepMs = 10_000;
const maxFlows = 16_384;

interface Flow { readonly socket: Socket; readonly backend: BackendState; lastUsed: number }

export class UdpListener {
  readonly listen: Listen;
  readonly #sockets: UdpSockets;
  #port: PortState;
  readonly #clock: Clock;
  readonly #flows = new Map<string, Flow>();
  #cancelSweep: (() => void) | undefined;

  constructor(listen: Listen, port: PortState, clock: Clock, adopted?: Socket) {
    this.listen = listen;
    this.#port = port;
    this.#clock = clock;
    this.#sockets = new UdpSockets({ listen, clock, answers: () => this.#port.rule.mode !== 'nftables', received: (message, from, asked) => this.#forward(message, from, asked) }, adopted);
  }

  get socket(): Socket { return this.#sockets.main; }
  get port(): PortState { return this.#port; }
  set port(port: PortState) {
    this.#port = port;
    this.dropGone();
    void this.#sockets.look();
  }

  open(): Promise<void> { return this.#sockets.open(); }

  #forward(message: Buffer, from: RemoteInfo, asked: string): void {
    const key = `${from.address}:${from.port} ${asked}`;
    let flow = this.#flows.get(key);
    if (!flow || flow.backend.gone) {
      if (flow) this.#end(key, flow);
      flow = this.#begin(key, from, asked);
      if (!flow) return;
    }
    flow.lastUsed = this.#clock.monotonic();
    flow.socket.send(message, flow.backend.port, flow.backend.address);
  }

  #begin(key: string, from: RemoteInfo, asked: string): Flow | undefined {
    if (!admits(this.#port.rule, this.listen, from.address)) return undefined;
    const backend = this.#port.choose(this.listen.side, from.address);
    if (!backend || this.#flows.size >= maxFlows) return undefined;
    const socket = createSocket('udp4');
    const flow: Flow = { socket, backend, lastUsed: this.#clock.monotonic() };
    socket.on('message', (reply, source) => {
      if (source.address !== backend.address || source.port !== backend.port) return;
      flow.lastUsed = this.#clock.monotonic();
      this.#sockets.answer(asked, reply, from);
    });
    socket.on('error', () => {
      if (this.#flows.get(key) === flow) this.#end(key, flow);
    });
    backend.inFlight++;
    this.#flows.set(key, flow);
    this.#cancelSweep ??= this.#clock.after(sweepMs, () => this.#sweep());
    return flow;
  }

  #end(key: string, flow: Flow): void {
    this.#flows.delete(key);
    flow.backend.inFlight--;
    flow.socket.close();
  }

  /** Flows to back ends that left the rules end: their next packet goes elsewhere. */
  dropGone(): void {
    for (const [key, flow] of this.#flows) if (flow.backend.gone) this.#end(key, flow);
  }

  #sweep(): void {
    const limit = this.#clock.monotonic() - flowIdleMs;
    for (const [key, flow] of this.#flows) if (flow.lastUsed < limit) this.#end(key, flow);
    this.#cancelSweep = this.#flows.size > 0 ? this.#clock.after(sweepMs, () => this.#sweep()) : undefined;
  }

  close(): Promise<void> {
    this.#cancelSweep?.();
    for (const [key, flow] of this.#flows) this.#end(key, flow);
    return this.#sockets.close();
  }
}
