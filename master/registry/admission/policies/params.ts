// The objects with a policy's parameters. upstream: apiserver pkg/admission/plugin/policy/generic/policy_dispatcher.go (CollectParams)
import { selectorFromObject, type LabelSelectorObject } from '../../../../src/apimachinery/selectors.ts';
import type { ValidatingAdmissionPolicy } from '../../../../src/api/admissionregistration/validating-admission-policy.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import type { Registry } from '../../registry.ts';
import type { StoredObject } from '../../stored-object.ts';
import { prepareViews, viewOf } from '../../views.ts';
import type { ParamRef } from './policy-list.ts';

/** The parameters cannot be had, in upstream's words. */
export class NoParams extends Error {}

type ParamKind = NonNullable<ValidatingAdmissionPolicy['spec']['paramKind']>;

/** One evaluation each; `undefined` stands for one without parameters. `namespace` is the request's. @throws NoParams, StatusError */
export async function paramsOf(registry: Registry, paramKind: ParamKind | undefined, ref: ParamRef | undefined, namespace: string): Promise<readonly (ApiObject | undefined)[]> {
  if (!paramKind || !ref) return [undefined];
  const { apiVersion = '', kind = '' } = paramKind;
  const resource = registry.served.current.find((served) => served.apiVersion === apiVersion && served.kind === kind);
  if (!resource) throw new NoParams(`failed to find resource referenced by paramKind: '${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}'`);
  const stored = select(registry, resource, ref, namespaceFor(resource, ref, namespace));
  if (stored.length === 0) {
    if (ref.parameterNotFoundAction === 'Allow') return [];
    throw new NoParams('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  await prepareViews(resource, stored);
  return stored.map((one) => viewOf(resource, one));
}

function namespaceFor({ namespaced }: ResourceDefinition, { namespace = '' }: ParamRef, asked: string): string | undefined {
  if (!namespaced) {
    if (namespace) throw new NoParams('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
    return undefined;
  }
  if (!namespace && !asked) throw new NoParams("can't use namespaced paramRef to match cluster-scoped resources");
  return namespace || asked;
}

function select(registry: Registry, { group, version, plural }: ResourceDefinition, { name, selector }: ParamRef, namespace: string | undefined): StoredObject[] {
  const store = registry.find(group, version, plural)!;
  if (name) {
    const one = store.find(namespace, name);
    return one ? [one] : [];
  }
  const wanted = selectorFromObject((selector ?? {}) as LabelSelectorObject);
  return [...registry.cache.list(namespace === undefined ? store.prefix : `${store.prefix}${namespace}/`)].filter(({ object }) => wanted.matches(object.metadata.labels));
}
