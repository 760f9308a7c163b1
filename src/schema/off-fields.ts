// What a write does not keep: fields that only features read which are off by default in Kubernetes 1.33.
// upstream: the strategies' PrepareForCreate and PrepareForUpdate (dropDisabledFields), pkg/features/kube_features.go
import { resolveType, type ObjectType } from './schema.ts';

interface Dropper { readonly path: readonly string[]; readonly drop: NonNullable<ObjectType['dropOff']> }
const droppers = new WeakMap<ObjectType, readonly Dropper[]>();
type Value = Record<string, any> | null | undefined;

/** Lets each part of `object` drop what is off; `old` is what it replaces. A write to /status drops of the status alone, any other of the rest. */
export function dropOffFields(type: ObjectType, object: Record<string, unknown>, old: Record<string, unknown> | undefined, subresource: string): void {
  for (const { path, drop } of droppersOf(type)) {
    if ((path[0] === 'status') !== (subresource === 'status')) continue;
    const value = at(object, path);
    if (value) drop(value, at(old, path) ?? undefined);
  }
}

const at = (object: Value, path: readonly string[]): Value => path.reduce<Value>((value, name) => value?.[name], object);

function droppersOf(type: ObjectType): readonly Dropper[] {
  let found = droppers.get(type);
  if (!found) droppers.set(type, found = find(type, []));
  return found;
}

/** Types that contain themselves do so by way of lists and maps, or lazily. */
const find = (type: ObjectType, path: readonly string[]): Dropper[] => [
  ...(type.dropOff ? [{ path, drop: type.dropOff }] : []),
  ...Object.entries(type.fields).flatMap(([name, { type: inner }]) => {
    if (inner.kind === 'lazy') return [];
    const resolved = resolveType(inner);
    return resolved.kind === 'object' ? find(resolved, [...path, name]) : [];
  }),
];

/** For `dropOff`: of these fields those that `old` lacks. */
export const dropNew = <T extends object>(...names: readonly (keyof T)[]) => (value: T, old: T | undefined): void => {
  for (const name of names) if (old?.[name] === undefined) delete value[name];
};
