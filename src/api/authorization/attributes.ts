// What somebody wants to do, as authorization sees it. (upstream: staging/src/k8s.io/api/authorization/v1/types.go)
import { child, forbidden, invalid, type Fault } from '../../apimachinery/fault.ts';
import { labelSelectorRequirement } from '../../schema/object-meta.ts';
import { array, arrayOf, boolean, field, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';

export const authorizationPackage = 'io.k8s.api.authorization.v1';

export const fieldSelectorRequirement = object('FieldSelectorRequirement', {
  key: string(1, { required: true, unchecked: true, doc: 'Path of the field.' }),
  operator: string(2, { required: true, unchecked: true, doc: 'In, NotIn, Exists or DoesNotExist.' }),
  values: array(3, types.string, { listType: 'atomic', doc: 'Values for In and NotIn.' }),
}, { package: 'io.k8s.apimachinery.pkg.apis.meta.v1', doc: 'One condition on a field.' });

const selectorRules = {
  package: authorizationPackage,
  validate: ({ rawSelector, requirements }: { rawSelector?: string; requirements?: readonly unknown[] }, path: string): Fault[] => {
    if (rawSelector && requirements?.length) return [invalid(child(path, 'rawSelector'), rawSelector, 'may not specified at the same time as requirements')];
    return !rawSelector && requirements?.length === 0 ? [forbidden(path, 'requirements must be specified when rawSelector is not')] : [];
  },
} as const;
export const fieldSelectorAttributes = object('FieldSelectorAttributes', {
  rawSelector: string(1, { doc: 'The field selector as it stands in a query.' }),
  requirements: array(2, fieldSelectorRequirement, { listType: 'atomic', doc: 'The field selector in parts; all must hold.' }),
}, { ...selectorRules, doc: 'Objects, by their fields.' });
export const labelSelectorAttributes = object('LabelSelectorAttributes', {
  rawSelector: string(1, { doc: 'The label selector as it stands in a query.' }),
  requirements: array(2, labelSelectorRequirement, { listType: 'atomic', doc: 'The label selector in parts; all must hold.' }),
}, { ...selectorRules, doc: 'Objects, by their labels.' });

export const resourceAttributes = object('ResourceAttributes', {
  namespace: string(1, { doc: 'Namespace; empty for cluster-scoped objects or all namespaces.' }),
  verb: string(2, { doc: 'Verb, for example get; * is all.' }),
  group: string(3, { doc: 'API group; * is all.' }),
  version: string(4, { doc: 'API version; * is all.' }),
  resource: string(5, { doc: 'Resource; * is all.' }),
  subresource: string(6, { doc: 'Subresource; empty for none.' }),
  name: string(7, { doc: 'Name of the object; empty for all.' }),
  fieldSelector: field(8, fieldSelectorAttributes, { doc: 'Limits the request to objects by their fields.' }),
  labelSelector: field(9, labelSelectorAttributes, { doc: 'Limits the request to objects by their labels.' }),
}, { package: authorizationPackage, doc: 'A request for resources.' });
export interface ResourceAttributes extends FieldsValue<typeof resourceAttributes.fields> {}

export const nonResourceAttributes = object('NonResourceAttributes', {
  path: string(1, { doc: 'URL path.' }),
  verb: string(2, { doc: 'HTTP verb in lower case.' }),
}, { package: authorizationPackage, doc: 'A request for another path.' });
export interface NonResourceAttributes extends FieldsValue<typeof nonResourceAttributes.fields> {}

const attributes = {
  resourceAttributes: field(1, resourceAttributes, { doc: 'A request for resources.' }),
  nonResourceAttributes: field(2, nonResourceAttributes, { doc: 'A request for another path, instead of resourceAttributes.' }),
};

export const subjectAccessReviewSpec = object('SubjectAccessReviewSpec', {
  ...attributes,
  user: string(3, { doc: 'Name of the user in question.' }),
  groups: array(4, types.string, { listType: 'atomic', doc: 'Groups of the user in question.' }),
  extra: map(5, arrayOf(types.string), { doc: 'Further attributes of the user.' }),
  uid: string(6, { doc: 'UID of the user.' }),
}, { package: authorizationPackage, doc: 'Who wants to do what.' });
export interface SubjectAccessReviewSpec extends FieldsValue<typeof subjectAccessReviewSpec.fields> {}

export const selfSubjectAccessReviewSpec = object('SelfSubjectAccessReviewSpec', attributes, { package: authorizationPackage, doc: 'What the asker wants to do.' });
export interface SelfSubjectAccessReviewSpec extends FieldsValue<typeof selfSubjectAccessReviewSpec.fields> {}

export const subjectAccessReviewStatus = object('SubjectAccessReviewStatus', {
  allowed: boolean(1, { required: true, unchecked: true, doc: 'Whether it is allowed.' }),
  denied: boolean(4, { doc: 'Whether it is forbidden, whatever others say.' }),
  reason: string(2, { doc: 'Why it is allowed or not.' }),
  evaluationError: string(3, { doc: 'What went wrong on the way; the answer may stand all the same.' }),
}, { package: authorizationPackage, doc: 'The answer.' });

/** Exactly one kind of request is asked about, in Kubernetes' words. */
export const requestFaults = ({ resourceAttributes: resource, nonResourceAttributes: other }: SelfSubjectAccessReviewSpec): Fault[] => {
  if (resource && other) return [invalid('spec.nonResourceAttributes', other, 'cannot be specified in combination with resourceAttributes')];
  return resource || other ? [] : [invalid('spec.resourceAttributes', other, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')];
};
/** Somebody must be asked about. */
export const subjectFaults = (spec: SubjectAccessReviewSpec): Fault[] => [
  ...requestFaults(spec), ...(spec.user || spec.groups?.length ? [] : [invalid('spec.user', '', 'at least one of user or group must be specified')]),
];
