// ServiceAccounts' tokens as credentials. A signature is checked once and remembered; that the account and what the token is bound to
// still exist is looked up every time. (upstream: pkg/serviceaccount/jwt.go, apiserver authentication/token/cache)
import type { ApiObject } from '../../../src/schema/resource.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Authenticator, TokenAnswer } from '../filters/authentication.ts';
import { InvalidToken, issuer, userOfBound, userOfLegacy, type BoundClaims, type Claims, type LegacyClaims, type Lookup } from './claims.ts';
import type { TokenIssuer } from './issuer.ts';
import { lastUsedNotes } from './last-used.ts';
import { apiAudiences, shownToken } from './shown-token.ts';

/** Tokens whose signature is remembered. */
const remembered = 4096;

export function tokenAuthenticator(tokens: Pick<TokenIssuer, 'verify'>, registry: Registry, clock: Clock, log: Log): Authenticator {
  const verified = new Map<string, Claims>();
  const noteUse = lastUsedNotes(registry, log);
  const lookup: Lookup = (kind, namespace, name): ApiObject | undefined => registry.find('', 'v1', kind)?.find(namespace, name)?.object;

  const claimsOf = async (token: string): Promise<Claims | undefined> => {
    const known = verified.get(token);
    if (known) return known;
    const claims = await tokens.verify(token);
    if (!claims) return undefined;
    if (verified.size >= remembered) verified.delete(verified.keys().next().value!);
    verified.set(token, claims);
    return claims;
  };

  const authenticateToken = async (token: string, wanted: readonly string[] = apiAudiences): Promise<TokenAnswer | undefined> => {
    const claims = await claimsOf(token);
    if (!claims) return undefined;
    const bound = claims.iss === issuer ? (claims as BoundClaims) : undefined;
    const given = bound ? bound.aud : apiAudiences;
    const audiences = given.filter((audience) => wanted.includes(audience));
    if (!audiences.length) throw new InvalidToken(`token audiences ${goList(given)} is invalid for the target audiences ${goList(wanted)}`);
    try {
      if (bound) return { user: userOfBound(bound, lookup, clock.now()), audiences };
      const legacy = claims as LegacyClaims;
      const user = userOfLegacy(legacy, token, lookup, clock.now());
      await noteUse(legacy['kubernetes.io/serviceaccount/namespace'], legacy['kubernetes.io/serviceaccount/secret.name'], clock.now());
      return { user, audiences };
    } catch (error) {
      verified.delete(token);
      throw error;
    }
  };

  return {
    name: 'ServiceAccount',
    authenticateToken,
    async authenticate({ headers }) {
      const token = shownToken(headers);
      if (token === undefined) return undefined;
      try {
        return (await authenticateToken(token))?.user;
      } catch (error) {
        if (error instanceof InvalidToken) throw errors.unauthorized();
        throw error;
      }
    },
  };
}

const goList = (list: readonly string[]): string => `[${list.map((item) => JSON.stringify(item)).join(' ')}]`;
