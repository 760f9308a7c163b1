// Pods and runtime statuses for the kubelet's tables: only what a row is about has to be said.
import type { Container, Pod, PodSpec } from '../../../../agent/kubelet/pod.ts';
import { containerAnnotations } from '../../../../agent/kubelet/labels.ts';
import type { KnownSandbox, PodRuntimeStatus, ProbeKind, ProbeResult, ProbeResults } from '../../../../agent/kubelet/runtime-status.ts';
import { newestFirst } from '../../../../agent/kubelet/runtime-status.ts';
import type { ContainerStatus } from '../../../../agent/runtime/runtime.ts';

export const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'nginx:1', resources: {}, ...more }) as Container;
export function pod(spec: Partial<PodSpec> = {}, more: { metadata?: object; status?: object } = {}): Pod {
  return {
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default', uid: 'uid-1', resourceVersion: '1', creationTimestamp: null, ...more.metadata },
    spec: { restartPolicy: 'Always', containers: [container('a')], ...spec }, status: { ...more.status },
  } as unknown as Pod;
}

export const sandbox = (more: Partial<KnownSandbox> = {}): KnownSandbox => ({
  id: `sandbox-${more.metadata?.attempt ?? 0}`, metadata: { name: 'web', namespace: 'default', uid: 'uid-1', attempt: 0 }, state: 'ready', createdAt: 1, labels: {}, annotations: {}, ip: '10.42.0.5', hostNetwork: false, ...more,
});

export interface Ran { state?: ContainerStatus['state']; exitCode?: number; restarts?: number; sandboxId?: string; of?: Container; reason?: string; startedAt?: number; finishedAt?: number; message?: string; resources?: ContainerStatus['resources']; user?: ContainerStatus['user'] }
export function ran(name: string, { state = 'running', exitCode = 0, restarts = 0, sandboxId = 'sandbox-0', of = container(name), reason, startedAt = 1_000, finishedAt = 2_000, message = '', resources = {}, user }: Ran = {}): ContainerStatus {
  return {
    id: `${name}-${restarts}`, podSandboxId: sandboxId, metadata: { name, attempt: restarts }, pod: { name: 'web', namespace: 'default', uid: 'uid-1', attempt: 0 },
    image: 'nginx:1', imageId: 'sha256:1', imageRef: 'nginx@sha256:1', state, createdAt: restarts, labels: {},
    annotations: containerAnnotations(pod(), of, { kind: 'regular', restartCount: restarts, terminationFile: '' }),
    startedAt: state === 'created' ? 0 : startedAt, finishedAt: state === 'exited' ? finishedAt : 0, exitCode, reason: reason ?? (state !== 'exited' ? '' : exitCode === 0 ? 'Completed' : 'Error'), message,
    pid: 1, logPath: '', mounts: [], resources, ...(user ? { user } : {}),
  };
}
export const runtime = (sandboxes: KnownSandbox[], containers: ContainerStatus[] = []): PodRuntimeStatus => ({ sandboxes, containers: [...containers].sort(newestFirst) });
export const probes = (results: Partial<Record<ProbeKind, Record<string, ProbeResult>>> = {}): ProbeResults => ({ get: (kind, id) => results[kind]?.[id] });
