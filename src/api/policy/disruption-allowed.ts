// The DisruptionAllowed condition of a budget, which both the controller and an eviction that takes the last chance set.
// upstream: pkg/controller/disruption (pdbhelper.UpdateDisruptionAllowedCondition)
import { setCondition } from '../../apimachinery/conditions.ts';
import type { PodDisruptionBudgetStatus } from './pod-disruption-budget.ts';

type Condition = NonNullable<PodDisruptionBudgetStatus['conditions']>[number];
export const disruptionAllowed = 'DisruptionAllowed';
export const syncFailed = 'SyncFailed';

export function withDisruptionAllowed(status: PodDisruptionBudgetStatus, now: string): PodDisruptionBudgetStatus {
  const allowed = status.disruptionsAllowed > 0;
  const condition = { type: disruptionAllowed, status: allowed ? 'True' : 'False', reason: allowed ? 'SufficientPods' : 'InsufficientPods', message: '', observedGeneration: status.observedGeneration ?? 0 };
  return { ...status, conditions: setCondition<Condition>(status.conditions, condition as Omit<Condition, 'lastTransitionTime'>, now) };
}

/** Nothing is allowed while nobody knows how many Pods there should be. */
export function withSyncFailed(status: PodDisruptionBudgetStatus, message: string, now: string): PodDisruptionBudgetStatus {
  const condition = { type: disruptionAllowed, status: 'False', reason: syncFailed, message, observedGeneration: status.observedGeneration ?? 0 };
  return { ...status, disruptionsAllowed: 0, conditions: setCondition<Condition>(status.conditions, condition as Omit<Condition, 'lastTransitionTime'>, now) };
}
