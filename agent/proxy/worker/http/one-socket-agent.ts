// An http.Agent that holds exactly one connected socket: whoever chose the back end and connected keeps that decision.
import { Agent, type ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

/** `prepare` sees the request before its head is written. */
export function oneSocketAgent(socket: Socket, prepare: (request: ClientRequest) => void): Agent {
  return new OneSocketAgent(socket, prepare);
}

class OneSocketAgent extends Agent {
  readonly #socket: Socket;
  readonly #prepare: (request: ClientRequest) => void;

  constructor(socket: Socket, prepare: (request: ClientRequest) => void) {
    super({ keepAlive: false });
    this.#socket = socket;
    this.#prepare = prepare;
  }

  // Called by http.ClientRequest for each request; the type definitions leave it out.
  addRequest(request: ClientRequest): void {
    this.#prepare(request);
    request.onSocket(this.#socket);
  }
}
