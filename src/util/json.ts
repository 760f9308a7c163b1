// Equality and copies of JSON values. Faster than the general forms, and blind to which realm an object comes from.

/** Same JSON: a member that is undefined counts as absent. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equalJson(a[i], b[i])) return false;
    return true;
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  let members = 0;
  for (const key of Object.keys(left)) {
    if (left[key] === undefined) continue;
    members++;
    if (!Object.hasOwn(right, key) || !equalJson(left[key], right[key])) return false;
  }
  for (const key of Object.keys(right)) if (right[key] !== undefined) members--;
  return members === 0;
}

/** A deep, unfrozen copy. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as T;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = cloneJson((value as Record<string, unknown>)[key]);
    if (key === '__proto__') Object.defineProperty(copy, key, { value: member, enumerable: true, configurable: true, writable: true });
    else copy[key] = member;
  }
  return copy as T;
}

/** Freezes a value with all that is in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** The same; false when a member somewhere is undefined, so that its JSON is not quite what it is (all may not be frozen then). */
export function sealJson(value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return true;
  Object.freeze(value);
  if (Array.isArray(value)) return value.every(sealJson);
  for (const name in value) if (!sealJson((value as Record<string, unknown>)[name])) return false;
  return true;
}

const escaped: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', '\u2028': '\\u2028', '\u2029': '\\u2029' };
const marks = Object.keys(escaped);
/** JSON as Go's encoder writes it: what pages and scripts would read as their own is escaped. Looking for it costs less than a tenth of writing the text. */
export function goJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  return marks.some((character) => text.includes(character)) ? text.replace(/[<>&\u2028\u2029]/g, (character) => escaped[character]!) : text;
}

/** Levels a value from outside may have: what walks values recurses, and a stack that runs out can take the process along. */
export const maxJsonDepth = 1000;

/** Whether a JSON text opens more levels than it may. Text that is not JSON may be taken for deeper than it is. */
export function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // a string: to its closing quote
        for (at++; at < text.length && text.charCodeAt(at) !== 0x22; at++) if (text.charCodeAt(at) === 0x5c) at++;
        break;
      case 0x5b: case 0x7b:
        if (++depth > limit) return true;
        break;
      case 0x5d: case 0x7d: depth--;
    }
  }
  return false;
}

/** The same of a value; looks no deeper than it must. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit <= 0) return true;
  for (const inner of Object.values(value)) if (isDeeperThan(inner, limit - 1)) return true;
  return false;
}
