// What Services cost on the way and at a change: throughput through each back end beside a direct connection, the first packet and a
// change of endpoints with ever more Services. One run, one machine; each figure beside its yardstick.
import { Deployments } from '../../src/api/apps/deployment.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { Services, type Service } from '../../src/api/core/service.ts';
import { installPackages } from '../../src/util/apt.ts';
import { addressAt, mustParseCIDR } from '../../src/util/cidr.ts';
import { CommandError, run } from '../../src/util/run.ts';
import { podOf } from '../cluster.ts';
import type { BenchContext, Benchmark } from '../context.ts';
import { chooseLoad, type LoadFigures } from '../http-load.ts';
import { answers, startNginx } from '../nginx.ts';
import { median, percentile, type Figure } from '../report.ts';
import { Changes } from './changes.ts';
import { firstPackets } from './first-packet.ts';
import { ManyServices } from './services.ts';

/** One, as the direct connection has: a second nginx on two cores would be another measurement. */
const replicas = 1;
const labels = { app: 'served' };
const key = { namespace: 'default', name: 'served' };
const sizes = [1, 100, 1_000, 10_000];
/** Endpoint changes at each size; at the largest more, for the slowest hundredth. */
const changesPerSize = 20;
const changesAtLargest = 200;

interface Target { readonly name: string; readonly url: string; readonly limit: { readonly keepAlive?: number; readonly perConnection?: number } }

/** The kernel keeps closed connections for two minutes: those of one way to a Pod would take the ports of the next one's. */
async function forgetConnections(pods: readonly string[]): Promise<void> {
  for (const pod of pods) {
    await run('conntrack', ['--delete', '--proto', 'tcp', '--reply-src', pod]).catch((error: unknown) => {
      // The program's way to say that there were none.
      if (!(error instanceof CommandError) || !/0 flow entries/.test(error.message)) throw error;
    });
  }
}

/** Requests per second by target, keep-alive and per connection, taken in turn. */
async function throughput({ cluster, engine, image, path, runs, say }: BenchContext, pods: readonly string[]): Promise<Figure[]> {
  const { client } = cluster;
  const service = (name: string, port: object): Promise<Service> => client.create(Services, { metadata: { namespace: 'default', name }, spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, ...port }] } } as never);
  // The name of a port decides who carries it; what comes by loopback the kernel leaves to the relay.
  const [plain, http] = [await service('plain', { name: 'tcp' }), await service('requests', { name: 'http' })];
  const nginx = await startNginx(pods, engine, image);
  try {
    const direct: Target = { name: 'direct to a Pod', url: `http://${pods[0]}${path}`, limit: {} };
    const beside: Target = { name: `nginx as reverse proxy, 1 worker ${nginx.kind}`, url: `http://${nginx.address}${path}`, limit: {} };
    const targets: Target[] = [
      { name: 'ClusterIP, nftables', url: `http://${plain.spec.clusterIP}${path}`, limit: { keepAlive: 0.95, perConnection: 0.8 } },
      { name: 'node port on loopback, relay', url: `http://127.0.0.1:${plain.spec.ports![0]!.nodePort}${path}`, limit: { keepAlive: 0.5 } },
      { name: 'ClusterIP, http', url: `http://${http.spec.clusterIP}${path}`, limit: {} },
    ];
    for (const { url } of [direct, beside, ...targets]) await answers(url);
    const load = await chooseLoad();
    await run('conntrack', ['--version']).catch(() => installPackages(['conntrack']));
    const rates = new Map<string, LoadFigures[]>();
    const way = (perConnection: boolean): string => (perConnection ? 'per connection' : 'keep-alive');
    for (let i = 0; i < runs; i++) {
      for (const perConnection of [false, true]) {
        for (const { name, url } of [direct, ...targets, beside]) {
          if (perConnection) await forgetConnections(pods);
          const figures = await load.run(url, { perConnection });
          rates.set(`${name} ${way(perConnection)}`, [...(rates.get(`${name} ${way(perConnection)}`) ?? []), figures]);
          say(`network ${i + 1}/${runs}, ${name}, ${way(perConnection)}: ${Math.round(figures.perSecond)} /s${figures.failed ? `, ${figures.failed} FAILED` : ''}`);
        }
      }
    }
    const rate = (name: string, perConnection: boolean): number => median(rates.get(`${name} ${way(perConnection)}`)!.map((r) => r.perSecond));
    const figure = (target: Target, yardstick: Target, perConnection: boolean, limit: number | undefined): Figure => ({
      what: `${target.name}: requests, ${way(perConnection)}`, value: rate(target.name, perConnection), unit: '/s', yardstick: { what: yardstick.name, value: rate(yardstick.name, perConnection) },
      ...(limit === undefined ? {} : { aim: { of: 'ratio', bound: 'at least', limit } as const }),
    });
    return [
      ...targets.flatMap((target) => [figure(target, direct, false, target.limit.keepAlive), figure(target, direct, true, target.limit.perConnection)]),
      ...[false, true].map((perConnection) => figure(targets[2]!, beside, perConnection, 0.5)),
    ];
  } finally {
    await nginx.stop();
  }
}

export const network: Benchmark = {
  name: 'network',
  async run(context) {
    const { cluster, image, runs, say } = context;
    const { client } = cluster;
    await client.create(Deployments, { metadata: key, spec: { replicas, selector: { matchLabels: labels }, template: { ...podOf(image, '', labels), metadata: { labels } } } } as never);
    await cluster.until(Deployments, key, (d) => d.status?.readyReplicas === replicas);
    const pods = (await client.list(Pods, { namespace: 'default', labelSelector: 'app=served' })).items.map((pod) => pod.status!.podIP!);
    const [node] = (await client.list(Nodes)).items;
    // The pod bridge's own address: no endpoint may be on loopback.
    const host = addressAt(mustParseCIDR(node!.spec.podCIDR!), 1);
    const figures = await throughput(context, pods);

    const many = new ManyServices(client, host);
    const changes = await Changes.open(context, host);
    try {
      for (const size of sizes) {
        say(`network: ${size} Services`);
        await many.grow(size);
        await changes.settled();
        const packets = await firstPackets(changes.direct, changes.address, runs);
        figures.push({ what: `first packet, ${size} Services: connect to a ClusterIP, median`, value: packets.service, unit: 'ms', yardstick: { what: 'connect directly', value: packets.direct } });
        const largest = size === sizes.at(-1);
        const measured = await changes.measure(largest ? changesAtLargest : changesPerSize);
        figures.push({ what: `change of an endpoint, ${size} Services: to active, median`, value: median(measured.activeMs), unit: 'ms', yardstick: { what: 'one element by nft alone', value: measured.bareMs } });
        if (largest) figures.push({ what: `change of an endpoint, ${size} Services: to active, p99 of ${changesAtLargest}`, value: percentile(measured.activeMs, 99), unit: 'ms', aim: { of: 'value', bound: 'at most', limit: 200 } });
        // A bound of how long the agent's event loop is taken up.
        figures.push({ what: `change of an endpoint, ${size} Services: processor time of the agent`, value: measured.agentMs, unit: 'ms', ...(largest ? { aim: { of: 'value', bound: 'at most', limit: 20 } as const } : {}) });
      }
    } finally {
      await changes.close();
    }
    await client.delete(Deployments, key, { propagationPolicy: 'Background' });
    await cluster.untilNoPods('default');
    return figures;
  },
};
