// The ValidatingAdmissionPolicies in force: those that a binding names, in the order of their names.
// upstream: apiserver pkg/admission/plugin/policy/generic/policy_source.go
import { selectorFromObject, type LabelSelectorObject, type Selector } from '../../../../src/apimachinery/selectors.ts';
import type { ValidatingAdmissionPolicy } from '../../../../src/api/admissionregistration/validating-admission-policy.ts';
import type { ValidatingAdmissionPolicyBinding } from '../../../../src/api/admissionregistration/validating-admission-policy-binding.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';
import type { Rule } from '../dynamic/matching.ts';

export interface NamedRule extends Rule { readonly resourceNames?: readonly string[] }
/** Requests that are meant. */
export interface Criteria {
  readonly namespaceSelector: Selector;
  readonly objectSelector: Selector;
  /** All requests when empty. */
  readonly rules: readonly NamedRule[];
  readonly excluded: readonly NamedRule[];
  readonly matchPolicy: string | undefined;
}
export type ParamRef = NonNullable<ValidatingAdmissionPolicyBinding['spec']['paramRef']>;
export interface Binding { readonly name: string; readonly policyName: string; readonly paramRef: ParamRef | undefined; readonly criteria: Criteria | undefined; readonly actions: readonly string[] }
export interface Policy { readonly name: string; readonly spec: ValidatingAdmissionPolicy['spec']; readonly criteria: Criteria; readonly bindings: readonly Binding[] }

interface MatchResources { readonly namespaceSelector?: LabelSelectorObject; readonly objectSelector?: LabelSelectorObject; readonly resourceRules?: readonly NamedRule[]; readonly excludeResourceRules?: readonly NamedRule[]; readonly matchPolicy?: string }
const criteriaOf = ({ namespaceSelector = {}, objectSelector = {}, resourceRules = [], excludeResourceRules = [], matchPolicy }: MatchResources): Criteria => ({
  namespaceSelector: selectorFromObject(namespaceSelector), objectSelector: selectorFromObject(objectSelector), rules: resourceRules, excluded: excludeResourceRules, matchPolicy,
});

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

export class PolicyList {
  readonly #policies = new Map<string, Omit<Policy, 'bindings'>>();
  readonly #bindings = new Map<string, Binding>();
  #all: readonly Policy[] = [];

  get all(): readonly Policy[] { return this.#all; }

  takePolicy(name: string, object: ApiObject | undefined): void {
    if (object) {
      const { spec } = object as unknown as ValidatingAdmissionPolicy;
      this.#policies.set(name, { name, spec, criteria: criteriaOf((spec.matchConstraints ?? {}) as MatchResources) });
    } else this.#policies.delete(name);
    this.#join();
  }
  takeBinding(name: string, object: ApiObject | undefined): void {
    if (object) {
      const { spec: { policyName = '', paramRef, matchResources, validationActions = [] } } = object as unknown as ValidatingAdmissionPolicyBinding;
      this.#bindings.set(name, { name, policyName, paramRef, criteria: matchResources && criteriaOf(matchResources as MatchResources), actions: validationActions });
    } else this.#bindings.delete(name);
    this.#join();
  }
  #join(): void {
    const bindings = [...this.#bindings.values()].sort(byName);
    this.#all = [...this.#policies.values()].sort(byName).map((policy) => ({ ...policy, bindings: bindings.filter(({ policyName }) => policyName === policy.name) })).filter((policy) => policy.bindings.length > 0);
  }
}
