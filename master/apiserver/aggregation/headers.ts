// What goes along with a request to an extension server, and with its answer back: who asks is told in headers of the front proxy,
// and nothing of the client's own credentials. (upstream: client-go transport/round_trippers.go, apimachinery util/proxy/upgradeaware.go)
import type { IncomingHttpHeaders } from 'node:http';
import type { User } from '../../registry/request-context.ts';
import { dropped, ofOrigins } from '../proxy/proxy.ts';
import type { ServerRequest } from '../request.ts';
import { protocolsWithoutToken } from '../tokens/websocket-protocol.ts';

/** As the ConfigMap `extension-apiserver-authentication` names them to extension servers. */
export const frontProxyHeaders = { username: 'X-Remote-User', uid: 'X-Remote-Uid', group: 'X-Remote-Group', extraPrefix: 'X-Remote-Extra-' } as const;
/** Only the front proxy says these: a client's own would let it be anybody. */
const ofFrontProxy = /^x-remote-(user|uid|group|extra-.*)$/i;

export type Headers = Record<string, string | string[]>;

/** Node writes each character as a byte. */
const asBytes = (text: string): string => Buffer.from(text).toString('latin1');
/** A key may have characters a header's name may not. */
const escapedKey = (key: string): string => [...Buffer.from(key)].map((byte) => {
  const character = String.fromCharCode(byte);
  return /[\w!#$&'*+\-.^`|~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}).join('');

/** Who asks, in the headers of the front proxy. */
export function userHeaders({ name, uid, groups, extra = {} }: User): Headers {
  const { username, uid: uidHeader, group, extraPrefix } = frontProxyHeaders;
  return {
    [username]: asBytes(name), ...(uid ? { [uidHeader]: asBytes(uid) } : {}), ...(groups.length ? { [group]: groups.map(asBytes) } : {}),
    ...Object.fromEntries(Object.entries(extra).map(([key, values]) => [extraPrefix + escapedKey(key), values.map(asBytes)])),
  };
}

const protocolHeader = 'sec-websocket-protocol';

/** `host`: of the place, as its certificate names it. */
export function forwardedHeaders({ headers, path, peer }: Pick<ServerRequest, 'headers' | 'path' | 'peer'>, user: User, host: string): Headers {
  const kept: Headers = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && !dropped.test(name) && !ofFrontProxy.test(name)) kept[name] = value;
  const protocols = protocolsWithoutToken(headers[protocolHeader] ?? '');
  if (protocols) kept[protocolHeader] = protocols;
  else delete kept[protocolHeader];
  const asked = headers['host'] ?? headers[':authority'];
  return {
    ...kept, host, ...(asked ? { 'x-forwarded-host': asked } : {}), 'x-forwarded-proto': 'https', 'x-forwarded-uri': path,
    'x-forwarded-for': [headers['x-forwarded-for'], peer.address].filter(Boolean).join(', '), ...userHeaders(user),
  };
}

/** Of an answer on its way back. */
export function answeredHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && !dropped.test(name) && !ofOrigins.has(name)) kept[name] = Array.isArray(value) ? value.join(', ') : value;
  return kept;
}
