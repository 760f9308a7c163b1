// The patch forms of the API but apply: JSON patch, merge patch, strategic merge patch by content type.
import jsonpatch from 'fast-json-patch';
import type { JsonValue } from './schema.ts';
import { cloneJson } from '../util/json.ts';

export type JsonObject = { [key: string]: JsonValue };

/** A patch that cannot be applied: malformed (400) or failing on this object (422). */
export class PatchError extends Error {
  readonly code: 400 | 422;
  constructor(message: string, code: 400 | 422 = 422) {
    super(message);
    this.code = code;
  }
}

/** RFC 7386. The target is not changed. */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** RFC 6902 on a copy. @throws PatchError */
export function jsonPatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!Array.isArray(patch)) throw new PatchError('json: cannot unmarshal object into Go value of type jsonpatch.Patch', 400);
  if (patch.length > 10_000) throw new PatchError(`The allowed maximum operations in a JSON patch is 10000, got ${patch.length}`, 422);
  try {
    return jsonpatch.applyPatch(cloneJson(target), cloneJson(patch) as never, true, true).newDocument as JsonValue;
  } catch (error) {
    const failure = error as { name?: string; operation?: { op?: string; path?: string; value?: unknown }; message: string };
    const { op = '', path = '' } = failure.operation ?? {};
    if (failure.name === 'TEST_OPERATION_FAILED') throw new PatchError(`the server rejected our request due to an error in our request: testing path ${path}: test failed`);
    throw new PatchError(`${op} operation does not apply: doc is missing path: ${path}: missing value`);
  }
}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
