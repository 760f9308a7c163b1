// OpenAPI documents of the served resources: one of version 2.0 for everything, one of version 3.0 for each group and version.
// Documents come in pieces, so that whoever writes them out never holds one whole. (upstream: kube-openapi pkg/handler, pkg/handler3)
import { deleteOptions } from './delete-options.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery-types.ts';
import { listTypeOf, statusType, watchEventType } from './meta-types.ts';
import { discoveryPages, groupPageAt } from './openapi-discovery.ts';
import { pathsOf, tagOf, rootOf, type Content, type KindType, type Operation, type Parameter, type PathItem } from './openapi-operations.ts';
import { Definitions, reference, typeName, type GroupVersionKind, type Json } from './openapi-schema.ts';
import type { ResourceDefinition } from './resource.ts';
import type { JsonValue } from './schema.ts';

export interface OpenApiOptions {
  /** Version of the server, for `info`. */
  readonly version: string;
  readonly kindType: KindType;
}

/** A document whose large parts are made one by one; `definitions` is complete only after `paths` has been read. */
export interface OpenApiDocument {
  readonly head: Json;
  readonly paths: Iterable<[path: string, item: Json]>;
  readonly definitions: Iterable<[name: string, schema: Json]>;
}

const patchName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
const patchSchema: Json = { description: 'The body of a PATCH, in the form its content type names.', type: 'object' };
const security = { description: 'A bearer token.', type: 'apiKey', name: 'authorization', in: 'header' };

/** The kinds each type stands for: options and events belong to every group. */
function kindsOf(resources: readonly ResourceDefinition[], { kindType }: OpenApiOptions): Map<string, GroupVersionKind[]> {
  const kinds = new Map<string, GroupVersionKind[]>();
  const add = (name: string, kind: GroupVersionKind): void => {
    const list = kinds.get(name) ?? [];
    kinds.set(name, list);
    if (!list.some((k) => k.group === kind.group && k.version === kind.version && k.kind === kind.kind)) list.push(kind);
  };
  for (const { group, version, kind, listKind, type, subresources } of resources) {
    add(typeName(type), { group, version, kind });
    add(typeName(listTypeOf(type)), { group, version, kind: listKind });
    add(typeName(deleteOptions), { group, version, kind: 'DeleteOptions' });
    add(typeName(watchEventType), { group, version, kind: 'WatchEvent' });
    for (const sub of [...(subresources.scale ? [{ group: 'autoscaling', version: 'v1', kind: 'Scale' }] : []), ...(subresources.others ?? [])]) {
      const gvk = { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind };
      const its = kindType(gvk.group ? `${gvk.group}/${gvk.version}` : gvk.version, gvk.kind);
      if (its) add(typeName(its), gvk);
    }
  }
  for (const type of [statusType, apiVersions, apiGroup, apiGroupList, apiResourceList]) add(typeName(type), { group: '', version: 'v1', kind: type.name });
  return kinds;
}

type Emit = (item: PathItem, definitions: Definitions, tag: string) => Json;

interface Contents { readonly resources: readonly ResourceDefinition[]; readonly pages: Iterable<PathItem> }
function document(dialect: 'v2' | 'v3', emit: Emit, head: Json, { resources, pages }: Contents, options: OpenApiOptions): OpenApiDocument {
  const definitions = new Definitions(dialect, kindsOf(resources, options));
  function* paths(): Generator<[string, Json]> {
    for (const page of pages) yield [page.path, emit(page, definitions, page.tag!)];
    for (const resource of resources) for (const item of pathsOf(resource, options.kindType)) yield [item.path, emit(item, definitions, tagOf(resource))];
  }
  function* all(): Generator<[string, Json]> {
    if (resources.length) definitions.ref(watchEventType);
    yield* definitions.entries();
    if (resources.some(({ verbs }) => verbs.includes('patch'))) yield [patchName, patchSchema];
  }
  return { head, paths: paths(), definitions: all() };
}

/** Every resource, as swagger 2.0. */
export const openApiV2 = (resources: readonly ResourceDefinition[], options: OpenApiOptions): OpenApiDocument =>
  document('v2', itemV2, { swagger: '2.0', info: { title: 'Kubernetes', version: options.version }, securityDefinitions: { BearerToken: security }, security: [{ BearerToken: [] }] }, { resources, pages: discoveryPages(resources).values() }, options);

/** The document at a place: the resources of one group and version, or what tells of them, as OpenAPI 3.0. */
export function openApiV3(place: string, resources: readonly ResourceDefinition[], options: OpenApiOptions): OpenApiDocument {
  const page = discoveryPages(resources).get(place) ?? groupPageAt(place);
  return document('v3', itemV3, { openapi: '3.0.0', info: { title: 'Kubernetes', version: options.version } }, { resources, pages: page ? [page] : [] }, options);
}

/** The resources of each document of version 3.0, by its place below /openapi/v3: `api/v1`, `apis/apps/v1`; none for those that only tell of them. */
export function groupVersions(resources: readonly ResourceDefinition[]): Map<string, ResourceDefinition[]> {
  const groups = new Map<string, ResourceDefinition[]>([...discoveryPages(resources).keys()].map((place) => [place, []]));
  for (const resource of resources) {
    const place = rootOf(resource).slice(1);
    groups.set(place, [...(groups.get(place) ?? []), resource]);
  }
  return groups;
}

/** The document as JSON text, in pieces. */
export function* openApiJson(dialect: 'v2' | 'v3', { head, paths, definitions }: OpenApiDocument): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"paths":`;
  yield* members(paths);
  yield dialect === 'v2' ? ',"definitions":' : ',"components":{"schemas":';
  yield* members(definitions);
  yield dialect === 'v2' ? '}' : `,"securitySchemes":${JSON.stringify({ BearerToken: security })}}}`;
}

function* members(entries: Iterable<[string, Json]>): Generator<string> {
  let separator = '{';
  for (const [name, value] of entries) {
    yield `${separator}${JSON.stringify(name)}:${JSON.stringify(value)}`;
    separator = ',';
  }
  yield separator === '{' ? '{}' : '}';
}

function contentSchema(content: Content, definitions: Definitions): Json {
  if (content === 'patch') return reference(patchName, definitions.dialect);
  if (content === 'text') return { type: 'string' };
  return content === 'unknown' ? { type: 'object' } : definitions.ref(content);
}

const reasons: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 401: 'Unauthorized' };
const extensions = ({ action, kind }: Operation): Json => ({ ...(action ? { 'x-kubernetes-action': action } : {}), ...(kind ? { 'x-kubernetes-group-version-kind': { group: kind.group, kind: kind.kind, version: kind.version } } : {}) });

function itemV2({ parameters, operations }: PathItem, definitions: Definitions, tag: string): Json {
  const parameter = ({ name, in: place, type, description }: Parameter): Json => ({ name, in: place, type, description, ...(place === 'path' ? { required: true } : {}), uniqueItems: true });
  const item: Json = Object.fromEntries(operations.map((o) => [o.method, {
    description: o.description, ...(o.consumes.length ? { consumes: [...o.consumes] } : {}), produces: [...o.produces], schemes: ['https'], tags: [tag], operationId: o.id,
    parameters: [...(o.body ? [{ name: 'body', in: 'body', ...(o.body.required ? { required: true } : {}), schema: contentSchema(o.body.content, definitions) }] : []), ...o.parameters.map(parameter)] as JsonValue[],
    responses: {
      ...Object.fromEntries(Object.entries(o.responses).map(([code, content]) => [code, { description: reasons[code]!, schema: contentSchema(content, definitions) }])),
      401: { description: reasons[401]! },
    },
    ...extensions(o),
  }]));
  return { ...item, ...(parameters.length ? { parameters: parameters.map(parameter) } : {}) };
}

function itemV3({ parameters, operations }: PathItem, definitions: Definitions, tag: string): Json {
  const parameter = ({ name, in: place, type, description }: Parameter): Json => ({ name, in: place, description, ...(place === 'path' ? { required: true } : {}), schema: { type, uniqueItems: true } });
  const contents = (types: readonly string[], content: Content): Json => Object.fromEntries(types.map((type) => [type, { schema: contentSchema(content, definitions) }]));
  const item: Json = Object.fromEntries(operations.map((o) => [o.method, {
    description: o.description, tags: [tag], operationId: o.id, parameters: o.parameters.map(parameter),
    ...(o.body ? { requestBody: { ...(o.body.required ? { required: true } : {}), content: contents(o.consumes, o.body.content) } } : {}),
    responses: {
      ...Object.fromEntries(Object.entries(o.responses).map(([code, content]) => [code, { description: reasons[code]!, content: contents(o.produces, content) }])),
      401: { description: reasons[401]! },
    },
    ...extensions(o),
  }]));
  return { ...item, ...(parameters.length ? { parameters: parameters.map(parameter) } : {}) };
}
