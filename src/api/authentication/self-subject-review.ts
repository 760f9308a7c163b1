// SelfSubjectReview: asks the API server who it takes the asker for.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, object } from '../../schema/schema.ts';
import { authenticationPackage, userInfo } from './user-info.ts';

export const selfSubjectReviewStatus = object('SelfSubjectReviewStatus', {
  userInfo: field(1, userInfo, { written: true, doc: 'Who asks.' }),
}, { package: authenticationPackage, doc: 'The answer.' });

export const SelfSubjectReviews = defineResource({
  group: 'authentication.k8s.io', version: 'v1', kind: 'SelfSubjectReview', plural: 'selfsubjectreviews', scope: 'Cluster', verbs: ['create'],
  doc: 'Asks who the asker is.',
  fields: { status: field(2, selfSubjectReviewStatus, { written: true, doc: 'The answer.' }) },
});
export interface SelfSubjectReview extends ObjectOf<typeof SelfSubjectReviews> {}
