// The operations of each resource, as OpenAPI lists them: path, method, parameters, bodies; told once for both dialects.
// (upstream: apiserver endpoints/installer.go)
import { deleteOptions } from './delete-options.ts';
import { listTypeOf, statusType } from './meta-types.ts';
import type { GroupVersionKind } from './openapi-schema.ts';
import type { ResourceDefinition } from './resource.ts';
import type { ObjectType } from './schema.ts';

export interface Parameter { readonly name: string; readonly in: 'query' | 'path'; readonly type: 'string' | 'boolean' | 'integer'; readonly description: string }
/** `patch` is a body of any patch type, `text` an answer that is no object, `unknown` a kind without a definition here. */
export type Content = ObjectType | 'patch' | 'text' | 'unknown';
export interface Operation {
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch';
  /** Upstream's name for what it does: get, list, post, put, patch, delete, deletecollection, connect. */
  readonly action?: string;
  readonly id: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly content: Content; readonly required: boolean };
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly responses: Readonly<Record<string, Content>>;
  /** Of what is done to objects. */
  readonly kind?: GroupVersionKind;
}
/** `tag`: of what belongs to no resource. */
export interface PathItem { readonly path: string; readonly tag?: string; readonly parameters: readonly Parameter[]; readonly operations: readonly Operation[] }

/** The type of a kind that is no resource of its own (Scale, Binding …); undefined when it has none here. */
export type KindType = (apiVersion: string, kind: string) => ObjectType | undefined;

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', type, description });
const path = (name: string, description: string): Parameter => ({ name, in: 'path', type: 'string', description });

const pretty = query('pretty', 'string', 'true indents the answer.');
const dryRun = query('dryRun', 'string', 'All: everything is done but storing.');
const writeParameters = [dryRun, query('fieldManager', 'string', 'Name of the actor that makes the change.'), query('fieldValidation', 'string', 'What becomes of unknown and duplicate fields: Ignore, Warn or Strict.')];
const patchParameters = [...writeParameters, query('force', 'boolean', 'Apply takes over fields that others own.')];
const deleteParameters = [
  dryRun, query('gracePeriodSeconds', 'integer', 'Seconds the object may take to end.'), query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean', 'Delete even what can no longer be read.'),
  query('orphanDependents', 'boolean', 'Deprecated form of propagationPolicy.'), query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
];
const selectParameters = [
  query('continue', 'string', 'Token of the next page.'), query('fieldSelector', 'string', 'Which objects, by fields.'), query('labelSelector', 'string', 'Which objects, by labels.'), query('limit', 'integer', 'How many objects a page holds.'),
  query('resourceVersion', 'string', 'How fresh the answer must be.'), query('resourceVersionMatch', 'string', 'How resourceVersion is meant: NotOlderThan or Exact.'),
  query('sendInitialEvents', 'boolean', 'A watch begins with all objects there are.'), query('timeoutSeconds', 'integer', 'When the call ends at the latest.'),
];
const listParameters = [query('allowWatchBookmarks', 'boolean', 'Bookmark events are wanted.'), ...selectParameters, query('watch', 'boolean', 'Changes as a stream instead of a list.')];

export const objects = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const streams = [...objects, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patches = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];
const anything = ['*/*'];
/** Custom resources have no form in protobuf, and no strategic merge. */
const customOnly = (types: readonly string[], custom: boolean | undefined): readonly string[] => (custom ? types.filter((type) => !type.includes('protobuf') && !type.includes('strategic')) : types);

/** `rbac.authorization.k8s.io` → `rbacAuthorization`. */
export const groupName = (group: string): string => (group || 'core').replace(/\.k8s\.io$/, '').split('.').map((part, i) => (i === 0 ? part : capital(part))).join('');
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
export const tagOf = ({ group, version }: { group: string; version: string }): string => `${groupName(group)}_${version}`;
export const rootOf = ({ group, version }: { group: string; version: string }): string => (group ? `/apis/${group}/${version}` : `/api/${version}`);

const connectMethods = [['get', 'get'], ['post', 'create'], ['put', 'update'], ['patch', 'patch'], ['delete', 'delete']] as const;

export function* pathsOf(resource: ResourceDefinition, kindType: KindType): Generator<PathItem> {
  const { plural, namespaced, kind, verbs, type } = resource;
  const root = rootOf(resource);
  const inNamespace = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const namespace = namespaced ? [path('namespace', 'Namespace of the object.')] : [];
  const name = path('name', `Name of the ${kind}.`);
  const scope = namespaced ? 'Namespaced' : '';
  const gvk = { group: resource.group, version: resource.version, kind };
  const operation = (method: Operation['method'], action: string, verb: string, subject: string, description: string, rest: Partial<Operation>): Operation => ({
    method, action, id: `${verb}${capital(groupName(resource.group))}${capital(resource.version)}${subject}`, description, parameters: [], consumes: anything, responses: {}, kind: gvk, ...rest, produces: customOnly(rest.produces ?? objects, resource.custom),
  });
  const can = (verb: string): boolean => (verbs as readonly string[]).includes(verb);

  const list = operation('get', 'list', 'list', `${scope}${kind}`, `Lists or watches objects of kind ${kind}.`, { parameters: listParameters, produces: streams, responses: { 200: listTypeOf(type) } });
  const create = operation('post', 'post', 'create', `${scope}${kind}`, `Creates a ${kind}.`, { parameters: writeParameters, body: { content: type, required: true }, responses: { 200: type, 201: type, 202: type } });
  const collection = operation('delete', 'deletecollection', 'delete', `Collection${scope}${kind}`, `Deletes all objects of kind ${kind} that are selected.`, { parameters: [...deleteParameters, ...selectParameters], body: { content: deleteOptions, required: false }, responses: { 200: statusType } });
  const all = [...(can('list') ? [list] : []), ...(can('create') ? [create] : []), ...(can('deletecollection') ? [collection] : [])];
  if (all.length) yield { path: inNamespace, parameters: [...namespace, pretty], operations: all };
  if (namespaced && can('list')) yield { path: `${root}/${plural}`, parameters: [pretty], operations: [{ ...list, id: operation('get', 'list', 'list', `${kind}ForAllNamespaces`, '', {}).id }] };

  const one = (subject: string, its: Content, description: string, which: (verb: string) => boolean, more: Partial<Operation> = {}): Operation[] => [
    ...(which('get') ? [operation('get', 'get', 'read', subject, `Reads ${description}.`, { responses: { 200: its }, ...more })] : []),
    ...(which('update') ? [operation('put', 'put', 'replace', subject, `Replaces ${description}.`, { parameters: writeParameters, body: { content: its, required: true }, responses: { 200: its, 201: its }, ...more })] : []),
    ...(which('patch') ? [operation('patch', 'patch', 'patch', subject, `Changes parts of ${description}.`, { parameters: patchParameters, body: { content: 'patch', required: true }, consumes: customOnly(patches, resource.custom), responses: { 200: its, 201: its }, ...more })] : []),
  ];
  const remove = operation('delete', 'delete', 'delete', `${scope}${kind}`, `Deletes a ${kind}.`, { parameters: deleteParameters, body: { content: deleteOptions, required: false }, responses: { 200: statusType, 202: statusType } });
  const single = [...one(`${scope}${kind}`, type, `a ${kind}`, can), ...(can('delete') ? [remove] : [])];
  if (single.length) yield { path: `${inNamespace}/{name}`, parameters: [name, ...namespace, pretty], operations: single };

  const { status, scale, others = [] } = resource.subresources;
  const subresources = [
    ...(status ? [{ name: 'status', kind, group: resource.group, version: resource.version, verbs: ['get', 'patch', 'update'] }] : []),
    ...(scale ? [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] }] : []),
    ...others,
  ];
  for (const sub of subresources) {
    const itsGvk = { group: sub.group ?? resource.group, version: sub.version ?? resource.version, kind: sub.kind };
    const itsType = sub.name === 'log' ? 'text' : sub.kind === kind ? type : (kindType(itsGvk.group ? `${itsGvk.group}/${itsGvk.version}` : itsGvk.version, sub.kind) ?? 'unknown');
    const subject = `${scope}${kind}${capital(sub.name)}`;
    const allowed = (verb: string): boolean => sub.verbs.includes(verb);
    const parameters = [name, ...namespace, pretty];
    // Streams and proxies: what goes through them is not the API's.
    const operations = sub.kind.endsWith('Options')
      ? connectMethods.filter(([, verb]) => allowed(verb)).map(([method]) => operation(method, 'connect', 'connect', `${capital(method)}${subject}`, `Connects to the ${sub.name} of a ${kind}.`, { produces: anything, responses: { 200: 'text' }, kind: itsGvk }))
      : [
          ...one(subject, itsType, `the ${sub.name} of a ${kind}`, allowed, { kind: itsGvk, ...(sub.name === 'log' ? { produces: ['text/plain', ...objects] } : {}) }),
          ...(allowed('create') ? [operation('post', 'post', 'create', subject, `Creates the ${sub.name} of a ${kind}.`, { parameters: writeParameters, body: { content: itsType, required: true }, responses: { 200: itsType, 201: itsType, 202: itsType }, kind: itsGvk })] : []),
        ];
    yield { path: `${inNamespace}/{name}/${sub.name}`, parameters, operations };
  }
}
