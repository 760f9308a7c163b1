// GET /metrics/resource: processor and memory of the node, its Pods and their containers, under upstream's names. Pure.
// upstream: pkg/kubelet/metrics/collectors/resource_metrics.go
import type { MetricFamily, MetricSample } from './metric-text.ts';
import type { ContainerSample, NodeSample, PodSample } from './usage.ts';

const nanoseconds = 1e9;

export function resourceMetrics({ at, host, pods }: NodeSample): MetricFamily[] {
  const ofPod = (pod: PodSample): Record<string, string> => ({ pod: pod.pod.metadata.name, namespace: pod.pod.metadata.namespace ?? '' });
  const perContainer = (value: (c: ContainerSample) => number | undefined, timed = true): MetricSample[] =>
    pods.flatMap((pod) => pod.containers.flatMap((c) => { const v = value(c); return v === undefined ? [] : [{ labels: { container: c.status.metadata.name, ...ofPod(pod) }, value: v, ...(timed ? { at: c.at } : {}) }]; }));
  const perPod = (value: (c: ContainerSample) => number | undefined): MetricSample[] => pods.flatMap((pod) => {
    const values = pod.containers.flatMap((c) => value(c) ?? []);
    return values.length > 0 ? [{ labels: ofPod(pod), value: values.reduce((a, b) => a + b), at: pod.at }] : [];
  });
  const cpu = ({ usage }: ContainerSample): number | undefined => usage.cpu && usage.cpu.usage / nanoseconds;
  const memory = ({ usage }: ContainerSample): number | undefined => usage.memory?.workingSet;
  const swap = ({ usage }: ContainerSample): number | undefined => usage.memory?.swap;
  return [
    { name: 'container_cpu_usage_seconds_total', type: 'counter', help: 'Processor time a container has used, in core-seconds', samples: perContainer(cpu) },
    { name: 'container_memory_working_set_bytes', type: 'gauge', help: 'Working set of a container in bytes', samples: perContainer(memory) },
    { name: 'container_start_time_seconds', type: 'gauge', help: 'Start of a container in seconds since the epoch', samples: perContainer((c) => c.status.startedAt / 1000, false) },
    { name: 'container_swap_usage_bytes', type: 'gauge', help: 'Swap a container uses, in bytes', samples: perContainer(swap) },
    { name: 'node_cpu_usage_seconds_total', type: 'counter', help: 'Processor time the node has used, in core-seconds', samples: [{ value: host.cpu / nanoseconds, at }] },
    { name: 'node_memory_working_set_bytes', type: 'gauge', help: 'Working set of the node in bytes', samples: [{ value: host.workingSet, at }] },
    { name: 'node_swap_usage_bytes', type: 'gauge', help: 'Swap the node uses, in bytes', samples: [{ value: host.swapUsage, at }] },
    { name: 'pod_cpu_usage_seconds_total', type: 'counter', help: 'Processor time a Pod has used, in core-seconds', samples: perPod(cpu) },
    { name: 'pod_memory_working_set_bytes', type: 'gauge', help: 'Working set of a Pod in bytes', samples: perPod(memory) },
    { name: 'pod_swap_usage_bytes', type: 'gauge', help: 'Swap a Pod uses, in bytes', samples: perPod(swap) },
    ...['resource_scrape_error', 'scrape_error'].map((name): MetricFamily => ({ name, type: 'gauge', help: '1 when a container could not be measured, else 0', samples: [{ value: unmeasured(pods) ? 1 : 0 }] })),
  ];
}

/** Whether the kernel told nothing of any container: its groups are not where they are looked for. One that has just ended is none. */
export const unmeasured = (pods: readonly PodSample[]): boolean => pods.length > 0 && pods.every((p) => p.containers.every((c) => !c.usage.cpu && !c.usage.memory));
