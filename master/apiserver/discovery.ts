// Discovery: what this server serves, in the legacy and the aggregated form, derived from the definitions.
// (upstream: apiserver endpoints/discovery)
import { createHash } from 'node:crypto';
import type { ResourceDefinition } from '../../src/schema/resource.ts';

interface ApiResource { name: string; singularName: string; namespaced: boolean; group?: string; version?: string; kind: string; verbs: string[]; shortNames?: string[]; categories?: string[]; storageVersionHash?: string }
interface Subresource { readonly name: string; readonly kind: string; readonly group?: string; readonly version?: string; readonly verbs: readonly string[] }

function subresourcesOf(resource: ResourceDefinition): Subresource[] {
  const { status, scale, others = [] } = resource.subresources;
  return [
    ...(status ? [{ name: 'status', kind: resource.kind, verbs: ['get', 'patch', 'update'] }] : []),
    ...(scale ? [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] }] : []),
    ...others,
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const writes: ReadonlySet<string> = new Set(['create', 'patch', 'update']);
/** Of a custom resource whose definition is being deleted nothing that writes is shown. */
const verbsOf = ({ verbs, ending }: ResourceDefinition): string[] => verbs.filter((verb) => !ending || !writes.has(verb)).sort();
const storageHash = (r: ResourceDefinition): string => createHash('sha256').update(`${r.group}/${r.hashVersion ?? r.version}/${r.kind}`).digest().subarray(0, 8).toString('base64');

/** Groups in order, each with its versions. */
function grouped(resources: readonly ResourceDefinition[]): Map<string, Map<string, ResourceDefinition[]>> {
  const groups = new Map<string, Map<string, ResourceDefinition[]>>();
  for (const resource of resources) {
    const versions = groups.get(resource.group) ?? new Map<string, ResourceDefinition[]>();
    groups.set(resource.group, versions);
    versions.set(resource.version, [...(versions.get(resource.version) ?? []), resource]);
  }
  return groups;
}

export class Discovery {
  readonly #groups: Map<string, Map<string, ResourceDefinition[]>>;
  constructor(resources: readonly ResourceDefinition[]) { this.#groups = grouped(resources); }

  /** GET /api */
  apiVersions(serverAddress: string): unknown {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
  }
  #group(name: string): { name: string; versions: unknown[]; preferredVersion: unknown } | undefined {
    const versions = this.#groups.get(name);
    if (!versions || name === '') return undefined;
    const list = [...versions.keys()].map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions: list, preferredVersion: list[0] };
  }
  /** Every path of discovery itself. */
  paths(): string[] {
    const groups = [...this.#groups].filter(([name]) => name !== '').flatMap(([name, versions]) => [`/apis/${name}`, ...[...versions.keys()].map((version) => `/apis/${name}/${version}`)]);
    return ['/api', '/api/v1', '/apis', ...groups].sort();
  }
  /** GET /apis */
  groups(): unknown {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...this.#groups.keys()].filter((g) => g !== '').map((g) => this.#group(g)) };
  }
  /** GET /apis/{group}; undefined when unknown */
  group(name: string): unknown {
    const group = this.#group(name);
    return group && { kind: 'APIGroup', apiVersion: 'v1', ...group };
  }
  /** GET /api/v1 and /apis/{group}/{version}; undefined when unknown */
  resources(group: string, version: string): unknown {
    const resources = this.#groups.get(group)?.get(version);
    if (!resources) return undefined;
    const list: ApiResource[] = [];
    for (const r of [...resources].sort((a, b) => (a.plural < b.plural ? -1 : 1))) {
      list.push({
        name: r.plural, singularName: r.singular, namespaced: r.namespaced, kind: r.kind, verbs: verbsOf(r),
        ...(r.shortNames.length ? { shortNames: [...r.shortNames] } : {}), ...(r.categories.length ? { categories: [...r.categories] } : {}),
        ...(r.hashVersion !== '' && (r.custom || (r.verbs.includes('create') && r.verbs.includes('list'))) ? { storageVersionHash: storageHash(r) } : {}),
      });
      for (const s of subresourcesOf(r)) {
        list.push({ name: `${r.plural}/${s.name}`, singularName: '', namespaced: r.namespaced, ...(s.version ? { ...(s.group ? { group: s.group } : {}), version: s.version } : {}), kind: s.kind, verbs: [...s.verbs].sort() });
      }
    }
    return { kind: 'APIResourceList', ...(group === '' ? {} : { apiVersion: 'v1' }), groupVersion: group ? `${group}/${version}` : version, resources: list };
  }
  /** The aggregated form of /api (core) or /apis (all groups). */
  aggregated(core: boolean, apiVersion: 'v2' | 'v2beta1'): unknown {
    const items = [...this.#groups].filter(([name]) => (name === '') === core).map(([name, versions]) => ({
      metadata: { ...(name ? { name } : {}), creationTimestamp: null },
      versions: [...versions].map(([version, resources]) => ({
        version, freshness: 'Current',
        resources: [...resources].sort((a, b) => (a.plural < b.plural ? -1 : 1)).map((r) => {
          const subresources = subresourcesOf(r).map((s) => ({ subresource: s.name, responseKind: { group: s.group ?? (s.version ? '' : r.group), version: s.version ?? r.version, kind: s.kind }, verbs: [...s.verbs].sort() }));
          return {
            resource: r.plural, responseKind: { group: r.group, version: r.version, kind: r.kind }, scope: r.namespaced ? 'Namespaced' : 'Cluster', singularResource: r.singular, verbs: verbsOf(r),
            ...(r.shortNames.length ? { shortNames: r.shortNames } : {}), ...(r.categories.length ? { categories: r.categories } : {}), ...(subresources.length ? { subresources } : {}),
          };
        }),
      })),
    }));
    return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${apiVersion}`, metadata: {}, items };
  }
}
