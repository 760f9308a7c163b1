// What an update changed, for the end of messages about fields that may not change: people read it, no client does.
import { equalJson } from '../util/json.ts';

/** The changed paths of two values, one line each way. */
export function difference(before: unknown, after: unknown, path = ''): string[] {
  if (equalJson(before, after)) return [];
  const isTree = (value: unknown): value is object => typeof value === 'object' && value !== null;
  if (isTree(before) && isTree(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].sort().flatMap((name) => difference(before[name as never], after[name as never], Array.isArray(before) ? `${path}[${name}]` : `${path}.${name}`));
  }
  return [...(before === undefined ? [] : [`- ${path.slice(1)}: ${JSON.stringify(before)}`]), ...(after === undefined ? [] : [`+ ${path.slice(1)}: ${JSON.stringify(after)}`])];
}
