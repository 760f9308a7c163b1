// Whether a Pod that is bound to this node may begin here. The node looks once more at what the scheduler looks at, since a Pod may
// name its node itself or arrive late, and at what only the node knows. Pure.
// upstream: pkg/kubelet/lifecycle/predicate.go, pkg/scheduler/eventhandlers.go (AdmissionCheck), pkg/security/apparmor/validate.go
import { hostPortsClash, hostPortsOf } from '../../src/api/core/host-ports.ts';
import type { Node } from '../../src/api/core/node.ts';
import { requiredNodes } from '../../src/api/core/node-selector.ts';
import { podRequests } from '../../src/api/core/pod-resources.ts';
import { milliValue, quantityValue } from '../../src/apimachinery/quantity.ts';
import { findUntolerated, type TolerationLike } from '../../src/apimachinery/tolerations.ts';
import { allContainers, isCriticalPod, isStatic, type Pod } from './pod.ts';
import type { PodFailure } from './pod-status.ts';
import { forbiddenSysctl, type AllowedSysctls } from './sysctls.ts';

export interface AdmissionFacts {
  /** Undefined as long as the API has not told of it: then nothing of it is asked for. */
  readonly node: Node | undefined;
  /** Those that are to run here, with what is set aside for them. */
  readonly others: readonly Pod[];
  readonly sysctls: AllowedSysctls;
  /** Whether the kernel enforces AppArmor profiles. */
  readonly appArmor: boolean;
}

/** The reason of a Pod whose wishes the node's labels do not meet: they may be older here than where the Pod was bound. */
export const nodeAffinityReason = 'NodeAffinity';
const predicate = (reason: string, words: string): PodFailure => ({ reason, message: `Predicate ${reason} failed: ${words}` });

/** Why it may not; undefined when it may. */
export function admissionFailure(pod: Pod, facts: AdmissionFacts): PodFailure | undefined {
  const sysctl = forbiddenSysctl(pod, facts.sysctls);
  if (sysctl !== undefined) return { reason: 'SysctlForbidden', message: sysctl };
  return otherSystem(pod) ?? (facts.node && misfit(pod, facts.node, facts.others)) ?? (facts.appArmor ? undefined : wantsAppArmor(pod));
}

function otherSystem(pod: Pod): PodFailure | undefined {
  const label = pod.metadata.labels?.['kubernetes.io/os'];
  if (label !== undefined && label !== 'linux') return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label" };
  if (pod.spec.os && pod.spec.os.name !== 'linux') return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  // The engine adds the groups that the image's /etc/group gives the user, unless it is told a group: the Pod's is for all containers that have none of their own.
  const { supplementalGroupsPolicy, runAsGroup } = pod.spec.securityContext ?? {};
  if (supplementalGroupsPolicy === 'Strict' && runAsGroup === undefined) return { reason: 'SupplementalGroupsPolicyNotSupported', message: 'SupplementalGroupsPolicy=Strict is not supported in this node' };
  return undefined;
}

function misfit(pod: Pod, node: Node, others: readonly Pod[]): PodFailure | undefined {
  const suits = requiredNodes(pod);
  const ports = hostPortsOf(pod);
  // For a critical one room is made (preemption.ts).
  const [short] = isCriticalPod(pod) ? [] : shortages(pod, node, others);
  if (short) return { reason: `OutOf${short.name}`, message: `Node didn't have enough resource: ${short.name}, requested: ${short.requested}, used: ${short.used}, capacity: ${short.capacity}` };
  if (suits && !suits({ name: node.metadata.name, labels: node.metadata.labels ?? {} })) return predicate(nodeAffinityReason, "node(s) didn't match Pod's node affinity/selector");
  if (ports.length && others.flatMap(hostPortsOf).some((used) => ports.some((port) => hostPortsClash(port, used)))) return predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  const ending = (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  if (!isStatic(pod) && findUntolerated(ending, pod.spec.tolerations as readonly TolerationLike[] | undefined)) return predicate('TaintToleration', "node(s) had taints that the pod didn't tolerate");
  return undefined;
}

const amount = (name: string, text: string): number => (name === 'cpu' ? milliValue(text) : quantityValue(text));
/** What a Pod counts for on its node: processor time in thousandths. */
export const requestsOf = (pod: Pod): Record<string, number> => Object.fromEntries(Object.entries(podRequests(pod.spec as never)).map(([name, text]) => [name, amount(name, text)]));

/** A resource of which the node has less than a Pod asks for. */
export interface Shortage { readonly name: string; readonly requested: number; readonly used: number; readonly capacity: number }
/** All that the node lacks for the Pod beside the others. What it knows nothing of is somebody else's to count. */
export function shortages(pod: Pod, node: Node, others: readonly Pod[]): Shortage[] {
  const allocatable = (node.status?.allocatable ?? {}) as Readonly<Record<string, string>>;
  const most = allocatable['pods'] === undefined ? Infinity : quantityValue(allocatable['pods']);
  const found: Shortage[] = others.length + 1 > most ? [{ name: 'pods', requested: 1, used: others.length, capacity: most }] : [];
  const used = others.map(requestsOf);
  const wanted = requestsOf(pod);
  const first = ['cpu', 'memory', 'ephemeral-storage'];
  for (const name of [...first, ...Object.keys(wanted).filter((n) => !first.includes(n)).sort()]) {
    const requested = wanted[name] ?? 0;
    const text = allocatable[name];
    if (requested === 0 || text === undefined) continue;
    const [capacity, taken] = [amount(name, text), used.reduce((sum, list) => sum + (list[name] ?? 0), 0)];
    if (requested > capacity - taken) found.push({ name, requested, used: taken, capacity });
  }
  return found;
}

function wantsAppArmor(pod: Pod): PodFailure | undefined {
  const profiles = [pod.spec.securityContext?.appArmorProfile, ...allContainers(pod).map((c) => c.securityContext?.appArmorProfile)];
  return profiles.some((profile) => profile && profile.type !== 'Unconfined') ? { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' } : undefined;
}
