// A webhook on loopback: a real HTTPS server with a certificate of an authority of its own, that answers each path by a function of the
// review it was sent, and remembers the reviews.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issue } from '../../master/pki/certificates.ts';

export interface ReviewRequest { readonly uid: string; readonly operation: string; readonly name?: string; readonly namespace?: string; readonly object: any; readonly oldObject: any; readonly [member: string]: any }
export interface Review { readonly kind: string; readonly apiVersion: string; readonly request: ReviewRequest }
/** What becomes the review's `response`; the uid is added. Undefined: no answer, ever. */
export type Answer = (review: Review) => object | undefined;

export interface WebhookServer {
  readonly url: string;
  readonly port: number;
  /** PEM in base64. */
  readonly caBundle: string;
  /** By path, in order. */
  readonly reviews: Map<string, Review[]>;
  /** Query of the last call. */
  readonly lastQuery: () => string;
  on(path: string, answer: Answer): void;
  /** Answers the path with these bytes. */
  raw(path: string, status: number, body: string): void;
  clientConfig(path: string): object;
  stop(): Promise<void>;
}

export const jsonPatch = (...operations: object[]): object => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });

export async function startWebhookServer(names: { dnsNames?: string[]; ips?: string[] } = { ips: ['127.0.0.1'] }): Promise<WebhookServer> {
  const authority = await createAuthority('webhook-ca');
  const pair = await issue(authority, { commonName: 'webhook', usage: 'server', ...names });
  const answers = new Map<string, Answer>();
  const texts = new Map<string, { status: number; body: string }>();
  const reviews = new Map<string, Review[]>();
  let query = '';

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { pathname, search } = new URL(request.url!, 'https://webhook');
    query = search;
    const text = texts.get(pathname);
    if (body === '') {
      response.writeHead(404).end();
      return;
    }
    const review = JSON.parse(body) as Review;
    reviews.set(pathname, [...(reviews.get(pathname) ?? []), review]);
    const answer = answers.get(pathname);
    if (text) response.writeHead(text.status).end(text.body);
    else if (!answer) response.writeHead(404).end('404 page not found\n');
    else {
      const given = answer(review);
      if (given) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: review.kind, apiVersion: review.apiVersion, response: { uid: review.request.uid, ...given } }));
    }
  }
  const server = createServer({ key: pair.key, cert: pair.cert }, (request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  const caBundle = Buffer.from(authority.cert).toString('base64');
  return {
    url, port, caBundle, reviews, lastQuery: () => query,
    on: (path, answer) => { texts.delete(path); answers.set(path, answer); },
    raw: (path, status, body) => { texts.set(path, { status, body }); },
    clientConfig: (path) => ({ url: url + path, caBundle }),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const allow = (): object => ({ allowed: true });
export const deny = (message?: string, more: object = {}): object => ({ allowed: false, ...(message === undefined ? {} : { status: { message, ...more } }) });
/** Refuses objects whose data say so. */
export const judgeData: Answer = ({ request: { object, oldObject } }) => ((object ?? oldObject).data?.verdict === 'bad' ? deny('the configmap contains unwanted key and value') : allow());
/** Adds a key to data that have another. */
export const stage = (from: string, to: string): Answer => ({ request: { object } }) => (object.data?.[from] === 'yes' && object.data[to] === undefined ? jsonPatch({ op: 'add', path: `/data/${to}`, value: 'yes' }) : allow());

export const ruleOf = (operations: string[], resource: string, more: object = {}): object => ({ operations, apiGroups: [''], apiVersions: ['v1'], resources: [resource], ...more });
