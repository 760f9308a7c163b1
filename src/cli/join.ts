// `dray join`: makes this Docker host a node of a cluster whose master is elsewhere. The token serves once; later starts use what the
// first one wrote.
import { existsSync } from 'node:fs';
import { isDNS1123Subdomain } from '../apimachinery/names.ts';
import { parseBootstrapToken, type BootstrapToken } from '../api/core/bootstrap-token.ts';
import { isCaHash } from '../client/ca-hash.ts';
import { kubeconfig } from '../client/kubeconfig.ts';
import { realClock, type Clock } from '../util/clock.ts';
import { agentSettings, type AgentSettings } from './agent-settings.ts';
import { Cluster, defaultNodeName, UsageError, type JoinRecord, type ProxyMode } from './cluster.ts';
import { discover, requestCredentials } from './join-bootstrap.ts';
import { runningPid, startProcess } from './processes.ts';
import { runSteps } from './progress.ts';
import type { UpHost } from './up.ts';

export interface JoinOptions extends AgentSettings {
  readonly dataDir: string;
  readonly token?: string;
  readonly caHash?: string;
  readonly nodeName?: string;
  readonly dockerHost?: string;
  readonly proxyMode?: ProxyMode;
}

export const joinedAgentArguments = (cluster: Cluster, record: JoinRecord): string[] => [
  'agent', '--master', record.server, '--kubeconfig', cluster.nodeKubeconfig(record.nodeName), '--docker-host', record.dockerHost,
  '--node-name', record.nodeName, '--data-dir', cluster.dataDir, '--proxy-mode', record.proxyMode, ...agentSettings.arguments(record),
];

/** `https://host[:port]`; what follows is nobody's. @throws UsageError */
export function masterURL(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search || url.hash || url.username) throw new UsageError(`"${text}" is no URL of a master: it must be like https://192.0.2.10:6443`);
  return url.origin;
}

interface Invitation { readonly server: string; readonly token: BootstrapToken; readonly caHash: string }

/** What the flags say, judged before anything is done. Undefined for a later start, which needs none of it. @throws UsageError */
export function invitation(url: string | undefined, options: JoinOptions, record: JoinRecord | undefined): Invitation | undefined {
  const server = url === undefined ? undefined : masterURL(url);
  const [nameFault] = options.nodeName === undefined ? [] : isDNS1123Subdomain(options.nodeName);
  if (nameFault !== undefined) throw new UsageError(`--node-name "${options.nodeName}": ${nameFault}`);
  const token = options.token === undefined ? undefined : parseBootstrapToken(options.token);
  if (options.token !== undefined && !token) throw new UsageError('--token: it must be of the form "abcdef.0123456789abcdef"');
  if (options.caHash !== undefined && !isCaHash(options.caHash)) throw new UsageError('--ca-hash: it must be "sha256:" and 64 hexadecimal digits');
  if (record) {
    for (const [flag, asked, known] of [['the master', server, record.server], ['--node-name', options.nodeName, record.nodeName]] as const) {
      if (asked !== undefined && asked !== known) throw new UsageError(`${flag}: this host has joined as ${record.nodeName} at ${record.server}; "dray leave" takes it out, or use another --data-dir`);
    }
    return undefined;
  }
  if (server === undefined || !token || options.caHash === undefined) throw new UsageError('the first start needs the URL of the master, --token and --ca-hash: "dray token create" on the master prints the whole line');
  return { server, token, caHash: options.caHash };
}

/** Joins, or starts the agent of a host that has joined; resolves when the node is Ready. */
export async function join(url: string | undefined, options: JoinOptions, host: Pick<UpHost, 'program' | 'ensureEngine'>, clock: Clock = realClock): Promise<Cluster> {
  const cluster = new Cluster(options.dataDir);
  if (cluster.record()) throw new UsageError(`--data-dir: ${cluster.dataDir} holds a cluster of its own; use another --data-dir`);
  let record = cluster.joined();
  const invited = invitation(url, options, record);
  cluster.make();
  const running = runningPid(cluster, 'agent');
  const started = [['--docker-host', options.dockerHost, record?.dockerHost], ['--proxy-mode', options.proxyMode, record?.proxyMode], ...agentSettings.changes(options, record ?? {})] as const;
  // What a running agent was started with cannot be swapped under it.
  for (const [flag, asked, known] of started) if (running !== undefined && asked !== undefined && asked !== known) throw new UsageError(`${flag}: the agent that runs (pid ${running}) was started with ${known}; "dray down" stops it`);
  let ca = '';
  const nodeName = record?.nodeName ?? options.nodeName ?? defaultNodeName();
  await runSteps([
    ...(invited ? [{
      title: 'master',
      run: async (): Promise<string> => {
        ca = await discover(invited.server, invited.caHash, clock);
        return `the master at ${invited.server} is the one the hash names`;
      },
    }] : []),
    {
      title: 'Docker Engine',
      run: async (say) => {
        const wanted = options.dockerHost ?? record?.dockerHost;
        const engine = await host.ensureEngine({ ...(wanted ? { dockerHost: wanted } : {}), directory: cluster.path('engine'), progress: say });
        record = {
          version: 1, server: record?.server ?? invited!.server, nodeName, dockerHost: engine.host, proxyMode: options.proxyMode ?? record?.proxyMode ?? 'auto',
          ...agentSettings.merge(options, record), installedPackages: [...new Set([...(record?.installedPackages ?? []), ...engine.installedPackages])],
        };
        return `Docker Engine ${engine.version} at ${engine.host}${engine.startedPid ? ' (started here)' : ''}`;
      },
    },
    ...(invited ? [{
      title: 'certificate',
      run: async (): Promise<string> => {
        const access = await requestCredentials({ server: invited.server, ca, token: invited.token, nodeName });
        cluster.writePrivate(cluster.nodeKubeconfig(nodeName), kubeconfig(access, { cluster: 'dray', user: `node-${nodeName}` }));
        return `certificate of node ${nodeName} signed; its key stays in ${cluster.nodeKubeconfig(nodeName)}`;
      },
    }] : []),
    {
      title: 'agent',
      run: async () => {
        // Known only from here on: what failed before is begun again, with the token.
        cluster.saveJoin(record!);
        if (!existsSync(cluster.nodeKubeconfig(nodeName))) throw new UsageError(`--data-dir: ${cluster.nodeKubeconfig(nodeName)} is missing; "dray leave", then join again with a token`);
        if (running !== undefined) return `agent runs already (pid ${running})`;
        const pid = await startProcess(cluster, 'agent', host.program, joinedAgentArguments(cluster, record!));
        return `node ${nodeName} is Ready (agent pid ${pid})`;
      },
    },
  ]);
  return cluster;
}
