// How an object type lies on the wire: its fields by number, with Go's embedded structs as the messages they are there.
// (upstream: generated.proto of each API package; gogo/protobuf's rules)
import { resolveType, type LazyType, type ObjectType, type Type } from './schema.ts';

export type ResolvedType = Exclude<Type, LazyType>;

export interface WireField {
  readonly number: number;
  /** '' for an embedded struct: its fields belong to the object itself. */
  readonly name: string;
  readonly type: ResolvedType;
  /** Go holds the value itself, not a pointer: it is written even when it is zero. */
  readonly always: boolean;
}
export interface WirePlan { readonly ordered: readonly WireField[]; readonly byNumber: ReadonlyMap<number, WireField> }

const plans = new WeakMap<ObjectType, WirePlan>();

export function wirePlan(type: ObjectType): WirePlan {
  let plan = plans.get(type);
  if (!plan) plans.set(type, (plan = buildPlan(type)));
  return plan;
}

function buildPlan(type: ObjectType): WirePlan {
  const byNumber = new Map<number, WireField>();
  for (const [name, { number, embeddedIn, type: fieldType, options }] of Object.entries(type.fields)) {
    // Number 0: apiVersion and kind of top-level objects, which the envelope carries.
    if (embeddedIn) byNumber.set(embeddedIn.number, { number: embeddedIn.number, name: '', type: embeddedIn.type, always: true });
    else if (number !== 0) {
      const resolved = resolveType(fieldType);
      byNumber.set(number, { number, name, type: resolved, always: !options.pointer && (isPlain(resolved) || options.required === true || options.written === true) });
    }
  }
  return { ordered: [...byNumber.values()].sort((a, b) => a.number - b.number), byNumber };
}

/** Scalars that Go holds by value unless said otherwise; structs and structs in disguise say it by `written`. */
const isPlain = (type: ResolvedType): boolean => type.kind === 'scalar' && ['string', 'int32', 'int64', 'double', 'boolean'].includes(type.scalar);

/** A list that is itself an item or a map's value is a message of its own: `{ repeated items = 1 }` (ExtraValue, Verbs). */
export const isWrappedList = (type: ResolvedType): boolean => type.kind === 'array';
