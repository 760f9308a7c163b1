// What a new Pod is given beside the defaults templates have too, and what its creation fills in.
// upstream: pkg/apis/core/v1/defaults.go, SetDefaults_Pod; pkg/registry/core/pod/strategy.go, PrepareForCreate
import { equalJson } from '../../util/json.ts';
import type { LabelSelector } from '../../schema/object-meta.ts';
import type { PodAffinityTerm } from './affinity.ts';
import type { Container } from './container.ts';
import { appArmorFieldOf, appArmorPrefix, useAppArmorField } from './pod-annotations.ts';
import { isPodTerminal } from './pod-conditions.ts';
import { podQosClass } from './pod-qos.ts';
import type { PodSpec } from './pod-spec.ts';
import type { PodStatus } from './pod-status.ts';

interface PodValue { metadata: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec: PodSpec; status: PodStatus }

/** A container that limits a resource and requests none of it requests the limit. One that has its requests stays as it is: it may be shared. */
function requestLimits({ resources }: Container): void {
  const { limits, requests } = resources ?? {};
  if (limits && Object.keys(limits).some((name) => requests?.[name] === undefined)) resources!.requests = { ...limits, ...requests };
}

/** On the node's network a port is the node's port. */
function openHostPorts({ ports = [] }: Container): void {
  for (const port of ports) port.hostPort ||= port.containerPort;
}

/** Defaults of Pods that their templates do not get. */
export function podDefaults({ spec }: PodValue): void {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  containers.forEach(requestLimits);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) containers.forEach(openHostPorts);
}

function requireLabel(selector: LabelSelector, key: string, operator: 'In' | 'NotIn', value: string): void {
  selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }];
}

/** matchLabelKeys and mismatchLabelKeys become part of the selector, with the values this Pod has. */
function mergeLabelKeys(term: PodAffinityTerm, labels: Readonly<Record<string, string>>): void {
  const selector = term.labelSelector;
  if (!selector) return;
  for (const key of term.matchLabelKeys ?? []) if (labels[key] !== undefined) requireLabel(selector, key, 'In', labels[key]);
  for (const key of term.mismatchLabelKeys ?? []) if (labels[key] !== undefined) requireLabel(selector, key, 'NotIn', labels[key]);
}

/** Containers that say nothing themselves are confined as an annotation says, when it says something else than the Pod. (upstream: pkg/registry/core/pod/strategy.go, applyAppArmorVersionSkew) */
function confineByAnnotations({ metadata: { annotations = {} }, spec }: PodValue): string[] {
  if (spec.os?.name === 'windows') return [];
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])].flatMap((container) => {
    const name = appArmorPrefix + container.name;
    const said = annotations[name];
    if (said === undefined || container.securityContext?.appArmorProfile) return [];
    const profile = appArmorFieldOf(said);
    if (profile && equalJson(profile, spec.securityContext?.appArmorProfile)) return [];
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    return [`metadata.annotations[${name}]: ${useAppArmorField}`];
  });
}

/** The first status of a Pod, its affinity terms in their final form, and what annotations say of AppArmor in its field. Answers warnings. */
export function preparePod(pod: PodValue): string[] {
  const warnings = confineByAnnotations(pod);
  pod.status = { phase: 'Pending', qosClass: podQosClass(pod.spec) };
  if (pod.spec.schedulingGates?.length) {
    pod.status.conditions = [{
      type: 'PodScheduled', status: 'False', lastProbeTime: null, lastTransitionTime: null,
      reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates',
    }];
  }
  for (const rules of [pod.spec.affinity?.podAffinity, pod.spec.affinity?.podAntiAffinity]) {
    const terms = [
      ...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
    ];
    for (const term of terms) mergeLabelKeys(term, pod.metadata.labels ?? {});
  }
  return warnings;
}

/**
 * Seconds of grace for a delete: what was asked, else the Pod's own. A Pod that is on no node or has ended goes at once; a
 * negative time is one second.
 */
export function podDeletionGrace(pod: { readonly spec: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number }; readonly status?: { readonly phase?: string } }, requested: number | undefined): number {
  if (!pod.spec.nodeName || isPodTerminal(pod)) return 0;
  const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}
