// What a write demands of its key before it may happen: the compare of compare-and-swap, the same for every store.
import { KeyExists, MAX_KEY_BYTES, RevisionMismatch } from './store.ts';

export type Write =
  | { readonly type: 'create'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'update'; readonly key: string; readonly value: Uint8Array; readonly expected: number }
  | { readonly type: 'delete'; readonly key: string; readonly expected: number };

/** Why `write` may not happen to a key whose live revision is `actual` (undefined: absent), or undefined when it may. */
export function violation(write: Write, actual: number | undefined): KeyExists | RevisionMismatch | undefined {
  if (write.type === 'create') return actual === undefined ? undefined : new KeyExists(write.key);
  return actual === write.expected ? undefined : new RevisionMismatch(write.key, write.expected, actual);
}

/** @throws RangeError for a key no store takes. */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > MAX_KEY_BYTES) throw new RangeError(`a key has 1 to ${MAX_KEY_BYTES} bytes, not ${bytes}`);
}

/** `value` itself when it owns its memory, else a copy: a kept slice of a pooled buffer pins the whole pool block. */
export function owned(value: Uint8Array): Uint8Array {
  if (value.byteLength === value.buffer.byteLength) return value;
  const copy = Buffer.allocUnsafeSlow(value.byteLength);
  copy.set(value);
  return copy;
}
