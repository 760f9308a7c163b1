// ResourceQuota: how much all objects of a namespace together may ask for.
// upstream: pkg/apis/core/validation/validation.go (ValidateResourceQuota), pkg/apis/core/helper/helpers.go
import { child, invalid, key, required, type Fault } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { isQuotaResource, quotaResourceNameFaults, resourceQuantityFaults } from './resources.ts';

const existsScopes = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity'];
const scopes = [...existsScopes, 'PriorityClass'];
const computeResources = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const conflictingScopes = [['BestEffort', 'NotBestEffort'], ['Terminating', 'NotTerminating']] as const;
const onlyExists = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

export const scopedResourceSelectorRequirement = object('ScopedResourceSelectorRequirement', {
  scopeName: string(1, { required: true, unchecked: true, doc: 'Scope the condition is about.' }),
  operator: string(2, { required: true, unchecked: true, doc: 'In, NotIn, Exists or DoesNotExist.' }),
  values: array(3, types.string, { listType: 'atomic', doc: 'Values for In and NotIn.' }),
}, { doc: 'One condition on a scope and its values.' });

export const scopeSelector = object('ScopeSelector', {
  matchExpressions: array(1, scopedResourceSelectorRequirement, { listType: 'atomic', doc: 'Conditions; all must hold.' }),
}, { atomic: true, doc: 'Which objects count, by scopes and their values.' });

export const resourceQuotaSpec = object('ResourceQuotaSpec', {
  hard: map(1, types.quantity, { doc: 'Most there may be of each resource or kind of object.' }),
  scopes: array(2, types.string, { listType: 'atomic', doc: 'Only objects in all of these scopes count.' }),
  scopeSelector: field(3, scopeSelector, { doc: 'Further conditions on scopes.' }),
}, { doc: 'The bounds that are wanted.' });
export interface ResourceQuotaSpec extends FieldsValue<typeof resourceQuotaSpec.fields> {}

export const resourceQuotaStatus = object('ResourceQuotaStatus', {
  hard: map(1, types.quantity, { doc: 'The bounds that hold.' }),
  used: map(2, types.quantity, { doc: 'What is in use of each.' }),
}, { doc: 'Bounds and use as they are.' });
export interface ResourceQuotaStatus extends FieldsValue<typeof resourceQuotaStatus.fields> {}

const listFaults = (list: Readonly<Record<string, string>> | undefined, path: string): Fault[] => Object.entries(list ?? {}).flatMap(([name, quantity]) => [
  ...quotaResourceNameFaults(name, key(path, name)), ...resourceQuantityFaults(name, quantity, key(path, name)),
]);

/** A scope chooses Pods, so it says nothing of other kinds; best-effort Pods ask for nothing that could be summed up. */
function appliesTo(scope: string, resource: string): boolean {
  if (!scopes.includes(scope)) return true;
  return resource === 'pods' || (scope !== 'BestEffort' && computeResources.includes(resource));
}
const misapplied = (scope: string, spec: ResourceQuotaSpec): string[] => Object.keys(spec.hard ?? {}).filter((name) => isQuotaResource(name) && !appliesTo(scope, name));

const conflictFaults = (given: readonly string[], shown: readonly string[] | undefined, path: string): Fault[] =>
  conflictingScopes.filter((pair) => pair.every((scope) => given.includes(scope))).map(() => invalid(path, shown ?? [], 'conflicting scopes'));

function scopeFaults(spec: ResourceQuotaSpec): Fault[] {
  const given = spec.scopes ?? [];
  const fault = (words: string): Fault => invalid('spec.scopes', given, words);
  return [
    ...given.flatMap((scope) => [...(scopes.includes(scope) ? [] : [fault('unsupported scope')]), ...misapplied(scope, spec).map(() => fault('unsupported scope applied to resource'))]),
    ...conflictFaults(given, given, 'spec.scopes'),
  ];
}

function selectorFaults(spec: ResourceQuotaSpec): Fault[] {
  // Upstream names the list, not the entry.
  const path = 'spec.scopeSelector.matchExpressions';
  const given = spec.scopeSelector?.matchExpressions ?? [];
  return [...given.flatMap(({ scopeName, operator, values = [] }) => {
    const faults: Fault[] = [];
    if (!scopes.includes(scopeName)) faults.push(invalid(child(path, 'scopeName'), scopeName, 'unsupported scope'));
    faults.push(...misapplied(scopeName, spec).map(() => invalid(path, spec.scopeSelector, 'unsupported scope applied to resource')));
    if (existsScopes.includes(scopeName) && operator !== 'Exists') faults.push(invalid(child(path, 'operator'), operator, onlyExists));
    switch (operator) {
      case 'In': case 'NotIn':
        if (values.length === 0) faults.push(required(child(path, 'values'), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
        break;
      case 'Exists': case 'DoesNotExist':
        if (values.length > 0) faults.push(invalid(child(path, 'values'), values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"));
        break;
      default:
        faults.push(invalid(child(path, 'operator'), operator, 'not a valid selector operator'));
    }
    return faults;
  }), ...conflictFaults(given.map(({ scopeName }) => scopeName), spec.scopes, path)];
}

function updateFaults(spec: ResourceQuotaSpec, old: ResourceQuotaSpec): Fault[] {
  const sorted = ({ scopes: list = [] }: ResourceQuotaSpec): string[] => [...new Set(list)].sort();
  return equalJson(sorted(spec), sorted(old)) ? [] : [invalid('spec.scopes', spec.scopes ?? [], 'field is immutable')];
}

/** `pods: 1/5, …` for the resources that are, or are not, limits. */
const usageText = ({ hard = {}, used = {} }: ResourceQuotaStatus, limits: boolean): string =>
  Object.keys(hard).sort().filter((name) => name.startsWith('limits.') === limits).map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`).join(', ');

export const ResourceQuotas = defineResource({
  group: '', version: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', shortNames: ['quota'], scope: 'Namespaced',
  doc: 'How much the objects of the namespace together may ask for.',
  fields: {
    spec: field(2, resourceQuotaSpec, { written: true, doc: 'The bounds that are wanted.' }),
    status: field(3, resourceQuotaStatus, { written: true, doc: 'Bounds and use as they are.' }),
  },
  subresources: { status: true },
  validate: ({ spec }, old) => [...listFaults(spec.hard, 'spec.hard'), ...scopeFaults(spec), ...selectorFaults(spec), ...(old ? updateFaults(spec, old.spec) : [])],
  validateStatus: ({ status }) => [...listFaults(status.hard, 'status.hard'), ...listFaults(status.used, 'status.used')],
  columns: [
    nameColumn,
    { name: 'Request', type: 'string', description: 'Use and bound of what is counted or requested.', value: ({ status }) => usageText(status, false) },
    { name: 'Limit', type: 'string', description: 'Use and bound of limits.', value: ({ status }) => usageText(status, true) },
    ageColumn,
  ],
});
export interface ResourceQuota extends ObjectOf<typeof ResourceQuotas> {}
