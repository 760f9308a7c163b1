// The transport of the master's own parts: calls the API server's request function in this process, through the whole filter
// list, with JSON semantics in both directions.
import { StatusError, type Status } from '../../src/apimachinery/status-error.ts';
import type { ApiRequest, Transport, WatchEvent } from '../../src/client/transport.ts';
import type { User } from '../registry/request-context.ts';
import { deepFreeze } from '../../src/util/json.ts';
import type { ApiServer, Outcome } from './api-server.ts';
import { rawEvents, rawValue } from './raw-answers.ts';

const neverAborted = new AbortController().signal;

export class MemoryTransport implements Transport {
  readonly #server: ApiServer;
  readonly #user: User;
  constructor(server: ApiServer, user: User) {
    this.#server = server;
    this.#user = user;
  }

  async request(request: ApiRequest): Promise<unknown> {
    const { answer, done } = await this.#call(request);
    if (answer.kind === 'raw') {
      try {
        return deepFreeze(await rawValue(request, answer));
      } finally {
        done();
      }
    }
    done();
    if (answer.kind !== 'object') throw new Error(`${request.method} ${request.path} answers no object`);
    const value = answer.value();
    if (answer.status >= 400) throw statusError(value as Status);
    return deepFreeze(value);
  }

  async *watch(request: ApiRequest): AsyncGenerator<WatchEvent> {
    const { answer, done } = await this.#call(request);
    try {
      if (answer.kind === 'object') throw statusError(answer.value() as Status);
      if (answer.kind === 'raw') {
        yield* rawEvents(request, answer);
        return;
      }
      if (answer.kind !== 'watch') throw new Error(`${request.path} answers no watch`);
      for await (const item of answer.items) {
        if (item.type === 'ERROR') throw statusError(item.value() as Status);
        yield { type: item.type, object: deepFreeze(item.value()) };
      }
    } finally {
      done();
    }
  }

  close(): Promise<void> { return Promise.resolve(); }

  #call(request: ApiRequest): Promise<Outcome> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined) query.set(name, value);
    // A copy through JSON: what the caller does with its object later changes nothing here.
    const value = request.body === undefined ? undefined : (JSON.parse(JSON.stringify(request.body)) as unknown);
    return this.#server.handle({
      method: request.method, path: request.path, query, headers: { 'user-agent': programOf(this.#user), ...request.headers },
      body: () => Promise.resolve({ value }), signal: request.signal ?? neverAborted, peer: { user: this.#user, address: 'in-process' },
    });
  }
}

/** Controllers have a name each but are one program, which is who manages the fields they write. */
const programOf = ({ name }: User): string => (name.startsWith('system:serviceaccount:kube-system:') ? 'kube-controller-manager' : name.replace(/^system:/, ''));

const statusError = (status: Status): StatusError => new StatusError(status.code, status.reason ?? '', status.message ?? '', status.details);
