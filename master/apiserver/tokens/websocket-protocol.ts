// A token among the protocols of a WebSocket, where a browser can put it: it is for this server alone, and whoever is behind it
// never gets to see it. (upstream: apiserver authentication/request/websocket/protocol.go)
import { TextDecoder } from 'node:util';

const prefix = 'base64url.bearer.authorization.k8s.io.';

export interface OfferedProtocols { readonly others: readonly string[]; /** As they were sent: encoded. */ readonly tokens: readonly string[] }

function offeredProtocols(header: string): OfferedProtocols {
  const all = header.split(',').map((text) => text.trim()).filter((text) => text !== '');
  return { others: all.filter((name) => !name.startsWith(prefix)), tokens: all.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)) };
}

/** Undefined when none is shown. @throws Error for what upstream refuses: several, one that is no text, one without a protocol to agree on */
export function tokenInProtocols(header: string): string | undefined {
  const { others, tokens: [encoded, ...more] } = offeredProtocols(header);
  if (encoded === undefined) return undefined;
  if (more.length) throw new Error('multiple base64.bearer.authorization tokens specified');
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded) throw new Error('illegal base64 data');
  let token: string;
  try {
    token = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new Error('invalid bearer token', { cause: error });
  }
  if (token === '') return undefined;
  if (others.length === 0) throw new Error('missing additional subprotocol');
  return token;
}

/** The value of the header for whoever is behind this server; undefined when nothing is left of it. */
export function protocolsWithoutToken(header: string): string | undefined {
  const { others, tokens } = offeredProtocols(header);
  return tokens.length === 0 ? header : others.length ? others.join(', ') : undefined;
}
