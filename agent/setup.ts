// What the command line needs of this side beside running an agent: facts of the host for `dray up`, and the removal of all an
// agent left on it for `dray down --purge`. Works without an agent, from names, labels and records.
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '../src/util/clock.ts';
import { engineFault, engineRequest, EngineSilent, parseDockerHost } from '../src/util/engine-http.ts';
import { silentLog } from '../src/util/log.ts';
import { commands } from '../src/util/run.ts';
import { removeControlGroups } from './kubelet/control-groups/record.ts';
import { pluginsDirectory, removeRegistration } from './kubelet/devices/plugin-directory.ts';
import { sweepLogLinks } from './kubelet/log-links.ts';
import { listLinks, listVxlans } from './network/links.ts';
import { networkNames } from './network/names.ts';
import { nodeAddress } from './network/node-address.ts';
import { deleteNetworkRecord, readNetworkRecord } from './network/record.ts';
import { removeNodeNetwork } from './network/remove.ts';
import { Proxy } from './proxy/proxy.ts';
import { EndpointCountLost } from './runtime/docker/errors.ts';
import { removeContainers } from './runtime/docker/remove-containers.ts';
import { EngineNotFound, findEngine, restartEngine, startedEngine, stopEngine } from './runtime/engine/index.ts';

/** Address others reach this host at. */
export const hostAddress = async (): Promise<string> => (await nodeAddress(commands.run)).internalIP;

const PATIENCE_MS = 60_000;

async function engineJson<T>(host: string, path: string, patienceMs = PATIENCE_MS): Promise<T> {
  const answer = await engineRequest(parseDockerHost(host), 'GET', path, { timeoutMs: patienceMs });
  if (answer.status !== 200) throw new Error(`Docker Engine at ${host}: ${engineFault(answer)}`);
  return JSON.parse(answer.body.toString()) as T;
}

/** Subnets of every Docker network. */
export async function engineNetworks(host: string): Promise<{ name: string; subnets: string[] }[]> {
  const networks = await engineJson<{ Name: string; IPAM?: { Config?: { Subnet?: string }[] | null } }[]>(host, '/networks');
  return networks.map((n) => ({ name: n.Name, subnets: (n.IPAM?.Config ?? []).flatMap((c) => (c.Subnet ? [c.Subnet] : [])) }));
}

/** What the master told the agent whose data lies there of its cluster's ranges; undefined before that. */
export async function toldRanges(dataDir: string): Promise<{ podCIDR: string; serviceCIDR: string; vxlanPort: number | undefined; nodePortRange: string | undefined } | undefined> {
  const record = await readNetworkRecord(dataDir);
  return record && { podCIDR: record.clusterPodCIDR, serviceCIDR: record.serviceCIDR, vxlanPort: record.vxlanPort, nodePortRange: record.nodePortRange };
}

/** There is something left that only an engine can remove, and there is none or it hangs. */
export class EngineDown extends Error {
  /** Exit code of the command line. */
  readonly exitCode = 2;
}

export interface LeaveOptions {
  readonly dataDir: string;
  readonly dockerHost: string;
  /** Where the set-up of this data directory keeps the traces of an engine it started. */
  readonly engineDirectory?: string;
  readonly say: (text: string) => void;
  /** How long the engine may be silent; an engine may need many seconds to stop and remove a container. */
  readonly patienceMs?: number;
}

/**
 * Stops the proxy workers and removes containers, networks, rules, routes, namespaces, mounts and volumes of this cluster's node.
 * Without an engine it removes what needs none. @throws EngineDown then; it may be called again
 */
export async function leave(options: LeaveOptions): Promise<void> {
  const { dataDir, dockerHost } = options;
  await new Proxy({ dataDir, clock: realClock, log: silentLog, launch: { service: [], node: [] }, version: '' }).stopWorkers();
  // Before the record there is neither a network nor a container on it.
  const record = await readNetworkRecord(dataDir);
  if (record) {
    const absent = await engineAbsent(options);
    if (absent) {
      await removeNodeNetwork(record, { commands });
      throw new EngineDown(`the Docker Engine at ${dockerHost} says "${absent.answer}": start it and repeat this command, the containers of this cluster and their network ${networkNames(record).network} are left`);
    }
    const { say, engineDirectory, patienceMs = PATIENCE_MS } = options;
    const engine = { dockerHost, say, restart: async () => engineDirectory !== undefined && (await stopStartedEngine(engineDirectory)) && restartEngine(dockerHost, engineDirectory, realClock) };
    await onFreshEngine(engine, () => removeContainers({ dockerHost, clusterId: record.clusterId, say, patienceMs }));
    await sweepLogLinks();
    await removeRegistration(pluginsDirectory);
    await removeControlGroups(dataDir, commands.run);
    const [{ connect }, { createDockerNetworks }] = await Promise.all([import('./runtime/docker/dockerode.ts'), import('./runtime/docker/networks.ts')]);
    await onFreshEngine(engine, async () => removeNodeNetwork(record, { commands, docker: createDockerNetworks(await connect(dockerHost, patienceMs)) }));
    await deleteNetworkRecord(dataDir);
  }
  await removeVolumes(dataDir);
}

/** Why no engine answers, after the one that was started here has been started again; undefined when one does. */
async function engineAbsent({ dockerHost, engineDirectory, say }: LeaveOptions): Promise<EngineNotFound | undefined> {
  const look = (): Promise<EngineNotFound | undefined> => findEngine({ dockerHost }).then(() => undefined, (error: unknown) => {
    if (error instanceof EngineNotFound) return error;
    throw error;
  });
  const absent = await look();
  if (!absent || engineDirectory === undefined) return absent;
  if (!(await restartEngine(dockerHost, engineDirectory, realClock))) return absent;
  say('the Docker Engine was down and has been started again');
  return look();
}

/** What of an error a start of the engine cures, in words; undefined for all others. */
function curedByStart(error: unknown): string | undefined {
  if (error instanceof EngineSilent) return `hangs (${error.message})`;
  if (error instanceof AggregateError && error.errors.some((one) => one instanceof EndpointCountLost)) return `fails: ${error.message}`;
  return undefined;
}

export interface FreshEngine {
  readonly dockerHost: string;
  /** Starts the engine anew when it is this data directory's own; containers live on meanwhile. False for another's. */
  readonly restart: () => Promise<boolean>;
  readonly say: (text: string) => void;
}

/** An engine that fails the step in a way a start cures is started anew, once. @throws EngineDown for another's engine */
export async function onFreshEngine({ dockerHost, restart, say }: FreshEngine, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    const fault = curedByStart(error);
    if (fault === undefined) throw error;
    if (!(await restart())) throw new EngineDown(`the Docker Engine at ${dockerHost} ${fault}; restart it and repeat this command, the rest of this cluster is left`);
    say(`the Docker Engine ${fault}; it has been started again`);
    await step();
  }
}

/** Volumes in memory and shared directories are mounts below the data directory: the deepest goes first, and what another covers after that. */
async function removeVolumes(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return;
  // The kernel names no symbolic links.
  const below = `${realpathSync(dataDir)}/`;
  const mounts = (): string[] => readFileSync('/proc/self/mounts', 'utf8').split('\n').map((line) => (line.split(' ')[1] ?? '').replace(/\\040/g, ' ')).filter((path) => path.startsWith(below));
  let failure: unknown;
  for (let [list, before] = [mounts(), Infinity]; list.length > 0 && list.length < before; [list, before] = [mounts(), list.length]) {
    for (const path of list.sort().reverse()) await commands.run('umount', ['-l', path]).catch((error: unknown) => { failure = error; });
  }
  // What is mounted there still is somebody's data.
  const [left] = mounts();
  if (left !== undefined) throw new Error(`${left} is mounted still, its contents are left alone`, { cause: failure });
  for (const name of ['pods', 'memory', 'proof']) rmSync(join(dataDir, name), { recursive: true, force: true });
}

/** True when the engine had been started by this data directory's set-up and was stopped. */
export async function stopStartedEngine(directory: string): Promise<boolean> {
  const pid = startedEngine(directory);
  if (pid === undefined) return false;
  await stopEngine(pid, realClock);
  return true;
}

/** What `dray doctor` asks of a host. */
export const doctorHost = {
  run: commands.run,
  findEngine: (dockerHost: string | undefined): Promise<{ host: string; version: string }> => findEngine({ ...(dockerHost ? { dockerHost } : {}), env: process.env }),
  engineNetworks,
  async links(): Promise<{ device: string; mtu: number; bridges: { name: string; mtu: number }[] }> {
    const [{ device, mtu }, links] = await Promise.all([nodeAddress(commands.run), listLinks(commands.run)]);
    return { device, mtu, bridges: links.filter(({ ifname }) => /^dray-[0-9a-f]{4,8}$/.test(ifname)).map(({ ifname, mtu: of }) => ({ name: ifname, mtu: of })) };
  },
  toldRanges,
  async tunnels(): Promise<number[]> {
    return (await listVxlans(commands.run)).filter(({ ifname }) => ifname.startsWith('drayx-')).map((device) => device.linkinfo.info_data.port);
  },
  async probe(options: { dockerHost: string; podCIDR: string; serviceCIDR: string }): Promise<{ fromHost: string | undefined; routed: string | undefined }> {
    const { probePodPath } = await import('./probe.ts');
    return probePodPath(options);
  },
};
