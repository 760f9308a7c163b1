// What an extension server says it serves, from either form of discovery, and what follows for those who read whole resources.
// upstream: apiserver pkg/endpoints/installer.go (ConvertGroupVersionIntoToDiscovery), kube-aggregator pkg/apiserver/handler_discovery.go
import { allVerbs, defineResource, type ResourceDefinition } from '../../../src/schema/resource.ts';

interface Kind { readonly group: string; readonly version: string; readonly kind: string }
interface DiscoveredSubresource { readonly subresource: string; readonly responseKind: Kind; readonly verbs: readonly string[] }
/** As aggregated discovery has it. */
export interface DiscoveredResource {
  readonly resource: string; readonly responseKind: Kind; readonly scope: 'Namespaced' | 'Cluster'; readonly singularResource: string; readonly verbs: readonly string[];
  readonly shortNames?: readonly string[]; readonly categories?: readonly string[]; readonly subresources?: readonly DiscoveredSubresource[];
}

interface LegacyResource { readonly name?: string; readonly singularName?: string; readonly namespaced?: boolean; readonly group?: string; readonly version?: string; readonly kind?: string; readonly verbs?: readonly string[]; readonly shortNames?: readonly string[]; readonly categories?: readonly string[] }
interface AggregatedGroup { readonly metadata?: { readonly name?: string }; readonly versions?: readonly { readonly version?: string; readonly resources?: readonly Partial<DiscoveredResource>[] }[] }

/** Of an APIGroupDiscoveryList; none when the group version is not in it. */
export function fromAggregated(document: unknown, group: string, version: string): DiscoveredResource[] {
  const { items = [] } = document as { items?: readonly AggregatedGroup[] };
  const resources = items.find(({ metadata }) => metadata?.name === group)?.versions?.find((one) => one.version === version)?.resources ?? [];
  return resources.filter(({ resource }) => resource).map((one) => ({
    ...one, resource: one.resource!, responseKind: kindOf(one.responseKind, group, version), scope: one.scope ?? 'Cluster', singularResource: one.singularResource ?? '', verbs: one.verbs ?? [],
    ...(one.subresources ? { subresources: one.subresources.map((sub) => ({ ...sub, responseKind: kindOf(sub.responseKind, group, version) })) } : {}),
  }));
}
/** Old servers leave out what is the group version's own. */
const kindOf = (kind: Partial<Kind> | undefined, group: string, version: string): Kind => ({ group: kind?.version ? (kind.group ?? '') : group, version: kind?.version || version, kind: kind?.kind ?? '' });

/** Of an APIResourceList, where subresources stand beside their resource. */
export function fromLegacy(document: unknown, group: string, version: string): DiscoveredResource[] {
  const { resources = [] } = document as { resources?: readonly LegacyResource[] };
  const all = resources.filter(({ name }) => name);
  return all.filter(({ name }) => !name!.includes('/')).map((one) => {
    const subresources = all.filter(({ name }) => name!.startsWith(`${one.name}/`)).map((sub) => ({ subresource: sub.name!.slice(one.name!.length + 1), responseKind: kindOf(sub, group, version), verbs: sub.verbs ?? [] }));
    return {
      resource: one.name!, responseKind: kindOf(one, group, version), scope: one.namespaced ? 'Namespaced' : 'Cluster', singularResource: one.singularName ?? '', verbs: one.verbs ?? [],
      ...(one.shortNames?.length ? { shortNames: one.shortNames } : {}), ...(one.categories?.length ? { categories: one.categories } : {}), ...(subresources.length ? { subresources } : {}),
    };
  });
}

/** For who deletes and follows objects of any kind: all it takes to ask for them. */
export function definitionOf({ resource, responseKind, scope, singularResource, verbs }: DiscoveredResource, group: string, version: string): ResourceDefinition {
  return defineResource({
    group, version, kind: responseKind.kind, plural: resource, ...(singularResource ? { singular: singularResource } : {}), scope, doc: '', fields: {}, custom: true, remote: true, verbs: allVerbs.filter((verb) => verbs.includes(verb)),
  });
}
