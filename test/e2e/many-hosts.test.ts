// One cluster on many Docker hosts, some of them behind a router (VXLAN), the others on one link (host-gw). While checkers on every host, in a
// Pod of every host and outside sample everything that can be reached, hosts are cut off, powered off and started again, agents are killed, Pods are
// rolled, drained and scaled down. What is lost has one of the causes an outage has; nothing else is lost, and after each outage everybody reaches everything.
// DRAY_HOSTS=5 DRAY_HOST_ROUNDS=10 for the long run; DRAY_HOST_AWAY_SECONDS=75 for outages that outlast a node's grace.
import { routeProtocol } from '../../agent/network/names.ts';
import { DEMO_NGINX } from '../../src/cli/demo-images.ts';
import { dray, eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import type { DockerHost } from '../../bench/hosts/docker-hosts.ts';
import { inWords, Traffic, type Outage, type Target } from '../support/traffic.ts';

const count = Number(process.env['DRAY_HOSTS'] ?? 3);
const rounds = Number(process.env['DRAY_HOST_ROUNDS'] ?? 1);
const awayMs = Number(process.env['DRAY_HOST_AWAY_SECONDS'] ?? 2) * 1000;
/** As many requests a second, however many hosts there are. */
const pauseMs = 60 * count * count;
const behindRouter = Math.floor(count / 2);
const say = (text: string): void => { process.stdout.write(`${text}\n`); };

let cluster: TestCluster;
const traffic = new Traffic({ pauseMs, timeoutMs: 10_000 });
beforeAll(async () => {
  cluster = await startCluster({ hosts: count, behindRouter });
  for (const host of cluster.hosts.slice(-behindRouter)) await cluster.join(host);
});
afterAll(async () => { traffic.kill(); await cluster?.stop(); });

const spec = (name: string): string => `
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: ${name}}}}]
      tolerations: [{operator: Exists}]
      terminationGracePeriodSeconds: 10
      containers: [{name: nginx, image: '${DEMO_NGINX[0]}', readinessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 1}}]
`;
/** The name of a port decides who carries it: \`http\` each request, by the worker; else the kernel each connection. */
const served = (name: string, portName: string, port: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${count}
${spec(name).replace('      tolerations: [{operator: Exists}]\n', '')}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {type: LoadBalancer, selector: {app: ${name}}, ports: [{name: ${portName}, port: ${port}, targetPort: 80}]}
---
`;
const services = [{ name: 'web', portName: 'http', port: 8080 }, { name: 'raw', portName: 'tcp', port: 8081 }];
const manifest = `${services.map(({ name, portName, port }) => served(name, portName, port)).join('')}
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: each}
spec:${spec('each')}
`;

interface Pod { readonly name: string; readonly ip: string; readonly node: string }
async function podsOf(app: string): Promise<Pod[]> {
  const text = await cluster.kubectl('get', 'pods', '-l', `app=${app}`, '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.spec.nodeName}{"\\n"}{end}');
  return text.trim().split('\n').map((line) => { const [name, ip, node] = line.split(' ') as [string, string, string]; return { name, ip, node }; });
}

let common: Target[] = [];
const outside: Target[] = [];
async function findTargets(): Promise<void> {
  const [some] = await podsOf('each') as [Pod];
  const lookup = /^nameserver (\S+)/m.exec(await cluster.kubectl('exec', some.name, '--', 'cat', '/etc/resolv.conf'))![1]!;
  for (const { name, portName, port } of services) {
    const [clusterIP, nodePort] = (await cluster.kubectl('get', 'service', name, '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}')).split(' ') as [string, string];
    const target = { expect: `^${name}-`, kernel: portName !== 'http' };
    common.push({ ...target, name: `${name} by ClusterIP`, host: clusterIP, port }, { ...target, name: `${name} by name`, host: `${name}.default.svc.cluster.local`, port, lookup });
    for (const host of cluster.hosts) {
      outside.push({ ...target, name: `${name} by NodePort of ${host.name}`, host: host.ip, port: Number(nodePort), at: host.name });
      outside.push({ ...target, name: `${name} by LoadBalancer at ${host.name}`, host: host.ip, port, at: host.name });
    }
  }
  common = [...common, ...outside];
}
/** Every Pod of the DaemonSet is a target of all, and a place to ask from: their addresses change when a host starts again. */
async function everywhere(only: (host: DockerHost) => boolean = () => true): Promise<void> {
  const pods = await podsOf('each');
  const targets = [...common, ...pods.map((pod): Target => ({ name: `Pod of ${pod.node}`, host: pod.ip, port: 80, expect: `^${pod.name}$`, kernel: true, at: pod.node, alone: true }))];
  for (const host of cluster.hosts) {
    if (!only(host)) continue;
    const { name } = pods.find(({ node }) => node === host.name)!;
    const id = await host.docker('ps', '-q', '--filter', `label=io.kubernetes.pod.name=${name}`, '--filter', 'label=io.kubernetes.docker.type=podsandbox');
    await traffic.from(host.name, host.name, host.netns, targets);
    await traffic.from(`a Pod of ${host.name}`, host.name, `/proc/${await host.docker('inspect', '-f', '{{.State.Pid}}', id)}/ns/net`, targets);
  }
  await traffic.aim(targets, (name) => name !== 'outside');
}
/** All from everywhere. How long that took. */
async function reached(what: string, withinMs = 120_000): Promise<number> {
  const from = Date.now();
  let missing: string[] = [];
  await eventually('', async () => (missing = await traffic.unreachable()).length === 0, withinMs).catch((error: unknown) => {
    if (missing.length === 0) throw error;
    throw new Error(`${withinMs / 1000} s after ${what}:\n${missing.join('\n')}`);
  });
  return Date.now() - from;
}

/** Everything that may last loses nothing; what an outage loses it loses by that outage. */
async function judge(what: string, note = ''): Promise<void> {
  const summary = await traffic.summary();
  say(`${what}${note}: ${inWords(summary)}`);
  expect({ what, faults: summary.faults.slice(0, 20), count: summary.faults.length }).toEqual({ what, faults: [], count: 0 });
  expect(summary.sent).toBeGreaterThan(0);
}
const rolledOut = (): Promise<unknown> => Promise.all(['deployment/web', 'deployment/raw', 'daemonset/each'].map((each) => cluster.kubectl('rollout', 'status', each, '--timeout=180s')));
async function rest(ms: number): Promise<void> { await new Promise((resolve) => setTimeout(resolve, ms)); }
const startNode = async (host: DockerHost): Promise<void> => {
  const started = host === cluster.hosts[0] ? await cluster.dray('up', '--detach') : await cluster.on(host).run(process.execPath, [dray, 'join', '--detach', '--data-dir', cluster.dataDirOf(host)]);
  if (started.code !== 0) throw new Error(`${host.name} does not start: ${started.stderr}${started.stdout}`);
};
const dataDirOf = (host: DockerHost): string => (host === cluster.hosts[0] ? cluster.dataDir : cluster.dataDirOf(host));

async function outage(host: DockerHost, begin: () => Promise<void>, end: () => Promise<void>): Promise<string> {
  const window: Outage = { host: host.name, from: Date.now(), to: Infinity };
  traffic.outages.push(window);
  await begin();
  await rest(awayMs);
  await end();
  const took = await reached(`the end of an outage of ${host.name}`);
  window.to = Date.now();
  return `, reached from everywhere after ${(took / 1000).toFixed(1)} s`;
}

test('every Pod and host reaches every Pod, Service and name, by either way between hosts', async () => {
  await cluster.kubectlInput(manifest, 'apply', '-f', '-');
  await rolledOut();
  await findTargets();
  await everywhere();
  await traffic.from('outside', '', undefined, outside);
  await reached('the start');
  for (const [i, host] of cluster.hosts.entries()) {
    const onThisSide = i < count - behindRouter ? count - behindRouter : behindRouter;
    const ways = (await cluster.on(host).run('ip', ['route', 'show', 'protocol', String(routeProtocol)])).stdout.split('\n').filter((line) => line.includes(' via '));
    const [tunnelled, direct] = [ways.filter((line) => line.includes('dev drayx-')), ways.filter((line) => line.includes('dev eth0'))];
    expect([host.name, tunnelled.length, direct.length]).toEqual([host.name, count - onThisSide, onThisSide - 1]);
  }
  await traffic.summary();
});

const actions: readonly { readonly name: string; run(host: DockerHost, round: number): Promise<string | void> }[] = [
  {
    name: 'a rolling upgrade',
    async run(_, round) {
      for (const { name } of services) await cluster.kubectl('set', 'image', `deployment/${name}`, `nginx=${DEMO_NGINX[(round + 1) % 2]}`);
      await rolledOut();
    },
  },
  {
    name: 'a scale-down and its undoing',
    async run() {
      for (const replicas of [1, count]) {
        for (const { name } of services) await cluster.kubectl('scale', `deployment/${name}`, `--replicas=${replicas}`);
        await rolledOut();
      }
    },
  },
  {
    name: 'a drain',
    async run(host) {
      const drained = await cluster.dray('node', 'drain', host.name, '--timeout', '120s');
      expect(drained).toMatchObject({ code: 0, stdout: expect.stringContaining(`node/${host.name} drained`) as string });
      await rolledOut();
      await cluster.kubectl('uncordon', host.name);
    },
  },
  {
    name: 'the end of an agent by SIGKILL',
    async run(host) {
      const { stdout } = await cluster.on(host).run('cat', [`${dataDirOf(host)}/agent.pid`]);
      process.kill(Number(stdout), 'SIGKILL');
      await startNode(host);
      await cluster.kubectl('wait', '--for=condition=Ready', `node/${host.name}`, '--timeout=120s');
    },
  },
  { name: 'a cut', run: (host) => outage(host, () => cluster.lan.plug(host, false), () => cluster.lan.plug(host, true)) },
  {
    name: 'a loss of power',
    run: (host) => outage(host, async () => {
      traffic.forget(host.name);
      await cluster.lan.powerOff(host, dataDirOf(host));
    }, async () => {
      await cluster.lan.powerOn(host);
      await startNode(host);
      await cluster.kubectl('wait', '--for=condition=Ready', `node/${host.name}`, '--timeout=120s');
      await eventually('its Pods', async () => {
        const statuses = await cluster.kubectl('get', 'pods', '--field-selector', `spec.nodeName=${host.name}`, '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}');
        return /^True( True)*$/.test(statuses);
      });
      await everywhere((each) => each === host);
    }),
  },
];

test.each(Array.from({ length: rounds }, (_, round) => [round + 1]))('round %i: nothing is lost but to hosts that are away, and what comes back is reached by all', async (round) => {
  for (const [i, { name, run }] of actions.entries()) {
    // Each comes to each host, the last one first: the master's, too.
    const host = cluster.hosts.at(-1 - ((round - 1 + i) % count))!;
    const note = await run(host, round);
    await reached(name);
    await judge(`round ${round}, ${name}, ${host.name.slice(-2)}`, note ?? '');
  }
}, 1_800_000);
