// kill -9 of the agent in the middle of a roll-out, ten times: the next agent takes over what runs. No container is started
// twice, none is left over, and no request through the Service fails.
import { createInterface } from 'node:readline';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { faultless, startLoad, verdict } from '../support/load.ts';

const rounds = 10;
const replicas = 4;
let cluster: TestCluster;
beforeAll(async () => { cluster = await startCluster(); });
afterAll(() => cluster?.stop());

interface Started { readonly id: string; readonly key: string }

/** Every start of a container, as the engine itself tells it. */
function followStarts(dockerHost: string): { starts: Started[]; stop: () => void } {
  const starts: Started[] = [];
  const child = cluster.spawn('docker', ['-H', dockerHost, 'events', '--filter', 'type=container', '--filter', 'event=start', '--format', '{{json .}}']);
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const { Actor } = JSON.parse(line) as { Actor: { ID: string; Attributes: Record<string, string> } };
    const uid = Actor.Attributes['io.kubernetes.pod.uid'];
    if (uid && Actor.Attributes['io.kubernetes.pod.namespace'] === 'default') starts.push({ id: Actor.ID, key: `${Actor.Attributes['io.kubernetes.pod.name']}/${Actor.Attributes['io.kubernetes.container.name']}` });
  });
  return { starts, stop: () => { child.kill(); } };
}

test('ten deaths of the agent during roll-outs restart, double, orphan and lose nothing', async () => {
  const [host] = cluster.hosts as [TestCluster['hosts'][0]];
  const events = followStarts(host.dockerHost);
  await cluster.kubectlInput(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: 'dray.local/nginx:v1', readinessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 1}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bystander}
spec: {containers: [{name: main, image: 'dray.local/busybox:1', command: [sleep, '3600']}]}
`, 'apply', '-f', '-');
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/bystander', '--timeout=150s');
  const [clusterIP, nodePort] = (await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}')).split(' ') as [string, string];
  for (const address of [clusterIP, `127.0.0.1:${nodePort}`]) await eventually('the Service', async () => (await cluster.run('curl', ['-sf', '--max-time', '2', `http://${address}/version`])).code === 0);
  const load = startLoad(cluster, { targets: [{ host: clusterIP, port: 80 }, { host: '127.0.0.1', port: Number(nodePort) }], expect: '^web-', keepAlive: 3, perRequest: 3, idleSeconds: [5, 10, 30], pauseMs: 5 });

  for (let round = 0; round < rounds; round++) {
    const before = events.starts.length;
    await cluster.kubectl('set', 'image', 'deployment/web', `nginx=dray.local/nginx:v${round % 2 === 0 ? 2 : 1}`);
    // Anywhere in the roll-out: right after the change, at a container's start, in the middle of the stops.
    const at = Math.floor(Math.random() * replicas * 2);
    await eventually('the moment to kill', async () => events.starts.length >= before + at);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
    process.kill(cluster.pid('agent'), 'SIGKILL');
    const again = await cluster.dray('up', '--detach');
    expect([again.code, again.stderr]).toEqual([0, '']);
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  }

  const names = (): Promise<string[]> => cluster.kubectl('get', 'pods', '-o', 'jsonpath={range .items[*]}{.metadata.name} {end}').then((text) => text.trim().split(' ').sort());
  await eventually('the old Pods to go', async () => (await names()).length === replicas + 1);
  const containers = async (): Promise<string[]> => (await host.docker('ps', '-a', '--filter', 'label=io.kubernetes.pod.namespace=default', '--format', '{{.Label "io.kubernetes.pod.name"}} {{.Label "io.kubernetes.container.name"}} {{.State}}')).split('\n').sort();
  const wanted = (await names()).flatMap((name) => [`${name} ${name === 'bystander' ? 'main' : 'nginx'} running`, `${name} POD running`]).sort();
  await eventually('only the containers of living Pods', async () => JSON.stringify(await containers()) === JSON.stringify(wanted)).catch(async () => expect(await containers()).toEqual(wanted));
  const twice = events.starts.filter(({ key }, i) => events.starts.findIndex((s) => s.key === key) !== i).map((s) => s.key);
  expect(twice).toEqual([]);
  expect(await cluster.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}')).toMatch(/^(0 ?)+$/);
  const { total } = await load.stop();
  events.stop();
  process.stdout.write(`${events.starts.length} starts, none twice; ${total.sent} requests, ${total.failed} failed, slowest ${total.slowestMs} ms\n`);
  expect(verdict(total)).toEqual(faultless);
}, 900_000);
