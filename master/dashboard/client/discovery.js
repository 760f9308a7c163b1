// What the server serves, from its aggregated discovery; and where in the page each kind is found. A kind nobody here has heard of
// is listed under its group.
// @ts-check

/**
 * @typedef {{ group: string, version: string, plural: string, kind: string, namespaced: boolean, verbs: string[], shortNames: string[], subresources: string[] }} Resource
 * @typedef {{ resource: string, scope: string, verbs: string[], shortNames?: string[], responseKind: { kind: string }, subresources?: { subresource: string }[] }} FoundResource
 * @typedef {{ items: { metadata?: { name?: string }, versions: { version: string, resources?: FoundResource[] }[] }[] }} Found
 */

/**
 * Each resource once, in the version its group prefers, in the order of discovery.
 * @param {readonly Found[]} documents of /api and /apis
 * @returns {Resource[]}
 */
export function resourcesIn(documents) {
  /** @type {Map<string, Resource>} */
  const found = new Map();
  for (const { items } of documents) {
    for (const { metadata, versions } of items) {
      const group = metadata?.name ?? '';
      for (const { version, resources = [] } of versions) {
        for (const r of resources) {
          const key = `${r.resource}.${group}`;
          if (found.has(key)) continue;
          found.set(key, {
            group, version, plural: r.resource, kind: r.responseKind.kind, namespaced: r.scope === 'Namespaced', verbs: r.verbs,
            shortNames: r.shortNames ?? [], subresources: (r.subresources ?? []).map((s) => s.subresource),
          });
        }
      }
    }
  }
  return [...found.values()];
}

/** @param {Pick<Resource, 'group' | 'version'>} resource */
export const apiVersionOf = ({ group, version }) => (group ? `${group}/${version}` : version);

/**
 * @param {Pick<Resource, 'group' | 'version' | 'plural'> & { namespaced?: boolean }} resource
 * @param {string} [namespace]
 * @param {string} [name]
 * @param {string} [subresource]
 */
export function pathOf({ group, version, plural }, namespace, name, subresource) {
  const parts = [...(group ? ['apis', group, version] : ['api', version]), ...(namespace ? ['namespaces', namespace] : []), plural, ...(name ? [name] : []), ...(subresource ? [subresource] : [])];
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/**
 * The resource an object names, also in a version other than the preferred one.
 * @param {readonly Resource[]} resources
 * @param {string} apiVersion
 * @param {string} kind
 * @returns {Resource | undefined}
 */
export function resourceOf(resources, apiVersion, kind) {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const found = resources.find((r) => r.group === group && r.kind === kind);
  return found && { ...found, version: apiVersion.slice(slash + 1) };
}

/** @type {readonly [string, readonly string[]][]} */
const sections = [
  ['Workloads', ['pods.', 'deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'replicasets.apps', 'jobs.batch', 'cronjobs.batch', 'replicationcontrollers.', 'horizontalpodautoscalers.autoscaling', 'poddisruptionbudgets.policy']],
  ['Network', ['services.', 'endpointslices.discovery.k8s.io', 'ingresses.networking.k8s.io', 'networkpolicies.networking.k8s.io', 'ingressclasses.networking.k8s.io', 'endpoints.']],
  ['Configuration', ['configmaps.', 'secrets.', 'serviceaccounts.', 'resourcequotas.', 'limitranges.']],
  ['Storage', ['persistentvolumeclaims.', 'persistentvolumes.', 'storageclasses.storage.k8s.io']],
  ['Cluster', ['nodes.', 'namespaces.', 'events.', 'customresourcedefinitions.apiextensions.k8s.io', 'priorityclasses.scheduling.k8s.io', 'leases.coordination.k8s.io']],
  ['Access', ['roles.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io', 'clusterroles.rbac.authorization.k8s.io', 'clusterrolebindings.rbac.authorization.k8s.io', 'certificatesigningrequests.certificates.k8s.io']],
];
/** Served in two groups; one place is enough. */
const doubled = new Set(['events.events.k8s.io']);
/** Groups of the server itself; custom ones are no less a person's own when they end like these. */
const builtIn = new Set(['', 'apps', 'batch', 'autoscaling', 'policy', ...['networking', 'discovery', 'storage', 'rbac.authorization', 'certificates', 'coordination', 'node', 'scheduling', 'events', 'admissionregistration', 'apiextensions', 'apiregistration', 'flowcontrol.apiserver', 'authentication', 'authorization', 'resource'].map((g) => `${g}.k8s.io`)]);

/**
 * The menu: everything that can be listed, the known under what it is for, custom resources under their groups, and the rest at the end.
 * @param {readonly Resource[]} resources
 * @returns {{ title: string, custom: boolean, resources: Resource[] }[]}
 */
export function menuOf(resources) {
  const listed = resources.filter((r) => r.verbs.includes('list') && !doubled.has(`${r.plural}.${r.group}`));
  /** @param {Resource} r */
  const key = (r) => `${r.plural}.${r.group}`;
  const known = sections.map(([title, keys]) => ({ title, custom: false, resources: keys.flatMap((k) => listed.filter((r) => key(r) === k)) }));
  const placed = new Set(known.flatMap((section) => section.resources));
  const groups = [...new Set(listed.filter((r) => !builtIn.has(r.group)).map((r) => r.group))].sort();
  const custom = groups.map((group) => ({ title: group, custom: true, resources: listed.filter((r) => r.group === group && !placed.has(r)) }));
  const rest = { title: 'More', custom: false, resources: listed.filter((r) => builtIn.has(r.group) && !placed.has(r)) };
  return [...known, ...custom, rest].filter((section) => section.resources.length > 0);
}

/**
 * `PersistentVolumeClaim` → `Persistent Volume Claims`: the kind in words, in the plural its resource has.
 * @param {Pick<Resource, 'kind' | 'plural'>} resource
 */
export function titleOf({ kind, plural }) {
  const singular = kind.toLowerCase();
  const words = kind.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
  if (plural === singular) return words;
  if (plural.startsWith(singular)) return words + plural.slice(singular.length);
  if (singular.endsWith('y') && plural === `${singular.slice(0, -1)}ies`) return `${words.slice(0, -1)}ies`;
  return plural;
}
