// A client of the API over plain HTTPS that knows nothing of the product's own: what it was answered is what a test may rely on.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';

export interface ApiObject { readonly kind: string; readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly uid: string; readonly annotations?: Readonly<Record<string, string>> }; readonly data?: Readonly<Record<string, string>>; readonly code?: number; readonly message?: string; readonly items?: readonly ApiObject[] }
export interface Answer { readonly status: number; readonly object: ApiObject }
export interface WatchEvent { readonly type: string; readonly object: ApiObject }

interface Kubeconfig { readonly users: readonly { readonly user: Record<string, string> }[]; readonly clusters: readonly { readonly cluster: Record<string, string> }[] }

export class ApiClient {
  readonly #agent: Agent;
  readonly #server: string;

  /** `server` is where the API is reached from here, e.g. `https://10.0.0.11:6443`. */
  constructor(kubeconfig: string, server: string) {
    const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
    const [{ user }] = config.users as [{ user: Record<string, string> }];
    const [{ cluster }] = config.clusters as [{ cluster: Record<string, string> }];
    const decoded = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
    this.#agent = new Agent({ keepAlive: true, ca: decoded(cluster['certificate-authority-data']), cert: decoded(user['client-certificate-data']), key: decoded(user['client-key-data']) });
    this.#server = server;
  }

  /** Resolves with any whole answer; rejects when there was none: then the outcome is unknown. */
  async call(method: string, path: string, body?: object, timeoutMs = 15_000, contentType = 'application/json'): Promise<Answer> {
    const sent = body ? JSON.stringify(body) : undefined;
    // Node frames no body of a DELETE by itself.
    const headers = { 'content-type': contentType, ...(sent === undefined ? {} : { 'content-length': Buffer.byteLength(sent) }) };
    const outgoing = request(`${this.#server}${path}`, { method, agent: this.#agent, timeout: timeoutMs, headers });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.end(sent);
    let response: IncomingMessage;
    try {
      [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    } catch (error) {
      // The server had just ended a connection that was idle: what only reads is asked again.
      if (method === 'GET' && outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET') return this.call(method, path, body, timeoutMs, contentType);
      throw error;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    if (!response.complete) throw new Error('the answer broke off');
    return { status: response.statusCode!, object: JSON.parse(Buffer.concat(chunks).toString()) as ApiObject };
  }

  /** Events until the connection ends, however it does. @throws when no watch could be opened */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const outgoing = request(`${this.#server}${path}`, { agent: this.#agent, signal });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    const lines = createInterface({ input: response });
    for await (const line of lines) {
      let event: WatchEvent | undefined;
      try {
        event = JSON.parse(line) as WatchEvent;
      } catch {
        return; // the connection ended within a line
      }
      if (response.statusCode === 200) yield event;
      else yield { type: 'ERROR', object: event as unknown as ApiObject };
    }
  }

  close(): void { this.#agent.destroy(); }
}
