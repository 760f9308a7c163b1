// The patch forms of the API but apply: JSON patch, merge patch, strategic merge patch by content type.
import jsonpatch from 'fast-json-patch';
import type { JsonValue } from './schema.ts';
import { cloneJson, isDeeperThan, maxJsonDepth } from '../util/json.ts';

export type JsonObject = { [key: string]: JsonValue };

/**
 * A patch that cannot be applied: malformed (400), too long (413), failing on this object (422), or refused by the strategic
 * merge, which upstream answers with a bare 500.
 */
export class PatchError extends Error {
  readonly code: 400 | 413 | 422 | 500;
  constructor(message: string, code: 400 | 413 | 422 | 500 = 422) {
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
    else setMember(result, key, mergePatch(ownMember(result, key), value));
  }
  return result;
}

interface PatchFailure { readonly name?: string; readonly operation?: { readonly op?: string; readonly path?: string; readonly from?: string }; readonly message: string }

/** RFC 6902 on a copy. @throws PatchError */
export function jsonPatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!Array.isArray(patch)) throw new PatchError('json: cannot unmarshal object into Go value of type jsonpatch.Patch', 400);
  if (patch.length > 10_000) throw new PatchError(`The allowed maximum operations in a JSON patch is 10000, got ${patch.length}`, 413);
  let document = cloneJson(target);
  let copied = 0;
  try {
    for (const operation of cloneJson(patch) as unknown as Operation[]) {
      if (operation?.op === 'copy' && typeof operation.from === 'string') {
        // Copies of copies double with every operation.
        copied += JSON.stringify(jsonpatch.getValueByPointer(document, operation.from))?.length ?? 0;
        if (copied > maxCopiedBytes) throw new PatchError(`Unable to complete the copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${maxCopiedBytes}`);
      }
      document = jsonpatch.applyPatch(document, [operation], true, true).newDocument as JsonValue;
    }
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw error instanceof PatchError ? error : patchFailure(error as PatchFailure);
  }
  if (isDeeperThan(document, maxJsonDepth)) throw tooDeep();
  return document;
}

/** (upstream: jsonpatch.AccumulatedCopySizeLimit as apiserver/pkg/server/config.go sets it) */
const maxCopiedBytes = 3 * 1024 * 1024;
type Operation = Parameters<typeof jsonpatch.applyPatch>[1][number];
const tooDeep = (): PatchError => new PatchError('exceeded max depth');

function patchFailure({ name, operation, message }: PatchFailure): PatchError {
  const { op = '', path = '', from = '' } = operation ?? {};
  switch (name) {
    case 'TEST_OPERATION_FAILED': return new PatchError(`testing path ${path}: test failed`);
    case 'OPERATION_NOT_AN_OBJECT': return new PatchError('json: cannot unmarshal into Go value of type jsonpatch.Operation', 400);
    case 'OPERATION_OP_INVALID': return new PatchError(`Unexpected kind: ${op}`);
    case 'OPERATION_FROM_REQUIRED': case 'OPERATION_FROM_UNRESOLVABLE': return new PatchError(`${op} operation does not apply: doc is missing from path: ${from}: missing value`);
    case 'OPERATION_VALUE_REQUIRED': case 'OPERATION_VALUE_CANNOT_CONTAIN_UNDEFINED': return new PatchError(`${op} operation does not apply: value is missing for path: ${path}`);
    case 'OPERATION_VALUE_OUT_OF_BOUNDS': case 'OPERATION_PATH_ILLEGAL_ARRAY_INDEX': return new PatchError(`${op} operation does not apply: doc is missing path: ${path}: invalid index referenced`);
    // No operation: the library refuses to walk into `__proto__`.
    case 'TypeError': return new PatchError(message);
    default: return new PatchError(`${op} operation does not apply: doc is missing path: ${path}: missing value`);
  }
}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of the object itself: `constructor` and `__proto__` are names like others. */
export const ownMember = (object: JsonObject, name: string): JsonValue | undefined => (Object.hasOwn(object, name) ? object[name] : undefined);

/** Plain assignment of `__proto__` would set the prototype. */
export function setMember(object: JsonObject, name: string, value: JsonValue): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}
