// What stands between a namespace and its end, as conditions.
// upstream: pkg/controller/namespace/deletion/status_condition_utils.go
import { findCondition, setCondition } from '../../../src/apimachinery/conditions.ts';
import type { NamespaceCondition } from '../../../src/api/core/namespace.ts';
import type { ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';

export interface Remaining { readonly resource: ResourceDefinition; readonly objects: readonly ObjectHead[] }
interface State { readonly failures: readonly string[]; readonly remaining: readonly Remaining[]; /** `group/version` of extension servers that do not say what they have. */ readonly undiscovered?: readonly string[] }

const list = (parts: readonly string[]): string => [...parts].sort().join(', ');

/** The five conditions of a namespace that ends; each is False while it does not hold anything up. */
export function namespaceConditions(old: readonly NamespaceCondition[] | undefined, { failures, remaining, undiscovered = [] }: State, now: string): NamespaceCondition[] {
  const left = remaining.filter(({ objects }) => objects.length > 0);
  const finalizers = new Map<string, number>();
  for (const { objects } of left) for (const { metadata } of objects) for (const name of metadata.finalizers ?? []) finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
  const content = left.map(({ resource, objects }) => `${resource.plural}.${resource.group} has ${objects.length} resource instances`);
  const holders = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
  const conditions: readonly [type: string, holds: boolean, reason: string, message: string][] = [
    undiscovered.length
      ? ['NamespaceDeletionDiscoveryFailure', true, 'DiscoveryFailed', `Discovery failed for some groups, ${undiscovered.length} failing: unable to retrieve the complete list of server APIs: ${list(undiscovered.map((name) => `${name}: stale GroupVersion discovery: ${name}`))}`]
      : ['NamespaceDeletionDiscoveryFailure', false, 'ResourcesDiscovered', 'All resources successfully discovered'],
    ['NamespaceDeletionGroupVersionParsingFailure', false, 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    failures.length
      ? ['NamespaceDeletionContentFailure', true, 'ContentDeletionFailed', `Failed to delete all resource types, ${failures.length} remaining: ${list(failures)}`]
      : ['NamespaceDeletionContentFailure', false, 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    content.length
      ? ['NamespaceContentRemaining', true, 'SomeResourcesRemain', `Some resources are remaining: ${list(content)}`]
      : ['NamespaceContentRemaining', false, 'ContentRemoved', 'All content successfully removed'],
    holders.length
      ? ['NamespaceFinalizersRemaining', true, 'SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${list(holders)}`]
      : ['NamespaceFinalizersRemaining', false, 'ContentRemoved', 'All content successfully removed'],
  ];
  return conditions.reduce<NamespaceCondition[]>((all, [type, holds, reason, message]) => setCondition<NamespaceCondition>(all, { type, status: holds ? 'True' : 'False', reason, message }, now), [...(old ?? [])]);
}

export function conditionsDiffer(old: readonly NamespaceCondition[] | undefined, next: readonly NamespaceCondition[]): boolean {
  return next.some((condition) => {
    const before = findCondition(old, condition.type);
    return before?.status !== condition.status || before.reason !== condition.reason || before.message !== condition.message;
  });
}
