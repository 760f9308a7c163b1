// ValidatingAdmissionPolicy: expressions in CEL that requests must satisfy, once a binding has put them in force.
// upstream: apiserver pkg/admission/plugin/policy/validating/{plugin,dispatcher}.go
import { aggregate } from '../../../../src/apimachinery/aggregate.ts';
import * as errors from '../../../../src/apimachinery/status-error.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import { judgePolicy, type Objection } from '../../../../src/schema/structural/policy-expressions.ts';
import { judgeConditions, type RequestVariables } from '../../../../src/schema/structural/request-conditions.ts';
import { followObjects } from '../../follow-objects.ts';
import type { Registry } from '../../registry.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { authorizerOf, equivalentsOf, namespaceLabels, namespaceNamed } from '../dynamic/lookups.ts';
import { isJudged } from '../dynamic/matching.ts';
import { requestMembers } from '../dynamic/request-members.ts';
import { shownAs } from '../dynamic/shown-as.ts';
import { meantAs } from './matching.ts';
import { NoParams, paramsOf } from './params.ts';
import { PolicyList, type Binding, type Policy } from './policy-list.ts';

const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };
const group = 'admissionregistration.k8s.io';
/** Questions of who somebody is and what they may do: a policy about them may lock everybody out. (upstream: pkg/kubeapiserver/admission/exclusion) */
const unjudged: ReadonlySet<string> = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

const isReview = ({ resource }: AdmissionRequest): boolean => unjudged.has(resource.group);

export class AdmissionPolicies {
  readonly #list = new PolicyList();
  readonly #registry: Registry;
  readonly validating: AdmissionPlugin;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.validating = {
      name: 'ValidatingAdmissionPolicy', concernsAll: true,
      validate: (request) => (this.#list.all.length && isJudged(request) && !isReview(request) ? this.#validate(request) : undefined),
    };
  }

  /** From now on policies are in force once the write of their binding is answered. */
  follow(signal: AbortSignal): void {
    const from = (plural: string, take: (name: string, object: ApiObject | undefined) => void): void => {
      const store = this.#registry.find(group, 'v1', plural);
      if (store) followObjects(this.#registry.cache, store.prefix, signal, take);
    };
    from('validatingadmissionpolicies', (name, object) => this.#list.takePolicy(name, object));
    from('validatingadmissionpolicybindings', (name, object) => this.#list.takeBinding(name, object));
  }

  async #validate(request: AdmissionRequest): Promise<void> {
    const denials: errors.StatusError[] = [];
    for (const policy of this.#list.all) await this.#judge(policy, request, denials);
    // All have been heard, for their warnings; the first one is told.
    if (denials.length) throw denials[0];
  }

  /** What cannot be found out about a policy counts as its failurePolicy says. */
  async #judge(policy: Policy, request: AdmissionRequest, denials: errors.StatusError[]): Promise<void> {
    const misses = (what: string, error: unknown, binding?: Binding): void => {
      if (!(error instanceof NoParams || error instanceof errors.StatusError)) throw error;
      if (policy.spec.failurePolicy !== 'Ignore') denials.push(denial(request, policy, binding, { message: `failed to configure ${what}: ${error.message}`, reason: '' }));
    };
    let resource: ResourceDefinition | undefined;
    try {
      resource = this.#meantAs(policy.criteria, request);
    } catch (error) {
      misses('policy', error);
    }
    if (!resource) return;
    const about = await this.#variables(request, resource);
    for (const binding of policy.bindings) {
      let params: readonly (ApiObject | undefined)[];
      try {
        if (binding.criteria && !this.#meantAs(binding.criteria, request)) continue;
        params = await paramsOf(this.#registry, policy.spec.paramKind, binding.paramRef, request.namespace ?? '');
      } catch (error) {
        misses('binding', error, binding);
        continue;
      }
      for (const one of params) {
        for (const objection of objections(policy, { ...about, params: one })) {
          if (binding.actions.includes('Deny')) denials.push(denial(request, policy, binding, objection));
          if (binding.actions.includes('Warn')) request.context.warnings.push(`Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${objection.message}`);
        }
      }
    }
  }

  #meantAs(criteria: Policy['criteria'], request: AdmissionRequest): ResourceDefinition | undefined {
    return meantAs(criteria, request, () => equivalentsOf(this.#registry, request.resource), (name) => namespaceLabels(this.#registry, name));
  }

  async #variables(request: AdmissionRequest, resource: ResourceDefinition): Promise<RequestVariables & { readonly namespaceObject: unknown }> {
    const { namespace } = request;
    return {
      object: await shownAs(request, resource, request.object), oldObject: await shownAs(request, resource, request.old), request: requestMembers({ request, resource }),
      authorizer: authorizerOf(this.#registry, request, resource),
      namespaceObject: namespace ? namespaceNamed(this.#registry, namespace) : undefined,
    };
  }
}

function objections({ spec }: Policy, about: RequestVariables & { readonly namespaceObject: unknown; readonly params: unknown }): Objection[] {
  const { matchConditions = [], failurePolicy } = spec;
  if (matchConditions.length) {
    const { holds, errors: problems } = judgeConditions(matchConditions, about);
    if (problems.length && failurePolicy !== 'Ignore') return [{ message: aggregate(problems), reason: '' }];
    if (!holds || problems.length) return [];
  }
  return judgePolicy(spec, about);
}

function denial({ resource: { group: of, plural }, name }: AdmissionRequest, policy: Policy, binding: Binding | undefined, objection: Objection): errors.StatusError {
  const message = `ValidatingAdmissionPolicy '${policy.name}'${binding ? ` with binding '${binding.name}'` : ''} denied request: ${objection.message}`;
  const reason = objection.reason || 'Invalid';
  const { status } = errors.forbidden({ group: of, resource: plural }, name, message);
  return new errors.StatusError(codes[reason] ?? 422, reason, status.message!, { ...status.details, causes: [{ message }] });
}
