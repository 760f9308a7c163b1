// PATCH: the forms of patches on an object or a subresource. (upstream: apiserver endpoints/handlers/patch.go)
import { goText, jsonKind } from '../../../src/apimachinery/go-text.ts';
import { invalid } from '../../../src/apimachinery/fault.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import { conversionFault } from '../../../src/schema/conversion-fault.ts';
import { jsonPatch, unknownMembers } from '../../../src/schema/json-patch.ts';
import { isObject, mergePatch, PatchError } from '../../../src/schema/patch.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import type { JsonValue } from '../../../src/schema/schema.ts';
import { strategicMergePatch } from '../../../src/schema/strategic-merge-patch.ts';
import type { RequestContext } from '../../registry/request-context.ts';
import { cloneJson } from '../../../src/util/json.ts';
import { isFinal } from '../../registry/written.ts';
import { parseJson, type ParsedBody } from '../negotiation.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { apply, readConfiguration } from './apply.ts';
import { decodeReporting, goJsonError } from './body.ts';
import { answerObject, checkPlace, type ResourceHandlerContext } from './objects.ts';
import { writeContext } from './options.ts';

const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'] as const;
const strategic = 'application/strategic-merge-patch+json';
type PatchContentType = (typeof patchTypes)[number];

export interface ParsedPatch extends ParsedBody { readonly type: PatchContentType; readonly value: JsonValue }

const patchTypeOf = (request: AdmittedRequest): PatchContentType => (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase() as PatchContentType;

/** The patch and the context it is written in: options are judged before the body is read. @throws StatusError 415, 422, 400 */
export async function readPatch(request: AdmittedRequest, custom = false): Promise<{ patch: ParsedPatch; write: RequestContext }> {
  const type = patchTypeOf(request);
  if (custom && (type === strategic || !patchTypes.includes(type))) throw errors.unsupportedMediaType(patchTypes.filter((known) => known !== strategic));
  if (!patchTypes.includes(type)) throw errors.noSuchContentType();
  const write = writeContext(request, 'PatchOptions', type === 'application/apply-patch+yaml');
  const body = await request.body();
  if ('value' in body) return { patch: { type, value: body.value as JsonValue, duplicates: [] }, write };
  const text = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength).toString();
  try {
    const parsed = type === 'application/apply-patch+yaml' ? await readConfiguration(text) : parseJson(text);
    return { patch: { ...parsed, type, value: parsed.value as JsonValue }, write };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (type === 'application/apply-patch+yaml') throw errors.badRequest(`error decoding YAML: error converting YAML to JSON: yaml: ${error.message}`);
    // Only the strict decoder of two forms says what it was decoding.
    throw errors.badRequest(`${type === strategic || write.fieldValidation === 'Ignore' ? '' : 'error decoding patch: '}${goJsonError(error.message, text)}`);
  }
}

/** The patched object, before decoding; `strict` is a list of what the patch itself has too much of, to be added to. @throws StatusError */
function applyPatch(type: ResourceDefinition['type'], target: JsonValue, patch: ParsedPatch, strict: string[] | undefined): JsonValue {
  try {
    switch (patch.type) {
      case 'application/json-patch+json':
        strict?.push(...unknownMembers(patch.value).map((path) => `json patch unknown field "${path}"`));
        return jsonPatch(target, patch.value);
      case 'application/merge-patch+json':
        if (patch.value === null) throw new PatchError('Invalid JSON Patch', 400);
        if (!isObject(patch.value)) throw new PatchError(`error decoding patch: json: cannot unmarshal ${jsonKind(patch.value)} into Go value of type map[string]interface {}`, 400);
        return mergePatch(target, patch.value);
      case strategic: return strategicMergePatch(type, target, patch.value);
      case 'application/apply-patch+yaml': throw errors.noSuchContentType();
    }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    switch (error.code) {
      case 400: throw errors.badRequest(error.message);
      case 413: throw errors.tooLarge(`Request entity too large: ${error.message}`);
      case 422: throw errors.unprocessable();
      case 500: throw errors.bare(error.message);
    }
  }
}

/**
 * The patched object, decoded: what does not fit its type, or is unknown to it, is a fault of the patch. With `shares` it may have parts
 * in common with `current`, frozen, which the patch does not touch. @throws StatusError
 */
export function patched(resource: Pick<ResourceDefinition, 'type' | 'kind' | 'apiVersion' | 'version'>, current: ApiObject, patch: ParsedPatch, write: RequestContext, shares = false): ApiObject {
  const also: string[] = [];
  const strategically = patch.type === strategic;
  // It is consumed, and may be needed again.
  const merged = strategically ? { ...patch, value: cloneJson(patch.value) } : patch;
  const value = applyPatch(resource.type, current as unknown as JsonValue, merged, write.fieldValidation === 'Ignore' ? undefined : also);
  const refuse = (why: string): never => {
    const shown = strategically ? goText(merged.value) : JSON.stringify(value);
    // Upstream names no kind here.
    throw errors.invalid('', '', '', [invalid('patch', shown, why)]);
  };
  if (!isObject(value)) return refuse(`json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type ${resource.version}.${resource.kind}`);
  const prefix = patch.type === 'application/json-patch+json' ? 'json patch ' : '';
  also.push(...patch.duplicates.map((path) => `${prefix}duplicate field "${path}"`));
  return decodeReporting(resource, { value, duplicates: [] }, write, {
    malformed: (why) => refuse((strategically ? conversionFault(resource.type, value) : undefined) ?? why),
    strict: refuse, also, sorted: strategically, ...(shares ? { isFinal } : {}),
  });
}

export async function patch(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const { patch, write } = await readPatch(request, store.resource.custom);
  if (patch.type === 'application/apply-patch+yaml') return apply(request, context, patch, write);
  const { stored } = await store.update(info.namespace || undefined, info.name, (old) => {
    // Of what a status is written beside, nothing changes.
    const object = patched(store.resource, old!, patch, write, info.subresource === 'status');
    checkPlace(object, info, store.resource.namespaced);
    // The revision of the object read goes along unless the patch names its own: then it is the client's lock.
    if (object.metadata.resourceVersion === old!.metadata.resourceVersion && !namesRevision(patch)) delete (object.metadata as { resourceVersion?: string }).resourceVersion;
    return object;
  }, { subresource: info.subresource }, write);
  return answerObject(request, stored, 200, context);
}

function namesRevision(patch: ParsedPatch): boolean {
  if (Array.isArray(patch.value)) return patch.value.some((op) => (op as { path?: string } | null)?.path === '/metadata/resourceVersion');
  const metadata = (patch.value as { metadata?: { resourceVersion?: unknown } } | null)?.metadata;
  return typeof metadata?.resourceVersion === 'string' && metadata.resourceVersion !== '';
}
