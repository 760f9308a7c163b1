// The parts of a Pod under the names the kubelet uses, and small facts about them that several files need.
import { createHash } from 'node:crypto';
import type { EphemeralContainer, Pod } from '../../src/api/core/pod.ts';
import { goQuoted } from '../../src/apimachinery/go-text.ts';
import type { PodSandboxMetadata } from '../runtime/runtime.ts';

export type { Pod };
export type PodSpec = NonNullable<Pod['spec']>;
export type Container = PodSpec['containers'][number];
export type Volume = NonNullable<PodSpec['volumes']>[number];
export type VolumeMount = NonNullable<Container['volumeMounts']>[number];
export type PodStatus = NonNullable<Pod['status']>;
export type PodCondition = NonNullable<PodStatus['conditions']>[number];
export type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
export type ContainerState = NonNullable<ContainerStatus['state']>;
export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

/** Where a container stands in its Pod's spec. */
export type ContainerKind = 'init' | 'regular' | 'ephemeral';

/** `web_default(uid)`: how messages name a Pod. upstream: pkg/kubelet/util/format/pod.go */
export const formatPod = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
/** Go's `%q`. */
export const quoted = goQuoted;

/** A sidecar: an init container that goes on running beside the others. */
export const isRestartableInit = (container: Container): boolean => container.restartPolicy === 'Always';
/** Containers whose resources may change while they run. */
export const isResizable = (container: Container, kind: ContainerKind): boolean => kind === 'regular' || (kind === 'init' && isRestartableInit(container));
export const initContainers = (pod: Pod): readonly Container[] => pod.spec.initContainers ?? [];
export const ephemeralContainers = (pod: Pod): readonly Container[] => (pod.spec.ephemeralContainers ?? []) as unknown as readonly Container[];
/** The container whose processes an ephemeral one wants to see. */
export const targetOf = (container: Container): string | undefined => (container as EphemeralContainer).targetContainerName || undefined;
/** Every container of the Pod in the order of its spec. */
export const allContainers = (pod: Pod): Container[] => [...initContainers(pod), ...pod.spec.containers, ...ephemeralContainers(pod)];

export function findContainer(pod: Pod, name: string): { readonly container: Container; readonly kind: ContainerKind } | undefined {
  for (const [kind, list] of [['init', initContainers(pod)], ['regular', pod.spec.containers], ['ephemeral', ephemeralContainers(pod)]] as const) {
    const container = list.find((c) => c.name === name);
    if (container) return { container, kind };
  }
  return undefined;
}

/** The field path events about a container carry. upstream: pkg/kubelet/container/ref.go */
export function containerFieldPath(pod: Pod, name: string): string {
  const kind = findContainer(pod, name)?.kind ?? 'regular';
  const list = kind === 'init' ? 'initContainers' : kind === 'ephemeral' ? 'ephemeralContainers' : 'containers';
  return `spec.${list}{${name}}`;
}

export const isHostNetwork = (pod: Pod): boolean => pod.spec.hostNetwork === true;
export const sandboxMetadata = (pod: Pod, attempt: number): PodSandboxMetadata =>
  ({ name: pod.metadata.name, namespace: pod.metadata.namespace ?? 'default', uid: pod.metadata.uid, attempt });

/** Where a Pod comes from, and what it is there (upstream: pkg/kubelet/types/pod_update.go); and whose mirror one of the API is. */
export const [sourceAnnotation, hashAnnotation, mirrorAnnotation] = ['kubernetes.io/config.source', 'kubernetes.io/config.hash', 'kubernetes.io/config.mirror'] as const;
/** The node has it by itself; the API, which gives all of its own a revision, knows the mirror only. */
export const isStatic = ({ metadata }: Pod): boolean => metadata.resourceVersion === '';
export const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorAnnotation] !== undefined;

/** From this on a Pod is one the cluster cannot do without. upstream: pkg/apis/scheduling (SystemCriticalPriority) */
export const systemCriticalPriority = 2_000_000_000;
/** Never evicted, and taken in under pressure too. upstream: pkg/kubelet/types/pod_update.go (IsCriticalPod) */
export const isCriticalPod = (pod: Pod): boolean => isStatic(pod) || isMirror(pod) || (pod.spec.priority ?? 0) >= systemCriticalPriority;

/** Seconds a Pod may take to end: what its deletion says, else its spec. */
export const gracePeriodOf = (pod: Pod): number =>
  pod.metadata.deletionTimestamp && pod.metadata.deletionGracePeriodSeconds !== undefined
    ? pod.metadata.deletionGracePeriodSeconds
    : pod.spec.terminationGracePeriodSeconds ?? 30;

/** What a running container must still agree with; another value means it is replaced. upstream: pkg/kubelet/container/helpers.go */
export function containerHash(container: Container): string {
  const known = hashes.get(container);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(JSON.stringify([container.name, container.image ?? ''])).digest('hex').slice(0, 8);
  hashes.set(container, hash);
  return hash;
}
/** What the API has told of does not change, and is asked for in every pass. */
const hashes = new WeakMap<Container, string>();

/** The number a port of an action means: itself, or the container port of that name. */
export function resolvePort(port: number | string, container: Container): number {
  const number = typeof port === 'number' ? port : /^\d+$/.test(port) ? Number(port) : container.ports?.find((p) => p.name === port)?.containerPort;
  if (number === undefined) throw new Error(`couldn't find port: ${quoted(String(port))} in container ${quoted(container.name)}`);
  if (number < 1 || number > 65535) throw new Error(`invalid port number: ${number}`);
  return number;
}
