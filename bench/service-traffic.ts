// Requests per second and their slowest hundredth: a ClusterIP through the HTTP back end, nginx as reverse proxy before the same
// Pods, and one of the Pods directly; in turn, several times.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployments } from '../src/api/apps/deployment.ts';
import { Pods } from '../src/api/core/pod.ts';
import { Services } from '../src/api/core/service.ts';
import type { BareEngine } from './bare-engine.ts';
import { freePort, podOf } from './cluster.ts';
import type { Benchmark } from './context.ts';
import { chooseLoad, type LoadFigures } from './http-load.ts';
import { median, type Figure } from './report.ts';

const replicas = 2;
const key = { namespace: 'default', name: 'served' };
const labels = { app: 'served' };

/** One worker process and kept-alive connections, as the HTTP back end has them. */
const proxyConfig = (port: number, pods: readonly string[]): string => `worker_processes 1;
daemon off;
error_log stderr error;
pid /tmp/bench-nginx-${port}.pid;
events { worker_connections 4096; }
http {
  access_log off;
  upstream pods { ${pods.map((ip) => `server ${ip}:80;`).join(' ')} keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://pods; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr; }
  }
}
`;

/**
 * nginx of this host where it is installed, as a process like the proxy workers: containers have their share of the processor
 * as one group, which is a handicap on a busy machine. Else in a container. Resolves with what ends it.
 */
async function startNginx(config: string, engine: BareEngine, image: string): Promise<{ kind: string; stop: () => Promise<void> }> {
  const program = ['/usr/sbin/nginx', ...(process.env['PATH'] ?? '').split(':').map((directory) => join(directory, 'nginx'))].find(existsSync);
  if (program === undefined) {
    await engine.startOnHost(image, config);
    return { kind: 'in a container', stop: () => engine.removeAll() };
  }
  const child = spawn(program, ['-c', config], { stdio: 'ignore' });
  return {
    kind: 'on the host',
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function answers(url: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    try {
      if ((await fetch(url, { signal: AbortSignal.timeout(2000) })).ok) return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${url} does not answer: ${(error as Error).message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const serviceTraffic: Benchmark = {
  name: 'service-traffic',
  async run({ cluster, engine, image, path, runs, say }) {
    const { client } = cluster;
    const directory = mkdtempSync(join(tmpdir(), 'dray-bench-nginx-'));
    const load = await chooseLoad();
    let proxy: Awaited<ReturnType<typeof startNginx>> | undefined;
    try {
      await client.create(Deployments, { metadata: key, spec: { replicas, selector: { matchLabels: labels }, template: { ...podOf(image, '', labels), metadata: { labels } } } } as never);
      await cluster.until(Deployments, key, (d) => d.status?.readyReplicas === replicas);
      const service = await client.create(Services, { metadata: key, spec: { selector: labels, ports: [{ name: 'http', port: 80 }] } } as never);
      const pods = (await client.list(Pods, { namespace: 'default', labelSelector: 'app=served' })).items.map((pod) => pod.status!.podIP!);
      const port = await freePort();
      const config = join(directory, 'nginx.conf');
      writeFileSync(config, proxyConfig(port, pods));
      proxy = await startNginx(config, engine, image);
      const targets = { 'ClusterIP, HTTP back end': `http://${service.spec.clusterIP}${path}`, 'nginx as reverse proxy': `http://127.0.0.1:${port}${path}`, 'direct to a Pod': `http://${pods[0]}${path}` };
      const results = new Map<string, LoadFigures[]>();
      for (const url of Object.values(targets)) await answers(url);
      for (let i = 0; i < runs; i++) {
        for (const [name, url] of Object.entries(targets)) {
          const figures = await load.run(url);
          results.set(name, [...(results.get(name) ?? []), figures]);
          say(`service-traffic ${i + 1}/${runs}, ${name}: ${Math.round(figures.perSecond)} /s, p99 ${figures.p99Ms.toFixed(1)} ms${figures.failed ? `, ${figures.failed} FAILED` : ''}`);
        }
      }
      const [own, nginx, direct] = Object.keys(targets).map((name) => results.get(name)!) as [LoadFigures[], LoadFigures[], LoadFigures[]];
      const rate = (list: LoadFigures[]): number => median(list.map((r) => r.perSecond));
      const p99 = (list: LoadFigures[]): number => median(list.map((r) => r.p99Ms));
      const failed = own.reduce((sum, r) => sum + r.failed, 0);
      const what = `ClusterIP through http (${load.name}${failed ? `; ${failed} FAILED` : ''})`;
      const beside = `nginx as reverse proxy, 1 worker ${proxy.kind}`;
      return [
        { what: `${what}: requests`, value: rate(own), unit: '/s', yardstick: { what: beside, value: rate(nginx) }, aim: { of: 'ratio', bound: 'at least', limit: 0.5 } },
        { what: `${what}: requests`, value: rate(own), unit: '/s', yardstick: { what: 'direct to a Pod', value: rate(direct) } },
        { what: `${what}: p99`, value: p99(own), unit: 'ms', yardstick: { what: beside, value: p99(nginx) } },
        { what: `${what}: p99`, value: p99(own), unit: 'ms', yardstick: { what: 'direct to a Pod', value: p99(direct) } },
      ] satisfies Figure[];
    } finally {
      await proxy?.stop();
      await client.delete(Services, key).catch(() => undefined);
      await client.delete(Deployments, key, { propagationPolicy: 'Background' }).catch(() => undefined);
      await cluster.untilNoPods('default');
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
