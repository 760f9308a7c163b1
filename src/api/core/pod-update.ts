// What of a Pod's spec an update may change: images, a shorter deadline, more tolerations, fewer scheduling gates.
// upstream: pkg/apis/core/validation/validation.go, ValidatePodUpdate
import { forbidden, invalid, type Fault } from '../../apimachinery/fault.ts';
import { rangeError } from '../../apimachinery/names.ts';
import { difference } from '../difference.ts';
import type { NodeAffinity, NodeSelectorRequirement } from './affinity.ts';
import { fixedAnnotationFaults } from './pod-annotations.ts';
import type { PodSpec } from './pod-spec.ts';
import { sameTolerationTarget } from './toleration.ts';
import { equalJson } from '../../util/json.ts';

const updatable = [
  '`spec.containers[*].image`', '`spec.initContainers[*].image`', '`spec.activeDeadlineSeconds`', '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

interface PodValue { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }; readonly spec: PodSpec }

/** Faults of an update of a Pod, beside those any Pod has. */
export function podUpdateFaults(pod: PodValue, old: PodValue): Fault[] {
  const faults = fixedAnnotationFaults(pod.metadata.annotations, old.metadata.annotations, 'metadata.annotations');
  for (const list of ['containers', 'initContainers'] as const) {
    const next = pod.spec[list] ?? [];
    if (next.length !== (old.spec[list] ?? []).length) return [...faults, forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
  }
  const deadline = deadlineFaults(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds);
  faults.push(...deadline);
  if (deadline.length > 0 && pod.spec.activeDeadlineSeconds !== undefined) return faults;
  faults.push(...tolerationFaults(pod.spec, old.spec), ...gateFaults(pod.spec, old.spec));
  if (old.spec.schedulingGates?.length) faults.push(...gatedFaults(pod.spec, old.spec));
  const rest = withOldUpdatable(pod.spec, old.spec);
  const before = withServiceAccount(old.spec);
  if (!equalJson(rest, before)) faults.push(forbidden('spec', `pod updates may not change fields other than ${updatable}\n${difference(before, rest).join('\n')}`));
  return faults;
}

function deadlineFaults(next: number | undefined, old: number | undefined): Fault[] {
  const path = 'spec.activeDeadlineSeconds';
  if (next === undefined) return old === undefined ? [] : [invalid(path, null, 'must not update from a positive integer to nil value')];
  if (next < 0 || next > 2147483647) return [invalid(path, next, rangeError(0, 2147483647))];
  return old !== undefined && old < next ? [invalid(path, next, 'must be less than or equal to previous value')] : [];
}

function tolerationFaults({ tolerations = [] }: PodSpec, { tolerations: old = [] }: PodSpec): Fault[] {
  return old.every((toleration) => tolerations.some((next) => sameTolerationTarget(toleration, next)))
    ? [] : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function gateFaults({ schedulingGates = [] }: PodSpec, { schedulingGates: old = [] }: PodSpec): Fault[] {
  return schedulingGates.flatMap(({ name }, i) => (old.some((gate) => gate.name === name) ? []
    : [forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)]));
}

const isPrefix = (old: readonly NodeSelectorRequirement[] = [], next: readonly NodeSelectorRequirement[] = []): boolean => equalJson(next.slice(0, old.length), old);

/** A Pod that waits at a gate may still narrow down which nodes it wants. */
function gatedFaults(spec: PodSpec, old: PodSpec): Fault[] {
  const faults: Fault[] = [];
  if (Object.entries(old.nodeSelector ?? {}).some(([name, value]) => spec.nodeSelector?.[name] !== value)) {
    faults.push(invalid('spec.nodeSelector', spec.nodeSelector ?? {}, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'));
  }
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const terms = (affinity: NodeAffinity | undefined) => affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const before = terms(old.affinity?.nodeAffinity);
  const after = terms(spec.affinity?.nodeAffinity);
  if (before.length === 0) return faults;
  if (before.length !== after.length) return [...faults, invalid(path, after, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  before.forEach((term, i) => {
    const wasEmpty = !term.matchExpressions?.length && !term.matchFields?.length;
    const onlyMore = isPrefix(term.matchExpressions, after[i]?.matchExpressions) && isPrefix(term.matchFields, after[i]?.matchFields);
    if (wasEmpty ? !equalJson(term, after[i]) : !onlyMore) faults.push(invalid(`${path}[${i}]`, after[i], 'only additions are allowed (no mutations or deletions)'));
  });
  return faults;
}

/** The old name of the service account follows the new one, also where only the new one was stored. */
const withServiceAccount = (spec: PodSpec): PodSpec => (spec.serviceAccountName ? { ...spec, serviceAccount: spec.serviceAccountName } : spec);

/** The new spec with all that may change put back; what then differs may not. */
function withOldUpdatable(spec: PodSpec, old: PodSpec): Record<string, unknown> {
  const rest: Record<string, unknown> = { ...withServiceAccount(spec) };
  const restore = (name: keyof PodSpec, value: unknown): void => {
    if (value === undefined) delete rest[name];
    else rest[name] = value;
  };
  for (const list of ['containers', 'initContainers'] as const) {
    restore(list, spec[list]?.map((container, i) => {
      const image = old[list]?.[i]?.image;
      return image === undefined ? container : { ...container, image };
    }));
  }
  for (const name of ['activeDeadlineSeconds', 'tolerations', 'schedulingGates'] as const) restore(name, old[name]);
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) restore('terminationGracePeriodSeconds', old.terminationGracePeriodSeconds);
  if (old.schedulingGates?.length) {
    restore('nodeSelector', old.nodeSelector);
    const { nodeAffinity: _changed, ...others } = spec.affinity ?? {};
    const affinity = { ...others, ...(old.affinity?.nodeAffinity && { nodeAffinity: old.affinity.nodeAffinity }) };
    restore('affinity', Object.keys(affinity).length === 0 ? old.affinity : affinity);
  }
  return rest;
}
