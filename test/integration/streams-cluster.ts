// A cluster for stream tests: the real API server on a TLS port, one agent's tunnel and kubelet server, and a fake runtime whose
// containers run commands as processes of this machine. No Docker.
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPages } from '../../agent/kubelet/server/pages.ts';
import { createKubeletServer } from '../../agent/kubelet/server/server.ts';
import { maxHeaderBytes } from '../../src/streams/upgrade.ts';
import { createStreamingHandler } from '../../agent/kubelet/server/streaming.ts';
import { StatsProvider } from '../../agent/kubelet/stats/stats-provider.ts';
import { UsageReader } from '../../agent/kubelet/stats/usage.ts';
import { runTunnel, type Tunnel } from '../../agent/node/tunnel.ts';
import type { FakeProgram } from '../../agent/runtime/fake-process.ts';
import { FakeRuntime } from '../../agent/runtime/fake.ts';
import type { Pod } from '../../agent/kubelet/pod.ts';
import type { PodRuntimeStatus } from '../../agent/kubelet/runtime-status.ts';
import type { Runtime } from '../../agent/runtime/runtime.ts';
import { Aggregator } from '../../master/apiserver/aggregation/aggregator.ts';
import { ApiServer } from '../../master/apiserver/api-server.ts';
import { peerAuthenticator } from '../../master/apiserver/filters/authentication.ts';
import { openApiHandlers } from '../../master/apiserver/openapi.ts';
import { createAuthorizers } from '../../master/apiserver/authorization/index.ts';
import { HttpServer } from '../../master/apiserver/http-server.ts';
import { MemoryTransport } from '../../master/apiserver/memory-transport.ts';
import { dialService } from '../../master/apiserver/proxy/dial.ts';
import { proxyConnection, proxyHandler } from '../../master/apiserver/proxy/proxy.ts';
import { resourceMetricsHandlers } from '../../master/apiserver/resource-metrics/handlers.ts';
import { NodeUsages } from '../../master/apiserver/resource-metrics/node-usage.ts';
import { logHandler, proxyUpgrade } from '../../master/apiserver/streams/kubelet-proxy.ts';
import { Tunnels } from '../../master/apiserver/tunnel.ts';
import { bootstrapNamespaces } from '../../master/bootstrap.ts';
import { createAuthority, issue, type KeyPair } from '../../master/pki/certificates.ts';
import { Registry } from '../../master/registry/registry.ts';
import type { User } from '../../master/registry/request-context.ts';
import { MemoryStore } from '../../master/storage/memory-store.ts';
import { allResources } from '../../src/api/index.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { Client } from '../../src/client/client.ts';
import { kubeconfig, type ClusterAccess } from '../../src/client/kubeconfig.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';

export interface StreamsCluster {
  readonly access: ClusterAccess;
  /** Credentials of another user. */
  as(user: string, group: string): Promise<ClusterAccess>;
  readonly client: Client;
  readonly registry: Registry;
  readonly aggregator: Aggregator;
  /** PEM of the front proxy's authority. */
  readonly frontProxyCA: string;
  /** Inside of this process. */
  memory(user: User): MemoryTransport;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** An empty directory that goes when the cluster stops. */
  readonly directory: string;
  readonly tunnels: Tunnels;
  readonly tunnel: Tunnel;
  /** Sizes the runtime was asked to give to terminals. */
  readonly resizes: { columns: number; rows: number }[];
  /** The Upgrade header of each stream the kubelet was asked for. */
  readonly upgrades: string[];
  /** The WebSocket protocols that arrived at the kubelet. */
  readonly protocols: string[];
  readonly openSessions: () => number;
  stop(): Promise<void>;
}

const nodeName = 'node-1';

/** Runs a command as a process of this machine. */
const hostProgram: FakeProgram = ({ command, stdin, stdout, stderr, killed }) => new Promise((resolve) => {
  const child = spawn(command[0]!, command.slice(1), { stdio: 'pipe' });
  child.on('error', (error) => { stderr.write(`${error.message}\n`); resolve(127); });
  (stdin as NodeJS.ReadableStream).pipe(child.stdin);
  child.stdin.on('error', () => (stdin as NodeJS.ReadableStream).resume());
  child.stdout.pipe(stdout, { end: false });
  child.stderr.pipe(stderr, { end: false });
  killed.addEventListener('abort', () => child.kill('SIGKILL'));
  child.on('close', (code, signal) => resolve(signal ? 137 : code ?? 0));
});

export async function startStreamsCluster(): Promise<StreamsCluster> {
  const stop = new AbortController();
  const directory = mkdtempSync(join(tmpdir(), 'dray-streams-'));
  const store = new MemoryStore();
  const tunnels = new Tunnels({ clock: realClock, log: silentLog });
  const registry: Registry = new Registry({ store, resources: allResources, clock: realClock, log: silentLog, ranges: { serviceCIDR: '10.43.0.0/16', nodePorts: { first: 30000, last: 32767 } }, dialService: (service) => dialService(registry, tunnels, service) });
  await registry.start(stop.signal);
  const authority = await createAuthority('test');
  const serving = await issue(authority, { commonName: 'apiserver', usage: 'server', ips: ['127.0.0.1'] });
  const frontProxy = await createAuthority('front-proxy-ca');
  const frontProxyClient: KeyPair = await issue(frontProxy, { commonName: 'front-proxy-client', usage: 'client' });
  const aggregator = new Aggregator({ registry, tunnels, clientPair: () => frontProxyClient, clock: realClock, log: silentLog });
  const server = new ApiServer({
    registry, log: silentLog, authenticators: [peerAuthenticator], authorizers: createAuthorizers(registry), aggregator,
    paths: openApiHandlers(registry.served, aggregator), subresources: { '/pods/log': logHandler(tunnels), '/pods/proxy': proxyHandler(tunnels), '/services/proxy': proxyHandler(tunnels), '/nodes/proxy': proxyHandler(tunnels), ...resourceMetricsHandlers(new NodeUsages({ tunnels, clock: realClock, log: silentLog })) }, serverAddress: () => '127.0.0.1', ready: () => true,
  });
  aggregator.start(stop.signal);
  const http = new HttpServer({
    server, key: serving.key, cert: serving.cert, clientCa: authority.cert, log: silentLog,
    async upgrade(request, raw, socket, head) {
      const admitted = await server.admit(request);
      const remote = aggregator.find(admitted.info);
      if (remote) await aggregator.passConnectionOn(admitted, remote, raw, socket, head);
      else if (admitted.info.path.startsWith('/dray/v1/')) tunnels.accept(admitted.info.path, admitted.user, socket, head);
      else if (admitted.info.subresource === 'proxy') await proxyConnection(registry, tunnels, admitted, raw, socket, head);
      else await proxyUpgrade(registry, tunnels, admitted, raw, socket, head);
    },
  });
  const port = await http.listen(0, '127.0.0.1');
  const url = `https://127.0.0.1:${port}`;
  const pair = async (commonName: string, organization: string): Promise<ClusterAccess> =>
    ({ server: url, ca: authority.cert, ...await issue(authority, { commonName, organizations: [organization], usage: 'client' }) });
  const access = await pair('kubernetes-admin', 'system:masters');
  const file = join(directory, 'admin.kubeconfig');
  writeFileSync(file, kubeconfig(access, { cluster: 'test', user: 'admin' }));

  const memory = (user: User): MemoryTransport => new MemoryTransport(server, user);
  const client = new Client(memory({ name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }));
  await bootstrapNamespaces(client);
  await client.create(ServiceAccounts, { metadata: { namespace: 'default', name: 'default' } });
  const key = { namespace: 'default', name: 'web' };
  const created = await client.create(Pods, { metadata: key, spec: { nodeName, volumes: [{ name: 'scratch', emptyDir: {} }], containers: [{ name: 'main', image: 'host', stdin: true }] } } as never);
  await client.patch(Pods, key, { status: { phase: 'Running', podIP: '10.244.7.7', podIPs: [{ ip: '10.244.7.7' }], containerStatuses: [{ name: 'main', ready: true, restartCount: 0, image: 'host', imageID: 'host', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }] } }, { subresource: 'status' } as never);
  // What the API calls the Pod's address is this machine for the kubelet.
  const pod = { ...created, status: { podIP: '127.0.0.1' } } as unknown as Pod;

  const fake = new FakeRuntime({ clock: realClock, images: { host: { main: (process) => hostProgram({ ...process, command: ['cat'] }), exec: hostProgram } } });
  const sandboxConfig = { metadata: { ...key, uid: pod.metadata.uid, attempt: 0 }, hostname: 'web', network: 'host' };
  const sandboxId = await fake.runPodSandbox(sandboxConfig);
  const containerId = await fake.createContainer(sandboxId, { metadata: { name: 'main', attempt: 0 }, image: 'host', imageReference: 'host', envs: [], mounts: [], stdin: true }, sandboxConfig);
  await fake.startContainer(containerId);
  const resizes: { columns: number; rows: number }[] = [];
  let open = 0;
  const recorded: Pick<Runtime, 'exec' | 'attach' | 'podSandboxStatus'> = {
    exec: async (id, options) => {
      const session = await fake.exec(id, options);
      open++;
      session.wait().catch(() => undefined).finally(() => { open--; }); // how it ends is told to who asked for it
      return { ...session, close: () => session.close(), resize: async (columns, rows) => { resizes.push({ columns, rows }); } };
    },
    attach: (id, options) => fake.attach(id, options),
    podSandboxStatus: (id) => fake.podSandboxStatus(id),
  };
  const [container, sandbox] = [await fake.containerStatus(containerId), await fake.podSandboxStatus(sandboxId)];
  const status = (): PodRuntimeStatus => ({ containers: [container], sandboxes: [{ ...sandbox, hostNetwork: true }] });
  // What the container uses is what this process does.
  const usage = new UsageReader({
    clock: realClock, dataDir: directory, engineRoot: directory, imageBytes: () => Promise.resolve(0),
    source: { pods: () => [pod], status: () => ({ ...status(), containers: [{ ...container, pid: process.pid }] }), volumes: () => new Map([['scratch', { place: directory, readOnly: false }]]) },
  });
  const kubelet = createKubeletServer({
    runtime: fake, clock: realClock, log: silentLog,
    lookup: {
      podNamed: (namespace, name) => (namespace === key.namespace && name === key.name ? pod : undefined),
      status,
    },
    pages: createPages({ nodeName, version: 'v1.33.0', cores: 2, pods: () => [pod], status, probes: () => [], shutdown: () => undefined, stats: new StatsProvider(usage, realClock), configuration: {} }),
    streaming: createStreamingHandler({
      runtime: recorded, clock: realClock, log: silentLog,
      dialer: () => ({
        connect: (to) => new Promise((resolve, reject) => {
          const socket = connect({ host: '127.0.0.1', port: to, allowHalfOpen: true });
          socket.once('error', reject);
          socket.once('connect', () => resolve(socket));
        }),
        close() {},
      }),
    }),
  });
  const kubeletHttp: Server = createServer({ maxHeaderSize: maxHeaderBytes }, kubelet.request);
  const upgrades: string[] = [];
  const protocols: string[] = [];
  kubeletHttp.on('upgrade', (request, socket, head) => {
    upgrades.push(request.headers.upgrade ?? '');
    const offered = request.headers['sec-websocket-protocol'];
    if (offered !== undefined) protocols.push(offered);
    kubelet.upgrade(request, socket, head);
  });
  const tunnel = runTunnel({ access: await pair(`system:node:${nodeName}`, 'system:nodes'), nodeName, server: kubeletHttp, clock: realClock, log: silentLog, signal: stop.signal });
  while (tunnels.nodes.length === 0) await new Promise((resolve) => setImmediate(resolve));
  return {
    access, client, registry, aggregator, frontProxyCA: frontProxy.cert, memory, as: pair, kubeconfig: file, directory, tunnels, tunnel, resizes, upgrades, protocols, openSessions: () => open,
    async stop() {
      await fake.stopContainer(containerId, 0);
      stop.abort();
      await tunnel.finished;
      kubeletHttp.close();
      await http.close();
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
