// SelfSubjectRulesReview: asks for all the asker may do in a namespace; for people and user interfaces, not for decisions.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, field, object, required, string, types, type FieldsValue } from '../../schema/schema.ts';
import { authorizationPackage } from './attributes.ts';

const verbs = array(1, types.string, { required: true, unchecked: true, listType: 'atomic', doc: 'What may be done; * is everything.' });

export const resourceRule = object('ResourceRule', {
  verbs,
  apiGroups: array(2, types.string, { listType: 'atomic', doc: 'API groups; * is all.' }),
  resources: array(3, types.string, { listType: 'atomic', doc: 'Resources; * is all.' }),
  resourceNames: array(4, types.string, { listType: 'atomic', doc: 'Names of objects; all when empty.' }),
}, { package: authorizationPackage, doc: 'What may be done with resources.' });

export const nonResourceRule = object('NonResourceRule', {
  verbs,
  nonResourceURLs: array(2, types.string, { listType: 'atomic', doc: 'Paths; * is all.' }),
}, { package: authorizationPackage, doc: 'What may be done with other paths.' });

export const selfSubjectRulesReviewSpec = object('SelfSubjectRulesReviewSpec', {
  namespace: string(1, { doc: 'The namespace.' }),
}, { package: authorizationPackage, doc: 'Where.' });

export const subjectRulesReviewStatus = object('SubjectRulesReviewStatus', {
  resourceRules: array(1, resourceRule, { required: true, unchecked: true, listType: 'atomic', doc: 'What may be done with resources.' }),
  nonResourceRules: array(2, nonResourceRule, { required: true, unchecked: true, listType: 'atomic', doc: 'What may be done with other paths.' }),
  incomplete: boolean(3, { required: true, unchecked: true, doc: 'Whether there may be more.' }),
  evaluationError: string(4, { doc: 'What went wrong on the way.' }),
}, { package: authorizationPackage, doc: 'The answer.' });
export interface SubjectRulesReviewStatus extends FieldsValue<typeof subjectRulesReviewStatus.fields> {}

export const SelfSubjectRulesReviews = defineResource({
  group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectRulesReview', plural: 'selfsubjectrulesreviews', scope: 'Cluster', verbs: ['create'],
  doc: 'Asks for all the asker may do in a namespace.',
  fields: {
    spec: required(2, selfSubjectRulesReviewSpec, { doc: 'Where.' }),
    status: field(3, subjectRulesReviewStatus, { written: true, doc: 'The answer.' }),
  },
});
export interface SelfSubjectRulesReview extends ObjectOf<typeof SelfSubjectRulesReviews> {}
