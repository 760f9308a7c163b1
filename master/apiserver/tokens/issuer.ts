// Signs ServiceAccounts' tokens, checks signatures, and publishes the key others check them with.
// upstream: pkg/serviceaccount/jwt.go, openidmetadata.go
import { createHash, createPrivateKey, createPublicKey, randomUUID, type KeyObject } from 'node:crypto';
import { exportJWK, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../../../src/util/clock.ts';
import type { PathHandler } from '../api-server.ts';
import { methodNotAllowed } from '../../../src/apimachinery/status-error.ts';
import { boundClaims, InvalidToken, issuer, legacyClaims, legacyIssuer, type BoundClaims, type Claims, type TokenWish } from './claims.ts';

const algorithm = 'ES256';
const configurationPath = '/.well-known/openid-configuration';
const keysPath = '/openid/v1/jwks';
const publicSeconds = 3600;

export class TokenIssuer {
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  readonly #clock: Clock;
  /** Names the key without giving it away. */
  readonly keyId: string;

  /** `key`: PEM of a P-256 private key. */
  constructor(key: string, clock: Clock) {
    this.#private = createPrivateKey(key);
    this.#public = createPublicKey(this.#private);
    this.#clock = clock;
    this.keyId = createHash('sha256').update(this.#public.export({ type: 'spki', format: 'der' })).digest('base64url');
  }

  #sign(claims: Claims): Promise<string> {
    return new SignJWT({ ...claims } as Record<string, unknown>).setProtectedHeader({ alg: algorithm, kid: this.keyId }).sign(this.#private);
  }
  async bound(wish: TokenWish): Promise<{ readonly token: string; readonly claims: BoundClaims }> {
    const claims = boundClaims(wish, this.#clock.now(), randomUUID());
    return { token: await this.#sign(claims), claims };
  }
  /** A token without an end; it lives in the Secret. */
  legacy(account: { readonly namespace: string; readonly name: string; readonly uid: string }, secretName: string): Promise<string> {
    return this.#sign(legacyClaims(account, secretName));
  }

  /** What the token says, as signed here; undefined for texts that are no token of ours. @throws InvalidToken for a wrong signature */
  async verify(token: string): Promise<Claims | undefined> {
    const said = issuerOf(token);
    if (said !== issuer && said !== legacyIssuer) return undefined;
    try {
      // Times are judged by whoever asks, each time they ask.
      const { payload } = await jwtVerify(token, this.#public, { algorithms: [algorithm], currentDate: new Date(0), clockTolerance: Number.MAX_SAFE_INTEGER });
      return payload as unknown as Claims;
    } catch (error) {
      throw new InvalidToken(`invalid signature: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Where others find how to check tokens. `serverAddress` is the `host:port` they reach this server at. */
  openIdPaths(serverAddress: () => string): PathHandler[] {
    const published = (path: string, type: string, document: () => unknown): PathHandler => ({
      path,
      async handle({ method }) {
        if (method !== 'GET') throw methodNotAllowed();
        return { kind: 'raw', status: 200, headers: { 'content-type': type, 'cache-control': `public, max-age=${publicSeconds}` }, body: Buffer.from(JSON.stringify(await document())) };
      },
    });
    return [
      published(configurationPath, 'application/json', () => ({
        issuer, jwks_uri: `https://${serverAddress()}${keysPath}`, response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: [algorithm],
      })),
      published(keysPath, 'application/jwk-set+json', async () => ({ keys: [{ use: 'sig', ...(await exportJWK(this.#public)), kid: this.keyId, alg: algorithm }] })),
    ];
  }
}

/** What an unchecked token says of its issuer. */
function issuerOf(token: string): unknown {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    return (JSON.parse(Buffer.from(parts[1]!, 'base64url').toString()) as { iss?: unknown } | null)?.iss;
  } catch {
    return undefined;
  }
}
