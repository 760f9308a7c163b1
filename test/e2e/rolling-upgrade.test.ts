// The main job: ten nginx replicas are rolled forward, back, and lose a third of their Pods, while an independent client without
// retries counts every request through ClusterIP and NodePort. None may fail.
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { faultless, startLoad, verdict, type Tally } from '../support/load.ts';

const replicas = 10;
const wanted = 20_000;
const longestIdleMs = 70_000;
let cluster: TestCluster;
beforeAll(async () => { cluster = await startCluster(); });
afterAll(() => cluster?.stop());

const manifest = (name: string, count: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${count}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - name: nginx
        image: dray.local/nginx:v1
        ports: [{containerPort: 80}]
        readinessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {type: NodePort, selector: {app: ${name}}, ports: [{name: http, port: 80}]}
---
`;

test('no request fails in a roll-out, its undoing and the deletion of a third of the Pods', async () => {
  // The other Service's Pods come and go at the same time: their addresses must not answer for this one.
  await cluster.kubectlInput(manifest('web', replicas) + manifest('other', 2), 'apply', '-f', '-');
  for (const name of ['web', 'other']) await cluster.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s');
  const [clusterIP, nodePort] = (await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}')).split(' ') as [string, string];
  const hosts = ['127.0.0.1', cluster.hosts[0]!.ip].map((host) => ({ host, port: Number(nodePort) }));
  const started = performance.now();
  const load = startLoad(cluster, { targets: [{ host: clusterIP, port: 80 }, ...hosts], expect: '^web-', keepAlive: 6, perRequest: 6, idleSeconds: [5, 5, 10, 20, 35, 50, 70, 70] });
  const counted: Tally[] = [];
  const phase = async (name: string, change: () => Promise<unknown>): Promise<void> => {
    await load.phase(name);
    await change();
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s');
    counted.push(await load.phase(`after ${name}`));
  };
  const rolled = async (): Promise<number> => counted.reduce((sum, t) => sum + t.sent, 0);
  const image = async (): Promise<string> => cluster.kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
  await phase('roll forward', async () => {
    await cluster.kubectl('set', 'image', 'deployment/web', 'nginx=dray.local/nginx:v2');
    await cluster.kubectl('rollout', 'restart', 'deployment/other');
  });
  expect(await image()).toBe('dray.local/nginx:v2');
  await phase('undo', () => cluster.kubectl('rollout', 'undo', 'deployment/web'));
  expect(await image()).toBe('dray.local/nginx:v1');
  await phase('delete a third', async () => {
    const names = (await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n').slice(0, Math.ceil(replicas / 3));
    await cluster.kubectl('delete', ...names);
  });
  // As many roll-outs more as the counts and the longest idle connection ask for.
  for (let n = 0; await rolled() < wanted || performance.now() - started < longestIdleMs + 5_000; n++) {
    await phase(`again ${n}`, () => cluster.kubectl('set', 'image', 'deployment/web', `nginx=dray.local/nginx:v${n % 2 === 0 ? 2 : 1}`));
  }
  const { total } = await load.stop();
  process.stdout.write(`${counted.map((t) => `${t.phase}: ${t.sent} sent, ${t.failed} failed, slowest ${t.slowestMs} ms`).join('\n')}\ntotal: ${total.sent} sent (${total.posts} POST, ${total.idleUses} on idle connections), ${total.failed} failed\n`);
  expect(verdict(total)).toEqual(faultless);
  expect(total.answered).toBe(total.sent);
  expect(await rolled()).toBeGreaterThanOrEqual(wanted);
  expect(total.idleUses).toBeGreaterThan(10);
  expect(total.posts).toBeGreaterThan(wanted / 5);
}, 900_000);
