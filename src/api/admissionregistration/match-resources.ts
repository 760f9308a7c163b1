// The requests a policy, or a binding of one, is about.
import { labelSelector } from '../../schema/object-meta.ts';
import { array, field, object, string } from '../../schema/schema.ts';
import { admissionPackage, matchPolicies, namedRuleWithOperations } from './rules.ts';

export const matchResources = object('MatchResources', {
  namespaceSelector: field(1, labelSelector, { default: {}, doc: 'Labels the namespace must have.' }),
  objectSelector: field(2, labelSelector, { default: {}, doc: 'Labels the object must have.' }),
  resourceRules: array(3, namedRuleWithOperations, { listType: 'atomic', doc: 'Operations on resources that are meant; one match is enough.' }),
  excludeResourceRules: array(4, namedRuleWithOperations, { listType: 'atomic', doc: 'Operations on resources that are not.' }),
  matchPolicy: string(7, { pointer: true, default: 'Equivalent', enum: matchPolicies, doc: 'Exact, or Equivalent for other versions of the same resource too.' }),
}, { package: admissionPackage, atomic: true, doc: 'Requests that are meant.' });
