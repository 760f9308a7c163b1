// Who asks: an ordered list of authenticators; the first that knows the caller decides. A caller who shows nothing is
// system:anonymous, whom authorization may let read what is public; one who shows something wrong is refused.
// (upstream: apiserver authentication/request/union, authentication/request/anonymous)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { User } from '../../registry/request-context.ts';
import type { PeerCertificate, ServerRequest } from '../request.ts';

/** Whose a token is, and which of the wanted audiences it is for. */
export interface TokenAnswer { readonly user: User; readonly audiences: readonly string[] }

export interface Authenticator {
  readonly name: string;
  /** Undefined when this one does not know the caller. @throws StatusError 401 when the credentials are wrong */
  authenticate(request: ServerRequest): Promise<User | undefined> | User | undefined;
  /** The same for a token alone; `audiences` are the API server's own unless given. @throws Error telling what is wrong with the token */
  authenticateToken?(token: string, audiences?: readonly string[]): Promise<TokenAnswer | undefined>;
}

/** A client certificate of our own CA, verified by TLS: CN is the user, O the groups. In-process callers arrive here likewise. `refused`: certificates that serve no more. */
export const certificateAuthenticator = (refused: (user: User, certificate: PeerCertificate) => boolean): Authenticator => ({
  name: 'x509',
  authenticate({ peer }) {
    const { user, certificate, unverified } = peer;
    if (unverified || (user && certificate && refused(user, certificate))) throw errors.unauthorized();
    return user;
  },
});
export const peerAuthenticator = certificateAuthenticator(() => false);

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

const known = new WeakMap<User, User>();
/** Everybody who is known is in one group more. The user of a connection is the same for all its requests, and so is the result. */
export function withKnownGroup(user: User): User {
  if (user.groups.includes('system:authenticated')) return user;
  let result = known.get(user);
  if (!result) known.set(user, (result = { ...user, groups: [...user.groups, 'system:authenticated'] }));
  return result;
}

export async function authenticate(request: ServerRequest, authenticators: readonly Authenticator[]): Promise<User> {
  for (const authenticator of authenticators) {
    const answer = authenticator.authenticate(request);
    const user = answer instanceof Promise ? await answer : answer;
    if (user) return withKnownGroup(user);
  }
  // A token nobody knows; other schemes are not spoken here and count as nothing shown.
  if (/^bearer\s+\S/i.test(request.headers['authorization'] ?? '')) throw errors.unauthorized();
  return anonymous;
}
