// What a cluster does to its host and takes back: `down` alone ends two processes, `up` again restarts nothing, and `down --purge`
// leaves no trace, whatever else, another cluster included, lives on the same host.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_BUSYBOX, DEMO_NGINX } from '../../src/cli/demo-images.ts';
import { dray, eventually, findKubectl, startCluster, type TestCluster } from '../support/cluster.ts';
import type { DockerHost } from '../../bench/hosts/docker-hosts.ts';
import { difference, hostState, type HostState } from '../support/host-state.ts';

let cluster: TestCluster;
let before: HostState;
/** Another engine of the same host. */
let second: DockerHost;
const otherDir = mkdtempSync(join(tmpdir(), 'dray-e2e-other-'));
const state = (host = cluster.hosts[0]!): Promise<HostState> => hostState({ run: cluster.run, hosts: [host] }, [host.name, cluster.dataDir, otherDir]);

beforeAll(async () => {
  cluster = await startCluster({
    before: async (made) => {
      cluster = made;
      const [host] = made.hosts as [DockerHost];
      second = await made.lan.secondEngine(host);
      const archive = join(otherDir, 'images.tar');
      await host.docker('save', '-o', archive, DEMO_BUSYBOX, ...DEMO_NGINX);
      await second.docker('load', '-i', archive);
      rmSync(archive);
      // What an engine itself makes for its first container on a network stays.
      for (const engine of [host, second]) for (const network of ['bridge', 'host']) await engine.docker('run', '--rm', '--network', network, DEMO_BUSYBOX, 'true');
      await eventually('the state to settle', async () => {
        const [once, again] = [await state(), await state()];
        before = again;
        return difference(once, again).length === 0;
      });
    },
  });
});
afterAll(async () => {
  await cluster?.run(process.execPath, [dray, 'down', '--purge', '--data-dir', otherDir]);
  await cluster?.stop();
  rmSync(otherDir, { recursive: true, force: true });
});

/** The directory of the host behind `hostPath` holds the engine's own data, as / would. */
const workload = (nodePort: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: '${DEMO_NGINX[0]}', readinessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 1}}]}
---
apiVersion: v1
kind: Service
metadata: {name: inside}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: plain, port: 81, targetPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, nodePort: ${nodePort}}, {name: udp, protocol: UDP, port: 53}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {key: value}
---
apiVersion: v1
kind: Secret
metadata: {name: secret}
stringData: {key: hidden}
---
apiVersion: v1
kind: Pod
metadata: {name: volumes}
spec:
  containers:
  - name: main
    image: ${DEMO_BUSYBOX}
    command: [sh, -c, 'cat /settings/key /secret/key && echo kept | tee /memory/file /disk/file && sleep 3600']
    volumeMounts:
    - {name: memory, mountPath: /memory}
    - {name: disk, mountPath: /disk}
    - {name: disk, mountPath: /part, subPath: part}
    - {name: settings, mountPath: /settings}
    - {name: secret, mountPath: /secret}
    - {name: all, mountPath: /all}
    - {name: host, mountPath: /host}
  volumes:
  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 8Mi}}
  - {name: disk, emptyDir: {}}
  - {name: settings, configMap: {name: settings}}
  - {name: secret, secret: {secretName: secret}}
  - {name: all, projected: {sources: [{configMap: {name: settings}}, {secret: {name: secret, items: [{key: key, path: hidden}]}}, {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}]}}
  - {name: host, hostPath: {path: '${cluster.lan.directory}'}}
---
apiVersion: v1
kind: Pod
metadata: {name: host-network}
spec: {hostNetwork: true, containers: [{name: main, image: '${DEMO_BUSYBOX}', command: [sleep, '3600']}]}
`;

type Kubectl = (input: string, ...args: string[]) => Promise<string>;
async function deploy(kubectl: Kubectl, nodePort: number): Promise<string> {
  await kubectl(workload(nodePort), 'apply', '-f', '-');
  await kubectl('', 'rollout', 'status', 'deployment/web', '--timeout=150s');
  await kubectl('', 'wait', '--for=condition=Ready', 'pod/volumes', 'pod/host-network', '--timeout=150s').catch(async (error: Error) => { throw new Error(`${error.message}${await kubectl('', 'describe', 'pods')}`); });
  return kubectl('', 'get', 'service', 'inside', '-o', 'jsonpath={.spec.clusterIP}');
}
const nodePortOf = (dataDir: string): number => (JSON.parse(readFileSync(join(dataDir, 'cluster.json'), 'utf8')) as { ranges: { nodePortRange: { from: number } } }).ranges.nodePortRange.from + 7;
const served = async (clusterIP: string, nodePort: number): Promise<void> => {
  for (const address of [`${clusterIP}:80`, `${clusterIP}:81`, `127.0.0.1:${nodePort}`]) {
    await eventually(`an answer from ${address}`, async () => (await cluster.run('curl', ['-sS', '--max-time', '2', `http://${address}/version`])).stdout.trim() === 'v1');
  }
};
/** Which containers run, and since when. */
const running = async (host: DockerHost = cluster.hosts[0]!): Promise<string[]> =>
  (await host.docker('inspect', '-f', '{{.Id}} {{.Name}} {{.State.Running}} {{.State.StartedAt}}', ...(await host.docker('ps', '-aq')).split('\n'))).split('\n').sort();
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
let clusterIP = '';
let containers: string[] = [];

test('a second `up` is harmless', async () => {
  clusterIP = await deploy(cluster.kubectlInput, nodePortOf(cluster.dataDir));
  await served(clusterIP, nodePortOf(cluster.dataDir));
  containers = await running();
  const pids = [cluster.pid('master'), cluster.pid('agent')];
  expect(await cluster.dray('up', '--detach')).toMatchObject({ code: 0, stderr: '' });
  expect([cluster.pid('master'), cluster.pid('agent')]).toEqual(pids);
  expect(await running()).toEqual(containers);
});

test('`down` leaves containers and Services going, and `up` restarts nothing', async () => {
  const pids = [cluster.pid('master'), cluster.pid('agent')];
  expect(await cluster.dray('down')).toMatchObject({ code: 0, stderr: '' });
  expect(pids.filter(alive)).toEqual([]);
  expect(await running()).toEqual(containers);
  await served(clusterIP, nodePortOf(cluster.dataDir));
  // Names, too: the Pods' own programs notice nothing.
  const id = await cluster.hosts[0]!.docker('ps', '-q', '--filter', 'label=io.kubernetes.pod.name=volumes', '--filter', 'label=io.kubernetes.container.name=main');
  expect(await cluster.hosts[0]!.docker('exec', id, 'nslookup', 'inside.default.svc.cluster.local')).toContain(clusterIP);
  expect(await cluster.dray('status')).toMatchObject({ code: 1 });

  expect(await cluster.dray('up', '--detach')).toMatchObject({ code: 0, stderr: '' });
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=150s');
  await served(clusterIP, nodePortOf(cluster.dataDir));
  expect(await running()).toEqual(containers);
  expect(await cluster.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}')).toMatch(/^(0 ?)+$/);
  expect(await cluster.kubectl('exec', 'volumes', '--', 'cat', '/memory/file', '/disk/file')).toBe('kept\nkept\n');
  expect(await cluster.dray('status')).toMatchObject({ code: 0, stderr: '' });
});

test('a cluster with a data directory, port and engine of its own does not meet the first one', async () => {
  const [alone, aloneThere] = [await state(), await state(second)];
  const other = (...args: string[]): ReturnType<TestCluster['run']> => cluster.run(process.execPath, [dray, ...args, '--data-dir', otherDir]);
  expect(await other('up', '--detach', '--port', '16443', '--docker-host', second.dockerHost, '--node-name', 'other')).toMatchObject({ code: 0, stderr: '' });
  const kubectl: Kubectl = async (input, ...args) => {
    const { code, stdout, stderr } = await cluster.run(await findKubectl(), args, { input, env: { KUBECONFIG: join(otherDir, 'admin.kubeconfig') } });
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const otherIP = await deploy(kubectl, nodePortOf(otherDir));
  expect(nodePortOf(otherDir)).not.toBe(nodePortOf(cluster.dataDir));
  await served(otherIP, nodePortOf(otherDir));
  await served(clusterIP, nodePortOf(cluster.dataDir));
  expect(await running()).toEqual(containers);
  expect(await kubectl('', 'get', 'nodes', '-o', 'name')).toBe('node/other\n');
  expect(await cluster.kubectl('get', 'nodes', '-o', 'name')).toBe(`node/${cluster.hosts[0]!.name}\n`);

  // A container that somebody else put on the cluster's network is not cut off.
  const network = await second.docker('network', 'ls', '--filter', 'name=^dray-', '--format', '{{.Name}}');
  await second.docker('run', '-d', '--name', 'stranger', '--network', network, DEMO_BUSYBOX, 'sleep', '3600');
  expect(await other('down', '--purge')).toMatchObject({ code: 1, stderr: `dray: the network ${network} could not be removed whole: Docker network: containers that are not the cluster's use the network ${network}: stranger\n` });
  expect(await second.docker('ps', '--format', '{{.Names}}')).toBe('stranger');
  await second.docker('rm', '-f', 'stranger');

  // While the engine is away all goes that needs none, and one line says what is left for when it is back.
  await second.stopEngine();
  const left = await other('down', '--purge');
  expect(left.stderr).toMatch(new RegExp(`^dray: the Docker Engine at ${second.dockerHost} says "connect E[A-Z]+ [^"]*": start it and repeat this command, the containers of this cluster and their network dray-[0-9a-f]{6} are left\n$`));
  expect(left.code).toBe(2);
  const rest = difference(alone, await state()).filter((line) => /^(nft|iptables|ip netns|listening)/.test(line) || line.includes('proto 157'));
  expect(rest).toEqual([]);
  expect(existsSync(join(otherDir, 'cluster.json'))).toBe(true);
  await second.startEngine();
  expect(await other('down', '--purge')).toMatchObject({ code: 0, stderr: '' });
  expect(existsSync(otherDir)).toBe(false);
  expect(difference(aloneThere, await state(second))).toEqual([]);
  expect(difference(alone, await state())).toEqual([]);
  await served(clusterIP, nodePortOf(cluster.dataDir));
  expect(await running()).toEqual(containers);
  expect(await cluster.dray('status')).toMatchObject({ code: 0, stderr: '' });
});

test('`down --purge` leaves the host as it was before `up`', async () => {
  const changed = difference(before, await state());
  // The comparison sees what a cluster makes; without that it would prove nothing.
  for (const part of ['docker ps -a', 'docker network ls', 'ip addr', 'ip route', 'ip netns', 'control groups', 'mounts', 'nft -s list ruleset', 'listening ports', 'processes']) {
    expect(changed.filter((line) => line.startsWith(`${part}: +`)).length).toBeGreaterThan(0);
  }
  expect(await cluster.dray('down', '--purge')).toMatchObject({ code: 0, stderr: '' });
  expect(difference(before, await state())).toEqual([]);
  expect(existsSync(cluster.dataDir)).toBe(false);
  expect(await cluster.dray('down', '--purge')).toMatchObject({ code: 0, stdout: `no cluster in ${cluster.dataDir}\n` });
});
