// Fills defaults: each field's own, then its children's, then the object's. (upstream: pkg/apis/*/v1/defaults.go)
import { resolveType, type Field, type ObjectType, type Type } from './schema.ts';
import { cloneJson } from '../util/json.ts';
import { fillDefaults } from './structural/defaults.ts';

/** Which fields of a type can get a default at all, so that large objects are not walked in vain. */
interface Plan { readonly own: readonly { readonly name: string; readonly initial: unknown; readonly pointer: boolean }[]; readonly children: readonly (readonly [string, Field])[]; readonly defaults: ObjectType['defaults'] }
const plans = new WeakMap<ObjectType, Plan>();
const visiting = new Set<ObjectType>();

export function applyDefaults(type: Type, value: unknown): void {
  const t = resolveType(type);
  if (value === null || value === undefined) return;
  switch (t.kind) {
    case 'scalar': return;
    case 'structural': return fillDefaults(t.schema, value);
    case 'array':
      if (canDefault(t.items)) for (const item of value as unknown[]) applyDefaults(t.items, item);
      return;
    case 'map':
      if (canDefault(t.values)) for (const item of Object.values(value as object)) applyDefaults(t.values, item);
      return;
    case 'object': {
      const object = value as Record<string, unknown>;
      // A part of an older object, which has its defaults.
      if (Object.isFrozen(object)) return;
      const plan = planOf(t);
      for (const { name, initial, pointer } of plan.own) if (isUnset(object[name], pointer)) object[name] = typeof initial === 'object' ? cloneJson(initial) : initial;
      for (const [name, field] of plan.children) if (object[name] !== undefined) applyDefaults(field.type, object[name]);
      plan.defaults?.(object);
    }
  }
}

/** Go sees an absent pointer, or the zero of a value it holds itself. */
const isUnset = (value: unknown, pointer: boolean): boolean => value === undefined || value === null || (!pointer && (value === '' || value === 0));

function planOf(type: ObjectType): Plan {
  let plan = plans.get(type);
  if (!plan) {
    const fields = Object.entries(type.fields);
    plan = {
      own: fields.filter(([, f]) => f.options.default !== undefined).map(([name, f]) => ({ name, initial: f.options.default, pointer: f.options.pointer === true })),
      children: fields.filter(([, f]) => canDefault(f.type)),
      defaults: type.defaults,
    };
    plans.set(type, plan);
  }
  return plan;
}

function canDefault(type: Type): boolean {
  const t = resolveType(type);
  if (t.kind === 'array') return canDefault(t.items);
  if (t.kind === 'map') return canDefault(t.values);
  // Structural defaults are filled from the root, which knows the defaults of its properties too.
  if (t.kind !== 'object') return false;
  if (t.defaults || visiting.has(t)) return true;
  visiting.add(t);
  try {
    return Object.values(t.fields).some((f) => f.options.default !== undefined || canDefault(f.type));
  } finally {
    visiting.delete(t);
  }
}
