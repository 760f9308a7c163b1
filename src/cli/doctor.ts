// `dray doctor`: looks at this host as a node needs it and says, a line a check, what is in order and what is in the way. Changes nothing
// that it does not take back.
import { Resolver } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import { realClock } from '../util/clock.ts';
import { CommandError, type Run } from '../util/run.ts';
import { Cluster, joinedRanges, otherClusters, UsageError, type ToldRanges } from './cluster.ts';
import { droppingChains, judgeDns, judgeEngine, judgeFirewall, judgeKernel, judgeMtu, judgePath, judgePorts, judgeVxlan, listeningPorts, report, type Finding } from './doctor-checks.ts';
import { masterURL } from './join.ts';
import { clockFault, masterDate } from './join-bootstrap.ts';
import { runningPid } from './processes.ts';
import { readRangeFacts, readUdpPorts, type DockerNetworkSubnets } from './range-facts.ts';
import { chooseRanges, defaultNodePortRange, defaultVxlanPort, type ClusterRanges } from './ranges.ts';

export interface DoctorOptions {
  readonly dataDir: string;
  readonly dockerHost?: string;
  /** URL of the master this host is to join. */
  readonly master?: string;
  readonly port?: number;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly vxlanPort?: number;
}

/** What this command needs of the agent's side. */
export interface DoctorHost {
  readonly run: Run;
  /** @throws Error in words for a person when none answers */
  findEngine(dockerHost: string | undefined): Promise<{ readonly host: string; readonly version: string }>;
  engineNetworks(host: string): Promise<readonly DockerNetworkSubnets[]>;
  /** The device other hosts are reached over, and the bridges of nodes that are there. */
  links(): Promise<{ readonly device: string; readonly mtu: number; readonly bridges: readonly { readonly name: string; readonly mtu: number }[] }>;
  toldRanges: ToldRanges;
  /** UDP ports of the tunnels of clusters that are there. */
  tunnels(): Promise<readonly number[]>;
  probe(options: { readonly dockerHost: string; readonly podCIDR: string; readonly serviceCIDR: string }): Promise<{ readonly fromHost: string | undefined; readonly routed: string | undefined }>;
}

const defaultPort = 6443;
const resolveMs = 2000;

/** Prints the findings; resolves with whether nothing is blocked. */
export async function doctor(options: DoctorOptions, host: DoctorHost, print: (line: string) => void): Promise<boolean> {
  if (process.getuid?.() !== 0) throw new UsageError('dray doctor has to run as root, as the agent does');
  const cluster = new Cluster(options.dataDir);
  const [record, joined] = [cluster.record(), cluster.joined()];
  const master = options.master === undefined ? joined?.server : masterURL(options.master);
  const apiPort = master !== undefined || runningPid(cluster, 'master') !== undefined ? undefined : options.port ?? record?.port ?? defaultPort;
  const findings: (Finding & { check: string })[] = [];
  const check = async (name: string, judge: () => Promise<Finding>): Promise<void> => {
    const finding = await judge().catch((error: unknown): Finding => ({ verdict: 'blocked', text: missingProgram(error) ?? (error as Error).message }));
    findings.push({ check: name, ...finding });
  };

  let engine: string | undefined;
  await check('engine', async () => {
    const found = await host.findEngine(options.dockerHost ?? record?.dockerHost ?? joined?.dockerHost);
    engine = found.host;
    return judgeEngine(found.version, found.host);
  });
  await check('kernel', () => kernel(host.run));
  const ranges = record?.ranges ?? (await joinedRanges(cluster, host.toldRanges));
  const nodePorts = ranges?.nodePortRange ?? defaultNodePortRange;
  // Its own workers listen there while an agent is about.
  if (runningPid(cluster, 'agent') === undefined) await check('ports', async () => judgePorts(listeningPorts(['tcp', 'tcp6'].map((file) => readOptional(`/proc/net/${file}`)).join('\n')), { ...nodePorts, ...(apiPort === undefined ? {} : { apiPort }) }));
  let free: ClusterRanges | undefined;
  await check('routes', async () => {
    const facts = await readRangeFacts({ networks: engine === undefined ? [] : await host.engineNetworks(engine), clusters: await otherClusters(cluster, host.toldRanges) }, host.run);
    free = chooseRanges({}, facts);
    if (record || joined) return { verdict: 'ok', text: record ? `Pods ${record.ranges.podCIDR} and Services ${record.ranges.serviceCIDR} are in use here` : `this host is a node of ${joined!.server}` };
    const { podCIDR, serviceCIDR } = chooseRanges({ podCIDR: options.podCidr, serviceCIDR: options.serviceCidr }, facts);
    return { verdict: 'ok', text: `nothing here overlaps ${podCIDR} (Pods) and ${serviceCIDR} (Services)` };
  });
  if (master !== undefined) {
    await check('master', async () => {
      const date = await masterDate(master);
      const fault = clockFault(realClock.now(), date);
      return fault === undefined ? { verdict: 'ok', text: `${master} answers, and its clock is this host's` } : { verdict: 'blocked', text: fault };
    });
  }
  await check('DNS', dns);
  await check('MTU', async () => {
    const { device, mtu, bridges } = await host.links();
    return judgeMtu(device, mtu, bridges);
  });
  const vxlanPort = options.vxlanPort ?? ranges?.vxlanPort ?? defaultVxlanPort;
  await check('VXLAN', async () => {
    return judgeVxlan(vxlanPort, await inNewNamespace(host.run)(['ip', 'link', 'add', 'name', 'probe', 'type', 'vxlan', 'id', '1', 'dstport', String(vxlanPort), 'nolearning']), await readUdpPorts(), await host.tunnels());
  });
  await check('firewall', async () => judgeFirewall(await host.run('iptables', ['-w', '-S']), droppingChains(await host.run('nft', ['-j', 'list', 'chains'])), apiPort, vxlanPort));
  if (engine !== undefined && free) await check('packet', async () => judgePath(await host.probe({ dockerHost: engine!, podCIDR: free!.podCIDR, serviceCIDR: free!.serviceCIDR })));
  const { lines, fine } = report(findings);
  for (const line of lines) print(line);
  return fine;
}

const packages: Readonly<Record<string, string>> = { ip: 'iproute2', nft: 'nftables', iptables: 'iptables', unshare: 'util-linux', nsenter: 'util-linux' };
function missingProgram(error: unknown): string | undefined {
  if (!(error instanceof CommandError) || error.code !== 'ENOENT') return undefined;
  const name = error.command.split(' ')[0]!;
  return `the program ${name} is missing${packages[name] ? `: install ${packages[name]}` : ''}`;
}

/** Why a command does not succeed in a network namespace that ends with it; undefined when it does. */
const inNewNamespace = (run: Run) => async (args: readonly string[], input?: string): Promise<string | undefined> => {
  try {
    await run('unshare', ['--net', ...args], input === undefined ? {} : { input });
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return missingProgram(error) ?? (error.stderr.trim().split('\n')[0] || error.message);
    throw error;
  }
};

/** Each feature is used once. */
async function kernel(run: Run): Promise<Finding> {
  const tried = inNewNamespace(run);
  const nft = 'table ip probe {\n chain a { type nat hook postrouting priority srcnat; masquerade fully-random; }\n chain b { type filter hook output priority filter; icmp type redirect drop; }\n}\n';
  return judgeKernel({
    'network namespaces': await tried(['true']), bridge: await tried(['ip', 'link', 'add', 'probe', 'type', 'bridge']), veth: await tried(['ip', 'link', 'add', 'probe', 'type', 'veth', 'peer', 'name', 'other']),
    nftables: await tried(['nft', '-f', '-'], nft), iptables: await tried(['iptables', '-w', '-A', 'FORWARD', '-m', 'comment', '--comment', 'probe', '-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT']),
  });
}

async function dns(): Promise<Finding> {
  const servers = readOptional('/etc/resolv.conf').split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  if (!servers.length) return judgeDns(servers, undefined);
  // The root's name servers: every resolver knows them, and any answer is one.
  const fault = await new Resolver({ timeout: resolveMs, tries: 1 }).resolveNs('.').then(() => undefined, (error: NodeJS.ErrnoException) => (error.code === 'ENOTFOUND' || error.code === 'ENODATA' ? undefined : error.message));
  return judgeDns(servers, fault);
}

const readOptional = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
