// What a Job's policies say of a failed Pod, and of the indexes that have succeeded.
// upstream: pkg/controller/job/pod_failure_policy.go, success_policy.go
import type { PodFailurePolicy, SuccessPolicy } from '../../../src/api/batch/job-policies.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { overlap, parseIndexes, total, type Indexes } from './indexes.ts';

export type FailureAction = 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';
/** `message` is given when the Job is to fail; `counted` failures count against the limits. */
export interface FailureVerdict { readonly action?: FailureAction; readonly counted: boolean; readonly message?: string }

type Rule = NonNullable<PodFailurePolicy['rules']>[number];

/** The first rule that matches decides; a failure no rule knows is counted. */
export function judgeFailure(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const cause = matches(rule, pod);
    if (cause === undefined) continue;
    const action = rule.action as FailureAction;
    return { action, counted: action !== 'Ignore', ...(action === 'FailJob' ? { message: `${cause} matching ${action} rule at index ${index}` } : {}) };
  }
  return { counted: true };
}

/** What of the Pod the rule is about, in the words of the Job's message; undefined when nothing is. */
function matches({ onExitCodes, onPodConditions }: Rule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (onExitCodes) {
    const { containerName, operator, values = [] } = onExitCodes;
    const listed = (code: number): boolean => values.includes(code) === (operator === 'In');
    const failed = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find((status) => {
      const code = status.state?.terminated?.exitCode;
      return code !== undefined && code !== 0 && (containerName === undefined || containerName === status.name) && listed(code);
    });
    return failed && `Container ${failed.name} for pod ${name} failed with exit code ${failed.state!.terminated!.exitCode}`;
  }
  const condition = pod.status?.conditions?.find(({ type, status }) => (onPodConditions ?? []).some((pattern) => pattern.type === type && pattern.status === status));
  return condition && `Pod ${name} has condition ${condition.type}`;
}

/** The words for the rule that is met; undefined while none is. */
export function metSuccessRule(policy: SuccessPolicy | undefined, succeeded: Indexes, completions: number): string | undefined {
  if (succeeded.length === 0) return undefined;
  const index = (policy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && total(succeeded) >= succeededCount;
    const required = parseIndexes(succeededIndexes, completions);
    const done = overlap(required, succeeded);
    return required.length > 0 && (done === total(required) || (succeededCount !== undefined && done >= succeededCount));
  });
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}
