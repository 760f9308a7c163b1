// Samples in the forms they are served in: the summary's fields, the metrics' names and labels.
import { cadvisorMetrics } from '../../../../../agent/kubelet/stats/cadvisor-metrics.ts';
import { kubeletMetrics, probeMetrics, runningPods } from '../../../../../agent/kubelet/stats/kubelet-metrics.ts';
import { metricText } from '../../../../../agent/kubelet/stats/metric-text.ts';
import { resourceMetrics } from '../../../../../agent/kubelet/stats/resource-metrics.ts';
import { ratesBetween } from '../../../../../agent/kubelet/stats/stats-provider.ts';
import { summary } from '../../../../../agent/kubelet/stats/summary.ts';
import { ran, runtime, sandbox } from '../pods.ts';
import { disk, sample, subject } from './samples.ts';

const time = '2026-01-01T00:01:00Z';
const rates = new Map([['', 2_000_000_000], ['a-0', 100], ['b-0', 20]]);

describe('metric text', () => {
  it('escapes, sorts labels, and leaves out what nothing is known of', () => {
    expect(metricText([
      { name: 'm', type: 'gauge', help: 'a\\b\nc', samples: [{ labels: { z: '1', a: 'q"\\\n' }, value: 1.5, at: 12.4 }, { value: Infinity }, { value: NaN }] }, { name: 'none', type: 'counter', help: '', samples: [] },
    ])).toBe('# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{a="q\\"\\\\\\n",z="1"} 1.5 12\nm +Inf\nm NaN\n');
  });
});

describe('rates', () => {
  it('are between two moments; what began in between is measured from its beginning; what went back is not told', () => {
    const base = new Map([['', { at: sample.at - 10_000, cpu: 8e9 }], ['a-0', { at: sample.at - 1000, cpu: 15e8 }], ['agent', { at: sample.at - 1000, cpu: 6e8 }]]);
    expect(ratesBetween(base, sample)).toEqual(new Map([['', 1e8], ['a-0', 5e8], ['b-0', 5e8]]));
  });
});

describe('the summary', () => {
  const { node, pods } = summary('n1', sample, rates, disk);
  const fs = { time, availableBytes: 60_000, capacityBytes: 100_000, inodes: 1000, inodesFree: 900 };
  it('of the node', () => {
    expect(node).toEqual({
      nodeName: 'n1', startTime: '2026-01-01T00:00:00Z', cpu: { time, usageNanoCores: 2e9, usageCoreNanoSeconds: 9e9 },
      memory: { time, availableBytes: 6000, usageBytes: 6000, workingSetBytes: 4000, rssBytes: 2000, pageFaults: 9, majorPageFaults: 2 },
      network: { time, name: 'eth0', rxBytes: 100, rxErrors: 2, txBytes: 20, txErrors: 5, interfaces: [{ name: 'eth0', rxBytes: 100, rxErrors: 2, txBytes: 20, txErrors: 5 }] },
      fs: { ...fs, usedBytes: 40_000, inodesUsed: 100 }, runtime: { imageFs: { ...fs, usedBytes: 12_345, inodesUsed: 100 }, containerFs: { ...fs, usedBytes: 40, inodesUsed: 4 } },
      rlimit: { time, maxpid: 4096, curproc: 12 }, swap: { time, swapAvailableBytes: 70, swapUsageBytes: 30 }, systemContainers: [expect.objectContaining({ name: 'kubelet', startTime: '2026-01-01T00:00:10Z' })],
    });
  });
  it('of a Pod sums its containers; without a limit on each there is no available memory', () => {
    expect(pods).toEqual([{
      podRef: { name: 'web', namespace: 'default', uid: 'uid-1' }, startTime: '2026-01-01T00:00:00Z',
      containers: [
        {
          name: 'a', startTime: '2026-01-01T00:00:30Z', cpu: { time, usageNanoCores: 100, usageCoreNanoSeconds: 2e9 }, memory: { time, availableBytes: 1200, usageBytes: 1000, workingSetBytes: 800, rssBytes: 500, pageFaults: 7, majorPageFaults: 1 },
          rootfs: { ...fs, usedBytes: 40, inodesUsed: 4 }, logs: { ...fs, usedBytes: 8, inodesUsed: 1 }, swap: { time, swapUsageBytes: 5 },
        },
        {
          name: 'b', startTime: '2026-01-01T00:00:58Z', cpu: { time, usageNanoCores: 20, usageCoreNanoSeconds: 1e9 }, memory: { time, usageBytes: 1000, workingSetBytes: 800, rssBytes: 500, pageFaults: 7, majorPageFaults: 1 },
          rootfs: fs, logs: { ...fs, usedBytes: 16, inodesUsed: 2 }, swap: { time, swapUsageBytes: 5 },
        },
      ],
      cpu: { time, usageNanoCores: 120, usageCoreNanoSeconds: 3e9 }, memory: { time, usageBytes: 2000, workingSetBytes: 1600, rssBytes: 1000, pageFaults: 14, majorPageFaults: 2 },
      network: { time, name: 'eth0', rxBytes: 10, rxErrors: 2, txBytes: 20, txErrors: 5, interfaces: [{ name: 'eth0', rxBytes: 10, rxErrors: 2, txBytes: 20, txErrors: 5 }] },
      volume: [{ name: 'tmp', ...fs, usedBytes: 100, inodesUsed: 3 }, { name: 'data', ...fs, usedBytes: 40_000, inodesUsed: 100, pvcRef: { name: 'web-data', namespace: 'default' } }],
      'ephemeral-storage': { ...fs, usedBytes: 164, inodesUsed: 10 }, process_stats: { process_count: 3 }, swap: { time, swapUsageBytes: 10 },
    }]);
  });
  it('of processor and memory only has nothing else', () => {
    const brief = summary('n1', sample, rates);
    expect(Object.keys(brief.node).sort()).toEqual(['cpu', 'memory', 'nodeName', 'startTime', 'swap', 'systemContainers']);
    expect(Object.keys(brief.pods[0]!).sort()).toEqual(['containers', 'cpu', 'memory', 'podRef', 'process_stats', 'startTime', 'swap']);
    expect(Object.keys(brief.pods[0]!.containers[0]!)).toEqual(['name', 'startTime', 'cpu', 'memory', 'swap']);
  });
});

describe('metrics', () => {
  const lines = (text: string, start: string): string[] => text.split('\n').filter((line) => line.startsWith(start));
  const stamp = sample.at;
  it('of resources', () => {
    const text = metricText(resourceMetrics(sample));
    expect(lines(text, 'container_cpu')).toEqual([`container_cpu_usage_seconds_total{container="a",namespace="default",pod="web"} 2 ${stamp}`, `container_cpu_usage_seconds_total{container="b",namespace="default",pod="web"} 1 ${stamp}`]);
    expect(lines(text, 'container_start_time_seconds')[0]).toBe(`container_start_time_seconds{container="a",namespace="default",pod="web"} ${stamp / 1000 - 30}`);
    expect(lines(text, 'pod_')).toEqual([`pod_cpu_usage_seconds_total{namespace="default",pod="web"} 3 ${stamp}`, `pod_memory_working_set_bytes{namespace="default",pod="web"} 1600 ${stamp}`, `pod_swap_usage_bytes{namespace="default",pod="web"} 10 ${stamp}`]);
    expect(lines(text, 'node_')).toEqual([`node_cpu_usage_seconds_total 9 ${stamp}`, `node_memory_working_set_bytes 4000 ${stamp}`, `node_swap_usage_bytes 30 ${stamp}`]);
    expect(lines(text, 'resource_scrape_error')).toEqual(['resource_scrape_error 0']);
    const blind = { ...sample, pods: [{ ...sample.pods[0]!, containers: sample.pods[0]!.containers.map((c) => ({ ...c, usage: {} })) }] };
    expect(lines(metricText(resourceMetrics(blind)), 'resource_scrape_error')).toEqual(['resource_scrape_error 1']);
  });
  it('of cAdvisor', () => {
    const text = metricText(cadvisorMetrics(sample, 2, disk));
    const a = 'container="a",id="a-0",image="nginx:1",name="a-0",namespace="default",pod="web"';
    expect(lines(text, 'container_cpu_cfs_throttled_seconds_total')).toEqual([`container_cpu_cfs_throttled_seconds_total{${a}} 0.5 ${stamp}`]);
    expect(lines(text, 'container_memory_working_set_bytes')).toContain(`container_memory_working_set_bytes{${a}} 800 ${stamp}`);
    expect(lines(text, 'container_cpu_usage_seconds_total')).toContain(`container_cpu_usage_seconds_total{container="",cpu="total",id="/",image="",name="",namespace="",pod=""} 9 ${stamp}`);
    expect(lines(text, 'container_network_transmit_bytes_total')).toEqual([
      `container_network_transmit_bytes_total{container="",id="/",image="",interface="eth0",name="",namespace="",pod=""} 20 ${stamp}`, `container_network_transmit_bytes_total{container="",id="uid-1",image="",interface="eth0",name="",namespace="default",pod="web"} 20 ${stamp}`,
    ]);
    expect(lines(text, 'machine_')).toEqual(['machine_cpu_cores 2', 'machine_memory_bytes 10000']);
  });
  const known = runtime([sandbox()], [ran('b'), ran('a'), ran('a', { state: 'exited', restarts: 1 })]);
  it('of the kubelet and its probes', () => {
    const text = metricText(kubeletMetrics({ nodeName: 'n1', version: 'v1', pods: [subject], status: () => known, process: { cpu: 1, rss: 2, startedAt: 3, openFiles: 4 }, disk, shutdown: { pid: 1, startTime: '2026-01-01T00:00:00Z', pods: 1 } }));
    expect(lines(text, 'kubelet_running')).toEqual(['kubelet_running_containers{container_state="exited"} 1', 'kubelet_running_containers{container_state="running"} 2', 'kubelet_running_pods 1']);
    expect(lines(text, 'kubelet_graceful')).toEqual(['kubelet_graceful_shutdown_end_time_seconds 0', 'kubelet_graceful_shutdown_start_time_seconds 1767225600']);
    expect(lines(text, 'kubelet_node_name')).toEqual(['kubelet_node_name{node="n1"} 1']);
    expect(lines(text, 'kubelet_volume_stats_used_bytes')).toEqual(['kubelet_volume_stats_used_bytes{namespace="default",persistentvolumeclaim="web-data"} 40000']);
    expect(lines(metricText(probeMetrics([{ kind: 'readiness', result: 'failed', container: 'a', pod: 'web', namespace: 'default', podUid: 'uid-1', count: 3 }])), 'prober')).toEqual(['prober_probe_total{container="a",namespace="default",pod="web",pod_uid="uid-1",probe_type="Readiness",result="failed"} 3']);
  });
  it('running Pods are what the runtime knows, in the order of their spec', () => {
    expect(runningPods([subject], () => known)).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'web', uid: 'uid-1' }, spec: { containers: [{ name: 'a', image: 'nginx:1' }, { name: 'b' }] } }] });
    expect(runningPods([subject], () => runtime([sandbox()]))).toMatchObject({ items: [] });
  });
});
