// The kubelet's HTTP side: a request and an upgrade handler that listen to nothing themselves; connections come through the
// agent's own tunnel, so whoever speaks here has passed the API server's authorisation. upstream: pkg/kubelet/server/server.go
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { notFound, StatusError, type Status } from '../../../src/apimachinery/status-error.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Pod } from '../pod.ts';
import type { PodRuntimeStatus } from '../runtime-status.ts';
import { containerForLogs, logQuery } from './logs.ts';
import type { Pages } from './pages.ts';
import { dialPod } from './tcp-dial.ts';

export interface PodLookup {
  podNamed(namespace: string, name: string): Pod | undefined;
  status(uid: string): PodRuntimeStatus;
}

/** What an exec, attach or port-forward is about, found before the streams are opened. */
export interface StreamingTarget {
  readonly verb: 'exec' | 'attach' | 'portForward';
  readonly pod: Pod;
  readonly status: PodRuntimeStatus;
  /** '' for a port-forward. */
  readonly container: string;
  readonly query: URLSearchParams;
}
/** Takes an upgrade over: answers on the socket and carries the streams until they end. */
export type StreamingHandler = (target: StreamingTarget, request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

export interface KubeletServerOptions {
  readonly lookup: PodLookup;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly streaming?: StreamingHandler;
  readonly pages: Pages;
}
export interface KubeletServer { readonly request: RequestListener; upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void }

const verbs: Readonly<Record<string, StreamingTarget['verb']>> = { exec: 'exec', attach: 'attach', portForward: 'portForward' };
const urlOf = (request: IncomingMessage): URL => new URL(request.url ?? '/', 'http://kubelet');
const partsOf = (url: URL): string[] => url.pathname.split('/').slice(1).map(decodeURIComponent);

function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  const message = (error as Error).message;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 };
}

export function createKubeletServer(options: KubeletServerOptions): KubeletServer {
  const { lookup, runtime, clock, log, streaming, pages } = options;
  const podOf = (namespace = '', name = ''): Pod => {
    const pod = lookup.podNamed(namespace, name);
    if (!pod) throw notFound({ group: '', resource: 'pods' }, name);
    return pod;
  };

  async function containerLogs(response: ServerResponse, url: URL, [, namespace, name, container = '']: string[]): Promise<void> {
    const pod = podOf(namespace, name);
    const { options: wanted, previous } = logQuery(url.searchParams, clock);
    const id = containerForLogs(pod, lookup.status(pod.metadata.uid), container, previous);
    const gone = new AbortController();
    response.on('close', () => gone.abort(new Error('the client has gone')));
    response.writeHead(200, { 'content-type': 'text/plain' });
    // A follower of a silent container is to see at once that it is connected.
    response.flushHeaders();
    for await (const part of runtime.logs(id, { ...wanted, signal: gone.signal })) {
      if (!response.write(part)) await drained(response, gone.signal);
      if (gone.signal.aborted) return;
    }
    response.end();
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = urlOf(request);
    const parts = partsOf(url);
    const path = url.pathname.replace(/(?<=.)\/$/, '');
    const page = request.method === 'GET' && Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page) {
      const { type, body } = await page(url.searchParams);
      response.writeHead(200, { 'content-type': type }).end(body);
    } else if (request.method === 'GET' && parts[0] === 'containerLogs' && parts.length === 4) await containerLogs(response, url, parts);
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
  }

  function target(request: IncomingMessage): StreamingTarget {
    const url = urlOf(request);
    const [first = '', namespace, name, container = ''] = partsOf(url);
    const verb = verbs[first];
    if (!verb) throw notFound({ group: '', resource: first }, name ?? '');
    const pod = podOf(namespace, name);
    return { verb, pod, status: lookup.status(pod.metadata.uid), container, query: url.searchParams };
  }

  return {
    request: (request, response) => {
      handle(request, response).catch((error: unknown) => {
        const status = statusOf(error);
        if (status.code >= 500) log.warn({ error, url: request.url }, 'a kubelet request failed');
        if (response.headersSent) response.destroy();
        // The words alone, as upstream's kubelets answer: the API server makes a Status of them.
        else response.writeHead(status.code, { 'content-type': 'text/plain' }).end(status.message);
      });
    },
    upgrade(request, socket, head) {
      const fail = (error: unknown): void => {
        const body = JSON.stringify(statusOf(error));
        if (socket.writable) socket.end(`HTTP/1.1 ${statusOf(error).code} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
      };
      socket.on('error', (error) => log.debug({ error }, 'a stream connection broke'));
      try {
        const [first, namespace, name, port] = partsOf(urlOf(request));
        if (first === 'tcp') {
          dialPod(podOf(namespace, name), Number(port), socket, head).catch(fail);
          return;
        }
        if (!streaming) throw new Error('streaming is not available on this node');
        streaming(target(request), request, socket, head).catch((error: unknown) => {
          log.info({ error, url: request.url }, 'a stream ended with an error');
          socket.destroy();
        });
      } catch (error) {
        fail(error);
      }
    },
  };
}

/** Resolves when the response takes more, or when nobody reads it any more. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      signal.removeEventListener('abort', go);
      resolve();
    };
    response.on('drain', go);
    signal.addEventListener('abort', go, { once: true });
  });
}
