// SelfSubjectAccessReview: asks whether the asker may do something.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, required } from '../../schema/schema.ts';
import { requestFaults, selfSubjectAccessReviewSpec, subjectAccessReviewStatus } from './attributes.ts';

export const SelfSubjectAccessReviews = defineResource({
  group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectAccessReview', plural: 'selfsubjectaccessreviews', scope: 'Cluster', verbs: ['create'],
  doc: 'Asks whether the asker may do something.',
  fields: {
    spec: required(2, selfSubjectAccessReviewSpec, { doc: 'What the asker wants to do.' }),
    status: field(3, subjectAccessReviewStatus, { written: true, doc: 'The answer.' }),
  },
  validate: ({ spec }) => requestFaults(spec),
});
export interface SelfSubjectAccessReview extends ObjectOf<typeof SelfSubjectAccessReviews> {}
