// A transport that answers from functions and lets the test push watch events: for code above the client, without a server.
import type { ApiRequest, Transport, WatchEvent } from '../../../../src/client/transport.ts';
import { AsyncQueue } from '../../../../src/util/async-queue.ts';

type Answer = (request: ApiRequest) => unknown;

export class FakeTransport implements Transport {
  readonly requests: ApiRequest[] = [];
  readonly watches: { request: ApiRequest; events: AsyncQueue<WatchEvent> }[] = [];
  /** Answers by method; the default is an empty list for GET and the body for the rest. */
  answer: Answer = (request) => (request.method === 'GET' ? { metadata: { resourceVersion: '1' }, items: [] } : request.body);

  async request(request: ApiRequest): Promise<unknown> {
    this.requests.push(request);
    return this.answer(request);
  }
  watch(request: ApiRequest): AsyncIterable<WatchEvent> {
    const events = new AsyncQueue<WatchEvent>();
    request.signal?.addEventListener('abort', () => events.end(), { once: true });
    this.watches.push({ request, events });
    return events;
  }
  close(): Promise<void> { return Promise.resolve(); }

  /** The watch of a resource that runs now, by the end of its path. */
  watching(plural: string): AsyncQueue<WatchEvent> {
    const found = this.watches.filter(({ request }) => request.path.endsWith(`/${plural}`)).at(-1);
    if (!found) throw new Error(`nobody watches ${plural}`);
    return found.events;
  }
  sent(method: string): ApiRequest[] { return this.requests.filter((r) => r.method === method); }
}

/** Lets everything that can run now run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
