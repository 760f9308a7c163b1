// LocalSubjectAccessReview: asks whether somebody may do something in one namespace; whoever rules the namespace may ask.
import { invalid } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, required } from '../../schema/schema.ts';
import { subjectAccessReviewSpec, subjectAccessReviewStatus, subjectFaults } from './attributes.ts';

export const LocalSubjectAccessReviews = defineResource({
  group: 'authorization.k8s.io', version: 'v1', kind: 'LocalSubjectAccessReview', plural: 'localsubjectaccessreviews', scope: 'Namespaced', verbs: ['create'],
  doc: 'Asks whether somebody may do something in the namespace.',
  fields: {
    spec: required(2, subjectAccessReviewSpec, { doc: 'Who wants to do what.' }),
    status: field(3, subjectAccessReviewStatus, { written: true, doc: 'The answer.' }),
  },
  validate: ({ metadata, spec }) => [
    ...subjectFaults(spec),
    ...(spec.resourceAttributes && (spec.resourceAttributes.namespace ?? '') !== metadata.namespace ? [invalid('spec.resourceAttributes.namespace', spec.resourceAttributes.namespace ?? '', 'must match metadata.namespace')] : []),
    ...(spec.nonResourceAttributes ? [invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request')] : []),
  ],
});
export interface LocalSubjectAccessReview extends ObjectOf<typeof LocalSubjectAccessReviews> {}
