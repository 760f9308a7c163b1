// Reads HTTP/1.1 request and response heads strictly. What is unusual is not judged here: a request head that is not plain
// gives undefined and takes the general path, so no two parties can read one message differently.

/** The empty line that ends a head. */
export const headEnd = '\r\n\r\n';

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const digits = /^\d{1,15}$/;
/** A line break that is not CRLF, a NUL, or a folded field. */
const odd = /[^\r]\n|\r(?!\n)|\0|\r\n[ \t]/;

const http2Settings = 'http2-settings';
/**
 * An offer to go on in HTTP/2 (RFC 7540, 3.2) is not taken up, as a server may: taken up, the connection would belong to one back
 * end and end with it. Clients that begin with HTTP/2 are relayed.
 */
export const isH2c = (upgrade: string): boolean => upgrade.trim().toLowerCase() === 'h2c';

/** Raw fields without such an offer. */
export function withoutH2c(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (name === 'upgrade' || name === http2Settings) continue;
    const value = name === 'connection' ? raw[i + 1]!.split(',').filter((option) => !['upgrade', http2Settings].includes(option.trim().toLowerCase())).join(',').trim() : raw[i + 1]!;
    if (name !== 'connection' || value !== '') kept.push(raw[i]!, value);
  }
  return kept;
}

export interface RequestHead {
  readonly method: string;
  /** What goes to the back end: hop-by-hop fields removed, X-Forwarded-* added, with the final empty line. */
  readonly text: string;
  readonly contentLength: number;
  /** The client will not use the connection again. */
  readonly close: boolean;
  readonly idempotent: boolean;
}

const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
export const isIdempotent = (method: string): boolean => idempotentMethods.has(method);

/** `text` is the head without its final empty line. Undefined: take the general path. */
export function parseRequestHead(text: string, client: string): RequestHead | undefined {
  if (odd.test(text)) return undefined;
  let at = text.indexOf('\r\n');
  if (at < 0) return undefined;
  if (!text.endsWith(' HTTP/1.1', at) || at < 9) return undefined;
  const space = text.indexOf(' ');
  const method = text.slice(0, space);
  if (space < 1 || space + 2 > at - 9 || text.indexOf(' ', space + 1) !== at - 9 || !token.test(method) || method === 'CONNECT') return undefined;

  let out = '';
  let kept = 0;
  let host: string | undefined;
  let contentLength = -1;
  let close = false;
  let forwardedFor = '';
  let forwardedHost = false;
  let forwardedProto = false;
  let upgrade = false;
  let h2c = false;
  while (at < text.length) {
    const start = at + 2;
    let end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    at = end;
    const colon = text.indexOf(':', start);
    if (colon <= start || colon >= end) return undefined;
    let drop = false;
    switch (colon - start) {
      case 2: if (lower(text, start, colon) === 'te') return undefined; break;
      case 4: if (lower(text, start, colon) === 'host') { if (host !== undefined) return undefined; host = text.slice(colon + 1, end).trim(); } break;
      case 6: if (lower(text, start, colon) === 'expect') return undefined; break;
      case 7: {
        const name = lower(text, start, colon);
        if (name === 'trailer') return undefined;
        if (name === 'upgrade') {
          if (!isH2c(text.slice(colon + 1, end))) return undefined;
          h2c = drop = true;
        }
        break;
      }
      case 10: {
        const name = lower(text, start, colon);
        if (name === 'keep-alive') drop = true;
        if (name === 'connection') {
          for (const option of lower(text, colon + 1, end).split(',')) {
            const value = option.trim();
            if (value === 'close') close = true;
            else if (value === 'upgrade') upgrade = true;
            else if (value !== 'keep-alive' && value !== http2Settings) return undefined;
          }
          drop = true;
        }
        break;
      }
      case 14: {
        const name = lower(text, start, colon);
        if (name === http2Settings) drop = true;
        if (name === 'content-length') {
          const value = text.slice(colon + 1, end).trim();
          if (contentLength >= 0 || !digits.test(value)) return undefined;
          contentLength = Number(value);
        }
        break;
      }
      case 15:
        if (lower(text, start, colon) === 'x-forwarded-for') {
          forwardedFor += `${text.slice(colon + 1, end).trim()}, `;
          drop = true;
        }
        break;
      case 16: {
        const name = lower(text, start, colon);
        if (name === 'proxy-connection') drop = true;
        if (name === 'x-forwarded-host') forwardedHost = true;
        break;
      }
      case 17: {
        const name = lower(text, start, colon);
        if (name === 'transfer-encoding') return undefined;
        if (name === 'x-forwarded-proto') forwardedProto = true;
        break;
      }
      default:
    }
    if (!validName(text, start, colon)) return undefined;
    if (drop) {
      out += text.slice(kept, start - 2);
      kept = end;
    }
  }
  if (host === undefined || upgrade !== h2c) return undefined;
  out += kept === 0 ? text : text.slice(kept);
  out += `\r\nX-Forwarded-For: ${forwardedFor}${client}`;
  if (!forwardedProto) out += '\r\nX-Forwarded-Proto: http';
  if (!forwardedHost) out += `\r\nX-Forwarded-Host: ${host}`;
  return { method, text: `${out}\r\n\r\n`, contentLength: Math.max(0, contentLength), close, idempotent: isIdempotent(method) };
}

export interface ResponseHead {
  readonly status: number;
  /** Body bytes; -1 when chunked or until the connection closes. */
  readonly contentLength: number;
  readonly chunked: boolean;
  /** The back end closes the connection after this response. */
  readonly close: boolean;
  /** `Keep-Alive: timeout=`, seconds; -1 when absent. */
  readonly keepAliveSeconds: number;
  /** The head with hop-by-hop fields removed, without the final empty line; undefined when the original may pass as it is. */
  readonly rewritten: string | undefined;
}

/**
 * `text` is the head without its final empty line; `clientClose`: the client's connection ends after this response.
 * Undefined when it is no HTTP/1.x response.
 */
export function parseResponseHead(text: string, requestMethod: string, clientClose: boolean): ResponseHead | undefined {
  if (odd.test(text) || !text.startsWith('HTTP/1.')) return undefined;
  const status = Number(text.slice(9, 12));
  if (!(status >= 100 && status <= 999) || text.charCodeAt(8) !== 0x20) return undefined;
  let at = text.indexOf('\r\n');
  if (at < 0) at = text.length;
  const old = text.charCodeAt(7) === 0x30;
  let out = '';
  let kept = 0;
  let contentLength = -1;
  let chunked = false;
  let close = old;
  let keepAliveSeconds = -1;
  while (at < text.length) {
    const start = at + 2;
    let end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    at = end;
    const colon = text.indexOf(':', start);
    if (colon <= start || colon >= end) return undefined;
    let drop = false;
    const length = colon - start;
    if (length === 10) {
      const name = lower(text, start, colon);
      if (name === 'keep-alive') {
        drop = true;
        const hint = /timeout=(\d+)/.exec(lower(text, colon + 1, end));
        if (hint) keepAliveSeconds = Number(hint[1]);
      } else if (name === 'connection') {
        const value = lower(text, colon + 1, end).trim();
        if (value === 'keep-alive') close = false;
        else if (/\bclose\b/.test(value)) close = true;
        drop = clientClose || value !== 'keep-alive';
      }
    } else if (length === 14 && lower(text, start, colon) === 'content-length') {
      const value = text.slice(colon + 1, end).trim();
      if (!digits.test(value) || (contentLength >= 0 && contentLength !== Number(value))) return undefined;
      contentLength = Number(value);
    } else if (length === 17 && lower(text, start, colon) === 'transfer-encoding') {
      if (lower(text, colon + 1, end).trim() !== 'chunked' || chunked) return undefined;
      chunked = true;
    }
    if (drop) {
      out += text.slice(kept, start - 2);
      kept = end;
    }
  }
  if (chunked && contentLength >= 0) return undefined;
  if (old) out = `HTTP/1.1${(kept === 0 ? text : out + text.slice(kept)).slice(8)}`;
  else if (kept > 0) out += text.slice(kept);
  if (requestMethod === 'HEAD' || status === 204 || status === 304 || status < 200) {
    contentLength = 0;
    chunked = false;
  }
  return { status, contentLength, chunked, close, keepAliveSeconds, rewritten: out === '' ? undefined : out };
}

const lower = (text: string, start: number, end: number): string => text.slice(start, end).toLowerCase();

function validName(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    if (!letter && code !== 0x2d && !(code >= 0x30 && code <= 0x39) && !token.test(text[i]!)) return false;
  }
  return true;
}
