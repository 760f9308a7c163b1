// `dray up`: engine, ranges, master, agent, in that order, each step shown. Running it again finds everything running.
import { createServer } from 'node:net';
import { isDNS1123Subdomain } from '../apimachinery/names.ts';
import { realClock, type Clock } from '../util/clock.ts';
import { agentSettings, type AgentSettings } from './agent-settings.ts';
import { Cluster, defaultNodeName, otherClusters, UsageError, type ClusterRecord, type ProxyMode, type ToldRanges } from './cluster.ts';
import { masterSettings, type MasterSettings } from './master-settings.ts';
import { runningPid, startProcess, stopProcess } from './processes.ts';
import { runSteps, type Step } from './progress.ts';
import { readRangeFacts, type DockerNetworkSubnets } from './range-facts.ts';
import { chooseRanges, parseNodePortRange, parsePodCIDR, parseServiceCIDR, RangeFlagError, type ClusterRanges } from './ranges.ts';

export interface UpOptions extends AgentSettings, MasterSettings {
  readonly dataDir: string;
  readonly detach: boolean;
  readonly port?: number;
  readonly nodeName?: string;
  readonly dockerHost?: string;
  readonly proxyMode?: ProxyMode;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly nodePortRange?: string;
  readonly vxlanPort?: number;
  readonly advertiseAddress?: string;
}

/** What this command needs of the agent's side: handed in, because the command line knows neither master nor agent. */
export interface UpHost {
  /** The command that runs this program again: `[node, …/dray.js]`. */
  readonly program: readonly string[];
  ensureEngine(options: { dockerHost?: string; directory: string; progress: (text: string) => void }): Promise<{ host: string; version: string; installedPackages: readonly string[]; startedPid?: number }>;
  engineNetworks(host: string): Promise<readonly DockerNetworkSubnets[]>;
  toldRanges: ToldRanges;
  /** Address this host is reached at by others. */
  hostAddress(): Promise<string>;
  /** @throws Error of one line when no scheduler can be made of the file */
  checkSchedulerConfig(file: string): Promise<void>;
}

const defaultPort = 6443;

/** Brings the cluster up; resolves when its node is Ready. When the signal aborts, what is being started is ended. @throws its reason then */
export async function up(options: UpOptions, host: UpHost, clock: Clock = realClock, signal?: AbortSignal): Promise<Cluster> {
  const cluster = new Cluster(options.dataDir);
  checkFlags(options);
  const joined = cluster.joined();
  if (joined) throw new UsageError(`--data-dir: ${cluster.dataDir} belongs to the node ${joined.nodeName} of ${joined.server}; start it with dray join, or use another --data-dir`);
  checkChange(cluster, cluster.record(), options);
  await checkSchedulerConfig(cluster, options, host);
  cluster.make();
  let record = cluster.record();
  let engineHost = '';
  let startedMaster = false;
  const steps: Step[] = [
    {
      title: 'Docker Engine',
      run: async (say) => {
        const wanted = options.dockerHost ?? record?.dockerHost;
        const engine = await host.ensureEngine({ ...(wanted ? { dockerHost: wanted } : {}), directory: cluster.path('engine'), progress: say });
        engineHost = engine.host;
        signal?.throwIfAborted();
        record = await decide(cluster, options, host, engineHost, engine.installedPackages);
        return `Docker Engine ${engine.version} at ${engine.host}${engine.startedPid ? ' (started here)' : ''}`;
      },
    },
    {
      title: 'master',
      run: async () => {
        const running = runningPid(cluster, 'master');
        if (running !== undefined) return `master runs already (pid ${running})`;
        await checkPort(record!.port);
        const pid = await startProcess(cluster, 'master', host.program, masterArguments(cluster, record!), signal);
        startedMaster = true;
        return `master ready at https://127.0.0.1:${record!.port} (pid ${pid})`;
      },
    },
    {
      title: 'agent',
      run: async () => {
        const running = runningPid(cluster, 'agent');
        if (running !== undefined) return `agent runs already (pid ${running})`;
        const pid = await startProcess(cluster, 'agent', host.program, agentArguments(cluster, record!), signal);
        return `node ${record!.nodeName} is Ready (agent pid ${pid})`;
      },
    },
  ];
  try {
    await runSteps(steps);
  } catch (error) {
    // A half-started cluster helps nobody: the next `up` starts from the same point again.
    if (startedMaster && runningPid(cluster, 'agent') === undefined) await stopProcess(cluster, 'master', clock);
    throw error instanceof RangeFlagError ? new UsageError(error.message) : error;
  }
  return cluster;
}

/** Before anything is started: what is wrong in the flags alone. @throws UsageError, RangeFlagError */
function checkFlags({ nodeName, podCidr, serviceCidr, nodePortRange }: UpOptions): void {
  const [fault] = nodeName === undefined ? [] : isDNS1123Subdomain(nodeName);
  if (fault !== undefined) throw new UsageError(`--node-name "${nodeName}": ${fault}`);
  if (podCidr !== undefined) parsePodCIDR(podCidr);
  if (serviceCidr !== undefined) parseServiceCIDR(serviceCidr);
  if (nodePortRange !== undefined) parseNodePortRange(nodePortRange);
}

/** Before a master is started with it, also one it was given long ago. @throws UsageError */
async function checkSchedulerConfig(cluster: Cluster, { schedulerConfig = cluster.record()?.schedulerConfig }: UpOptions, host: UpHost): Promise<void> {
  if (schedulerConfig === undefined || runningPid(cluster, 'master') !== undefined) return;
  await host.checkSchedulerConfig(schedulerConfig).catch((error: Error) => { throw new UsageError(error.message); });
}

/** What is decided once cannot be changed by a flag later. @throws UsageError */
function checkChange(cluster: Cluster, record: ClusterRecord | undefined, options: UpOptions): void {
  if (!record) return;
  const range = record.ranges.nodePortRange;
  const fixed: readonly (readonly [string, string | undefined, string])[] = [
    ['--node-name', options.nodeName, record.nodeName], ['--pod-cidr', options.podCidr, record.ranges.podCIDR],
    ['--service-cidr', options.serviceCidr, record.ranges.serviceCIDR], ['--node-port-range', options.nodePortRange, `${range.from}-${range.to}`],
    ['--vxlan-port', options.vxlanPort?.toString(), String(record.ranges.vxlanPort)],
  ];
  // Another engine, or what a running process was started with, cannot be swapped under it either.
  const running = runningPid(cluster, 'master') !== undefined || runningPid(cluster, 'agent') !== undefined;
  const started: readonly (readonly [string, string | undefined, string])[] = [
    ['--docker-host', options.dockerHost, record.dockerHost],
    ...(running ? [['--port', options.port?.toString(), String(record.port)], ['--proxy-mode', options.proxyMode, record.proxyMode], ['--advertise-address', options.advertiseAddress, record.advertiseAddress], ...masterSettings.changes(options, record), ...agentSettings.changes(options, record)] as const : []),
  ];
  for (const [flag, asked, known] of [...fixed, ...started]) {
    if (asked !== undefined && asked !== known) throw new UsageError(`${flag}: this cluster was made with ${known}; use another --data-dir for another cluster`);
  }
}

async function decide(cluster: Cluster, options: UpOptions, host: UpHost, dockerHost: string, installed: readonly string[]): Promise<ClusterRecord> {
  const known = cluster.record();
  const record: ClusterRecord = {
    version: 1, dockerHost,
    port: options.port ?? known?.port ?? defaultPort,
    nodeName: known?.nodeName ?? options.nodeName ?? defaultNodeName(),
    advertiseAddress: options.advertiseAddress ?? known?.advertiseAddress ?? (await host.hostAddress()),
    proxyMode: options.proxyMode ?? known?.proxyMode ?? 'auto',
    ...masterSettings.merge(options, known), ...agentSettings.merge(options, known),
    ranges: known?.ranges ?? (await freshRanges(cluster, options, host, dockerHost)),
    installedPackages: [...new Set([...(known?.installedPackages ?? []), ...installed])],
  };
  cluster.save(record);
  return record;
}

async function freshRanges(cluster: Cluster, options: UpOptions, host: UpHost, dockerHost: string): Promise<ClusterRanges> {
  const facts = await readRangeFacts({ networks: await host.engineNetworks(dockerHost), clusters: await otherClusters(cluster, host.toldRanges) });
  return chooseRanges({ podCIDR: options.podCidr, serviceCIDR: options.serviceCidr, nodePortRange: options.nodePortRange, vxlanPort: options.vxlanPort }, facts);
}

export function masterArguments(cluster: Cluster, record: ClusterRecord): string[] {
  const { port, advertiseAddress, nodeName, ranges } = record;
  const { podCIDR, serviceCIDR, nodePortRange, vxlanPort } = ranges;
  return [
    'master', '--data-dir', cluster.dataDir, '--port', String(port), '--advertise-address', advertiseAddress, '--node', nodeName,
    '--pod-cidr', podCIDR, '--service-cidr', serviceCIDR, '--node-port-range', `${nodePortRange.from}-${nodePortRange.to}`, '--vxlan-port', String(vxlanPort), ...masterSettings.arguments(record),
  ];
}

export function agentArguments(cluster: Cluster, record: ClusterRecord): string[] {
  const { port, nodeName, dockerHost, proxyMode } = record;
  return [
    'agent', '--master', `https://127.0.0.1:${port}`, '--kubeconfig', cluster.nodeKubeconfig(nodeName), '--docker-host', dockerHost,
    '--node-name', nodeName, '--data-dir', cluster.dataDir, '--proxy-mode', proxyMode, ...agentSettings.arguments(record),
  ];
}

/** @throws UsageError when something else listens there */
async function checkPort(port: number): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, () => resolve());
    });
  } catch (error) {
    throw new UsageError(`port ${port} cannot be used (${(error as NodeJS.ErrnoException).code}): choose another with --port`);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
