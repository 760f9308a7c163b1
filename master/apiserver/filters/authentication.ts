// Who asks: an ordered list of authenticators; the first that knows the caller decides. Nobody is nobody's friend: without
// one the answer is 401. (upstream: apiserver authentication/request/union)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { User } from '../../registry/request-context.ts';
import type { ServerRequest } from '../request.ts';

export interface Authenticator {
  readonly name: string;
  /** Undefined when this one does not know the caller. @throws StatusError 401 when the credentials are wrong */
  authenticate(request: ServerRequest): Promise<User | undefined> | User | undefined;
}

/** A client certificate of our own CA, verified by TLS: CN is the user, O the groups. In-process callers arrive here likewise. */
export const peerAuthenticator: Authenticator = { name: 'x509', authenticate: (request) => request.peer.user };

/** Paths that tell nothing but that the server lives, open to health checkers and joiners as upstream's system:public-info-viewer has them. */
const publicPaths = new Set(['/healthz', '/livez', '/readyz', '/version', '/version/']);
export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export async function authenticate(request: ServerRequest, authenticators: readonly Authenticator[]): Promise<User> {
  for (const authenticator of authenticators) {
    const user = await authenticator.authenticate(request);
    if (user) return { ...user, groups: user.groups.includes('system:authenticated') ? user.groups : [...user.groups, 'system:authenticated'] };
  }
  if (request.headers['authorization'] === undefined && publicPaths.has(request.path)) return anonymous;
  throw errors.unauthorized();
}
