// Calls webhooks: JSON by POST over TLS, to a URL or to a Service of the cluster. What goes wrong is told as upstream's client tells it.
// upstream: apiserver pkg/util/webhook/client.go, client-go rest/request.go, apimachinery pkg/api/errors (NewGenericServerResponse)
import { request as httpRequest } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { WebhookClientConfig } from '../../src/api/webhook-client.ts';
import type { Clock } from '../../src/util/clock.ts';
import { textWithin } from '../../src/util/text-within.ts';

export interface ServicePort { readonly namespace: string; readonly name: string; readonly port: number }
/** A connection to a ready endpoint of a Service. @throws Error */
export type DialService = (service: ServicePort) => Promise<Duplex>;

/** What went wrong between here and the webhook. */
export class WebhookFault extends Error {
  /** It had all the time it was given. */
  readonly timedOut: boolean;
  constructor(message: string, options: ErrorOptions & { readonly timedOut?: boolean } = {}) {
    super(message, options);
    this.timedOut = options.timedOut ?? false;
  }
}

interface Target {
  /** As errors show it: `https://name.namespace.svc:443/path`. */
  readonly url: URL;
  /** Whom the certificate has to name. */
  readonly host: string;
  readonly service?: ServicePort;
}

const defaultPort = 443;
/** No answer a webhook can sensibly give is longer. */
const longestAnswer = 16 * 1024 * 1024;
const deadlineExceeded = 'context deadline exceeded';

function targetOf({ url, service }: WebhookClientConfig): Target {
  if (!service) {
    const parsed = new URL(url!);
    return { url: parsed, host: parsed.hostname.replace(/^\[|\]$/g, '') };
  }
  const { namespace, name, path = '', port = defaultPort } = service;
  const host = `${name}.${namespace}.svc`;
  // A URL object would leave out the port that is usual; errors show it.
  return { url: new URL(`https://${host}:${port}${path.startsWith('/') ? path : `/${path}`}`), host, service: { namespace, name, port } };
}
function shown({ url, host, service }: Target): string { return service ? `https://${host}:${service.port}${url.pathname}` : url.href; }

export class WebhookClient {
  readonly #dial: DialService;
  readonly #clock: Clock;
  constructor(dial: DialService, clock: Clock) {
    this.#dial = dial;
    this.#clock = clock;
  }

  /** The JSON a webhook answers to `body`, itself JSON, within so many ms; it is told in whole seconds. @throws WebhookFault */
  async post(config: WebhookClientConfig, body: string, ms: number): Promise<unknown> {
    const target = targetOf(config);
    const over = new AbortController();
    const cancel = this.#clock.after(ms, () => over.abort());
    const query = `?timeout=${Math.ceil(ms / 1000)}s`;
    try {
      const { status, text } = await this.#exchange(target, config.caBundle, `${target.url.pathname}${query}`, body, over.signal);
      if (status < 200 || status > 206) throw new WebhookFault(statusWords(status, text));
      return parsed(text);
    } catch (error) {
      if (error instanceof WebhookFault) throw error;
      throw new WebhookFault(`Post ${JSON.stringify(shown(target) + query)}: ${over.signal.aborted ? deadlineExceeded : connectionWords(error as ConnectionError)}`, { cause: error, timedOut: over.signal.aborted });
    } finally {
      cancel();
    }
  }

  async #exchange(target: Target, caBundle: string | undefined, path: string, body: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
    const socket = await this.#connect(target, caBundle, signal);
    try {
      return await new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error(deadlineExceeded)), { once: true });
        const outgoing = httpRequest({
          method: 'POST', path, createConnection: () => socket as never,
          headers: { host: target.service ? `${target.host}:${target.service.port}` : target.url.host, 'user-agent': 'kube-apiserver-admission', accept: 'application/json, */*', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), connection: 'close' },
        });
        // It may fail again when its socket is destroyed.
        outgoing.on('error', reject);
        outgoing.once('response', (response) => { textWithin(response as AsyncIterable<Uint8Array>, longestAnswer).then((text) => resolve({ status: response.statusCode!, text }), reject); });
        outgoing.end(body);
      });
    } finally {
      socket.destroy();
    }
  }

  async #connect(target: Target, caBundle: string | undefined, signal: AbortSignal): Promise<TLSSocket> {
    const below = target.service ? await this.#dialed(target.service, signal) : undefined;
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        ...(below ? { socket: below } : { port: Number(target.url.port || defaultPort) }), host: target.host,
        ...(isIP(target.host) ? {} : { servername: target.host }), ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}), ALPNProtocols: ['http/1.1'],
      });
      const failed = (error: Error): void => {
        socket.destroy();
        below?.destroy();
        reject(error);
      };
      below?.once('error', failed);
      // It may fail more than once, and nobody waits for it any longer then.
      socket.on('error', failed);
      signal.addEventListener('abort', () => failed(new Error(deadlineExceeded)), { once: true });
      socket.once('secureConnect', () => resolve(socket));
    });
  }

  /** A dial that comes too late is hung up. */
  #dialed(service: ServicePort, signal: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error(deadlineExceeded)), { once: true });
      this.#dial(service).then((socket) => {
        if (signal.aborted) socket.destroy();
        resolve(socket);
      }, reject);
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new WebhookFault(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
}

interface ConnectionError extends Error { readonly code?: string; readonly syscall?: string; readonly address?: string; readonly port?: number; readonly hostname?: string; readonly cert?: { readonly subjectaltname?: string }; readonly host?: string }
const unknownAuthority: ReadonlySet<string> = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_SIGNATURE_FAILURE']);

/** Go's words for why a connection failed. */
function connectionWords({ code = '', message, address, port, hostname, cert, host }: ConnectionError): string {
  const untrusted = 'tls: failed to verify certificate: x509: ';
  if (unknownAuthority.has(code)) return `${untrusted}certificate signed by unknown authority`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return `${untrusted}certificate has expired or is not yet valid`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${untrusted}certificate is valid for ${(cert?.subjectaltname ?? '').replace(/\b(DNS|IP Address):/g, '')}, not ${host ?? ''}`;
  if (code === 'ECONNREFUSED') return `dial tcp ${address}:${port}: connect: connection refused`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`;
  return code === 'ECONNRESET' ? 'EOF' : message;
}

const words: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason', 401: 'the server has asked for the client to provide credentials', 404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource', 409: 'the server reported a conflict', 422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later', 503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};
function statusWords(status: number, text: string): string {
  return words[status] ?? (status >= 500 ? `an error on the server (${JSON.stringify(text.trim() || 'unknown')}) has prevented the request from succeeding` : `the server responded with the status code ${status} but did not return more information`);
}
