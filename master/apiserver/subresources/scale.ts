// autoscaling/v1 Scale: the replica count of any resource that declares where it keeps it.
// (upstream: registry/apps/deployment/storage ScaleREST)
import * as errors from '../../../src/apimachinery/status-error.ts';
import { selectorFromObject, selectorFromSet } from '../../../src/apimachinery/selectors.ts';
import type { ApiObject, Column, ResourceDefinition } from '../../../src/schema/resource.ts';
import { ageColumn, nameColumn, partialMetadata, table } from '../../../src/schema/table.ts';
import { objectMeta } from '../../../src/schema/object-meta.ts';
import { field, int32, object, string } from '../../../src/schema/schema.ts';
import { entriesOfScale, entriesOfScaled } from '../../../src/schema/apply/scale-fields.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { FieldManagement, setEntries } from '../../registry/field-management.ts';
import type { StoredObject } from '../../registry/stored-object.ts';
import { prepareViews, viewOf } from '../../registry/views.ts';
import { objectAnswer, type AdmittedRequest, type Answer } from '../request.ts';
import { checkForm, checkRepeats } from '../handlers/apply.ts';
import { decodeObject, readBody } from '../handlers/body.ts';
import type { ResourceHandlerContext } from '../handlers/objects.ts';
import { includeObject } from '../handlers/lists.ts';
import { isTrue, writeContext } from '../handlers/options.ts';
import { patched, readPatch } from '../handlers/patch.ts';
import { cloneJson } from '../../../src/util/json.ts';

const packageName = 'io.k8s.api.autoscaling.v1';
export const scaleType = object('Scale', {
  apiVersion: string(0, { doc: 'autoscaling/v1.' }),
  kind: string(0, { doc: 'Scale.' }),
  metadata: field(1, objectMeta, { written: true, doc: 'Metadata of the scaled object.' }),
  spec: field(2, object('ScaleSpec', { replicas: int32(1, { doc: 'Desired number of instances.' }) }, { package: packageName, doc: 'What is wanted.' }), { written: true, doc: 'Desired scale.' }),
  status: field(3, object('ScaleStatus', {
    replicas: int32(1, { required: true, unchecked: true, doc: 'Observed number of instances.' }),
    selector: string(2, { doc: 'Label query over the counted Pods.' }),
  }, { package: packageName, doc: 'What is there.' }), { written: true, doc: 'Observed scale.' }),
}, { package: packageName, doc: 'The scale of a resource.' });
const scaleKind = { type: scaleType, kind: 'Scale', apiVersion: 'autoscaling/v1', group: 'autoscaling', version: 'v1' };
const scaleFields = new FieldManagement(scaleKind);

type Tree = Record<string, unknown>;
const readPath = (o: unknown, path: string): unknown => path.replace(/^\./, '').split('.').reduce<unknown>((v, part) => (v as Tree | undefined)?.[part], o);
function writePath(o: Tree, path: string, value: unknown): void {
  const parts = path.replace(/^\./, '').split('.');
  const last = parts.pop()!;
  let at = o;
  for (const part of parts) at = (at[part] ??= {}) as Tree;
  at[last] = value;
}

function scaleOf(resource: ResourceDefinition, from: ApiObject): ApiObject {
  const paths = resource.subresources.scale!;
  const selector = (paths.labelSelectorPath ? readPath(from, paths.labelSelectorPath) : undefined) as Tree | string | undefined;
  const isLabelSelector = typeof selector === 'object' && ('matchLabels' in selector || 'matchExpressions' in selector);
  const text = selector === undefined ? '' : typeof selector === 'string' ? selector : isLabelSelector ? selectorFromObject(selector as never).toString() : selectorFromSet(selector as never).toString();
  const { name, namespace, uid, resourceVersion, creationTimestamp } = from.metadata;
  const replicas = Number(readPath(from, paths.specReplicasPath) ?? 0);
  return {
    kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: replicas ? { replicas } : {}, status: { replicas: Number(readPath(from, paths.statusReplicasPath) ?? 0), ...(text ? { selector: text } : {}) },
  };
}

const columns: readonly Column[] = [
  nameColumn,
  { name: 'Desired', type: 'integer', description: 'Desired number of instances.', value: ({ spec }: ApiObject) => (spec as { replicas?: number }).replicas ?? 0 },
  { name: 'Available', type: 'integer', description: 'Observed number of instances.', value: ({ status }: ApiObject) => (status as { replicas: number }).replicas },
  ageColumn,
];

/** The scale in the form the client asked for. */
function answerScale(request: AdmittedRequest, { media, registry, store: { resource } }: ResourceHandlerContext, from: StoredObject): Answer {
  const object = scaleOf(resource, viewOf(resource, from));
  if (media.as === 'Table') return objectAnswer(table({ columns }, [object], { resourceVersion: object.metadata.resourceVersion }, includeObject(request), registry.clock.now()));
  return objectAnswer(media.as === '' ? object : partialMetadata(object));
}

export async function scale(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const { resource } = store;
  const subject = resource.custom ? store.groupResource : { group: resource.group, resource: `${resource.plural}/scale` };
  const namespace = info.namespace || undefined;
  if (info.verb === 'get') {
    const found = store.find(namespace, info.name);
    if (!found) throw errors.notFound(subject, info.name);
    await prepareViews(resource, [found]);
    return answerScale(request, context, found);
  }
  if (info.verb !== 'update' && info.verb !== 'patch') throw errors.methodNotAllowed();
  if (!store.find(namespace, info.name)) throw errors.notFound(subject, info.name);
  const read = info.verb === 'patch' ? await readPatch(request, resource.custom) : undefined;
  const write = read?.write ?? writeContext(request, 'UpdateOptions');
  const body = info.verb === 'update' ? await readBody(request, 'Scale', context.typeOf) : undefined;
  const applies = read?.patch.type === 'application/apply-patch+yaml';
  if (applies) checkForm(read.patch);
  const replicasPath = resource.subresources.scale!.specReplicasPath;
  const { stored }: { stored: StoredObject } = await store.update(namespace, info.name, (old) => {
    const current = scaleOf(resource, old!);
    setEntries(current, entriesOfScale(old!.metadata.managedFields as never, replicasPath));
    const writer = { subresource: 'scale', manager: write.fieldManager, now: timestamp(context.registry.clock.now()) };
    const wanted = applies ? scaleFields.apply(current, read.patch.value, isTrue(request.query.get('force')), writer) : read ? patched(scaleKind, current, read.patch, write) : decodeObject(scaleKind, body!, write);
    if (applies) checkRepeats(read.patch, write);
    if (wanted.metadata.name && wanted.metadata.name !== info.name) throw errors.badRequest(`the name of the object (${wanted.metadata.name}) does not match the name on the URL (${info.name})`);
    const given = (wanted['spec'] as { replicas?: number }).replicas;
    if (resource.custom && given === undefined && readPath(old, replicasPath) === undefined) throw errors.badRequest(`the spec replicas field ${JSON.stringify(replicasPath)} cannot be empty`);
    const replicas = given ?? 0;
    if (replicas < 0) throw errors.invalid('autoscaling', 'Scale', info.name, [{ type: 'Invalid', field: 'spec.replicas', message: `Invalid value: ${replicas}: must be greater than or equal to 0` }]);
    const asked = wanted.metadata.resourceVersion;
    if (asked && asked !== old!.metadata.resourceVersion) throw errors.modified(subject, info.name);
    if (!applies) scaleFields.track(current, wanted, writer);
    const object = cloneJson(old!);
    writePath(object, replicasPath, replicas);
    setEntries(object, entriesOfScaled(old!.metadata.managedFields as never, wanted.metadata.managedFields as never, replicasPath, resource.apiVersion));
    delete (object.metadata as { resourceVersion?: string }).resourceVersion;
    return object;
  }, { subresource: 'scale', applied: true, body: { ...scaleKind, within: { read: (object) => scaleOf(resource, object), write: (object, changed) => writePath(object, replicasPath, (changed['spec'] as { replicas?: number }).replicas ?? 0) } } }, write);
  return answerScale(request, context, stored);
}
