// Passes a request on to an extension server, and its answer back as it comes: lists, watches, and connections that ask for another
// protocol. upstream: kube-aggregator pkg/apiserver/handler_proxy.go, apimachinery util/proxy/upgradeaware.go
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import * as errors from '../../../src/apimachinery/status-error.ts';
import { joinConnections } from '../../../src/util/join-connections.ts';
import type { Clock } from '../../../src/util/clock.ts';
import { deadlineOf, isLongRunning } from '../filters/request-deadline.ts';
import { errorPage, type AdmittedRequest, type Answer } from '../request.ts';
import type { RemoteGroupVersion } from './api-services.ts';
import { serviceUnavailable } from './backend.ts';
import { answeredHeaders, forwardedHeaders, type Headers } from './headers.ts';

const redirected = 'the backend attempted to redirect this request, which is not permitted';

const targetOf = ({ path, query }: AdmittedRequest): string => (query.size ? `${path}?${query.toString()}` : path);

/** Failures are text, as upstream's are. */
export async function passOn(request: AdmittedRequest, { available, backend }: RemoteGroupVersion, clock: Clock): Promise<Answer> {
  if (!available) return errorPage(503, serviceUnavailable);
  // Of a request that has an end, nothing goes on after it.
  const over = new AbortController();
  const abort = (): void => over.abort();
  const cancel = isLongRunning(request.info) ? undefined : clock.after(deadlineOf(request.query), abort);
  const { signal } = request;
  signal.addEventListener('abort', abort, { once: true });
  // In memory one signal may be that of all requests.
  const deaf = (): void => signal.removeEventListener('abort', abort);
  try {
    const response = await exchange(request, backend, over.signal);
    response.once('close', deaf);
    return answerOf(response);
  } catch (error) {
    deaf();
    if (!(error instanceof errors.StatusError)) throw error;
    return errorPage(error.code === 500 ? 500 : 503, error.message);
  } finally {
    cancel?.();
  }
}

async function exchange(request: AdmittedRequest, backend: RemoteGroupVersion['backend'], signal: AbortSignal): Promise<IncomingMessage> {
  const headers = forwardedHeaders(request, request.user, backend.host);
  const bodiless = request.method === 'GET' || request.method === 'HEAD';
  const { stream } = request;
  const value = bodiless || stream ? undefined : await memoryBody(request, headers);
  // Its length may be known to its end alone.
  if (!bodiless && stream && !('content-length' in headers)) headers['transfer-encoding'] = 'chunked';
  return new Promise((resolve, reject) => {
    backend.begin({ method: request.method, path: targetOf(request), headers, signal }, resolve, reject).then((outgoing) => {
      if (bodiless || !stream) return outgoing.end(value);
      stream.once('error', (error) => outgoing.destroy(error));
      return stream.pipe(outgoing);
    }, reject);
  });
}

/** In memory there is a value in the place of bytes. */
async function memoryBody(request: AdmittedRequest, headers: Headers): Promise<Buffer | undefined> {
  const body = await request.body();
  if ('value' in body && body.value === undefined) return undefined;
  const bytes = 'bytes' in body ? Buffer.from(body.bytes) : Buffer.from(JSON.stringify(body.value));
  headers['content-type'] ??= 'application/json';
  headers['content-length'] = String(bytes.byteLength);
  return bytes;
}

function answerOf(response: IncomingMessage): Answer {
  const status = response.statusCode!;
  if (status >= 300 && status <= 399 && response.headers.location) {
    response.destroy();
    return { kind: 'raw', status: 502, headers: {}, body: Buffer.from(redirected) };
  }
  return { kind: 'raw', status, headers: answeredHeaders(response.headers), body: response as AsyncIterable<Uint8Array> };
}

/** A connection that asks for another protocol is carried byte for byte, the answer to its question too. @throws StatusError */
export async function passConnectionOn(request: AdmittedRequest, { available, backend }: RemoteGroupVersion, raw: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  if (!available) throw errors.serviceUnavailable(serviceUnavailable);
  const upstream = await backend.connect();
  const headers = { ...forwardedHeaders(request, request.user, backend.host), connection: 'Upgrade', upgrade: raw.headers.upgrade ?? '' };
  const lines = Object.entries(headers).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one.replace(/[\r\n]/g, ' ')}\r\n`));
  upstream.write(Buffer.from(`${raw.method} ${targetOf(request)} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'));
  if (head.length) upstream.write(head);
  joinConnections(upstream, socket);
}
