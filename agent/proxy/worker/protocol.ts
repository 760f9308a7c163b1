// What agent and worker say to each other over the unix socket: one JSON value per line.
import { StringDecoder } from 'node:string_decoder';
import type { Socket } from 'node:net';
import type { ListenError, ProxyRules, WorkerRole } from '../rules.ts';
import type { RulesChange } from '../rules-change.ts';

/** Changes when the messages do; a worker of another version is replaced. */
export const protocolVersion = 3;

export interface HelloMessage {
  readonly type: 'hello';
  readonly protocol: number;
  /** Version of the program the worker runs. */
  readonly version: string;
  readonly role: WorkerRole;
  readonly pid: number;
  /** Revision of the rules in force (0 for none yet). */
  readonly applied: number;
}
export interface AppliedMessage { readonly type: 'applied'; readonly sequence: number; readonly applied: number; readonly errors: readonly ListenError[] }
/** The ports that cannot be opened are others than at the last `applied`. */
export interface ErrorsMessage { readonly type: 'errors'; readonly errors: readonly ListenError[] }
export type WorkerMessage = HelloMessage | AppliedMessage | ErrorsMessage;

/** All rules: the first message of a connection that has any. */
export interface RulesMessage { readonly type: 'rules'; readonly sequence: number; readonly rules: ProxyRules }
/** What leads there from the rules that came with the message `base` of this connection. */
export interface ChangeMessage { readonly type: 'change'; readonly sequence: number; readonly base: number; readonly change: RulesChange }
export interface StopMessage { readonly type: 'stop' }
/** Start `argv` with an IPC channel, give it the listening handles, drain, exit. */
export interface HandoverMessage { readonly type: 'handover'; readonly argv: readonly string[] }
export type AgentMessage = RulesMessage | ChangeMessage | StopMessage | HandoverMessage;

export function sendMessage(socket: Socket, message: WorkerMessage | AgentMessage): void {
  if (!socket.destroyed && socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** Calls `onMessage` for each line; a line that is no JSON ends the connection. */
export function readMessages<T>(socket: Socket, onMessage: (message: T) => void): void {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  socket.on('data', (chunk: Buffer) => {
    let text = decoder.write(chunk);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = parts.join('') + text.slice(0, end);
      parts = [];
      text = text.slice(end + 1);
      let message: T;
      try {
        message = JSON.parse(line) as T;
      } catch (error) {
        socket.destroy(error as Error);
        return;
      }
      onMessage(message);
    }
    if (text) parts.push(text);
  });
}
