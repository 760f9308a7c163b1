// ValidatingAdmissionPolicyBinding: puts a policy in force, for some requests and with some parameters.
// upstream: pkg/apis/admissionregistration/validation/validation.go (validateValidatingAdmissionPolicyBindingSpec)
import { child, duplicate, forbidden, index, invalid, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { labelSelectorText } from '../../apimachinery/selectors.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { messages } from '../value-faults.ts';
import { matchResources } from './match-resources.ts';
import { admissionPackage } from './rules.ts';

const actions = ['Audit', 'Deny', 'Warn'];
const denyAndWarn = 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';

export const paramRef = object('ParamRef', {
  name: string(1, { doc: 'Name of the object with parameters.' }),
  namespace: string(2, { doc: 'Its namespace; that of the request when empty.' }),
  selector: field(3, labelSelector, { doc: 'Objects with parameters, instead of name; all must hold.' }),
  parameterNotFoundAction: string(4, { pointer: true, doc: 'What missing parameters mean: Allow or Deny.' }),
}, {
  package: admissionPackage, atomic: true, doc: 'Where the parameters are.',
  validate: ({ name, selector, parameterNotFoundAction: action }, path) => [
    ...(name && selector ? [forbidden(child(path, 'name'), 'name and selector are mutually exclusive')] : []),
    ...(!name && !selector ? [required(path, 'one of name or selector must be specified')] : []),
    ...(name ? messages(child(path, 'name'), name, isDNS1123Subdomain(name)) : []),
    ...(action === undefined ? [required(child(path, 'parameterNotFoundAction'))] : action === 'Allow' || action === 'Deny' ? [] : [notSupported(child(path, 'parameterNotFoundAction'), action, ['Deny', 'Allow'])]),
  ],
});
type ParamRef = FieldsValue<typeof paramRef.fields>;

export const validatingAdmissionPolicyBindingSpec = object('ValidatingAdmissionPolicyBindingSpec', {
  policyName: string(1, { doc: 'The policy.' }),
  paramRef: field(2, paramRef, { doc: 'Where the parameters are.' }),
  matchResources: field(3, matchResources, { doc: 'Requests among those of the policy; all when absent.' }),
  validationActions: array(4, types.string, { listType: 'set', doc: 'What a failure does: Deny, Warn, Audit.' }),
}, { package: admissionPackage, doc: 'Which policy is in force, and how.' });
type Spec = FieldsValue<typeof validatingAdmissionPolicyBindingSpec.fields>;

function specFaults({ policyName = '', validationActions = [] }: Spec): Fault[] {
  const path = 'spec.validationActions';
  return [
    ...(policyName === '' ? [required('spec.policyName')] : messages('spec.policyName', policyName, isDNS1123Subdomain(policyName))),
    ...(validationActions.length === 0 ? [required(path)] : []),
    ...validationActions.flatMap((action, i) => [
      ...(actions.includes(action) ? [] : [notSupported(index(path, i), action, actions)]), ...(validationActions.indexOf(action) < i ? [duplicate(index(path, i), action)] : []),
    ]),
    ...(validationActions.includes('Deny') && validationActions.includes('Warn') ? [invalid(path, validationActions, denyAndWarn)] : []),
  ];
}

function paramText(ref: ParamRef | undefined): string {
  if (!ref) return '<unset>';
  return ref.name ? `${ref.namespace || '*'}/${ref.name}` : labelSelectorText(ref.selector);
}

export const ValidatingAdmissionPolicyBindings = defineResource({
  group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicyBinding', plural: 'validatingadmissionpolicybindings', categories: ['api-extensions'], scope: 'Cluster',
  doc: 'Puts a policy in force, for some requests and with some parameters.',
  fields: { spec: field(2, validatingAdmissionPolicyBindingSpec, { written: true, doc: 'Which policy is in force, and how.' }) },
  generation: true,
  validate: ({ spec }) => specFaults(spec),
  requiresRevision: true,
  columns: [
    nameColumn,
    { name: 'PolicyName', type: 'string', description: 'The policy.', value: ({ spec }) => spec.policyName ?? '' },
    { name: 'ParamRef', type: 'string', description: 'Where the parameters are.', value: ({ spec }) => paramText(spec.paramRef) },
    ageColumn,
  ],
});
export interface ValidatingAdmissionPolicyBinding extends ObjectOf<typeof ValidatingAdmissionPolicyBindings> {}
