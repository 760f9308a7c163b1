// Whether a policy or a binding means a request, and in which version of its resource. Pure.
// upstream: apiserver pkg/admission/plugin/policy/matching/matching.go
import type { Labels } from '../../../../src/apimachinery/selectors.ts';
import type { ResourceDefinition } from '../../../../src/schema/resource.ts';
import type { AdmissionRequest } from '../admission.ts';
import { namespaceMatches, objectMatches, resourceFor } from '../dynamic/matching.ts';
import type { Criteria, NamedRule } from './policy-list.ts';

/** Undefined where the request is not meant. @throws StatusError where nobody knows, since its namespace is not there */
export function meantAs(criteria: Criteria, request: AdmissionRequest, equivalents: () => readonly ResourceDefinition[], labelsOf: (namespace: string) => Labels | null | undefined): ResourceDefinition | undefined {
  const inNamespace = namespaceMatches(criteria, request, labelsOf);
  if (inNamespace === false || !objectMatches(criteria, request)) return undefined;
  const matched = (rules: readonly NamedRule[]): ResourceDefinition | undefined =>
    resourceFor({ rules: rules.filter(({ resourceNames = [] }) => resourceNames.length === 0 || resourceNames.includes(request.name)), matchPolicy: criteria.matchPolicy ?? 'Equivalent' }, request, equivalents);
  if (matched(criteria.excluded)) return undefined;
  const resource = criteria.rules.length ? matched(criteria.rules) : request.resource;
  if (resource && inNamespace !== true) throw inNamespace;
  return resource;
}
