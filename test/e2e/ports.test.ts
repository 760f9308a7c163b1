// Services on ports that the host itself uses: each answers for itself, whoever came first.
import { DEMO_NGINX } from '../../src/cli/demo-images.ts';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';

let cluster: TestCluster;
beforeAll(async () => { cluster = await startCluster(); });
afterAll(() => cluster?.stop());

const ports = [22, 53, 80, 443];
const nginx = DEMO_NGINX[1];

async function service(name: string): Promise<string> {
  const list = ports.map((port) => `{name: p${port}, port: ${port}, targetPort: 80}`).join(', ');
  await cluster.kubectlInput(`{apiVersion: v1, kind: Service, metadata: {name: ${name}}, spec: {selector: {app: web}, ports: [${list}]}}`, 'apply', '-f', '-');
  return cluster.kubectl('get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}');
}
/** Nothing while there is no good answer: a Service that has just been made may have no endpoints yet. */
const get = async (address: string): Promise<string> => (await cluster.run('curl', ['-sSf', '--max-time', '20', `http://${address}`])).stdout.trim();
async function served(ip: string): Promise<void> {
  for (const port of ports) expect(await eventually(`port ${port} of the Service`, () => get(`${ip}:${port}/version`))).toBe('v1');
}
/** A program of the host's own on 0.0.0.0:80. */
async function listener(): Promise<() => Promise<void>> {
  const program = `require('node:http').createServer((q, s) => s.end('the host')).listen(80, '0.0.0.0', () => console.log('listening'))`;
  const child = cluster.spawn(process.execPath, ['-e', program]);
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  await eventually('the listener', async () => {
    if (child.exitCode !== null) throw new Error(said);
    return said.includes('listening');
  });
  return async () => {
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  };
}
async function published(): Promise<() => Promise<void>> {
  const id = await cluster.hosts[0]!.docker('run', '-d', '-p', '80:80', nginx);
  await eventually('the published port', async () => (await get('127.0.0.1:80/version')) === 'v2');
  return async () => { await cluster.hosts[0]!.docker('rm', '-f', id); };
}

beforeAll(async () => {
  await cluster.kubectl('create', 'deployment', 'web', `--image=${DEMO_NGINX[0]}`, '--replicas=1', '--port=80');
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
});

test('Services on 22, 53, 80 and 443 after a listener on 0.0.0.0:80', async () => {
  const stop = await listener();
  const ip = await service('after-listener');
  await served(ip);
  expect(await get('127.0.0.1:80')).toBe('the host');
  await stop();
  await served(ip);
});

test('a listener on 0.0.0.0:80 after the Services', async () => {
  const ip = await service('before-listener');
  await served(ip);
  const stop = await listener();
  expect(await get('127.0.0.1:80')).toBe('the host');
  expect(await get(`${cluster.hosts[0]!.ip}:80`)).toBe('the host');
  await served(ip);
  await stop();
});

test('Services after `docker run -p 80:80`', async () => {
  const stop = await published();
  const ip = await service('after-container');
  await served(ip);
  expect(await get(`${cluster.hosts[0]!.ip}:80/version`)).toBe('v2');
  await stop();
  await served(ip);
});

test('`docker run -p 80:80` after the Services', async () => {
  const ip = await service('before-container');
  await served(ip);
  const stop = await published();
  await served(ip);
  expect(await get(`${cluster.hosts[0]!.ip}:80/version`)).toBe('v2');
  await stop();
});

test('what a ClusterIP does not serve is refused at once, whatever the host listens on', async () => {
  const ip = await service('refusing');
  await served(ip);
  const stop = await listener();
  for (const port of [6443, 8080]) {
    const { code } = await cluster.run('curl', ['-sS', '--max-time', '20', `http://${ip}:${port}`]);
    expect([port, code]).toEqual([port, 7]);
  }
  await stop();
});

test('Pods reach the same ports as the host does', async () => {
  const ip = await service('for-pods');
  await served(ip);
  const pod = (await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
  // From the only Pod behind the Service: it reaches itself.
  for (const port of ports) {
    const answer = await cluster.kubectl('exec', pod, '--', 'sh', '-c', `printf 'GET /version HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${ip} ${port}`);
    expect(answer.trim().split('\n').at(-1)).toBe('v1');
  }
});

test('a node port that is taken is an Event on the Service, and served once it is free', async () => {
  const range = JSON.parse((await cluster.run('cat', [`${cluster.dataDir}/cluster.json`])).stdout) as { ranges: { nodePortRange: { from: number } } };
  const port = range.ranges.nodePortRange.from + 11;
  const blocker = cluster.spawn(process.execPath, ['-e', `require('node:net').createServer().listen(${port}, '0.0.0.0', () => console.log('listening'))`]);
  await new Promise((resolve) => blocker.stdout!.once('data', resolve));
  await cluster.kubectlInput(`{apiVersion: v1, kind: Service, metadata: {name: taken}, spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, nodePort: ${port}}]}}`, 'apply', '-f', '-');
  await eventually('an Event on the Service', async () => (await cluster.kubectl('describe', 'service', 'taken')).includes(`${port}`) && /in use/.test(await cluster.kubectl('events', '--for', 'service/taken')));
  blocker.kill('SIGKILL');
  expect(await eventually('the node port', () => get(`127.0.0.1:${port}/version`))).toBe('v1');
});

// upstream: test/e2e/network/hostport.go
test('Pods have one port of the host between them, each by its own address or protocol', async () => {
  const { ip } = cluster.hosts[0]!;
  const port = 18_323;
  const pod = (name: string, container: string): string => `{apiVersion: v1, kind: Pod, metadata: {name: ${name}, labels: {hosted: ''}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, ${container}}]}}`;
  const published = (hostIP: string, protocol: string): string => `ports: [{containerPort: 80, hostPort: ${port}, hostIP: ${hostIP}, protocol: ${protocol}}]`;
  const made = [
    pod('by-loopback', `image: '${DEMO_NGINX[0]}', ${published('127.0.0.1', 'TCP')}`), pod('by-address', `image: '${DEMO_NGINX[0]}', ${published(ip, 'TCP')}`),
    pod('by-protocol', `image: '${DEMO_NGINX[0]}', ${published(ip, 'UDP')}`),
  ];
  await cluster.kubectlInput(made.join('\n---\n'), 'apply', '-f', '-');
  await cluster.kubectl('wait', '--for=condition=Ready', 'pods', '-l', 'hosted', '--timeout=150s');
  expect(await eventually('the port on loopback', () => get(`127.0.0.1:${port}/hostname`))).toBe('by-loopback');
  expect(await eventually('the port of the address', () => get(`${ip}:${port}/hostname`))).toBe('by-address');
  // One more of the same has no room.
  await cluster.kubectlInput(pod('refused', `image: '${DEMO_NGINX[0]}', ${published('0.0.0.0', 'TCP')}`), 'apply', '-f', '-');
  await cluster.kubectl('wait', '--for=jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}=Unschedulable', 'pod/refused', '--timeout=150s');
});
