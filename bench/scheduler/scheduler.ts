// The scheduler at scale: hollow nodes in a process of their own, Pods created as fast as the API takes them, and what is counted are
// the bindings a watch tells of. Events are on. Then a large Deployment is scaled, rolled and deleted.
import { Deployments, type Deployment } from '../../src/api/apps/deployment.ts';
import { Namespaces } from '../../src/api/core/namespace.ts';
import { Client, type Draft } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import { load } from '../api/load.ts';
import { BenchMaster } from '../api/servers.ts';
import { requestBytes, TlsConnection } from '../api/tls-connection.ts';
import type { Figure } from '../report.ts';
import { hollowNames, HollowNodes } from './hollow-nodes.ts';
import { BoundPods, Probe } from './watching.ts';

const host = 'bench';
const namespace = 'bench';
/** Pods of one group keep away from each other; there are more nodes than Pods in a group. */
const groups = 20;
const patienceMs = 600_000;
const containers = (image: string) => [{ name: 'c', image, imagePullPolicy: 'Never', resources: { requests: { cpu: '10m', memory: '16Mi' } } }];
/** Measured is the placing: tokens would be as many requests again. */
const spec = { containers: containers('hollow:1'), automountServiceAccountToken: false, terminationGracePeriodSeconds: 1 };

const plain = (n: number): object => ({ metadata: { name: `plain-${n}`, labels: { app: 'plain' } }, spec });
function choosy(n: number): object {
  const labels = { app: 'choosy', group: `g${n % groups}` };
  const labelSelector = { matchLabels: labels };
  return {
    metadata: { name: `choosy-${n}`, labels },
    spec: {
      ...spec, affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector, topologyKey: 'kubernetes.io/hostname' }] } },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector }],
    },
  };
}

export async function scheduler(nodes: number, pods: number, say: (text: string) => void): Promise<Figure[]> {
  const master = new BenchMaster();
  let hollow: HollowNodes | undefined;
  try {
    await master.start(hollowNames(nodes));
    const begun = performance.now();
    hollow = await HollowNodes.start(master.dataDir, nodes);
    say(`scheduler: ${nodes} nodes are Ready`);
    const figures: Figure[] = [{ what: `${nodes} hollow nodes: to the last Ready`, value: (performance.now() - begun) / 1000, unit: 's' }];
    figures.push(...(await measure(master, nodes, pods, say)));
    return figures;
  } finally {
    await hollow?.stop();
    await master.remove();
  }
}

async function measure(master: BenchMaster, nodes: number, pods: number, say: (text: string) => void): Promise<Figure[]> {
  const { access } = master;
  const transport = new HttpTransport({ access, userAgent: 'dray-bench' });
  const client = new Client(transport);
  await client.create(Namespaces, { metadata: { name: namespace } });
  const bound = await BoundPods.follow(access, namespace);
  const probe = await Probe.start(access, namespace);
  const figures: Figure[] = [];
  try {
    for (const [what, count, pod, aim] of [['plain', pods, plain, 600], ['with anti-affinity and spread', Math.min(pods, groups * nodes), choosy, 300]] as const) {
      say(`scheduler: ${count} Pods, ${what}`);
      bound.reset();
      probe.p99();
      const cpu = master.cpuSeconds;
      const created = await load(access, (n) => requestBytes('POST', `/api/v1/namespaces/${namespace}/pods`, host, JSON.stringify(pod(n))), 201, { count });
      await bound.until(count);
      figures.push(
        { what: `${count} Pods ${what}: bindings written`, value: count / ((bound.lastAt - bound.firstAt) / 1000), unit: '/s', aim: { of: 'value', bound: 'at least', limit: aim } },
        { what: '  created meanwhile', value: created.perSecond, unit: '/s' },
        { what: '  processor time of the master for each', value: ((master.cpuSeconds - cpu) * 1000) / count, unit: 'ms' }, apiP99(probe), memory(master),
      );
      await emptied(access, bound);
    }
    figures.push(...(await deployment(client, master, Math.floor(pods / 2), bound, probe, say)));
  } finally {
    bound.close();
    await probe.stop();
    await transport.close();
  }
  return figures;
}

async function emptied(access: ClusterAccess, bound: BoundPods): Promise<void> {
  const connection = await TlsConnection.open(access);
  await connection.request(requestBytes('DELETE', `/api/v1/namespaces/${namespace}/pods`, host));
  connection.close();
  await bound.until(0);
}

const apiP99 = (probe: Probe): Figure => ({ what: '  API p99 meanwhile', value: probe.p99(), unit: 'ms', aim: { of: 'value', bound: 'at most', limit: 100 } });
const memory = (master: BenchMaster): Figure => ({ what: '  master RSS', value: master.rssMB, unit: 'MB', aim: { of: 'value', bound: 'at most', limit: 1200 } });

async function deployment(client: Client, master: BenchMaster, replicas: number, bound: BoundPods, probe: Probe, say: (text: string) => void): Promise<Figure[]> {
  const labels = { app: 'large' };
  const key = { namespace, name: 'large' };
  await client.create(Deployments, { metadata: key, spec: { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } } } as Draft<Deployment>);
  const done = async (): Promise<void> => {
    const { resourceVersion } = (await client.get(Deployments, key)).metadata;
    for await (const { object } of client.watch(Deployments, { namespace, fieldSelector: 'metadata.name=large', resourceVersion: String(Number(resourceVersion) - 1), signal: AbortSignal.timeout(patienceMs) })) {
      const { metadata, status } = object as Deployment;
      if (status?.observedGeneration === metadata.generation && status?.availableReplicas === replicas && status.updatedReplicas === replicas && status.replicas === replicas) return;
    }
    throw new Error(`the Deployment was not done in ${patienceMs / 1000} s`);
  };
  const figures: Figure[] = [];
  const timed = async (what: string, act: () => Promise<unknown>, end: () => Promise<void>): Promise<void> => {
    say(`scheduler: Deployment of ${replicas}: ${what}`);
    probe.p99();
    const begun = performance.now();
    await act();
    await end();
    figures.push({ what: `Deployment of ${replicas} Pods: ${what}`, value: (performance.now() - begun) / 1000, unit: 's' }, apiP99(probe));
  };
  await timed('scaled, all available', () => client.patch(Deployments, key, { spec: { replicas } }), done);
  await timed('rolled', () => client.patch(Deployments, key, { spec: { template: { spec: { containers: containers('hollow:2') } } } }, { type: 'strategic' }), done);
  await timed('deleted, all Pods gone', () => client.delete(Deployments, key), () => bound.until(0));
  return [...figures, memory(master)];
}
