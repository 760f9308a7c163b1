// TokenReview: whose a token is, asked of the same authenticators that requests pass. (upstream: pkg/registry/authentication/tokenreview/storage.go)
import * as errors from '../../../src/apimachinery/status-error.ts';
import { withKnownGroup, type Authenticator } from '../filters/authentication.ts';
import { answerReview, readReview, userInfo, type ComputedHandler } from './review.ts';

interface Spec { readonly token?: string; readonly audiences?: readonly string[] }

export function tokenReview(authenticators: readonly Authenticator[]): ComputedHandler {
  return async (request, context) => {
    const review = await readReview(request, context);
    const { token, audiences } = review['spec'] as Spec;
    if (!token) throw errors.badRequest('token is required for TokenReview in authentication');
    const wanted = audiences?.length ? audiences : undefined;
    const problems: string[] = [];
    for (const { authenticateToken } of authenticators) {
      try {
        const answer = await authenticateToken?.(token, wanted);
        if (answer) return answerReview(review, { authenticated: true, user: userInfo(withKnownGroup(answer.user)), audiences: answer.audiences });
      } catch (error) {
        problems.push((error as Error).message);
      }
    }
    return answerReview(review, { user: {}, error: problems.length ? problems.join(', ') : 'invalid bearer token' });
  };
}
