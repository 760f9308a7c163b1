// PATCH: the forms of patches on an object or a subresource. (upstream: apiserver endpoints/handlers/patch.go)
import * as errors from '../../../src/apimachinery/status-error.ts';
import { jsonPatch, mergePatch, PatchError } from '../../../src/schema/patch.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import type { JsonValue } from '../../../src/schema/schema.ts';
import { strategicMergePatch } from '../../../src/schema/strategic-merge-patch.ts';
import type { RequestContext } from '../../registry/request-context.ts';
import { parseJson, parseYaml } from '../negotiation.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { decodeObject } from './body.ts';
import { answerObject, type ResourceHandlerContext } from './objects.ts';
import { writeContext } from './options.ts';

const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'] as const;
type PatchContentType = (typeof patchTypes)[number];

export interface ParsedPatch { readonly type: PatchContentType; readonly value: JsonValue }

/** @throws StatusError 415, 400 */
export async function readPatch(request: AdmittedRequest): Promise<ParsedPatch> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase() as PatchContentType;
  if (!patchTypes.includes(type)) throw errors.unsupportedMediaType(patchTypes);
  const body = await request.body();
  if ('value' in body) return { type, value: body.value as JsonValue };
  const text = Buffer.from(body.bytes).toString();
  try {
    return { type, value: (type === 'application/apply-patch+yaml' ? parseYaml(text) : parseJson(text)).value as JsonValue };
  } catch (error) {
    throw errors.badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}

/** The patched object, before decoding. */
export function applyPatch(type: ResourceHandlerContext['store']['resource']['type'], current: ApiObject, patch: ParsedPatch): JsonValue {
  const target = current as unknown as JsonValue;
  try {
    switch (patch.type) {
      case 'application/json-patch+json': return jsonPatch(target, patch.value);
      case 'application/merge-patch+json': return mergePatch(target, patch.value);
      case 'application/strategic-merge-patch+json': return strategicMergePatch(type, target, patch.value);
      case 'application/apply-patch+yaml': throw errors.unsupportedMediaType(patchTypes.filter((t) => t !== patch.type));
    }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw error.code === 400 ? errors.badRequest(error.message) : new errors.StatusError(422, 'Invalid', error.message, {});
  }
}

export async function patch(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const write: RequestContext = writeContext(request, 'PatchOptions');
  const parsed = await readPatch(request);
  const { stored } = await store.update(info.namespace || undefined, info.name, (old) => {
    const patched = applyPatch(store.resource.type, old!, parsed);
    const object = decodeObject(store.resource, { value: patched, duplicates: [] }, write);
    checkPlace(object, info.name, store.resource.namespaced ? info.namespace : '');
    // The revision of the object read goes along unless the patch names its own: then it is the client's lock.
    if (object.metadata.resourceVersion === old!.metadata.resourceVersion && !namesRevision(parsed)) delete (object.metadata as { resourceVersion?: string }).resourceVersion;
    return object;
  }, { subresource: info.subresource }, write);
  return answerObject(stored, 200, context);
}

function checkPlace(object: ApiObject, name: string, namespace: string): void {
  if (object.metadata.name && object.metadata.name !== name) throw errors.badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`);
  if (namespace && object.metadata.namespace && object.metadata.namespace !== namespace) throw errors.badRequest(`the namespace of the object (${object.metadata.namespace}) does not match the namespace on the request (${namespace})`);
}

function namesRevision(patch: ParsedPatch): boolean {
  if (Array.isArray(patch.value)) return patch.value.some((op) => (op as { path?: string }).path === '/metadata/resourceVersion');
  const metadata = (patch.value as { metadata?: { resourceVersion?: unknown } } | null)?.metadata;
  return typeof metadata?.resourceVersion === 'string' && metadata.resourceVersion !== '';
}
