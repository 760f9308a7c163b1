// Requests per second and their slowest hundredth: a ClusterIP through the HTTP back end, nginx as reverse proxy before the same
// Pods, and one of the Pods directly; in turn, several times.
import { Deployments } from '../src/api/apps/deployment.ts';
import { Pods } from '../src/api/core/pod.ts';
import { Services } from '../src/api/core/service.ts';
import { podOf } from './cluster.ts';
import type { Benchmark } from './context.ts';
import { chooseLoad, type LoadFigures } from './http-load.ts';
import { answers, startNginx } from './nginx.ts';
import { median, type Figure } from './report.ts';

const replicas = 2;
const key = { namespace: 'default', name: 'served' };
const labels = { app: 'served' };

export const serviceTraffic: Benchmark = {
  name: 'service-traffic',
  async run({ cluster, engine, image, path, runs, say }) {
    const { client } = cluster;
    const load = await chooseLoad();
    let proxy: Awaited<ReturnType<typeof startNginx>> | undefined;
    try {
      await client.create(Deployments, { metadata: key, spec: { replicas, selector: { matchLabels: labels }, template: { ...podOf(image, '', labels), metadata: { labels } } } } as never);
      await cluster.until(Deployments, key, (d) => d.status?.readyReplicas === replicas);
      const service = await client.create(Services, { metadata: key, spec: { selector: labels, ports: [{ name: 'http', port: 80 }] } } as never);
      const pods = (await client.list(Pods, { namespace: 'default', labelSelector: 'app=served' })).items.map((pod) => pod.status!.podIP!);
      proxy = await startNginx(pods, engine, image);
      const targets = { 'ClusterIP, HTTP back end': `http://${service.spec.clusterIP}${path}`, 'nginx as reverse proxy': `http://${proxy.address}${path}`, 'direct to a Pod': `http://${pods[0]}${path}` };
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
    }
  },
};
