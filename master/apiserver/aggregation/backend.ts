// The extension server behind an APIService: one request, one connection, over TLS to a ready endpoint of its Service and with the
// certificate of the front proxy. upstream: kube-aggregator pkg/apiserver/{handler_proxy,resolvers}.go, apiserver pkg/util/proxy/proxy.go
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { APIService } from '../../../src/api/apiregistration/api-service.ts';
import type { Service } from '../../../src/api/core/service.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Registry } from '../../registry/registry.ts';
import { anyOf, open, slicesOf, unreachable } from '../proxy/dial.ts';
import { serviceLocation, type Location } from '../proxy/location.ts';
import type { Tunnels } from '../tunnel.ts';
import { connectionWords } from './connection-words.ts';
import type { Headers } from './headers.ts';

/** PEM of the front proxy's certificate and key, as they are now: they are renewed. */
export type ClientPair = () => { readonly cert: string; readonly key: string };
export interface BackendOptions { readonly registry: Registry; readonly tunnels: Tunnels; readonly clientPair: ClientPair }
export interface Exchange { readonly method: string; /** With the query. */ readonly path: string; readonly headers: Headers; readonly signal: AbortSignal }

/** Another than any ready endpoint; `unchecked`: whoever answers there counts. */
export interface Target { readonly location?: Location; readonly unchecked?: boolean }

/** What of the spec decides how the server is reached. */
export type Place = Pick<APIService['spec'], 'service' | 'caBundle' | 'insecureSkipTLSVerify'>;

const defaultPort = 443;
const handshakeMs = 10_000;
const mostAttempts = 5;
/** What `unreachable` puts before its reason. */
export const reaching = /^error trying to reach service: /;
export const serviceUnavailable = 'service unavailable';

export class Backend {
  /** As its certificate names it. */
  readonly host: string;
  readonly #service: { readonly namespace: string; readonly name: string; readonly port: number };
  readonly #place: Place;
  readonly #options: BackendOptions;
  #context: { readonly cert: string; readonly context: SecureContext } | undefined;

  constructor(place: Place, options: BackendOptions) {
    const { namespace = '', name = '', port = defaultPort } = place.service!;
    this.#service = { namespace, name, port };
    this.host = `${name}.${namespace}.svc`;
    this.#place = place;
    this.#options = options;
  }

  /** The ready endpoints, as many as are worth a try of their own. @throws StatusError 404, 503 */
  locations(): Location[] {
    let count = 1;
    const first = this.#location((all) => { count = all; return 0; });
    return [first, ...Array.from({ length: Math.min(count, mostAttempts) - 1 }, (_, i) => this.#location(() => i + 1))];
  }
  #location(choose: (count: number) => number): Location {
    const { registry } = this.#options;
    const { namespace, name, port } = this.#service;
    const service = registry.find('', 'v1', 'services')!.get(namespace, name).object as unknown as Service;
    if (service.spec.type === 'ExternalName') return { scheme: 'http', address: service.spec.externalName!, port };
    return serviceLocation(service, slicesOf(registry, namespace, name), name, { scheme: 'http', name, port: String(port) }, choose);
  }

  /** Clients are not told what it lacks: the condition of the APIService says it. */
  #any(): Location {
    try {
      return this.#location(anyOf);
    } catch (error) {
      if (error instanceof errors.StatusError) throw errors.serviceUnavailable(serviceUnavailable);
      throw error;
    }
  }

  /**
   * Sends a request's head; its body is the caller's to end. The answer, or why there is none, goes to `answered` or `failed`.
   * @throws StatusError 503 telling why nothing answers there; 500 where the caBundle is none
   */
  async begin({ method, path, headers, signal }: Exchange, answered: (response: IncomingMessage) => void, failed: (error: Error) => void, target?: Target): Promise<ClientRequest> {
    const socket = await this.#connectWhile(signal, target);
    const outgoing = httpRequest({ method, path, headers: { host: this.host, ...headers, connection: 'close' }, createConnection: () => socket, signal });
    outgoing.once('response', (response) => {
      response.once('close', () => socket.destroy());
      answered(response);
    });
    // More than one may come: of the request, and of its socket after it.
    outgoing.on('error', (error) => {
      socket.destroy();
      failed(unreachable(connectionWords(error)));
    });
    return outgoing;
  }

  /** A request without a body. @throws StatusError */
  get(exchange: Omit<Exchange, 'method'>, target?: Target): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      this.begin({ method: 'GET', ...exchange }, resolve, reject, target).then((outgoing) => outgoing.end(), reject);
    });
  }

  /** Whoever does not want it any more does not wait for it. */
  #connectWhile(signal: AbortSignal, target: Target | undefined): Promise<TLSSocket> {
    const connecting = this.connect(target);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(unreachable(connectionWords(signal.reason as Error)));
        connecting.then((socket) => socket.destroy(), () => undefined); // nobody is to be told
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      void connecting.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  /** @throws StatusError */
  async connect({ location, unchecked = false }: Target = {}): Promise<TLSSocket> {
    const secureContext = this.#secureContext(unchecked);
    const below = await this.#dialled(location ?? this.#any());
    return this.#secured(below, secureContext, unchecked || this.#place.insecureSkipTLSVerify === true);
  }

  async #dialled(location: Location): Promise<Duplex> {
    try {
      return await open(this.#options.tunnels, location);
    } catch (error) {
      const { message } = error as Error;
      throw unreachable(message.replace(reaching, ''));
    }
  }

  #secureContext(unchecked: boolean): SecureContext {
    const pair = this.#options.clientPair();
    if (unchecked) return createSecureContext(pair);
    if (this.#context?.cert === pair.cert) return this.#context.context;
    try {
      const { caBundle } = this.#place;
      const context = createSecureContext({ ...pair, ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}) });
      this.#context = { cert: pair.cert, context };
      return context;
    } catch (error) {
      throw errors.internal(`unable to load root certificates: ${(error as Error).message}`);
    }
  }

  #secured(below: Duplex, secureContext: SecureContext, unchecked: boolean): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ socket: below, host: this.host, servername: this.host, secureContext, rejectUnauthorized: !unchecked, ALPNProtocols: ['http/1.1'] });
      const give = (error: Error): void => {
        socket.destroy();
        below.destroy();
        reject(unreachable(connectionWords(error)));
      };
      const late = (): void => give(new Error('net/http: TLS handshake timeout'));
      socket.setTimeout(handshakeMs, late);
      // They may fail more than once, and nobody waits for it any longer then.
      below.on('error', give);
      socket.on('error', give);
      socket.once('close', () => give(new Error('EOF')));
      socket.once('secureConnect', () => {
        socket.setTimeout(0, late);
        socket.off('timeout', late);
        resolve(socket);
      });
    });
  }
}
