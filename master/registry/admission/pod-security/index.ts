// Pod security standards, as the labels of a namespace ask for them: Pods that violate the enforced one are refused, whoever
// makes such Pods, or workloads that would, is warned. Nothing keeps audit annotations here, so the audit mode says nothing.
// upstream: k8s.io/pod-security-admission/admission/admission.go
import { invalid as invalidObject, forbidden } from '../../../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';
import { equalJson } from '../../../../src/util/json.ts';
import type { Registry } from '../../registry.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { violationsOf } from './checks.ts';
import type { CheckedContainer, CheckedPod, CheckedPodSpec } from './pod.ts';
import { compareLevels, levelVersionText, policyOf, sameLevelVersion, type LevelVersion } from './policy.ts';

type Labelled = { readonly labels?: Record<string, string> };
const mostPods = 3000;

/** Where a kind keeps the Pods it makes; undefined for an object that has no template. */
const templates: Readonly<Record<string, (object: ApiObject) => CheckedPod | undefined>> = {
  '/pods': (object) => object as unknown as CheckedPod,
  '/podtemplates': (object) => object['template'] as CheckedPod,
  'batch/cronjobs': (object) => (object['spec'] as { jobTemplate: { spec: { template: CheckedPod } } }).jobTemplate.spec.template,
  ...Object.fromEntries(['/replicationcontrollers', 'apps/replicasets', 'apps/deployments', 'apps/statefulsets', 'apps/daemonsets', 'batch/jobs']
    .map((id) => [id, (object: ApiObject) => (object['spec'] as { template?: CheckedPod }).template])),
};
/** Subresources of Pods that change nothing a standard looks at. */
const ignoredSubresources = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);

const text = (standard: LevelVersion, pod: CheckedPod): string | undefined => {
  const violations = violationsOf(standard, pod);
  return violations.length === 0 ? undefined : `"${levelVersionText(standard)}": ${violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ')}`;
};

/** Only containers of another image, and new ones, can make a Pod violate what it did not before. */
function isSignificant(spec: CheckedPodSpec, old: CheckedPodSpec): boolean {
  const changed = (now: readonly CheckedContainer[] | null | undefined = [], before: readonly CheckedContainer[] | null | undefined = []): boolean =>
    now?.length !== before?.length || (now ?? []).some(({ image }, i) => image !== before?.[i]?.image);
  return changed(spec.containers, old.containers) || changed(spec.initContainers, old.initContainers)
    || (spec.ephemeralContainers ?? []).some(({ name, image }) => { const before = old.ephemeralContainers?.find((other) => other.name === name); return !before || before.image !== image; });
}

/** Warnings about Pods that are there when a namespace gets a stricter standard; those that violate it alike share one. Pods of one controller count as alike until all others are judged. */
export function existingPodWarnings(pods: readonly ApiObject[], namespace: string, standard: LevelVersion): string[] {
  const controllers = new Set<string>();
  const [first, later]: [ApiObject[], ApiObject[]] = [[], []];
  for (const pod of pods) {
    const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller)?.uid;
    (controller !== undefined && controllers.has(controller) ? later : first).push(pod);
    if (controller !== undefined) controllers.add(controller);
  }
  const judged = [...first, ...later].slice(0, mostPods);
  const namesByReason = new Map<string, string[]>();
  for (const pod of judged) {
    const reason = violationsOf(standard, pod as unknown as CheckedPod).map((violation) => violation.reason).join(', ');
    if (reason) namesByReason.set(reason, [...(namesByReason.get(reason) ?? []), pod.metadata.name]);
  }
  const others = (count: number): string => (count === 0 ? '' : ` (and ${count} other ${count === 1 ? 'pod' : 'pods'})`);
  return [
    ...(judged.length < pods.length ? [`new PodSecurity enforce level only checked against the first ${judged.length} of ${pods.length} existing pods`] : []),
    ...(namesByReason.size > 0 ? [`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${levelVersionText(standard)}"`] : []),
    ...[...namesByReason].map(([reason, names]) => `${names.sort()[0]}${others(names.length - 1)}: ${reason}`).sort(),
  ];
}

export function podSecurity(registry: Registry): AdmissionPlugin {
  function judgeNamespace({ operation, object, old, name, subresource, context, resource }: AdmissionRequest): void {
    if (subresource !== '') return;
    const { policy: { enforce }, faults } = policyOf((object!.metadata as Labelled).labels);
    const before = operation === 'UPDATE' ? policyOf((old!.metadata as Labelled).labels) : undefined;
    // What could not be read before may stay as it is.
    if (faults.length > 0 && !(before && before.faults.length > 0 && equalJson(faults, before.faults))) throw invalidObject(resource.group, resource.kind, name, faults);
    if (!before || enforce.level === 'privileged') return;
    const was = before.policy.enforce;
    if (sameLevelVersion(enforce, was) || (enforce.minor === was.minor && compareLevels(enforce.level, was.level) < 0)) return;
    const pods = [...registry.cache.list(`${registry.find('', 'v1', 'pods')?.prefix ?? ''}${name}/`)].map((stored) => stored.object);
    context.warnings.push(...existingPodWarnings(pods, name, enforce));
  }

  return {
    name: 'PodSecurity',
    validate(request) {
      const { operation, resource, object, old, name, namespace, subresource, context } = request;
      if (operation === 'DELETE' || !object) return;
      const id = `${resource.group}/${resource.plural}`;
      if (id === '/namespaces') return judgeNamespace(request);
      const isPod = id === '/pods';
      const podOf = templates[id];
      if (!podOf || namespace === undefined || (isPod ? ignoredSubresources.has(subresource) : subresource !== '')) return;
      const labels = (registry.find('', 'v1', 'namespaces')?.find(undefined, namespace)?.object.metadata as Labelled | undefined)?.labels;
      const { policy: { enforce, warn } } = policyOf(labels);
      if (warn.level === 'privileged' && (!isPod || enforce.level === 'privileged')) return;
      const pod = podOf(object);
      if (!pod?.spec || (isPod && old && !isSignificant(pod.spec, old['spec'] as CheckedPodSpec))) return;
      const refused = isPod ? text(enforce, pod) : undefined;
      if (refused !== undefined) throw forbidden({ group: resource.group, resource: resource.plural }, name, `violates PodSecurity ${refused}`);
      const warned = text(warn, pod);
      if (warned !== undefined) context.warnings.push(`would violate PodSecurity ${warned}`);
    },
  };
}
