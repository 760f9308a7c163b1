// ValidatingAdmissionPolicy: CEL expressions that requests must satisfy, once a binding puts them in force.
// upstream: pkg/apis/admissionregistration/validation/validation.go (validateValidatingAdmissionPolicySpec)
import { child, duplicate, index, invalid, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1035Label, isQualifiedName } from '../../apimachinery/names.ts';
import { condition } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int64, object, string, type FieldsValue } from '../../schema/schema.ts';
import { expressionFault } from '../../schema/structural/request-conditions.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { messages } from '../value-faults.ts';
import { matchResources } from './match-resources.ts';
import { admissionPackage, failurePolicies, matchConditions } from './rules.ts';

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
const longestMessageExpression = 5 * 1024;
/** What is wrong with an expression before it has seen a request. */
function compiled(expression: string, path: string, types?: readonly string[]): Fault[] {
  const fault = expressionFault(expression, 'policy', types);
  return fault === undefined ? [] : [invalid(path, expression, fault)];
}

export const expressionWarning = object('ExpressionWarning', {
  fieldRef: string(2, { required: true, unchecked: true, doc: 'Path of the expression.' }),
  warning: string(3, { required: true, unchecked: true, doc: 'What is odd about it.' }),
}, { package: admissionPackage, doc: 'A warning about an expression.' });

export const typeChecking = object('TypeChecking', {
  expressionWarnings: array(1, expressionWarning, { listType: 'atomic', doc: 'What types say against expressions.' }),
}, { package: admissionPackage, doc: 'What checking types has found.' });

export const paramKind = object('ParamKind', {
  apiVersion: string(1, { doc: 'API version of the parameters.' }),
  kind: string(2, { doc: 'Kind of the parameters.' }),
}, {
  package: admissionPackage, atomic: true, doc: 'Kind of the objects that hold parameters.',
  validate: ({ apiVersion = '', kind = '' }, path) => [
    ...(apiVersion === '' ? [required(child(path, 'apiVersion'))] : apiVersion.split('/').length > 2 ? [invalid(child(path, 'apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`)] : []),
    ...(kind === '' ? [required(child(path, 'kind'))] : isDNS1035Label(kind.toLowerCase()).length ? [invalid(child(path, 'kind'), kind, `may have mixed case, but should otherwise match: ${isDNS1035Label(kind.toLowerCase()).join(',')}`)] : []),
  ],
});

export const validation = object('Validation', {
  expression: string(1, { required: true, unchecked: true, doc: 'CEL expression that must be true.' }),
  message: string(2, { doc: 'What is told when it is not.' }),
  reason: string(3, { pointer: true, doc: 'Reason of the answer: Unauthorized, Forbidden, Invalid or RequestEntityTooLarge.' }),
  messageExpression: string(4, { doc: 'CEL expression that makes the message.' }),
}, {
  package: admissionPackage, doc: 'An expression that must be true.',
  validate: ({ expression, message, messageExpression, reason }, path) => {
    const faults: Fault[] = [];
    const at = child(path, 'message');
    if (expression.trim() === '') faults.push(required(child(path, 'expression'), 'expression is not specified'));
    else faults.push(...compiled(expression, child(path, 'expression'), ['bool']));
    if (messageExpression?.trim()) faults.push(...compiled(messageExpression, child(path, 'messageExpression'), ['string']));
    if (messageExpression !== undefined && messageExpression.trim() === '') faults.push(required(child(path, 'messageExpression'), 'must be non-empty if specified'));
    if ((messageExpression?.length ?? 0) > longestMessageExpression) faults.push(invalid(child(path, 'messageExpression'), '', 'too long'));
    if (message !== undefined && message.trim() === '') faults.push(invalid(at, message, 'message must be non-empty if specified'));
    else if (message?.includes('\n')) faults.push(invalid(at, message, 'message must not contain line breaks'));
    else if (expression.includes('\n') && message === undefined) faults.push(required(at, 'message must be specified if expression contains line breaks'));
    if (reason !== undefined && !reasons.includes(reason)) faults.push(notSupported(child(path, 'reason'), reason, reasons));
    return faults;
  },
});

export const variable = object('Variable', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the variable; expressions call it variables.<name>.' }),
  expression: string(2, { required: true, unchecked: true, doc: 'CEL expression of its value.' }),
}, {
  package: admissionPackage, atomic: true, doc: 'A named expression.',
  validate: ({ name, expression }, path) => [
    ...(name === '' ? [required(child(path, 'name'), 'name is not specified')] : /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) ? [] : [invalid(child(path, 'name'), name, 'name is not a valid CEL identifier')]),
    ...(expression.trim() === '' ? [required(child(path, 'expression'), 'expression is not specified')] : compiled(expression, child(path, 'expression'))),
  ],
});

export const auditAnnotation = object('AuditAnnotation', {
  key: string(1, { required: true, doc: 'Key of the annotation, after the name of the policy.', validate: (name, path) => messages(path, name, isQualifiedName(name)) }),
  valueExpression: string(2, { required: true, unchecked: true, doc: 'CEL expression of its value; null for none.' }),
}, {
  package: admissionPackage, doc: 'An annotation of audit events.',
  validate: ({ valueExpression }, path) => (valueExpression.trim() === '' ? [required(child(path, 'valueExpression'), 'valueExpression is not specified')] : compiled(valueExpression, child(path, 'valueExpression'), ['string', 'null'])),
});

export const validatingAdmissionPolicySpec = object('ValidatingAdmissionPolicySpec', {
  paramKind: field(1, paramKind, { doc: 'Kind of the objects that hold parameters.' }),
  matchConstraints: field(2, matchResources, { doc: 'Requests the policy is about.' }),
  validations: array(3, validation, { listType: 'atomic', doc: 'Expressions that must be true.' }),
  failurePolicy: string(4, { pointer: true, default: 'Fail', enum: failurePolicies, doc: 'What an error of an expression means: Fail refuses the request, Ignore goes on.' }),
  auditAnnotations: array(5, auditAnnotation, { listType: 'atomic', doc: 'Annotations of audit events.' }),
  matchConditions: matchConditions(6),
  variables: array(7, variable, { listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name', doc: 'Named expressions, each after those it uses.' }),
}, { package: admissionPackage, doc: 'What is demanded of which requests.' });
type Spec = FieldsValue<typeof validatingAdmissionPolicySpec.fields>;

export const validatingAdmissionPolicyStatus = object('ValidatingAdmissionPolicyStatus', {
  observedGeneration: int64(1, { doc: 'Generation the controller has seen.' }),
  typeChecking: field(2, typeChecking, { doc: 'What checking types has found.' }),
  conditions: array(3, condition, { listType: 'map', keys: ['type'], doc: 'Observed aspects of the policy.' }),
}, { package: admissionPackage, doc: 'The policy as it is.' });

function specFaults({ matchConstraints, validations = [], auditAnnotations = [], variables = [] }: Spec): Fault[] {
  const needed = 'validations or auditAnnotations must be non-empty';
  return [
    ...(!matchConstraints ? [required('spec.matchConstraints')] : matchConstraints.resourceRules?.length ? [] : [required('spec.matchConstraints.resourceRules')]),
    ...(validations.length + auditAnnotations.length === 0 ? [required('spec.validations', needed), required('spec.auditAnnotations', needed)] : []),
    ...auditAnnotations.flatMap(({ key }, i) => (auditAnnotations.findIndex((other) => other.key === key) < i ? [duplicate(child(index('spec.auditAnnotations', i), 'key'), key)] : [])),
    ...variables.flatMap(({ name }, i) => (variables.findIndex((other) => other.name === name) < i ? [duplicate(child(index('spec.variables', i), 'name'), name)] : [])),
  ];
}

export const ValidatingAdmissionPolicies = defineResource({
  group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicy', plural: 'validatingadmissionpolicies', categories: ['api-extensions'], scope: 'Cluster',
  doc: 'Expressions that requests must satisfy, once a binding puts them in force.',
  fields: {
    spec: field(2, validatingAdmissionPolicySpec, { written: true, doc: 'What is demanded of which requests.' }),
    status: field(3, validatingAdmissionPolicyStatus, { written: true, doc: 'The policy as it is.' }),
  },
  subresources: { status: true },
  statusKeeps: ['labels', 'annotations', 'finalizers', 'ownerReferences'],
  generation: true,
  validate: ({ spec }) => specFaults(spec),
  requiresRevision: true,
  columns: [
    nameColumn,
    { name: 'Validations', type: 'integer', description: 'Number of expressions.', value: ({ spec }) => spec.validations?.length ?? 0 },
    { name: 'ParamKind', type: 'string', description: 'Kind of the parameters.', value: ({ spec }) => (spec.paramKind ? `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}` : '<unset>') },
    ageColumn,
  ],
});
export interface ValidatingAdmissionPolicy extends ObjectOf<typeof ValidatingAdmissionPolicies> {}
