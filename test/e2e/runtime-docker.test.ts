// The Docker runtime against a real engine: the contract, and what only a real engine can show.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createDockerRuntime } from '../../agent/runtime/docker/docker-runtime.ts';
import type { ContainerConfig, PodSandboxConfig, Runtime } from '../../agent/runtime/runtime.ts';
import { DEMO_BUSYBOX, DEMO_NGINX, ensureDemoImages } from '../../src/cli/demo-images.ts';
import { groupAround, locateCgroup, parseCgroupMounts } from '../../src/util/cgroup/location.ts';
import { realClock } from '../../src/util/clock.ts';
import { engineRequest, parseDockerHost } from '../../src/util/engine-http.ts';
import { silentLog } from '../../src/util/log.ts';
import { runtimeContract } from '../contract/runtime.ts';
import { startTestEngine } from '../support/docker-engine.ts';
import type { TestEngine } from '../support/docker-engine.ts';

const NETWORK = 'contract';
let engine: TestEngine;
const connect = (clusterLabel: string): Promise<Runtime> => createDockerRuntime({ host: engine.host, clusterLabel, clock: realClock, log: silentLog });

beforeAll(async () => {
  engine = await startTestEngine('runtime');
  await ensureDemoImages({ dockerHost: engine.host });
  const body = Buffer.from(JSON.stringify({ Name: NETWORK, IPAM: { Config: [{ Subnet: '10.199.0.0/24' }] } }));
  const { status } = await engineRequest(parseDockerHost(engine.host), 'POST', '/networks/create', { body });
  expect(status).toBe(201);
});
afterAll(async () => { await engine?.stop(); });

/** The group around a container's own, as the kernel tells. */
const groupOf = async (id: string, pid: number): Promise<string | undefined> => groupAround(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), id, '1', parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')));
runtimeContract('the Docker runtime', async () => ({ runtime: await connect('contract'), image: DEMO_BUSYBOX, network: NETWORK, address: (n) => `10.199.0.${n + 1}`, group: '/dray-runtime/contract', groupOf }));

describe('on a real engine', () => {
  const sandbox = (name: string, more: Partial<PodSandboxConfig> = {}): PodSandboxConfig => ({ metadata: { name, namespace: 'default', uid: `uid-${name}`, attempt: 0 }, hostname: name, network: NETWORK, ...more });
  const busybox = (script: string, more: Partial<ContainerConfig> = {}): ContainerConfig => ({
    metadata: { name: 'main', attempt: 0 }, image: DEMO_BUSYBOX, imageReference: DEMO_BUSYBOX, command: ['sh', '-c', script], envs: [], mounts: [], ...more,
  });
  const output = async (runtime: Runtime, id: string, script: string): Promise<string> => Buffer.from((await runtime.execSync(id, ['sh', '-c', script], 60_000)).stdout).toString().trim();

  it('a Pod is one network namespace with its hostname, sysctls and a reaping process 1', async () => {
    const runtime = await connect('pod');
    const config = sandbox('web', { ip: '10.199.0.240', sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' } });
    const sandboxId = await runtime.runPodSandbox(config);
    const server = await runtime.createContainer(sandboxId, { ...busybox(''), metadata: { name: 'server', attempt: 0 }, image: DEMO_NGINX[0], command: ['nginx', '-g', 'daemon off;'] }, config);
    const client = await runtime.createContainer(sandboxId, busybox('sleep 1000', { security: { pidMode: 'pod' } }), config);
    await Promise.all([runtime.startContainer(server), runtime.startContainer(client)]);
    expect(await output(runtime, client, 'until wget -qO- http://127.0.0.1/version; do :; done')).toBe('v1');
    expect(await output(runtime, client, 'hostname')).toBe('web');
    expect(await output(runtime, client, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toBe('0');
    expect(await output(runtime, client, 'ip -4 addr show eth0')).toContain('10.199.0.240/');
    expect(await output(runtime, client, 'cat /proc/1/comm')).toBe('pause');
    // An orphan ends and process 1 takes it away: no zombie stays.
    await runtime.execSync(client, ['sh', '-c', '(sh -c "true" &) ; true'], 60_000);
    expect(await output(runtime, client, 'while grep -qs "^State:.Z" /proc/[0-9]*/status; do sleep 0.1; done; echo none')).toBe('none');
    expect(execFileSync(engine.enter[0]!, [...engine.enter.slice(1), 'curl', '-s', '--max-time', '30', 'http://10.199.0.240/version'], { encoding: 'utf8' })).toBe('v1\n');
    await runtime.removePodSandbox(sandboxId);
  });

  it('measures what a container writes into its own layer, not into a mount', async () => {
    const runtime = await connect('usage');
    const config = sandbox('writer', { ip: '10.199.0.239' });
    const sandboxId = await runtime.runPodSandbox(config);
    const id = await runtime.createContainer(sandboxId, busybox('sleep 1000', { mounts: [{ hostPath: '/dev/shm', containerPath: '/shm' }] }), config);
    await runtime.startContainer(id);
    await output(runtime, id, 'head -c 3000000 /dev/zero > /data; head -c 3000000 /dev/zero > /shm/dray-usage; rm /shm/dray-usage; mkdir /d; touch /d/1 /d/2');
    const { writableLayer } = await runtime.containerStats(id, { writableLayer: true });
    expect(writableLayer!.usedBytes).toBeGreaterThanOrEqual(3_000_000);
    expect(writableLayer!.usedBytes).toBeLessThan(3_500_000);
    expect(writableLayer!.inodesUsed).toBeGreaterThanOrEqual(4);
    await runtime.removePodSandbox(sandboxId);
  });

  it('tells what the kernel gives a container, whatever the engine remembers', async () => {
    const runtime = await connect('given');
    const config = sandbox('given', { ip: '10.199.0.237' });
    const sandboxId = await runtime.runPodSandbox(config);
    const asked = { cpuShares: 102, cpuPeriod: 100_000, cpuQuota: 25_500, memoryLimitInBytes: 20_000_001 };
    const id = await runtime.createContainer(sandboxId, busybox('sleep 1000', { resources: asked }), config);
    await runtime.startContainer(id);
    const { pid, resources } = await runtime.containerStatus(id);
    expect(resources).toEqual(asked);
    const { cpu, memory } = locateCgroup(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')));
    writeFileSync(`${cpu}/cpu.cfs_quota_us`, '-1');
    writeFileSync(`${memory}/memory.limit_in_bytes`, String(16 * 2 ** 20));
    expect((await runtime.containerStatus(id)).resources).toEqual({ cpuShares: 102, memoryLimitInBytes: 16 * 2 ** 20 });
    await runtime.removePodSandbox(sandboxId);
  });

  it('sees images in use by containers of someone else, running or not', async () => {
    const runtime = await connect('mine');
    const theirs = await connect('theirs');
    const config = sandbox('foreign', { ip: '10.199.0.238' });
    const sandboxId = await theirs.runPodSandbox(config);
    await theirs.createContainer(sandboxId, busybox('true'), config);
    expect(await runtime.listContainers()).toEqual([]);
    expect(await runtime.imagesInUse()).toContain((await runtime.imageStatus(DEMO_BUSYBOX))!.id);
    await theirs.removePodSandbox(sandboxId);
    expect(await runtime.imagesInUse()).not.toContain((await runtime.imageStatus(DEMO_BUSYBOX))!.id);
  });

  it('on the host network a Pod has the host\'s address and name, and a late exec leaves nothing running', async () => {
    const runtime = await connect('host');
    const config = sandbox('hostly', { network: 'host' });
    const sandboxId = await runtime.runPodSandbox(config);
    expect(await runtime.podSandboxStatus(sandboxId)).toMatchObject({ state: 'ready', ip: '', network: 'host' });
    const id = await runtime.createContainer(sandboxId, busybox('sleep 1000'), config);
    await runtime.startContainer(id);
    expect(await output(runtime, id, 'ip -4 addr show docker0')).toContain('docker0');
    // Late while it runs, and before the engine has started it.
    for (const timeoutMs of [300, 1]) expect((await runtime.execSync(id, ['sleep', '54321'], timeoutMs)).timedOut).toBe(true);
    // The kill has been sent; the process is gone once the kernel has carried it out.
    expect(await output(runtime, id, 'while pidof sleep | grep -q " "; do :; done; ps | grep -c "[5]4321"')).toBe('0');
    await runtime.removePodSandbox(sandboxId);
  });

  it('two clusters on one engine do not see each other', async () => {
    const [one, other] = [await connect('one'), await connect('other')];
    const id = await one.runPodSandbox(sandbox('mine'));
    expect(await other.listPodSandbox()).toEqual([]);
    expect(await one.listPodSandbox()).toMatchObject([{ id }]);
    await one.removePodSandbox(id);
  });

  it('containers carry the names and labels that tools know, a bounded json log and no more rights than asked', async () => {
    const runtime = await connect('labels');
    const config = sandbox('named');
    const sandboxId = await runtime.runPodSandbox(config);
    const id = await runtime.createContainer(sandboxId, busybox('id -u; id -g; grep Seccomp: /proc/self/status; touch /x 2>&1', {
      security: { runAsUser: 1234, runAsGroup: 5678, readonlyRootfs: true, noNewPrivs: true, dropCapabilities: ['ALL'], seccomp: 'runtime/default' }, resources: { oomScoreAdj: 1000 },
    }), config);
    const { body } = await engineRequest(parseDockerHost(engine.host), 'GET', `/containers/${id}/json`);
    const info = JSON.parse(body.toString()) as { Name: string; Config: { Labels: Record<string, string> }; HostConfig: { LogConfig: { Type: string; Config: Record<string, string> }; OomScoreAdj: number } };
    expect(info.Name).toBe('/k8s_main_named_default_uid-named_0');
    expect(info.Config.Labels).toMatchObject({
      'io.kubernetes.pod.name': 'named', 'io.kubernetes.pod.namespace': 'default', 'io.kubernetes.pod.uid': 'uid-named', 'io.kubernetes.container.name': 'main',
      'io.kubernetes.docker.type': 'container', 'io.kubernetes.sandbox.id': sandboxId, 'dray.io/cluster': 'labels',
    });
    expect(info.HostConfig).toMatchObject({ LogConfig: { Type: 'json-file', Config: { 'max-size': String(10 * 2 ** 20) } }, OomScoreAdj: 1000 });
    await runtime.startContainer(id);
    let log = '';
    for await (const piece of runtime.logs(id, { follow: true })) log += Buffer.from(piece).toString();
    expect(log).toContain('1234\n5678\nSeccomp:\t2\n');
    expect(log).toContain('Read-only file system');
    await runtime.removePodSandbox(sandboxId);
  });

  it('a bad bind, a taken address and a taken host port are told in the engine\'s words', async () => {
    const runtime = await connect('bad');
    const config = sandbox('first', { ip: '10.199.0.241', portMappings: [{ protocol: 'TCP', containerPort: 80, hostPort: 18080 }] });
    const sandboxId = await runtime.runPodSandbox(config);
    await expect(runtime.createContainer(sandboxId, busybox('true', { mounts: [{ hostPath: '/no/such/path', containerPath: '/data' }] }), config)).rejects.toThrow(/bind source path does not exist/);
    await expect(runtime.runPodSandbox(sandbox('second', { ip: '10.199.0.241' }))).rejects.toThrow(/Address already in use/);
    await expect(runtime.runPodSandbox(sandbox('third', { portMappings: [{ protocol: 'TCP', containerPort: 80, hostPort: 18080 }] }))).rejects.toThrow(/port is already allocated/);
    expect(await runtime.listPodSandbox()).toHaveLength(1);
    await runtime.removePodSandbox(sandboxId);
  });

  it('the sandbox image comes back when someone removes it', async () => {
    const runtime = await connect('pruned');
    const endpoint = parseDockerHost(engine.host);
    expect((await runtime.listImages()).flatMap((image) => image.repoTags)).not.toContain('dray.local/pause:1');
    expect((await engineRequest(endpoint, 'DELETE', '/images/dray.local/pause:1?force=1')).status).toBe(200);
    const id = await runtime.runPodSandbox(sandbox('again'));
    expect((await runtime.podSandboxStatus(id)).state).toBe('ready');
    await runtime.removePodSandbox(id);
  });

  it('containers outlive the engine, events end with it, and a new connection finds everything', async () => {
    const before = await connect('restart');
    const id = await before.runPodSandbox(sandbox('survivor'));
    const { pid } = await before.podSandboxStatus(id);
    const ended = (async () => { for await (const _ of before.events(new AbortController().signal)); })();
    const outcome = expect(ended).rejects.toThrow(/Docker Engine/);
    await engine.stopDaemon();
    await outcome;
    await expect(before.listPodSandbox()).rejects.toThrow(/the Docker Engine does not answer/);
    await engine.startDaemon();
    const after = await connect('restart');
    expect(await after.podSandboxStatus(id)).toMatchObject({ state: 'ready', pid });
    await after.removePodSandbox(id);
  });
});
