// Container names and labels as dockershim wrote them, and how to read them back. upstream: pkg/kubelet/dockershim/naming.go
import type { ContainerMetadata, PodSandboxMetadata } from '../runtime.ts';

export const label = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
  type: 'io.kubernetes.docker.type',
  sandboxId: 'io.kubernetes.sandbox.id',
  /** Which cluster's container this is: two clusters on one engine never see each other's. */
  cluster: 'dray.io/cluster',
  imageReference: 'dray.io/image-reference',
} as const;
const own: ReadonlySet<string> = new Set(Object.values(label));
const ANNOTATION = 'annotation.';
export const SANDBOX = 'podsandbox';
export const CONTAINER = 'container';
const SANDBOX_NAME = 'POD';

export const containerName = (pod: PodSandboxMetadata, container: ContainerMetadata): string => ['k8s', container.name, pod.name, pod.namespace, pod.uid, container.attempt].join('_');
export const sandboxName = (pod: PodSandboxMetadata): string => containerName(pod, { name: SANDBOX_NAME, attempt: pod.attempt });

interface Bearer { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }

function write(pod: PodSandboxMetadata, bearer: Bearer, ours: Record<string, string>): Record<string, string> {
  const annotations = Object.fromEntries(Object.entries(bearer.annotations ?? {}).map(([key, value]) => [ANNOTATION + key, value]));
  return { ...bearer.labels, ...annotations, [label.podName]: pod.name, [label.podNamespace]: pod.namespace, [label.podUid]: pod.uid, ...ours };
}
export const sandboxLabels = (pod: PodSandboxMetadata, bearer: Bearer, cluster: string): Record<string, string> =>
  write(pod, bearer, { [label.containerName]: SANDBOX_NAME, [label.type]: SANDBOX, [label.cluster]: cluster });
export const containerLabels = (pod: PodSandboxMetadata, name: string, bearer: Bearer, cluster: string, sandboxId: string, imageReference: string): Record<string, string> =>
  write(pod, bearer, { [label.containerName]: name, [label.type]: CONTAINER, [label.sandboxId]: sandboxId, [label.cluster]: cluster, [label.imageReference]: imageReference });

export interface Identity {
  readonly pod: PodSandboxMetadata;
  readonly container: ContainerMetadata;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

/** What a container's labels and Docker name say; the attempt stands in the name only. */
export function readIdentity(written: Readonly<Record<string, string>>, dockerName: string): Identity {
  const attempt = Number(/_(\d+)$/.exec(dockerName)?.[1] ?? 0);
  const labels: Record<string, string> = {};
  const annotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(written)) {
    if (key.startsWith(ANNOTATION)) annotations[key.slice(ANNOTATION.length)] = value;
    else if (!own.has(key)) labels[key] = value;
  }
  return {
    pod: { name: written[label.podName] ?? '', namespace: written[label.podNamespace] ?? '', uid: written[label.podUid] ?? '', attempt },
    container: { name: written[label.containerName] ?? '', attempt },
    labels,
    annotations,
  };
}
