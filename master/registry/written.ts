// What this process has written itself and so need not be read again: an object whose bytes were made a moment ago is handed on as it is,
// and parts that have been decoded and have their defaults are shared by the objects that follow.
import type { ApiObject } from '../../src/schema/resource.ts';
import { sealJson } from '../../src/util/json.ts';

/** By their bytes: objects on their way through the store, which gives the bytes back as they are. */
const underWay = new WeakMap<Uint8Array, ApiObject>();
/** Bytes of objects whose parts are in their final form, and those parts. */
const final = new WeakSet<object>();

/** Of an object that is being written with these bytes; it is frozen, and belongs to nobody else from now on. The result ends that. */
export function handOn(value: Uint8Array, object: ApiObject): () => void {
  // What JSON would leave out makes no difference in the store, but to who looks for it.
  if (!sealJson(object)) return () => undefined;
  underWay.set(value, object);
  return () => { underWay.delete(value); };
}
/** The object of these bytes at this revision, frozen, while it is handed on. */
export function handedOn(value: Uint8Array, revision: number): ApiObject | undefined {
  const object = underWay.get(value);
  if (!object) return undefined;
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _before, ...meta } = metadata;
  return noteFinal(value, Object.freeze({ kind, apiVersion, metadata: Object.freeze({ ...meta, resourceVersion: String(revision) }), ...rest }) as ApiObject);
}

/** Notes that the object of these bytes was decoded and has all its defaults. */
export function noteWhole(value: Uint8Array): void { final.add(value); }
/** Notes which parts of the frozen `object` of these bytes are in their final form. */
export function noteFinal(value: Uint8Array, object: ApiObject): ApiObject {
  if (!final.has(value)) return object;
  for (const name in object) {
    const part = object[name] as unknown;
    if (typeof part === 'object' && part !== null && name !== 'metadata') final.add(part);
  }
  return object;
}
/** Whether a part of an object needs neither decoding nor defaults; it is frozen. */
export const isFinal = (part: unknown): boolean => typeof part === 'object' && part !== null && final.has(part);
