// GET /metrics and /metrics/probes: what the kubelet tells of itself and of the probes it has made, under upstream's names. Pure.
// upstream: pkg/kubelet/metrics/metrics.go, pkg/kubelet/prober/prober_manager.go
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import type { ShutdownState } from '../node-shutdown.ts';
import { allContainers, type Pod } from '../pod.ts';
import { hasEnded, type PodRuntimeStatus, type ProbeKind } from '../runtime-status.ts';
import type { MetricFamily, MetricSample } from './metric-text.ts';
import type { DiskSample } from './usage.ts';

export interface ProbeCount { readonly kind: ProbeKind; readonly result: 'successful' | 'failed' | 'unknown'; readonly container: string; readonly pod: string; readonly namespace: string; readonly podUid: string; readonly count: number }

const title: Readonly<Record<ProbeKind, string>> = { readiness: 'Readiness', liveness: 'Liveness', startup: 'Startup' };

export const probeMetrics = (counts: readonly ProbeCount[]): MetricFamily[] => [{
  name: 'prober_probe_total', type: 'counter', help: 'Probes of a container, by kind and result.',
  samples: counts.map(({ kind, result, container, pod, namespace, podUid, count }) => ({ labels: { probe_type: title[kind], result, container, pod, namespace, pod_uid: podUid }, value: count })),
}];

export interface KubeletFacts {
  readonly nodeName: string; readonly version: string;
  readonly pods: readonly Pod[];
  readonly status: (uid: string) => PodRuntimeStatus;
  /** Of this process, in seconds, bytes and as a number. */
  readonly process: { readonly cpu: number; readonly rss: number; readonly startedAt: number; readonly openFiles: number };
  readonly disk: DiskSample;
  readonly shutdown: ShutdownState | undefined;
}

const secondsOf = (time: string | undefined): number => (time === undefined ? 0 : Date.parse(time) / 1000);

export function kubeletMetrics({ nodeName, version, pods, status, process, disk, shutdown }: KubeletFacts): MetricFamily[] {
  const statuses = pods.map((pod) => status(pod.metadata.uid));
  const states = new Map<string, number>();
  for (const { containers } of statuses) {
    for (const container of containers) {
      const state = hasEnded(container) ? 'exited' : container.state;
      states.set(state, (states.get(state) ?? 0) + 1);
    }
  }
  const gauge = (name: string, help: string, samples: readonly MetricSample[]): MetricFamily => ({ name, type: 'gauge', help, samples });
  // As upstream: of claims only.
  const claims = pods.flatMap((pod) => (disk.volumes.get(pod.metadata.uid) ?? []).flatMap(({ claim, fileSystem }) => (claim !== undefined && fileSystem ? [{ labels: { namespace: pod.metadata.namespace ?? '', persistentvolumeclaim: claim }, fileSystem }] : [])));
  const volume = (name: string, help: string, value: (fileSystem: (typeof claims)[number]['fileSystem']) => number): MetricFamily => gauge(`kubelet_volume_stats_${name}`, help, claims.map(({ labels, fileSystem }) => ({ labels, value: value(fileSystem) })));
  return [
    gauge('kubelet_active_pods', 'Pods of this node that have not ended.', [{ labels: { static: '' }, value: pods.filter((p) => !isPodTerminal(p)).length }]),
    gauge('kubelet_desired_pods', 'Pods this node is to run.', [{ labels: { static: '' }, value: pods.length }]),
    gauge('kubelet_graceful_shutdown_end_time_seconds', 'End of the last graceful shutdown of the node, in seconds since the epoch; 0: there is none.', [{ value: secondsOf(shutdown?.endTime) }]),
    gauge('kubelet_graceful_shutdown_start_time_seconds', 'Start of the last graceful shutdown of the node, in seconds since the epoch; 0: there was none.', [{ value: secondsOf(shutdown?.startTime) }]),
    gauge('kubelet_managed_ephemeral_containers', 'Ephemeral containers of the Pods of this node.', [{ value: pods.reduce((n, p) => n + (p.spec.ephemeralContainers?.length ?? 0), 0) }]),
    gauge('kubelet_node_name', 'Name of the node; the count is always 1.', [{ labels: { node: nodeName }, value: 1 }]),
    gauge('kubelet_running_containers', 'Containers by state.', [...states].sort(([a], [b]) => (a < b ? -1 : 1)).map(([state, value]) => ({ labels: { container_state: state }, value }))),
    gauge('kubelet_running_pods', 'Pods that have a running sandbox.', [{ value: statuses.filter((s) => s.sandboxes.some((sandbox) => sandbox.state === 'ready')).length }]),
    volume('available_bytes', 'Bytes available in a volume.', (f) => f.available),
    volume('capacity_bytes', 'Bytes a volume has.', (f) => f.capacity),
    volume('inodes', 'Inodes a volume has.', (f) => f.inodes),
    volume('inodes_free', 'Inodes free in a volume.', (f) => f.inodesFree),
    volume('inodes_used', 'Inodes used in a volume.', (f) => f.inodes - f.inodesFree),
    volume('used_bytes', 'Bytes used in a volume.', (f) => f.capacity - f.available),
    gauge('kubernetes_build_info', 'Version of this program.', [{ labels: { git_version: version }, value: 1 }]),
    { name: 'process_cpu_seconds_total', type: 'counter', help: 'Time on a processor.', samples: [{ value: process.cpu }] },
    gauge('process_open_fds', 'Open file descriptors.', [{ value: process.openFiles }]),
    gauge('process_resident_memory_bytes', 'Resident memory.', [{ value: process.rss }]),
    gauge('process_start_time_seconds', 'Start of the process, in seconds since the epoch.', [{ value: process.startedAt }]),
  ];
}

/** GET /runningpods: what runs, as far as the runtime knows it. upstream: kubecontainer.Pod.ToAPIPod */
export function runningPods(pods: readonly Pod[], status: (uid: string) => PodRuntimeStatus): object {
  const items = pods.flatMap((pod) => {
    const live = status(pod.metadata.uid).containers.filter((c) => c.state === 'running');
    if (live.length === 0) return [];
    const { name, namespace, uid } = pod.metadata;
    const order = allContainers(pod).map((c) => c.name);
    const containers = [...live].sort((a, b) => order.indexOf(a.metadata.name) - order.indexOf(b.metadata.name)).map((c) => ({ name: c.metadata.name, image: c.image, resources: {} }));
    return [{ metadata: { name, namespace, uid, creationTimestamp: null }, spec: { containers }, status: {} }];
  });
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}
