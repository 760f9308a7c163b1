// GET /metrics/cadvisor: what cAdvisor tells of containers that the kernel's files of their cgroup tell too, under its names and
// labels. Pure. upstream: cadvisor metrics/prometheus.go, pkg/kubelet/server/server.go (containerPrometheusLabelsFunc)
import { unmeasured } from './resource-metrics.ts';
import type { MetricFamily, MetricSample } from './metric-text.ts';
import type { InterfaceUsage } from './proc.ts';
import type { ContainerSample, DiskSample, NodeSample, PodSample } from './usage.ts';

type Labels = Readonly<Record<string, string>>;
const nanoseconds = 1e9;

/** As the kubelet writes them: the container's, and for what belongs to the Pod an empty `container`. */
const containerLabels = ({ pod }: PodSample, { status }: ContainerSample): Labels => ({ container: status.metadata.name, id: status.id, image: status.image, name: status.id, namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name });
const podLabels = ({ pod }: PodSample): Labels => ({ container: '', id: pod.metadata.uid, image: '', name: '', namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name });
const hostLabels: Labels = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' };

export function cadvisorMetrics(sample: NodeSample, cores: number, disk: DiskSample): MetricFamily[] {
  const { at, host, interfaces, pods } = sample;
  const containers = (value: (c: ContainerSample) => number | undefined, more: Labels = {}): MetricSample[] =>
    pods.flatMap((pod) => pod.containers.flatMap((c) => { const v = value(c); return v === undefined ? [] : [{ labels: { ...containerLabels(pod, c), ...more }, value: v, at: c.at }]; }));
  const root = (value: number, more: Labels = {}): MetricSample => ({ labels: { ...hostLabels, ...more }, value, at });
  const cpu = (of: (cpu: NonNullable<ContainerSample['usage']['cpu']>) => number | undefined, divisor = nanoseconds) => ({ usage }: ContainerSample): number | undefined => {
    const v = usage.cpu && of(usage.cpu);
    return v === undefined ? undefined : v / divisor;
  };
  const memory = (of: (memory: NonNullable<ContainerSample['usage']['memory']>) => number | undefined) => ({ usage }: ContainerSample): number | undefined => usage.memory && of(usage.memory);
  const network = (of: (i: InterfaceUsage) => number): MetricSample[] => [
    ...interfaces.map((i) => root(of(i), { interface: i.name })),
    ...pods.flatMap((pod) => (pod.interfaces ?? []).map((i) => ({ labels: { ...podLabels(pod), interface: i.name }, value: of(i), at: pod.at }))),
  ];
  const faults = (type: 'pgfault' | 'pgmajfault', of: (c: NonNullable<ContainerSample['usage']['memory']>) => number): MetricSample[] => containers(memory(of), { failure_type: type, scope: 'hierarchy' });
  const counter = (name: string, help: string, samples: readonly MetricSample[]): MetricFamily => ({ name, help, type: 'counter', samples });
  const gauge = (name: string, help: string, samples: readonly MetricSample[]): MetricFamily => ({ name, help, type: 'gauge', samples });
  const total = { cpu: 'total' };
  return [
    counter('container_cpu_cfs_periods_total', 'Periods of a processor limit that have passed.', containers(cpu((c) => c.periods, 1))),
    counter('container_cpu_cfs_throttled_periods_total', 'Periods in which a container was held back.', containers(cpu((c) => c.throttledPeriods, 1))),
    counter('container_cpu_cfs_throttled_seconds_total', 'Time a container was held back, in seconds.', containers(cpu((c) => c.throttled))),
    counter('container_cpu_system_seconds_total', 'Processor time in the kernel, in seconds.', containers(cpu((c) => c.system))),
    counter('container_cpu_usage_seconds_total', 'Processor time used, in seconds.', [root(host.cpu / nanoseconds, total), ...containers(cpu((c) => c.usage), total)]),
    counter('container_cpu_user_seconds_total', 'Processor time outside of the kernel, in seconds.', containers(cpu((c) => c.user))),
    gauge('container_fs_usage_bytes', 'Bytes a container has written to its own file system.', containers((c) => disk.rootfs.get(c.status.id)?.usedBytes, { device: '' })),
    gauge('container_fs_limit_bytes', 'Bytes the file system of containers has.', disk.imageFs ? containers((c) => (disk.rootfs.has(c.status.id) ? disk.imageFs!.capacity : undefined), { device: '' }) : []),
    gauge('container_last_seen', 'When a container was last looked at, in seconds since the epoch.', containers((c) => Math.floor(c.at / 1000))),
    gauge('container_memory_cache', 'Page cache in bytes.', containers(memory((m) => m.cache))),
    counter('container_memory_failcnt', 'Times the memory limit was met.', containers(memory((m) => m.failures))),
    counter('container_memory_failures_total', 'Page faults.', [...faults('pgfault', (m) => m.pageFaults), ...faults('pgmajfault', (m) => m.majorPageFaults)]),
    gauge('container_memory_mapped_file', 'Memory mapped files in bytes.', containers(memory((m) => m.mappedFile))),
    gauge('container_memory_max_usage_bytes', 'Most memory that was used, in bytes.', containers(memory((m) => m.maxUsage))),
    gauge('container_memory_rss', 'Anonymous memory in bytes.', [root(host.rss), ...containers(memory((m) => m.rss))]),
    gauge('container_memory_swap', 'Swap in bytes.', containers(memory((m) => m.swap))),
    gauge('container_memory_usage_bytes', 'Memory in use, in bytes, whenever it was last touched.', [root(host.usage), ...containers(memory((m) => m.usage))]),
    gauge('container_memory_working_set_bytes', 'Working set in bytes.', [root(host.workingSet), ...containers(memory((m) => m.workingSet))]),
    counter('container_network_receive_bytes_total', 'Bytes received.', network((i) => i.rxBytes)),
    counter('container_network_receive_errors_total', 'Errors while receiving.', network((i) => i.rxErrors)),
    counter('container_network_receive_packets_dropped_total', 'Packets dropped while receiving.', network((i) => i.rxDropped)),
    counter('container_network_receive_packets_total', 'Packets received.', network((i) => i.rxPackets)),
    counter('container_network_transmit_bytes_total', 'Bytes sent.', network((i) => i.txBytes)),
    counter('container_network_transmit_errors_total', 'Errors while sending.', network((i) => i.txErrors)),
    counter('container_network_transmit_packets_dropped_total', 'Packets dropped while sending.', network((i) => i.txDropped)),
    counter('container_network_transmit_packets_total', 'Packets sent.', network((i) => i.txPackets)),
    gauge('container_processes', 'Processes in a container.', containers((c) => c.usage.processes)),
    gauge('container_scrape_error', '1 when a container could not be measured, else 0', [{ value: unmeasured(pods) ? 1 : 0 }]),
    gauge('container_spec_cpu_period', 'Period of the processor limit, in microseconds.', containers((c) => c.status.resources.cpuPeriod)),
    gauge('container_spec_cpu_quota', 'Processor limit in microseconds a period.', containers((c) => c.status.resources.cpuQuota)),
    gauge('container_spec_cpu_shares', 'Processor shares.', containers((c) => c.status.resources.cpuShares)),
    gauge('container_spec_memory_limit_bytes', 'Memory limit in bytes; 0 is none.', containers((c) => c.status.resources.memoryLimitInBytes ?? 0)),
    gauge('container_start_time_seconds', 'Start of a container, in seconds since the epoch.', [root(host.bootTime / 1000), ...containers((c) => c.status.startedAt / 1000)]),
    gauge('machine_cpu_cores', 'Processors of the node.', [{ value: cores }]),
    gauge('machine_memory_bytes', 'Memory of the node in bytes.', [{ value: host.memoryBytes }]),
  ];
}
