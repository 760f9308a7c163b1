// ServiceAccounts' tokens for an API server in a test: a key of its own, and what issues, takes and publishes tokens.
import { generateKeyPairSync } from 'node:crypto';
import type { ApiServerOptions } from '../../master/apiserver/api-server.ts';
import { certificateAuthenticator } from '../../master/apiserver/filters/authentication.ts';
import { tokenAuthenticator } from '../../master/apiserver/tokens/authenticator.ts';
import { refusedByRegistry } from '../../master/apiserver/removed-nodes.ts';
import { bootstrapTokenAuthenticator } from '../../master/apiserver/tokens/bootstrap-authenticator.ts';
import { TokenIssuer } from '../../master/apiserver/tokens/issuer.ts';
import { tokenRequestHandler } from '../../master/apiserver/tokens/token-request.ts';
import { issuedAt } from '../../master/pki/certificates.ts';
import type { Registry } from '../../master/registry/registry.ts';
import type { Clock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';

export const testKey = (): string => generateKeyPairSync('ec', { namedCurve: 'prime256v1', privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey;

export function testTokens(registry: Registry, clock: Clock): Pick<ApiServerOptions, 'authenticators' | 'paths' | 'subresources'> & { readonly tokens: TokenIssuer } {
  const tokens = new TokenIssuer(testKey(), clock);
  const refused = refusedByRegistry(registry);
  return {
    tokens, authenticators: [certificateAuthenticator((user, certificate) => refused(user, issuedAt(certificate))), tokenAuthenticator(tokens, registry, clock, silentLog), bootstrapTokenAuthenticator(registry, clock, silentLog)],
    paths: tokens.openIdPaths(() => '127.0.0.1:6443'), subresources: { '/serviceaccounts/token': tokenRequestHandler(tokens) },
  };
}
