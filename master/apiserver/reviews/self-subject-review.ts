// SelfSubjectReview: who the server takes the asker for. (upstream: pkg/registry/authentication/selfsubjectreview/rest.go)
import { timestamp } from '../../../src/util/clock.ts';
import { answerReview, readReview, userInfo, type ComputedHandler } from './review.ts';

export const selfSubjectReview: ComputedHandler = async (request, context) => {
  const review = await readReview(request, context);
  return answerReview({ ...review, metadata: { creationTimestamp: timestamp(context.registry.clock.now()) } as never }, { userInfo: userInfo(request.user) });
};
