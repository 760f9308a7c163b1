// What the forms of patches have in common, and the merge patch.
import type { JsonValue } from './schema.ts';

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

/**
 * RFC 7386, but for lists: objects in them lose their nulls, as those that are new do. The target is not changed.
 * (upstream: gopkg.in/evanphx/json-patch.v4 merge.go, pruneNulls)
 */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (Array.isArray(patch)) return patch.map((item) => mergePatch(undefined, item));
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setMember(result, key, mergePatch(ownMember(result, key), value));
  }
  return result;
}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of the object itself: `constructor` and `__proto__` are names like others. */
export const ownMember = (object: JsonObject, name: string): JsonValue | undefined => (Object.hasOwn(object, name) ? object[name] : undefined);

/** Plain assignment of `__proto__` would set the prototype. */
export function setMember(object: JsonObject, name: string, value: JsonValue): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}
