// What types say against the expressions of a ValidatingAdmissionPolicy, for each of the built-in kinds its rules name without a
// wildcard. Pure. (upstream: apiserver pkg/admission/plugin/policy/validating/typechecking.go)
import { allResources } from '../../../src/api/index.ts';
import type { ValidatingAdmissionPolicy } from '../../../src/api/admissionregistration/validating-admission-policy.ts';
import { child, index } from '../../../src/apimachinery/fault.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { typeFault } from '../../../src/schema/structural/cel-types.ts';

type Spec = ValidatingAdmissionPolicy['spec'];
export interface ExpressionWarning { fieldRef: string; warning: string }

/** Kinds a policy is checked for at most. */
const mostKinds = 10;

const named = (list: readonly string[] | undefined): readonly string[] => (list?.some((item) => item.includes('*')) ? [] : [...(list ?? [])].sort());

/** Definitions in the order in which they are told of; kinds of custom resources are not among them. */
export function kindsMeant({ matchConstraints }: Spec): ResourceDefinition[] {
  const meant = new Set<ResourceDefinition>();
  for (const { apiGroups, apiVersions, resources } of matchConstraints?.resourceRules ?? []) {
    const plurals = [...(resources ?? [])].filter((resource) => !/[*/]/.test(resource)).sort();
    let count = 0;
    for (const group of named(apiGroups)) for (const version of named(apiVersions)) for (const plural of plurals) {
      const resource = allResources.find((one) => one.group === group && one.version === version && one.plural === plural);
      if (!resource || count === mostKinds) continue;
      meant.add(resource);
      count++;
    }
  }
  const place = ({ group, version, kind }: ResourceDefinition): string => [group, version, kind].join('\0');
  return [...meant].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

export function typeWarnings(spec: Spec): ExpressionWarning[] {
  const kinds = kindsMeant(spec);
  const about = (fieldRef: string, expression: string | undefined): ExpressionWarning[] => {
    if (!expression) return [];
    const faults = kinds.flatMap(({ apiVersion, kind, type }) => {
      const fault = typeFault(expression, type);
      return fault === undefined ? [] : [`${apiVersion}, Kind=${kind}: ${fault}\n`];
    });
    return faults.length ? [{ fieldRef, warning: faults.join('\n') }] : [];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, i) => {
    const path = index('spec.validations', i);
    return [...about(child(path, 'expression'), expression), ...about(child(path, 'messageExpression'), messageExpression)];
  });
}
