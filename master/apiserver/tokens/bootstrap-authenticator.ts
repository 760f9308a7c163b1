// Bootstrap tokens as credentials: a host that joins is `system:bootstrap:<id>`, as long as the token's Secret is there and says so.
// upstream: plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go
import { timingSafeEqual } from 'node:crypto';
import { bootstrapGroup, bootstrapSecretName, bootstrapTokenNamespace, isBootstrapGroup, parseBootstrapToken, readBootstrapToken, tokenTimeLeft } from '../../../src/api/core/bootstrap-token.ts';
import type { Secret } from '../../../src/api/core/secret.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { User } from '../../registry/request-context.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Authenticator, TokenAnswer } from '../filters/authentication.ts';
import { apiAudiences, shownToken } from './shown-token.ts';

/** Whose a bootstrap token is; undefined for any text that is not one that serves. */
function userOf(text: string, secretNamed: (name: string) => Secret | undefined, now: number, log: Log): User | undefined {
  const token = parseBootstrapToken(text);
  const secret = token && secretNamed(bootstrapSecretName(token.id));
  const stored = secret && readBootstrapToken(secret);
  if (!stored) return undefined;
  const [shown, kept] = [Buffer.from(token.secret), Buffer.from(stored.secret)];
  if (shown.length !== kept.length || !timingSafeEqual(shown, kept)) return undefined;
  if (tokenTimeLeft(stored, now) === 0 || !stored.usages.includes('authentication')) return undefined;
  const strange = stored.groups.find((group) => !isBootstrapGroup(group));
  if (strange !== undefined) {
    log.warn({ secret: secret.metadata.name, group: strange }, 'a bootstrap token names a group it may not give; it is refused');
    return undefined;
  }
  return { name: `system:bootstrap:${token.id}`, groups: [...new Set([bootstrapGroup, ...stored.groups])] };
}

export function bootstrapTokenAuthenticator(registry: Registry, clock: Clock, log: Log): Authenticator {
  const secretNamed = (name: string): Secret | undefined => registry.find('', 'v1', 'secrets')?.find(bootstrapTokenNamespace, name)?.object as Secret | undefined;
  const authenticateToken = (token: string, wanted: readonly string[] = apiAudiences): Promise<TokenAnswer | undefined> => {
    const user = userOf(token, secretNamed, clock.now(), log);
    const audiences = apiAudiences.filter((audience) => wanted.includes(audience));
    return Promise.resolve(user && audiences.length ? { user, audiences } : undefined);
  };
  return {
    name: 'bootstrap-token',
    authenticateToken,
    async authenticate({ headers }) {
      const token = shownToken(headers);
      return token === undefined ? undefined : (await authenticateToken(token))?.user;
    },
  };
}
