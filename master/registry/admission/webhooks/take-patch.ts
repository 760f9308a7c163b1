// What a webhook changed, taken back into the object it was shown. upstream: apiserver pkg/admission/plugin/webhook/mutating/dispatcher.go
import * as errors from '../../../../src/apimachinery/status-error.ts';
import { applyDefaults } from '../../../../src/schema/defaulting.ts';
import { decode, DecodeError } from '../../../../src/schema/decode.ts';
import { jsonPatch } from '../../../../src/schema/json-patch.ts';
import { PatchError } from '../../../../src/schema/patch.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import type { JsonValue } from '../../../../src/schema/schema.ts';
import { cloneJson, equalJson } from '../../../../src/util/json.ts';
import { inVersion } from '../../views.ts';
import type { AdmissionRequest } from '../admission.ts';

function replace(object: ApiObject, by: ApiObject): void {
  for (const name of Object.keys(object)) if (!(name in by)) delete object[name];
  Object.assign(object, by);
}

/**
 * Changes the request's object as a webhook that was shown it for `resource` wants; false when that changes nothing. Fields nobody
 * knows are dropped, and what is new gets its defaults. @throws StatusError 500
 */
export async function takePatch(request: AdmissionRequest, resource: ResourceDefinition, shown: ApiObject, operations: JsonValue[]): Promise<boolean> {
  const { body } = request;
  const target = body ?? resource;
  const before = cloneJson(shown) as unknown as JsonValue;
  let patched: ApiObject;
  try {
    patched = decode(target.type, jsonPatch(before, operations), { unknown: [] }) as ApiObject;
  } catch (error) {
    if (error instanceof PatchError || error instanceof DecodeError) throw errors.internal(error.message);
    throw error;
  }
  if (patched.kind !== target.kind || patched.apiVersion !== target.apiVersion) throw errors.internal(`unable to decode ${patched.apiVersion}, Kind=${patched.kind} into ${target.apiVersion}, Kind=${target.kind}`);
  const changed = !equalJson(patched, before);
  applyDefaults(target.type, patched);
  if (!body) resource.defaults?.(patched);
  if (body?.within) body.within.write(request.object!, patched);
  else replace(request.object!, body ? patched : cloneJson(await inVersion(patched, resource, request.resource)));
  return changed;
}
