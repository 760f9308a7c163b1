// Discovery: what is served, in the legacy and the aggregated form, derived from the definitions and from what extension servers say.
// (upstream: apiserver endpoints/discovery, kube-aggregator pkg/apiserver/handler_apis.go)
import { createHash } from 'node:crypto';
import { compareVersions } from '../../src/apimachinery/kube-version.ts';
import { priorityOf, type Priority } from '../../src/api/apiregistration/priorities.ts';
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import type { RemoteVersion } from './aggregation/remote-discovery.ts';

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
/** Of the group, version and kind an object is stored in. */
const storageHash = (r: ResourceDefinition): string => createHash('sha256').update(`${r.storedAs?.group ?? r.group}/${r.hashVersion ?? r.version}/${r.kind}`).digest().subarray(0, 8).toString('base64');

interface GroupVersion { readonly priority: Priority; readonly own: readonly ResourceDefinition[]; /** Instead of its own. */ readonly remote?: RemoteVersion }
type Groups = Map<string, Map<string, GroupVersion>>;

/** Groups in order, each with its versions: by priority, then by name. */
function grouped(resources: readonly ResourceDefinition[], remotes: readonly RemoteVersion[]): Groups {
  const groups = new Map<string, Map<string, GroupVersion>>();
  const versionsOf = (group: string): Map<string, GroupVersion> => {
    const versions = groups.get(group) ?? new Map<string, GroupVersion>();
    groups.set(group, versions);
    return versions;
  };
  for (const resource of resources) {
    const { group, version } = resource;
    const versions = versionsOf(group);
    versions.set(version, { priority: priorityOf(group, version), own: [...(versions.get(version)?.own ?? []), resource] });
  }
  for (const remote of remotes) versionsOf(remote.group).set(remote.version, { priority: remote.priority, own: [], remote });
  const place = (versions: Map<string, GroupVersion>): number => Math.max(...[...versions.values()].map(({ priority }) => priority.group));
  return new Map([...groups].sort(([a, one], [b, other]) => place(other) - place(one) || (a < b ? -1 : 1)).map(([name, versions]) =>
    [name, new Map([...versions].sort(([a, one], [b, other]) => other.priority.version - one.priority.version || compareVersions(a, b)))]));
}

export class Discovery {
  readonly #groups: Groups;
  constructor(resources: readonly ResourceDefinition[], remotes: readonly RemoteVersion[] = []) { this.#groups = grouped(resources, remotes); }

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
    const resources = this.#groups.get(group)?.get(version)?.own;
    if (!resources?.length) return undefined;
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
    const items = [...this.#groups].filter(([name]) => (name === '') === core).flatMap(([name, all]) => {
      const versions = [...all].flatMap(([version, of]) => aggregatedVersion(version, of));
      return versions.length ? [{ metadata: { ...(name ? { name } : {}), creationTimestamp: null }, versions }] : [];
    });
    return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${apiVersion}`, metadata: {}, items };
  }
}

/** Of who has not been asked yet there is nothing to tell; of who does not answer only that it is. */
function aggregatedVersion(version: string, { own, remote }: GroupVersion): unknown[] {
  if (remote) {
    const { freshness, resources } = remote;
    return freshness ? [{ version, freshness, ...(freshness === 'Current' && resources.length ? { resources } : {}) }] : [];
  }
  return [{
    version, freshness: 'Current',
    resources: [...own].sort((a, b) => (a.plural < b.plural ? -1 : 1)).map((r) => {
      const subresources = subresourcesOf(r).map((s) => ({ subresource: s.name, responseKind: { group: s.group ?? (s.version ? '' : r.group), version: s.version ?? r.version, kind: s.kind }, verbs: [...s.verbs].sort() }));
      return {
        resource: r.plural, responseKind: { group: r.group, version: r.version, kind: r.kind }, scope: r.namespaced ? 'Namespaced' : 'Cluster', singularResource: r.singular, verbs: verbsOf(r),
        ...(r.shortNames.length ? { shortNames: r.shortNames } : {}), ...(r.categories.length ? { categories: r.categories } : {}), ...(subresources.length ? { subresources } : {}),
      };
    }),
  }];
}
