// The HTTP GET of probes and hooks: to the Pod's address unless a host is named, headers as the Pod gives them, redirects
// followed on the same host only. upstream: pkg/probe/http/{request,http}.go
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Container } from './pod.ts';
import { quoted, resolvePort } from './pod.ts';

export interface HttpGetAction { readonly path?: string; readonly port: number | string; readonly host?: string; readonly scheme?: string; readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[] }
export interface HttpAnswer { readonly statusCode: number; readonly body: string }

const maxRedirects = 10;
/** Those whose Location Go's client follows. */
const redirects = new Set([301, 302, 303, 307, 308]);
const maxBodyBytes = 10 * 1024;

export function actionUrl(action: HttpGetAction, container: Container, podIP: string): URL {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const host = action.host || podIP;
  const shown = host.includes(':') ? `[${host}]` : host;
  const path = action.path ?? '/';
  return new URL(`${scheme}://${shown}:${resolvePort(action.port, container)}${path.startsWith('/') ? path : `/${path}`}`);
}

export function actionHeaders(action: HttpGetAction, purpose: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const nameOf = new Map<string, string>();
  for (const { name, value } of action.httpHeaders ?? []) {
    const known = nameOf.get(name.toLowerCase());
    if (known === undefined) {
      nameOf.set(name.toLowerCase(), name);
      headers[name] = value;
    } else headers[known] = [...[headers[known]!].flat(), value];
  }
  if (!nameOf.has('user-agent')) headers['User-Agent'] = `kube-${purpose}/1.33`;
  const accept = nameOf.get('accept');
  if (accept === undefined) headers['Accept'] = '*/*';
  else if (headers[accept] === '') delete headers[accept];
  headers['Connection'] = 'close';
  return headers;
}

/** A server that was asked by TLS and answered in plain text. */
const plainAnswer = 'http: server gave HTTP response to HTTPS client';
export const isPlainAnswer = (error: unknown): boolean => error instanceof Error && error.message.endsWith(plainAnswer);

const dialCauses: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused', EHOSTUNREACH: 'no route to host', ENETUNREACH: 'network is unreachable', ETIMEDOUT: 'connection timed out',
};
/** Go's words for a connection that did not come about; undefined for another failure. */
export function dialFailure(host: string, address: string, { code = '', syscall }: NodeJS.ErrnoException): string | undefined {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: ${code === 'ENOTFOUND' ? 'no such host' : 'Temporary failure in name resolution'}`;
  // A connection that is there may be lost in the same way.
  const cause = syscall === 'read' || syscall === 'write' ? undefined : dialCauses[code];
  return cause === undefined ? undefined : `dial tcp ${address}: connect: ${cause}`;
}

/** Of what was no HTTP, the first line. */
const malformed = ({ rawPacket }: NodeJS.ErrnoException & { rawPacket?: Buffer }): string =>
  `net/http: HTTP/1.x transport connection broken: malformed HTTP response ${quoted((rawPacket ?? Buffer.alloc(0)).toString('latin1').split(/\r?\n/)[0]!)}`;

/** Go's words for the failures people know from `kubectl describe`. */
function inWords(url: URL, error: NodeJS.ErrnoException): Error {
  const address = `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
  const why = dialFailure(url.hostname, address, error)
    ?? (error.code === 'EPROTO' || error.code === 'ERR_SSL_WRONG_VERSION_NUMBER' ? plainAnswer
      : error.code === 'ECONNRESET' ? (error.syscall ? `read tcp ${address}: read: connection reset by peer` : 'EOF')
        : error.code?.startsWith('HPE_') ? malformed(error)
          : error.name === 'AbortError' || error.name === 'TimeoutError' ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)' : error.message);
  return new Error(`Get ${quoted(String(url))}: ${why}`);
}

/** @throws Error `Get "url": …` when there was no answer in time. */
export async function httpGet(start: URL, headers: Record<string, string | string[]>, timeoutMs: number): Promise<HttpAnswer> {
  // What is left of a grace period is no whole number.
  const signal = AbortSignal.timeout(Math.ceil(timeoutMs));
  let url = start;
  for (let hops = 0; ; hops++) {
    const answer = await once(url, headers, signal).catch((error: NodeJS.ErrnoException) => { throw inWords(url, error); });
    const { location } = answer;
    if (location === undefined) return { statusCode: answer.statusCode, body: answer.body };
    const next = new URL(location, url);
    if (next.hostname !== start.hostname) return { statusCode: answer.statusCode, body: answer.body };
    if (hops >= maxRedirects) throw new Error(`Get ${quoted(String(next))}: stopped after ${maxRedirects} redirects`);
    url = next;
  }
}

function once(url: URL, headers: Record<string, string | string[]>, signal: AbortSignal): Promise<{ statusCode: number; body: string; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage): void => {
      const parts: Buffer[] = [];
      let size = 0;
      const done = (): void => {
        const { statusCode = 0 } = response;
        const location = redirects.has(statusCode) ? response.headers.location : undefined;
        resolve({ statusCode, body: Buffer.concat(parts).toString(), location });
      };
      response.on('data', (part: Buffer) => {
        parts.push(part.subarray(0, Math.max(0, maxBodyBytes - size)));
        size += part.length;
        // The rest of a long body tells nothing more.
        if (size >= maxBodyBytes) {
          done();
          response.destroy();
        }
      });
      response.on('end', done);
      response.on('error', reject);
    };
    const options = { method: 'GET', headers, signal, agent: false as const };
    const request = url.protocol === 'https:' ? https.request(url, { ...options, rejectUnauthorized: false }, answered) : http.request(url, options, answered);
    request.on('error', reject);
    request.end();
  });
}
