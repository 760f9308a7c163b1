// delete and deletecollection of one resource. (upstream: apiserver endpoints/handlers/delete.go)
import { invalid, notSupported, type Fault } from '../../../src/apimachinery/fault.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import { deleteOptions } from '../../../src/schema/delete-options.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import type { DeleteOptions, RequestContext } from '../../registry/request-context.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { decodeObject, readBody } from './body.ts';
import { listAnswer, readPage, selectionOf } from './lists.ts';
import { answerObject, type ResourceHandlerContext } from './objects.ts';
import { dryRunFaults, integerParameter, invalidOptions, isTrue, listParameters, writeContext } from './options.ts';

/** Options of a delete: from the body when there is one, else from the query. @throws StatusError 400, 422 */
async function readDeleteOptions(request: AdmittedRequest, context: Pick<ResourceHandlerContext, 'typeOf'>, query = request.query): Promise<{ options: DeleteOptions; write: RequestContext }> {
  const body = await request.body();
  const present = 'value' in body ? body.value !== undefined : body.bytes.byteLength > 0;
  // A body's options replace the query's, dryRun included.
  const { headers, user, warnings, until } = request;
  const write = writeContext({ query: present ? new URLSearchParams() : query, headers, user, warnings, ...(until === undefined ? {} : { until }) }, 'DeleteOptions');
  const options = present ? await optionsOfBody({ headers, body: () => Promise.resolve(body) }, context, write) : optionsOfQuery(query);
  checkDeleteOptions(options);
  return { options, write: options.dryRun?.length ? { ...write, dryRun: true } : write };
}

async function optionsOfBody(request: Pick<AdmittedRequest, 'body' | 'headers'>, context: Pick<ResourceHandlerContext, 'typeOf'>, write: RequestContext): Promise<DeleteOptions> {
  const raw = await readBody(request, 'DeleteOptions', context.typeOf);
  // Clients send DeleteOptions under any group's version.
  const { apiVersion: _version, kind, ...rest } = raw.value as { apiVersion?: string; kind?: string };
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') throw errors.badRequest(`${kind} in version "v1" cannot be handled as a DeleteOptions: converting to DeleteOptions: unknown conversion`);
  return decodeObject({ type: deleteOptions, kind: 'DeleteOptions', apiVersion: 'v1', version: 'v1' }, { ...raw, value: rest }, write) as unknown as DeleteOptions;
}

function optionsOfQuery(query: URLSearchParams): DeleteOptions {
  const grace = integerParameter(query, 'gracePeriodSeconds');
  const text = (name: string): string | undefined => query.get(name) ?? undefined;
  const policy = text('propagationPolicy');
  const uid = text('uid');
  const resourceVersion = text('resourceVersion');
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(query.has('orphanDependents') ? { orphanDependents: isTrue(query.get('orphanDependents')) } : {}),
    ...(uid || resourceVersion ? { preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) } } : {}),
  };
}

function checkDeleteOptions({ propagationPolicy, orphanDependents, dryRun = [] }: DeleteOptions): void {
  const faults: Fault[] = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) faults.push(invalid('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'));
  if (propagationPolicy !== undefined && !['Foreground', 'Background', 'Orphan'].includes(propagationPolicy)) faults.push(notSupported('propagationPolicy', propagationPolicy, ['Foreground', 'Background', 'Orphan', 'nil'], 'given'));
  faults.push(...dryRunFaults(dryRun));
  if (faults.length) throw invalidOptions('DeleteOptions', faults);
}

function warnOfDependents({ unsaidPropagation }: ResourceDefinition, { propagationPolicy, orphanDependents }: DeleteOptions, { warnings }: AdmittedRequest): void {
  if (unsaidPropagation !== undefined && propagationPolicy === undefined && orphanDependents === undefined) warnings.push(unsaidPropagation);
}

/** Kinds whose delete answers with the object. (upstream: ReturnDeletedObject) */
const returnsDeleted = new Set(['/pods', '/services', '/serviceaccounts', '/persistentvolumes', '/persistentvolumeclaims', '/podtemplates', '/resourcequotas', 'storage.k8s.io/storageclasses', 'storage.k8s.io/volumeattachments', 'storage.k8s.io/csinodes', 'storage.k8s.io/csidrivers']);

export async function remove(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const { options, write } = await readDeleteOptions(request, context);
  warnOfDependents(store.resource, options, request);
  const { stored, gone } = await store.delete(info.namespace || undefined, info.name, options, write);
  // The one case upstream tells apart, for old clients.
  const status = !gone && options.orphanDependents === false ? 202 : 200;
  if (!gone || returnsDeleted.has(`${store.resource.group}/${store.resource.plural}`)) return answerObject(request, stored, status, context);
  const { group, plural } = store.resource;
  const outcome = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: info.name, ...(group ? { group } : {}), kind: plural, uid: stored.object.metadata.uid } };
  return { kind: 'object', status, value: () => outcome };
}

const deletionsAtOnce = 50;
/** Deletes what a list of the same parameters would show, and answers that list. */
export async function removeCollection(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store, registry, media } = context;
  const parameters = listParameters(request.query, false);
  const selection = selectionOf(request, store.resource);
  // What lists understand of the query is no precondition of the single deletes.
  const query = new URLSearchParams([...request.query].filter(([name]) => name !== 'resourceVersion' && name !== 'uid'));
  const { options, write } = await readDeleteOptions(request, context, query);
  warnOfDependents(store.resource, options, request);
  const page = await readPage(request, registry, store, selection, parameters);
  const items = page.items.values();
  // So many share a commit, and leave the others room between two of them.
  await Promise.all(Array.from({ length: deletionsAtOnce }, async () => {
    for (const { object: { metadata } } of items) {
      try {
        await store.delete(metadata.namespace, metadata.name, options, write);
      } catch (error) {
        // Someone else was faster: it is gone, as asked.
        if (!errors.isNotFound(error)) throw error;
      }
    }
  }));
  return listAnswer(request, registry, store, media, page);
}
