// What roles allow. (upstream: pkg/apis/rbac/validation/validation.go, ValidatePolicyRule)
import { child, index, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { array, object, types, type FieldsValue } from '../../schema/schema.ts';

export const rbacPackage = 'io.k8s.api.rbac.v1';

export const policyRule = object('PolicyRule', {
  verbs: array(1, types.string, { required: true, unchecked: true, listType: 'atomic', doc: 'What may be done, for example get; * is everything.' }),
  apiGroups: array(2, types.string, { listType: 'atomic', doc: 'API groups; an empty text is core, * all.' }),
  resources: array(3, types.string, { listType: 'atomic', doc: 'Resources, for example pods or pods/log; * is all.' }),
  resourceNames: array(4, types.string, { listType: 'atomic', doc: 'Names of objects; all when empty.' }),
  nonResourceURLs: array(5, types.string, { listType: 'atomic', doc: 'Paths beside the resources, for example /healthz; only in ClusterRoles.' }),
}, { package: rbacPackage, doc: 'What may be done with what.' });
export interface PolicyRule extends FieldsValue<typeof policyRule.fields> {}

function ruleFaults(rule: PolicyRule, namespaced: boolean, path: string): Fault[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const faults: Fault[] = [];
  if (!verbs?.length) faults.push(required(child(path, 'verbs'), 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    const at = child(path, 'nonResourceURLs');
    if (namespaced) faults.push(invalid(at, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length + resources.length + resourceNames.length > 0) faults.push(invalid(at, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
    return faults;
  }
  if (apiGroups.length === 0) faults.push(required(child(path, 'apiGroups'), 'resource rules must supply at least one api group'));
  if (resources.length === 0) faults.push(required(child(path, 'resources'), 'resource rules must supply at least one resource'));
  return faults;
}

export const ruleListFaults = (rules: readonly PolicyRule[] | null | undefined, namespaced: boolean): Fault[] => (rules ?? []).flatMap((rule, i) => ruleFaults(rule, namespaced, index('rules', i)));
