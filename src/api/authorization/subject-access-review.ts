// SubjectAccessReview: asks whether somebody may do something.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, required } from '../../schema/schema.ts';
import { subjectAccessReviewSpec, subjectAccessReviewStatus, subjectFaults } from './attributes.ts';

export const SubjectAccessReviews = defineResource({
  group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview', plural: 'subjectaccessreviews', scope: 'Cluster', verbs: ['create'],
  doc: 'Asks whether somebody may do something.',
  fields: {
    spec: required(2, subjectAccessReviewSpec, { doc: 'Who wants to do what.' }),
    status: field(3, subjectAccessReviewStatus, { written: true, doc: 'The answer.' }),
  },
  validate: ({ spec }) => subjectFaults(spec),
});
export interface SubjectAccessReview extends ObjectOf<typeof SubjectAccessReviews> {}
