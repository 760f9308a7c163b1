// The worker's ear: a unix socket on which an agent sends rules and reads what became of them. Agents come and go; the
// worker stays.
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ListenError, ProxyRules } from '../rules.ts';
import { changedRules, orderedRules, type RulesChange } from '../rules-change.ts';
import { readMessages, sendMessage, type AgentMessage, type HelloMessage } from './protocol.ts';

export interface ControlHandlers {
  hello(): HelloMessage;
  /** `step` is how they came from those before. */
  rules(rules: ProxyRules, step?: { readonly from: ProxyRules; readonly change: RulesChange }): Promise<readonly ListenError[]>;
  stop(): void;
  handover(argv: readonly string[]): void;
}

export class ControlServer {
  readonly #path: string;
  readonly #handlers: ControlHandlers;
  readonly #server: Server;
  readonly #agents = new Set<Socket>();

  constructor(path: string, handlers: ControlHandlers) {
    this.#path = path;
    this.#handlers = handlers;
    this.#server = createServer((socket) => this.#onAgent(socket));
  }

  /** Replaces the socket file a dead worker left; fails with EADDRINUSE when another worker answers on it. */
  async open(): Promise<void> {
    if (await answers(this.#path)) throw Object.assign(new Error(`another worker listens on ${this.#path}`), { code: 'EADDRINUSE' });
    rmSync(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#path, () => {
        this.#server.off('error', reject);
        // The rules decide where traffic goes: only the owner may send them.
        chmodSync(this.#path, 0o600);
        resolve();
      });
    });
  }

  #onAgent(socket: Socket): void {
    this.#agents.add(socket);
    socket.on('close', () => this.#agents.delete(socket));
    socket.on('error', () => socket.destroy());
    let known: { readonly sequence: number; readonly rules: ProxyRules } | undefined;
    sendMessage(socket, this.#handlers.hello());
    readMessages<AgentMessage>(socket, (message) => {
      if (message.type === 'stop') this.#handlers.stop();
      else if (message.type === 'handover') this.#handlers.handover(message.argv);
      else if (message.type === 'change' && message.base !== known?.sequence) socket.destroy(new Error(`a change of rules ${message.base}, which this worker does not have`));
      else {
        const step = message.type === 'change' ? { from: known!.rules, change: message.change } : undefined;
        known = { sequence: message.sequence, rules: message.type === 'rules' ? orderedRules(message.rules) : changedRules(known!.rules, message.change) };
        void this.#onRules(socket, known.sequence, known.rules, step);
      }
    });
  }

  async #onRules(socket: Socket, sequence: number, ...[rules, step]: Parameters<ControlHandlers['rules']>): Promise<void> {
    const errors = await this.#handlers.rules(rules, step);
    sendMessage(socket, { type: 'applied', sequence, applied: rules.revision, errors });
  }

  errorsChanged(errors: readonly ListenError[]): void {
    for (const socket of this.#agents) sendMessage(socket, { type: 'errors', errors });
  }

  /** Stops listening and frees the socket file; agents that are connected stay so. */
  stopListening(): void { this.#server.close(); }

  /** Agents dial anew: whoever listens by then answers. */
  dropAgents(): void { for (const socket of this.#agents) socket.destroy(); }

  close(): void {
    this.stopListening();
    this.dropAgents();
  }
}

/** Whether a process listens on the unix socket. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}
