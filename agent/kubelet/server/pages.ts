// What the kubelet's server answers whole: health, Pods, statistics, metrics and its configuration. Each page is made when it is
// asked for. upstream: pkg/kubelet/server/server.go (InstallDefaultHandlers, InstallAuthNotRequiredHandlers)
import { readdir } from 'node:fs/promises';
import type { ShutdownState } from '../node-shutdown.ts';
import type { Pod } from '../pod.ts';
import type { PodRuntimeStatus } from '../runtime-status.ts';
import { cadvisorMetrics } from '../stats/cadvisor-metrics.ts';
import { kubeletMetrics, probeMetrics, runningPods, type ProbeCount } from '../stats/kubelet-metrics.ts';
import { metricContentType, metricText, type MetricFamily } from '../stats/metric-text.ts';
import { resourceMetrics } from '../stats/resource-metrics.ts';
import type { StatsProvider } from '../stats/stats-provider.ts';
import { summary } from '../stats/summary.ts';

export interface Page { readonly type: string; readonly body: string }
/** By path without a slash at its end. */
export type Pages = Readonly<Record<string, (query: URLSearchParams) => Promise<Page> | Page>>;

export interface PagesOptions {
  readonly nodeName: string;
  readonly version: string;
  readonly cores: number;
  readonly pods: () => readonly Pod[];
  readonly status: (uid: string) => PodRuntimeStatus;
  readonly probes: () => readonly ProbeCount[];
  /** The last shutdown of the node, if there was one. */
  readonly shutdown: () => ShutdownState | undefined;
  readonly stats: Pick<StatsProvider, 'sample' | 'rated' | 'disk'>;
  /** In the form of KubeletConfiguration. */
  readonly configuration: object;
}

const json = (value: unknown): Page => ({ type: 'application/json', body: JSON.stringify(value) });
const metrics = (families: readonly MetricFamily[]): Page => ({ type: metricContentType, body: metricText(families) });
const ok: Page = { type: 'text/plain; charset=utf-8', body: 'ok' };

export function createPages({ nodeName, version, cores, pods, status, probes, shutdown, stats, configuration }: PagesOptions): Pages {
  return {
    '/healthz': () => ok, '/healthz/ping': () => ok, '/healthz/syncloop': () => ok,
    '/pods': () => json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods() }),
    '/runningpods': () => json(runningPods(pods(), status)),
    '/configz': () => json({ kubeletconfig: configuration }),
    '/stats/summary': async (query) => {
      const brief = query.get('only_cpu_and_memory') === 'true';
      const [{ sample, rates }, disk] = await Promise.all([stats.rated(), brief ? undefined : stats.disk()]);
      return json(summary(nodeName, sample, rates, disk));
    },
    '/metrics': async () => {
      const { user, system } = process.cpuUsage();
      const own = { cpu: (user + system) / 1e6, rss: process.memoryUsage.rss(), startedAt: Math.round(performance.timeOrigin / 1000), openFiles: (await readdir('/proc/self/fd')).length };
      return metrics(kubeletMetrics({ nodeName, version, pods: pods(), status, process: own, disk: await stats.disk(), shutdown: shutdown() }));
    },
    '/metrics/cadvisor': async () => { const [sample, disk] = await Promise.all([stats.sample(), stats.disk()]); return metrics(cadvisorMetrics(sample, cores, disk)); },
    '/metrics/resource': async () => metrics(resourceMetrics(await stats.sample())),
    '/metrics/probes': () => metrics(probeMetrics(probes())),
  };
}
