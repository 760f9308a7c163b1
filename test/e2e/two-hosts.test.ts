// One cluster on two Docker hosts: Pods and Services of either are reached from either, logs and exec go through the second host's
// agent, a roll-out over both loses no request, and a host that leaves is as it was before it joined. A third one, behind a router, comes and goes.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_BUSYBOX, DEMO_NGINX } from '../../src/cli/demo-images.ts';
import { sharedDirectory, startInContainer } from '../support/agent-container.ts';
import { dray, eventually, startCluster, type Output, type TestCluster } from '../support/cluster.ts';
import type { DockerHost } from '../../bench/hosts/docker-hosts.ts';
import { difference, hostState, type HostState } from '../support/host-state.ts';
import { faultless, startLoad, verdict } from '../support/load.ts';

const replicas = 6;
let cluster: TestCluster;
let before: HostState;
const state = (): Promise<HostState> => { const host = cluster.hosts[1]!; return hostState({ run: cluster.on(host).run, hosts: [host] }, [host.name, 'dray-e2e-agent-']); };

/** What the doctor says of the second host, and what of it stayed there, before it joined. */
let fresh: Output;
let leftOver: string[];
const examine = (...args: string[]): Promise<Output> => {
  const host = cluster.hosts[1]!;
  return cluster.on(host).run(process.execPath, [dray, 'doctor', '--docker-host', host.dockerHost, '--data-dir', join(cluster.dataDir, 'none'), '--port', '6443', ...args]);
};

/** Holds the agents' data, so that one may live in a container. */
let shared: Awaited<ReturnType<typeof sharedDirectory>>;
beforeAll(async () => {
  shared = await sharedDirectory();
  cluster = await startCluster({
    hosts: 3, behindRouter: 1, agentsIn: shared.path,
    before: async (made) => {
      cluster = made;
      // What an engine itself makes for its first container on a network stays.
      for (const network of ['bridge', 'host']) await made.hosts[1]!.docker('run', '--rm', '--network', network, DEMO_BUSYBOX, 'true');
      await eventually('the state to settle', async () => {
        const [once, again] = [await state(), await state()];
        before = again;
        return difference(once, again).length === 0;
      });
      fresh = await examine();
      leftOver = difference(before, await state());
    },
  });
});
afterAll(() => (cluster?.stop() ?? Promise.resolve()).finally(() => shared?.remove()));

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}]
      containers: [{name: nginx, image: '${DEMO_NGINX[0]}', readinessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 1}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: each}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80}]}
`;

interface Pod { readonly name: string; readonly ip: string; readonly node: string }
async function pods(): Promise<Pod[]> {
  const text = await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.spec.nodeName}{"\\n"}{end}');
  return text.trim().split('\n').map((line) => { const [name, ip, node] = line.split(' ') as [string, string, string]; return { name, ip, node }; });
}
const on = (all: readonly Pod[], host: DockerHost): Pod[] => all.filter((pod) => pod.node === host.name);
/** What each URL answers from inside a Pod, in one go. */
const fetchIn = (pod: Pod, urls: readonly string[]): Promise<string[]> =>
  cluster.kubectl('exec', pod.name, '--', 'sh', '-c', `for u in ${urls.join(' ')}; do wget -q -O - http://$u 2>/dev/null || echo "$u failed"; done`).then((text) => text.trim().split('\n'));
let clusterIP = '';
let nodePort = '';
/** The Service at every address it has. */
const addresses = (): string[] => [`${clusterIP}:80`, ...joined().map((host) => `${host.ip}:${nodePort}`)];

/** Those that are in the cluster from the beginning. */
const joined = (): readonly DockerHost[] => cluster.hosts.slice(0, 2);

test('the doctor finds nothing in the way of a fresh host, and names what is', async () => {
  expect(fresh).toMatchObject({ code: 0, stderr: '' });
  expect(fresh.stdout.trim().split('\n').map((line) => line.split(/ +/)[1])).toEqual(['engine', 'kernel', 'ports', 'routes', 'DNS', 'MTU', 'VXLAN', 'firewall', 'packet']);
  expect(fresh.stdout).toContain('VXLAN     the kernel has it, and UDP port 8472 is free');
  expect(fresh.stdout).toContain('packet    a container answers this host and, routed, another');
  expect(leftOver).toEqual([]);
  const { commands } = cluster.hosts[1]!;
  await commands.run('nft', ['-f', '-'], { input: 'table inet strict {\n chain forward { type filter hook forward priority 10; policy drop; }\n}\n' });
  try {
    const { code, stdout } = await examine('--master', `https://${cluster.hosts[0]!.ip}:6443`);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ok {7}master .* answers, and its clock is this host's$/m);
    expect(stdout).toMatch(/^blocked {2}firewall {2}nftables drops forwarded packets by default in inet strict forward/m);
    expect(stdout).toMatch(/^blocked {2}packet {4}a container answers this host, but not packets that are routed to it from another: no answer in 3 s/m);
  } finally {
    await commands.run('nft', ['delete', 'table', 'inet', 'strict']);
  }
});

test('Pods spread over both hosts, and each reaches each', async () => {
  await cluster.kubectlInput(manifest, 'apply', '-f', '-');
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  [clusterIP, nodePort] = (await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}')).split(' ') as [string, string];
  const all = await pods();
  expect(joined().map((host) => on(all, host).length)).toEqual([replicas / 2, replicas / 2]);
  for (const from of all) expect(await fetchIn(from, all.map((pod) => `${pod.ip}/hostname`))).toEqual(all.map((pod) => pod.name));
});

test('the Service answers on both hosts, to hosts and Pods, with the Pods of both', async () => {
  const all = await pods();
  const names = new Set(all.map((pod) => pod.name));
  for (const host of joined()) {
    for (const address of [...addresses(), `127.0.0.1:${nodePort}`]) {
      await eventually(`an answer of ${address} on ${host.name}`, async () => names.has((await cluster.on(host).run('curl', ['-sS', '--max-time', '20', `http://${address}/hostname`])).stdout.trim()));
      const seen = new Set<string>();
      for (let n = 0; n < replicas; n++) seen.add((await cluster.on(host).run('curl', ['-sS', '--max-time', '20', `http://${address}/hostname`])).stdout.trim());
      expect([host.name, address, [...seen].sort()]).toEqual([host.name, address, [...names].sort()]);
    }
    const [from] = on(all, host) as [Pod];
    const answers = await fetchIn(from, addresses().flatMap((address) => Array.from({ length: replicas }, () => `${address}/hostname`)));
    expect(answers.filter((name) => !names.has(name))).toEqual([]);
    expect(new Set(answers)).toEqual(names);
  }
});

test('names resolve on both hosts', async () => {
  const all = await pods();
  for (const host of joined()) {
    const [from] = on(all, host) as [Pod];
    const look = (name: string): Promise<string> => cluster.kubectl('exec', from.name, '--', 'nslookup', name);
    expect(await look('web.default.svc.cluster.local')).toContain(clusterIP);
    const each = await look('each.default.svc.cluster.local');
    expect(all.filter((pod) => !each.includes(pod.ip))).toEqual([]);
    expect((await fetchIn(from, ['web/version', 'web.default/version', 'each/version']))).toEqual(['v1', 'v1', 'v1']);
  }
});

test('load balancers hear on each host whether it has a Pod of the Service, and whether its proxy follows', async () => {
  const [chosen] = on(await pods(), cluster.hosts[1]!) as [Pod];
  await cluster.kubectl('label', 'pod', chosen.name, 'chosen=yes');
  await cluster.kubectlInput('{apiVersion: v1, kind: Service, metadata: {name: kept}, spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {chosen: "yes"}, ports: [{name: web, port: 8088, targetPort: 80}]}}', 'apply', '-f', '-');
  const port = await cluster.kubectl('get', 'service', 'kept', '-o', 'jsonpath={.spec.healthCheckNodePort}');
  const ask = (host: DockerHost, place: string): Promise<string> => cluster.on(host).run('curl', ['-sS', '--max-time', '20', '-w', ' %{http_code}', `http://${host.ip}:${place}`]).then(({ stdout }) => stdout.replaceAll(/\s+/g, ' '));
  for (const [i, host] of joined().entries()) {
    const told = `{ "service": { "namespace": "default", "name": "kept" }, "localEndpoints": ${i}, "serviceProxyHealthy": true } ${i === 1 ? 200 : 503}`;
    await eventually(`${told} of ${host.name}`, async () => (await ask(host, port)) === told);
    expect(await ask(host, '10256/healthz')).toMatch(/^\{"lastUpdated": ".*","currentTime": ".*", "nodeEligible": true\} 200$/);
  }
  await cluster.kubectl('delete', 'service', 'kept');
});

test('a joined host stops and starts again without a token; what is wrong with a join is one line', async () => {
  const host = cluster.hosts[1]!;
  const run = (...args: string[]): ReturnType<typeof cluster.run> => cluster.on(host).run(process.execPath, [dray, ...args]);
  const dataDir = ['--data-dir', cluster.dataDirOf(host)];
  expect(await run('status', ...dataDir)).toMatchObject({ code: 0, stdout: expect.stringContaining(`node     ${host.name} Ready`) as string });
  expect(await run('down', ...dataDir)).toMatchObject({ code: 0, stderr: '' });
  expect((await run('status', ...dataDir)).stdout).toContain('agent    not running');
  expect(await run('join', '--detach', ...dataDir)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`node ${host.name} is Ready`) as string });
  const [, ...line] = (await cluster.dray('token', 'create')).stdout.trim().split(' ') as [string, string, string, string, string, string, string];
  const elsewhere = mkdtempSync(join(tmpdir(), 'dray-e2e-elsewhere-'));
  const wrong = async (change: Record<string, string>, ...more: string[]): Promise<string> => {
    const { code, stderr } = await run(...line.map((word, i) => change[line[i - 1] ?? ''] ?? word), '--detach', '--docker-host', host.dockerHost, '--data-dir', elsewhere, ...more);
    expect([code, stderr.trim().split('\n').length]).toEqual([2, 1]);
    return stderr;
  };
  expect(await wrong({ '--token': 'abcdef.0123456789abcdef' }, '--node-name', 'third')).toContain('does not take the token with id "abcdef"');
  expect(await wrong({ '--ca-hash': `sha256:${'0'.repeat(64)}` }, '--node-name', 'third')).toContain('--ca-hash: the authority of');
  expect(await wrong({}, '--node-name', host.name)).toContain(`--node-name: a node called "${host.name}" is Ready in this cluster already`);
  rmSync(elsewhere, { recursive: true });
});

test('the agent goes on in a container, with the capabilities README.md names', async () => {
  const host = cluster.hosts[1]!;
  const dataDir = cluster.dataDirOf(host);
  expect(await cluster.on(host).run(process.execPath, [dray, 'down', '--data-dir', dataDir])).toMatchObject({ code: 0, stderr: '' });
  await startInContainer(host, 'dray-agent', shared.path, ['join', '--data-dir', dataDir]);
  await eventually('the agent in its container', async () => (await host.docker('logs', 'dray-agent')).includes(`node ${host.name} is Ready`));
  expect((await host.docker('top', 'dray-agent')).split('\n').filter((line) => line.includes(' agent '))).toHaveLength(1);
});

test('logs, exec, port-forward and copies reach the Pods of the second host', async () => {
  const [pod] = on(await pods(), cluster.hosts[1]!) as [Pod];
  expect(await fetchIn(pod, ['127.0.0.1/from-itself'])).toEqual(['127.0.0.1/from-itself failed']);
  expect(await cluster.kubectl('logs', pod.name)).toContain('GET /from-itself');
  expect(await cluster.kubectlInput('hello\n', 'exec', '-i', pod.name, '--', 'sh', '-c', 'cat; hostname')).toBe(`hello\n${pod.name}\n`);
  await expect(cluster.kubectl('exec', pod.name, '--', 'sh', '-c', 'exit 7')).rejects.toThrow('exit code 7');
  const follower = cluster.spawn('kubectl', ['logs', '-f', '--tail=1', pod.name]);
  let followed = '';
  follower.stdout!.on('data', (chunk: Buffer) => { followed += chunk.toString(); });
  await eventually('the log to be followed', async () => followed !== '');
  await fetchIn(pod, ['127.0.0.1/while-following']);
  await eventually('the new line', async () => followed.includes('GET /while-following'));
  follower.kill();
  const forward = cluster.spawn('kubectl', ['port-forward', pod.name, ':80']);
  let said = '';
  forward.stdout!.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const local = await eventually('the forwarded port', async () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
  expect((await cluster.run('curl', ['-sS', '--max-time', '20', `http://127.0.0.1:${local}/hostname`])).stdout.trim()).toBe(pod.name);
  forward.kill();
});

test('a roll-out over both hosts, its undoing and new names for the port lose no request', async () => {
  const loads = joined().map((host) => startLoad(cluster.on(host), {
    targets: addresses().map((address) => { const [name, port] = address.split(':') as [string, string]; return { host: name, port: Number(port) }; }),
    expect: '^web-', keepAlive: 3, perRequest: 2, idleSeconds: [3, 6], pauseMs: 2,
  }));
  for (const change of [['set', 'image', 'deployment/web', `nginx=${DEMO_NGINX[1]}`], ['rollout', 'undo', 'deployment/web']]) {
    await cluster.kubectl(...change);
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  }
  // The way the port is carried changes with its name.
  for (const name of ['http-web', 'plain', 'http']) {
    await cluster.kubectl('patch', 'service', 'web', '--type=json', '-p', JSON.stringify([{ op: 'replace', path: '/spec/ports/0/name', value: name }]));
    await eventually('the slices to follow', async () => (await cluster.kubectl('get', 'endpointslices', '-l', 'kubernetes.io/service-name=web', '-o', 'jsonpath={.items[*].ports[*].name}')) === name);
  }
  await eventually('the old Pods to go', async () => (await pods()).length === replicas);
  const totals = await Promise.all(loads.map((load) => load.stop()));
  process.stdout.write(totals.map(({ total }, i) => `from host ${i + 1}: ${total.sent} sent, ${total.failed} failed, slowest ${total.slowestMs} ms\n`).join(''));
  for (const { total } of totals) {
    expect(verdict(total)).toEqual(faultless);
    expect(total.sent).toBeGreaterThan(1000);
  }
});

/** A Pod on each host and a Service for each, whose connections the kernel carries. */
const large = 3_000_000;
const onEach = (hosts: readonly DockerHost[]): string => hosts.map((host, i) => `
apiVersion: v1
kind: Pod
metadata: {name: wide-${i}, labels: {app: wide, at: '${i}'}}
spec:
  nodeName: ${host.name}
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: '${DEMO_NGINX[0]}', command: [sh, -c, 'mkdir /www; hostname > /www/hostname; head -c ${large} /dev/zero > /www/large; exec httpd -f -p 80 -h /www'], readinessProbe: {httpGet: {path: /hostname, port: 80}, periodSeconds: 1}}]
---
apiVersion: v1
kind: Service
metadata: {name: wide-${i}, labels: {app: wide}}
spec: {type: NodePort, selector: {app: wide, at: '${i}'}, ports: [{name: data, port: 80}]}
`).join('---');

test('a host behind a router has its Pods, Services and names through VXLAN, in small and in large, and goes without a trace', async () => {
  const { hosts, lan } = cluster;
  const far = hosts[2]!;
  const devices = async (host: DockerHost): Promise<string[]> => [...(await host.commands.run('ip', ['-o', 'link'])).matchAll(/^\d+: (dray\S*?)[:@]/gm)].map(([, name]) => name!.slice(0, 6));
  // The router takes nothing in pieces, and no packet of a Pod as it is.
  await lan.router!.run('nft', ['-f', '-'], { input: 'table ip watch {\n chain forward {\n  type filter hook forward priority 0;\n  ip frag-off & 0x3fff != 0 counter drop\n  ip saddr 10.42.0.0-10.191.255.255 counter drop\n  udp dport 8472-8491 counter\n }\n}\n' });
  await cluster.join(far);
  await cluster.kubectlInput(onEach(hosts), 'apply', '-f', '-');
  await cluster.kubectl('wait', '--for=condition=Ready', 'pods', '-l', 'app=wide', '--timeout=150s');
  const [ips, services, ports] = await Promise.all(['pods -o jsonpath={.items[*].status.podIP}', 'services -o jsonpath={.items[*].spec.clusterIP}', 'services -o jsonpath={.items[*].spec.ports[0].nodePort}']
    .map(async (what) => (await cluster.kubectl('get', '-l', 'app=wide', '--sort-by=.metadata.name', ...what.split(' '))).split(' '))) as [string[], string[], string[]];
  const names = hosts.map((_, i) => `wide-${i}`);
  const get = 'for u in $@; do echo $(timeout 30 wget -q -O - http://$u/hostname) $(timeout 30 wget -q -O - http://$u/large | wc -c); done';
  const wanted = [...names, ...names, ...names].map((name) => `${name} ${large}`);
  await Promise.all(names.map(async (from) => {
    // A slice may reach an agent a moment after kubectl.
    await eventually(`${from} to see every Service`, async () => (await cluster.kubectl('exec', from, '--', 'sh', '-c', 'for u in $@; do timeout 2 wget -q -O /dev/null http://$u/hostname || exit 0; done; echo all', 'sh', ...names)).includes('all'));
    expect((await cluster.kubectl('exec', from, '--', 'sh', '-c', get, 'sh', ...ips, ...services, ...names)).trim().split('\n')).toEqual(wanted);
  }));
  for (const [from, address, answer] of [[0, `${services[2]}:80`, 2], [2, `${services[0]}:80`, 0], [1, `${far.ip}:${ports[0]}`, 0], [1, `${hosts[0]!.ip}:${ports[2]}`, 2], [2, `127.0.0.1:${ports[1]}`, 1]] as const) {
    expect([from, address, (await cluster.on(hosts[from]!).run('curl', ['-sS', '--max-time', '20', `http://${address}/hostname`])).stdout.trim()]).toEqual([from, address, names[answer]]);
  }
  const [fragments, bare, tunnelled] = [...(await lan.router!.run('nft', ['list', 'table', 'ip', 'watch'])).matchAll(/counter packets (\d+)/g)].map(([, count]) => Number(count));
  expect([fragments, bare]).toEqual([0, 0]);
  expect(tunnelled).toBeGreaterThan(100);
  for (const host of hosts) expect(await devices(host)).toContain('drayx-');
  expect((await cluster.on(far).run(process.execPath, [dray, 'doctor', '--docker-host', far.dockerHost, '--data-dir', cluster.dataDirOf(far)])).stdout).toMatch(/^ok +VXLAN +UDP port 84\d\d carries it$/m);

  await cluster.kubectl('delete', 'pods,services', '-l', 'app=wide');
  expect(await cluster.dray('node', 'remove', far.name, '--force')).toMatchObject({ code: 0, stderr: '' });
  expect(await cluster.leave(far)).toMatchObject({ code: 0, stderr: '' });
  expect(await devices(far)).toEqual([]);
  await eventually('the tunnel to go with the last far node', async () => (await Promise.all(joined().map(devices))).every((all) => !all.includes('drayx-')));
});

test('a host that leaves is as it was, and the others go on without it', async () => {
  const host = cluster.hosts[1]!;
  // What is to be moved is moved first; some Pods stay for `leave` to clear away.
  const drained = await cluster.dray('node', 'drain', host.name, '--timeout', '60s');
  expect(drained).toMatchObject({ code: 0, stderr: '' });
  expect(drained.stdout).toContain(`node/${host.name} cordoned\n`);
  expect(drained.stdout).toContain(`node/${host.name} drained\n`);
  expect(on(await pods(), host)).toEqual([]);
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  await cluster.kubectlInput(`{apiVersion: v1, kind: Pod, metadata: {name: stays}, spec: {nodeName: ${host.name}, containers: [{name: main, image: '${DEMO_BUSYBOX}', command: [sleep, '3600'], volumeMounts: [{name: memory, mountPath: /memory}]}], volumes: [{name: memory, emptyDir: {medium: Memory}}]}}`, 'apply', '-f', '-');
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/stays', '--timeout=150s');
  const changed = difference(before, await state());
  for (const part of ['docker ps -a', 'docker network ls', 'ip route', 'ip netns', 'mounts', 'nft -s list ruleset', 'listening ports']) expect(changed.filter((line) => line.startsWith(`${part}: +`)).length).toBeGreaterThan(0);
  // Taken out, its certificate serves no more; what runs on the host is for `leave`.
  expect(await cluster.dray('node', 'remove', host.name)).toMatchObject({ code: 2, stderr: expect.stringContaining('is Ready and runs 1 Pods') as string });
  expect(await cluster.dray('node', 'remove', host.name, '--force')).toMatchObject({ code: 0, stderr: '' });
  expect(await cluster.on(host).run(process.execPath, [dray, 'status', '--data-dir', cluster.dataDirOf(host)])).toMatchObject({ code: 1, stdout: expect.stringContaining(`node     ${host.name} unknown: Unauthorized`) as string });
  expect((await cluster.kubectl('get', 'nodes', '-o', 'name')).trim()).toBe(`node/${cluster.hosts[0]!.name}`);
  await host.docker('stop', 'dray-agent');
  await host.docker('rm', 'dray-agent');
  expect(await cluster.leave(host)).toMatchObject({ code: 0, stderr: '' });
  expect(difference(before, await state())).toEqual([]);
  expect(existsSync(cluster.dataDirOf(host))).toBe(false);
  expect(await cluster.leave(host)).toMatchObject({ code: 0, stderr: '' });

  const all = await pods();
  expect(on(all, cluster.hosts[0]!).length).toBe(replicas);
  expect(new Set(await fetchIn(all[0]!, Array.from({ length: replicas }, () => `${clusterIP}/hostname`)))).toEqual(new Set(all.map((pod) => pod.name)));
  // The way to the Pods of the host that left is gone as well.
  await eventually('the route to go', async () => !(await cluster.run('ip', ['route'])).stdout.includes(`via ${host.ip}`));
});
