// Proves the way of Pod traffic on this host with real packets: a network made as a node's is, a sandbox container on it, and connections
// to that from the host and from a namespace that stands for another host. All of it is taken away again.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressAt, formatCIDR, mustParseCIDR, rangeOf } from '../src/util/cidr.ts';
import { realClock } from '../src/util/clock.ts';
import { silentLog } from '../src/util/log.ts';
import { CommandError, commands } from '../src/util/run.ts';
import { namespaceDirectory } from './network/names.ts';
import { nodeAddress } from './network/node-address.ts';
import { createNodeNetwork } from './network/node-network.ts';
import { connect } from './runtime/docker/dockerode.ts';
import { createDockerRuntime } from './runtime/docker/docker-runtime.ts';
import { createDockerNetworks } from './runtime/docker/networks.ts';

const answerMs = 3000;
/** Nothing listens there in a sandbox: a refusal is the answer of its kernel. */
const closedPort = 9;

export interface ProbeOptions {
  readonly dockerHost: string;
  /** Free on this host; at least a /22. */
  readonly podCIDR: string;
  readonly serviceCIDR: string;
}
/** What came back, or why nothing did: undefined is an answer. */
export interface ProbeResult { readonly fromHost: string | undefined; readonly routed: string | undefined }

/** @throws Error when the network or the container cannot be made */
export async function probePodPath({ dockerHost, podCIDR, serviceCIDR }: ProbeOptions): Promise<ProbeResult> {
  const { run } = commands;
  const pods = mustParseCIDR(podCIDR);
  const subnet = rangeOf(pods.base, 24);
  const remote = rangeOf(pods.base + 512, 30);
  const clusterId = randomBytes(3).toString('hex');
  const namespace = `dray-probe-${clusterId}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'dray-probe-'));
  const docker = createDockerNetworks(await connect(dockerHost));
  const { internalIP, mtu } = await nodeAddress(run);
  const network = createNodeNetwork({
    clusterId, nodeName: 'probe', podCIDR: formatCIDR(subnet), clusterPodCIDR: podCIDR, serviceCIDR, dataDir, internalIP, mtu, vxlanPort: 0, docker, commands, clock: realClock, log: silentLog,
  });
  const runtime = await createDockerRuntime({ host: dockerHost, clusterLabel: clusterId, clock: realClock, log: silentLog });
  let sandbox: string | undefined;
  try {
    await network.ensure();
    const ip = addressAt(subnet, 10);
    sandbox = await runtime.runPodSandbox({ metadata: { name: 'probe', namespace: 'kube-system', uid: clusterId, attempt: 0 }, hostname: 'probe', network: network.names.network, ip });
    await run('ip', ['netns', 'add', namespace]);
    const device = `drayp-${clusterId}`;
    await run('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
    await run('ip', ['-batch', '-'], { input: `address add ${addressAt(remote, 1)}/30 dev ${device}\nlink set ${device} up\n` });
    await run('ip', ['-n', namespace, '-batch', '-'], { input: `link set lo up\naddress add ${addressAt(remote, 2)}/30 dev eth0\nlink set eth0 up\nroute add default via ${addressAt(remote, 1)}\n` });
    return { fromHost: await answer(ip), routed: await answerTo(`${namespaceDirectory}/${namespace}`, ip) };
  } finally {
    if (sandbox !== undefined) await runtime.removePodSandbox(sandbox);
    // The other end of the pair goes with it.
    await run('ip', ['netns', 'delete', namespace]).catch((error: unknown) => { if (!(error instanceof CommandError)) throw error; });
    await network.remove();
    await runtime.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Undefined when the address answers, as a kernel does that has no listener. */
function answer(ip: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host: ip, port: closedPort, timeout: answerMs });
    socket.once('connect', () => { socket.destroy(); resolve(undefined); });
    socket.once('timeout', () => { socket.destroy(); resolve(`no answer in ${answerMs / 1000} s`); });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? undefined : error.message));
  });
}

const program = `const s = require('node:net').connect({ host: process.argv[1], port: ${closedPort}, timeout: ${answerMs} });
s.once('connect', () => process.exit(0)).once('timeout', () => { console.log('no answer in ${answerMs / 1000} s'); process.exit(0); }).once('error', (e) => { if (e.code !== 'ECONNREFUSED') console.log(e.message); process.exit(0); });`;
/** The same from another network namespace, which takes a process of its own. */
async function answerTo(namespacePath: string, ip: string): Promise<string | undefined> {
  return (await commands.run('nsenter', [`--net=${namespacePath}`, '--', process.execPath, '-e', program, ip])).trim() || undefined;
}
