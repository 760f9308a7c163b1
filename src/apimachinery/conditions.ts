// Conditions in a status: find one, and set one so that lastTransitionTime tells when its status last changed.
// upstream: apimachinery/pkg/api/meta/conditions.go

/** What the conditions of all kinds share; some have reason, message, lastUpdateTime or observedGeneration beside. */
export interface AnyCondition { type: string; status: string; lastTransitionTime?: string | null }

export function findCondition<C extends AnyCondition>(conditions: readonly C[] | null | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export const isConditionTrue = (conditions: readonly AnyCondition[] | null | undefined, type: string): boolean => findCondition(conditions, type)?.status === 'True';

/**
 * The list with `condition` in it, in its old place or at the end. lastTransitionTime is `now` (RFC 3339) when the status
 * changes, else what it was; the other fields are replaced. The given list is left as it is.
 */
export function setCondition<C extends AnyCondition>(conditions: readonly C[] | null | undefined, condition: Omit<C, 'lastTransitionTime'>, now: string): C[] {
  const list = conditions ?? [];
  const old = findCondition(list, condition.type);
  const next = { ...condition, lastTransitionTime: old && old.status === condition.status && old.lastTransitionTime ? old.lastTransitionTime : now } as unknown as C;
  return old ? list.map((c) => (c === old ? next : c)) : [...list, next];
}

/** The list without conditions of this type. */
export const removeCondition = <C extends AnyCondition>(conditions: readonly C[] | null | undefined, type: string): C[] => (conditions ?? []).filter((condition) => condition.type !== type);
