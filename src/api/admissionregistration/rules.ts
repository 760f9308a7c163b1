// Which requests an admission webhook or policy is asked about.
// upstream: pkg/apis/admissionregistration/validation/validation.go (validateRuleWithOperations, validateResources)
import { child, duplicate, index, invalid, notSupported, required, tooMany, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { array, embed, field, object, string, types } from '../../schema/schema.ts';
import { messages } from '../value-faults.ts';

export const admissionPackage = 'io.k8s.api.admissionregistration.v1';
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];
const maxMatchConditions = 64;

const rule = object('Rule', {
  apiGroups: array(1, types.string, { listType: 'atomic', doc: 'API groups; * is all.' }),
  apiVersions: array(2, types.string, { listType: 'atomic', doc: 'API versions; * is all.' }),
  resources: array(3, types.string, { listType: 'atomic', doc: 'Resources, for example pods, pods/log, */status or *.' }),
  scope: string(4, { pointer: true, default: '*', doc: 'Cluster, Namespaced or *.' }),
}, { package: admissionPackage, doc: 'Resources of groups and versions.' });

export const ruleWithOperations = object('RuleWithOperations', {
  operations: array(1, types.string, { listType: 'atomic', doc: 'CREATE, UPDATE, DELETE, CONNECT or *.' }),
  ...embed(2, rule),
}, { package: admissionPackage, doc: 'Operations on resources.', validate: ruleFaults });

export const namedRuleWithOperations = object('NamedRuleWithOperations', {
  resourceNames: array(1, types.string, { listType: 'atomic', doc: 'Names of objects; all when empty.' }),
  ...embed(2, ruleWithOperations),
}, {
  package: admissionPackage, atomic: true, doc: 'Operations on resources, possibly on some objects only.',
  validate: (named, path) => [
    ...ruleFaults(named, path),
    ...(named.resourceNames ?? []).flatMap((name, i, all) => (all.indexOf(name) < i ? [duplicate(index(child(path, 'resourceNames'), i), name)] : [])),
  ],
});

/** `*` must stand alone. */
const alone = (list: readonly string[], path: string, others: string): Fault[] =>
  (list.length > 1 && list.includes('*') ? [invalid(path, list, `if '*' is present, must not specify other ${others}`)] : []);

function resourceFaults(resources: readonly string[], path: string): Fault[] {
  if (resources.length === 0) return [required(path)];
  const faults: Fault[] = [];
  const whole = new Set<string>();
  const everywhere = new Set<string>();
  let plain = false;
  resources.forEach((resource, i) => {
    const at = index(path, i);
    if (resource === '') { faults.push(required(at)); return; }
    const slash = resource.indexOf('/');
    if (slash < 0) { plain ||= resource !== '*'; return; }
    const [name, sub] = [resource.slice(0, slash), resource.slice(slash + 1)];
    if (whole.has(name)) faults.push(invalid(at, resource, `if '${name}/*' is present, must not specify ${resource}`));
    if (everywhere.has(sub)) faults.push(invalid(at, resource, `if '*/${sub}' is present, must not specify ${resource}`));
    if (sub === '*') whole.add(name);
    if (name === '*') everywhere.add(sub);
  });
  if (resources.length > 1 && resources.includes('*/*')) faults.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && plain) faults.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"));
  return faults;
}

interface Rule { readonly operations?: readonly string[]; readonly apiGroups?: readonly string[]; readonly apiVersions?: readonly string[]; readonly resources?: readonly string[]; readonly scope?: string }
function ruleFaults({ operations: given = [], apiGroups = [], apiVersions = [], resources = [], scope }: Rule, path: string): Fault[] {
  const [operationsPath, groupsPath, versionsPath] = [child(path, 'operations'), child(path, 'apiGroups'), child(path, 'apiVersions')];
  return [
    ...(given.length === 0 ? [required(operationsPath)] : alone(given, operationsPath, 'operations')),
    ...given.flatMap((operation, i) => (operations.includes(operation) ? [] : [notSupported(index(operationsPath, i), operation, operations)])),
    ...(apiGroups.length === 0 ? [required(groupsPath)] : alone(apiGroups, groupsPath, 'API groups')),
    ...(apiVersions.length === 0 ? [required(versionsPath)] : alone(apiVersions, versionsPath, 'API versions')),
    ...apiVersions.flatMap((version, i) => (version === '' ? [required(index(versionsPath, i))] : [])),
    ...resourceFaults(resources, child(path, 'resources')),
    ...(scope === undefined || scopes.includes(scope) ? [] : [notSupported(child(path, 'scope'), scope, scopes)]),
  ];
}

export const matchCondition = object('MatchCondition', {
  name: string(1, { required: true, doc: 'Name of the condition, unique in the list.', validate: (name, path) => messages(path, name, isQualifiedName(name)) }),
  expression: string(2, { required: true, unchecked: true, doc: 'CEL expression that must be true.' }),
}, { package: admissionPackage, doc: 'A condition on requests.', validate: ({ expression }, path) => (expression.trim() === '' ? [required(child(path, 'expression'))] : []) });

export const matchConditions = (number: number) => array(number, matchCondition, {
  listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name', doc: 'Conditions on requests; all must hold.',
  validate: (conditions, path) => [
    ...(conditions.length > maxMatchConditions ? [tooMany(path, conditions.length, maxMatchConditions)] : []),
    ...conditions.flatMap(({ name }, i) => (name && conditions.findIndex((other) => other.name === name) < i ? [duplicate(child(index(path, i), 'name'), name)] : [])),
  ],
});

export const matchPolicies = ['Equivalent', 'Exact'];
export const failurePolicies = ['Fail', 'Ignore'];
export const anything = (number: number, what: string) => field(number, labelSelector, { default: {}, doc: `Labels ${what} must have.` });
