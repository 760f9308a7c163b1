#!/usr/bin/env node
// The command line: the only file that knows language, master and agent, each loaded only by the command that needs it.
import { closeSync, writeSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseNodeLabels, parseReserved, parseTaints } from '../src/api/core/node-flags.ts';
import { Cluster, defaultDataDir, defaultNodeName, UsageError } from '../src/cli/cluster.ts';
import { forgetPid, ownPid, runningPid } from '../src/cli/processes.ts';
import { defaultVxlanPort, parseNodePortRange, parsePodCIDR, parseServiceCIDR, RangeFlagError } from '../src/cli/ranges.ts';
import { quantityValue } from '../src/apimachinery/quantity.ts';
import { formatCIDR } from '../src/util/cidr.ts';
import { realClock } from '../src/util/clock.ts';
import { seconds, withAgentSettings } from './agent-options.ts';
import { withMasterSettings } from './master-options.ts';

const program = new Command('dray');
const self = [process.execPath, process.argv[1]!];

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65535) throw new InvalidArgumentError('it must be a port number from 1 to 65535');
  return value;
}
function address(text: string): string {
  if (isIP(text) !== 4) throw new InvalidArgumentError('it must be an IPv4 address');
  return text;
}
const dataDir = (): Option => new Option('--data-dir <dir>', 'where the cluster keeps its data').default(defaultDataDir).argParser((dir) => resolve(dir));
/** Where a cluster's containers are taken away. */
const containersHost = (otherwise: string): Option => new Option('--docker-host <url>', `Docker Engine that has the containers to remove (default: ${otherwise})`);
const dockerHost = (): Option => new Option('--docker-host <url>', 'Docker Engine to use (default: DOCKER_HOST, then the default socket)');

/** Aborted by the first SIGTERM or SIGINT; a second one ends the process at once. */
function untilSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => { stop.abort(); process.once(name, () => process.exit(1)); });
  return stop.signal;
}

/** Aborted when the machine is said to go down, as init tells it of its power. */
function untilPowerFails(): AbortSignal {
  const down = new AbortController();
  process.on('SIGPWR', () => down.abort());
  return down.signal;
}

/** Tells whoever started this process that it is ready. */
function announce(fd: string | undefined): void {
  if (fd === undefined) return;
  try {
    writeSync(Number(fd), 'ready\n');
    closeSync(Number(fd));
  } catch (error) {
    // The starter has gone; being ready matters no less.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

const upHost = async (): Promise<import('../src/cli/up.ts').UpHost> => {
  const { ensureEngine } = await import('../agent/runtime/engine/index.ts');
  const { hostAddress, engineNetworks, toldRanges } = await import('../agent/setup.ts');
  const checkSchedulerConfig = async (file: string): Promise<void> => { (await import('../master/scheduler-config-file.ts')).readSchedulerConfigFile(file); };
  return { program: self, hostAddress, engineNetworks, toldRanges, checkSchedulerConfig, ensureEngine: (options) => ensureEngine({ ...options, env: process.env, clock: realClock }) };
};
const downHost = async (): Promise<import('../src/cli/down.ts').DownHost> => {
  const { leave, stopStartedEngine } = await import('../agent/setup.ts');
  return {
    removeNode: (cluster, engine, say) => leave({ dataDir: cluster.dataDir, dockerHost: engine, engineDirectory: cluster.path('engine'), say }),
    stopEngine: (cluster) => stopStartedEngine(cluster.path('engine')),
  };
};
program.description('The Kubernetes API on plain Docker hosts').exitOverride().showHelpAfterError(false).configureOutput({ writeErr: () => undefined });

withAgentSettings(withMasterSettings(program.command('up').description('start a cluster on this host')))
  .option('--detach', 'return once the node is Ready', false).option('--service', 'keep the cluster running: systemd units, or a supervisor', false)
  .addOption(dataDir()).option('--port <port>', 'port of the API (default: 6443)', port).option('--node-name <name>', 'name of this node (default: the host name)')
  .addOption(dockerHost())
  .option('--pod-cidr <cidr>', 'range of Pod addresses').option('--service-cidr <cidr>', 'range of Service addresses').option('--node-port-range <from-to>', 'range of node ports')
  .option('--vxlan-port <port>', 'UDP port between nodes that share no subnet (default: the first free one from 8472)', port)
  .option('--advertise-address <ip>', 'address other hosts reach this one at', address)
  .action(async (options) => {
    const { up } = await import('../src/cli/up.ts');
    const { stayInForeground, installService } = await import('../src/cli/service.ts');
    const cluster = await up(options, await upHost());
    if (options.service) await installService(cluster, self);
    process.stdout.write(`\nexport KUBECONFIG=${cluster.adminKubeconfig}\n`);
    if (!options.detach && !options.service) await stayInForeground(cluster, self, untilSignal());
  });

program.command('down').description('stop the cluster; containers stay').option('--purge', 'remove everything of the cluster from this host', false).addOption(dataDir()).addOption(containersHost('the one the cluster was started with'))
  .action(async (options) => {
    const { down } = await import('../src/cli/down.ts');
    const { removeService } = await import('../src/cli/service.ts');
    const cluster = new Cluster(options.dataDir);
    removeService(cluster, options.purge);
    await down(options, await downHost());
  });

program.command('status').description('show what runs').addOption(dataDir()).action(async (options) => {
  const { status } = await import('../src/cli/status.ts');
  process.exitCode = (await status(options)) ? 0 : 1;
});

program.command('backup').argument('<file>', 'the archive to write').description("write the cluster's objects and keys to a file, while it works; on the host of the master").addOption(dataDir()).action(async (file, options) => {
  const [{ writeBackup }, { commands }] = await Promise.all([import('../master/backup.ts'), import('../src/util/run.ts')]);
  const bytes = await writeBackup({ dataDir: options.dataDir, file: resolve(file), run: commands.run, clock: realClock });
  process.stdout.write(`${resolve(file)}: ${(bytes / 1e6).toFixed(1)} MB; whoever reads it is administrator of the cluster\n`);
});
program.command('restore').argument('<file>', 'an archive of dray backup').description("put a cluster's objects and keys back, while its master is down; dray up goes on from there").addOption(dataDir())
  .option('--replace', 'move aside what the data directory has of the cluster', false)
  .action(async (file, options) => {
    const [{ restoreBackup }, { commands }] = await Promise.all([import('../master/backup.ts'), import('../src/util/run.ts')]);
    const { createdAt, before } = await restoreBackup({ dataDir: options.dataDir, file: resolve(file), run: commands.run, clock: realClock, replace: options.replace });
    process.stdout.write(`restored as of ${createdAt}${before ? `; what was there before lies in ${before}` : ''}: dray up\n`);
  });

program.command('ui').description('print an address that opens the web UI and signs in').addOption(dataDir())
  .option('--service-account <name>', 'whose rights: a name in default, or namespace/name (default: an administrator made for this)')
  .option('--duration <time>', 'how long the token is good for, e.g. 30m (default: 1h)', seconds)
  .action(async (options) => {
    const { ui } = await import('../src/cli/ui.ts');
    await ui(options);
  });

program.command('demo').description('a throw-away cluster: deploy nginx, upgrade it under load, clean up').addOption(dockerHost()).option('--replicas <n>', 'replicas of the Deployment', Number, 3)
  .action(async (options) => {
    const { demo } = await import('../src/cli/demo.ts');
    // As a shell tells of a Ctrl-C, whichever signal it was.
    process.exitCode = { passed: 0, failed: 1, interrupted: 130 }[await demo(options, { ...(await upHost()), ...(await downHost()) }, untilSignal())];
  });

program.command('node-kubeconfig <name>').description('make the credentials an agent of this name joins with').addOption(dataDir()).requiredOption('--server <url>', 'URL other hosts reach the master at')
  .action(async (name: string, options) => {
    const { Pki } = await import('../master/pki/files.ts');
    const cluster = new Cluster(options.dataDir);
    if (!cluster.record()) throw new UsageError(`--data-dir: no cluster in ${cluster.dataDir}`);
    const pki = await Pki.open(cluster.dataDir);
    await pki.writeNode(cluster.nodeKubeconfig(name), options.server, name);
    process.stdout.write(`${cluster.nodeKubeconfig(name)}\n`);
  });

withAgentSettings(program.command('join [url]').description('make this host a node of the cluster whose master is at the URL; without one, start the agent of a host that has joined'))
  .option('--token <token>', 'what "dray token create" made').option('--ca-hash <hash>', "hash of the public key of the cluster's authority: sha256:…").addOption(dataDir())
  .option('--detach', 'return once the node is Ready', false).option('--service', 'keep the agent running: a systemd unit, or a supervisor', false)
  .option('--node-name <name>', 'name of this node (default: the host name)').addOption(dockerHost())
  .action(async (url: string | undefined, options) => {
    const [{ join }, { stayInForeground, installService }] = await Promise.all([import('../src/cli/join.ts'), import('../src/cli/service.ts')]);
    const cluster = await join(url, options, await upHost());
    if (options.service) await installService(cluster, self);
    else if (!options.detach) await stayInForeground(cluster, self, untilSignal());
  });

const kubeconfigOption = (): Option => new Option('--kubeconfig <file>', 'administrator\'s credentials (default: those in the data directory)');
const print = (line: string): void => { process.stdout.write(`${line}\n`); };
const token = program.command('token').description('tokens other hosts join with');
token.command('create [token]').description('make a token and print the command to run on the other host').addOption(dataDir()).addOption(kubeconfigOption())
  .option('--ttl <duration>', 'how long it serves; 0 is for ever', '24h').option('--description <text>', 'what it is for')
  .option('--usages <list>', 'what it may be used for', 'signing,authentication').option('--groups <list>', 'groups of who shows it', 'system:bootstrappers:kubeadm:default-node-token')
  .option('--server <url>', 'URL the other host reaches the master at (default: the advertised address)')
  .action(async (text: string | undefined, options) => {
    const [{ createToken }, { asAdmin }] = await Promise.all([import('../src/cli/token.ts'), import('../src/cli/admin.ts')]);
    print(await asAdmin(options, (client) => createToken(client, text, options, realClock.now())));
  });
token.command('list').description('show the tokens').addOption(dataDir()).addOption(kubeconfigOption()).action(async (options) => {
  const [{ listTokens }, { asAdmin }] = await Promise.all([import('../src/cli/token.ts'), import('../src/cli/admin.ts')]);
  print(await asAdmin(options, (client) => listTokens(client, realClock.now())));
});
token.command('delete <token...>').description('delete tokens, by id or whole').addOption(dataDir()).addOption(kubeconfigOption()).action(async (texts: string[], options) => {
  const [{ deleteTokens }, { asAdmin }] = await Promise.all([import('../src/cli/token.ts'), import('../src/cli/admin.ts')]);
  await asAdmin(options, (client) => deleteTokens(client, texts, print));
});

const nodes = program.command('node').description('keep Pods off a host, move them away, or take it out of the cluster');
const nodeOutput = { say: print, warn: (line: string): void => { process.stderr.write(`${line}\n`); } };
const nodeCommand = (name: string, description: string): Command => nodes.command(`${name} <name>`).description(description).addOption(dataDir()).addOption(kubeconfigOption());
for (const [word, unschedulable] of [['cordon', true], ['uncordon', false]] as const) {
  nodeCommand(word, unschedulable ? 'let no more Pods be placed on the node' : 'let Pods be placed on the node again').action(async (name: string, options) => {
    const [{ cordonNode }, { asAdmin }] = await Promise.all([import('../src/cli/node.ts'), import('../src/cli/admin.ts')]);
    await asAdmin(options, (client) => cordonNode(client, name, unschedulable, nodeOutput));
  });
}
nodeCommand('drain', 'cordon the node and evict its Pods, as disruption budgets allow; Pods of DaemonSets stay')
  .option('--force', 'end Pods that no controller makes anew', false).option('--delete-emptydir-data', 'end Pods whose emptyDir volumes are lost with them', false)
  .option('--timeout <duration>', 'how long to try; 0 is as long as it takes', '0s')
  .action(async (name: string, options) => {
    const [{ drainNode }, { asAdmin }, { parseDuration }] = await Promise.all([import('../src/cli/node.ts'), import('../src/cli/admin.ts'), import('../src/apimachinery/duration.ts')]);
    let timeoutMs: number;
    try {
      timeoutMs = parseDuration(options.timeout);
    } catch (error) {
      throw new UsageError(`--timeout: ${(error as Error).message}`);
    }
    await asAdmin(options, (client) => drainNode(client, name, { force: options.force, deleteEmptydirData: options.deleteEmptydirData, timeoutMs }, nodeOutput, realClock));
  });
nodes.command('shutdown').description('end the Pods of this host, as its agent was told to with --shutdown-grace-period: what is run before the machine goes down').addOption(dataDir())
  .action(async (options) => {
    const [{ shutDownNode }, { readShutdownState }] = await Promise.all([import('../src/cli/node-shutdown.ts'), import('../agent/kubelet/node-shutdown.ts')]);
    const cluster = new Cluster(options.dataDir);
    await shutDownNode(cluster, () => readShutdownState(cluster.dataDir), print, realClock);
  });
nodeCommand('remove', 'take the node out of the cluster: its certificates serve no more').option('--force', 'though it is Ready and runs Pods', false)
  .action(async (name: string, options) => {
    const [{ removeNode }, { asAdmin }] = await Promise.all([import('../src/cli/node.ts'), import('../src/cli/admin.ts')]);
    if (new Cluster(options.dataDir).record()?.nodeName === name) throw new UsageError(`node "${name}" is the host of the master: "dray down --purge" there ends the cluster`);
    await asAdmin(options, (client) => removeNode(client, name, options, nodeOutput));
  });

program.command('doctor').description('check whether this host can be a node, and say what is in the way').addOption(dataDir()).addOption(dockerHost())
  .option('--master <url>', 'master this host is to join').option('--port <port>', 'port of the API (default: 6443)', port)
  .option('--pod-cidr <cidr>', 'range of Pod addresses').option('--service-cidr <cidr>', 'range of Service addresses')
  .option('--vxlan-port <port>', 'UDP port between nodes that share no subnet', port)
  .action(async (options) => {
    const [{ doctor }, { doctorHost }] = await Promise.all([import('../src/cli/doctor.ts'), import('../agent/setup.ts')]);
    process.exitCode = (await doctor(options, doctorHost, print)) ? 0 : 1;
  });

program.command('leave').description('remove what an agent left on this host: containers, networks, rules and routes').addOption(dataDir()).addOption(containersHost('the one the host joined with; without such, DOCKER_HOST, then the default socket'))
  .action(async (options) => {
    const [{ leave }, { engineAddress }] = await Promise.all([import('../agent/setup.ts'), import('../agent/runtime/engine/index.ts')]);
    const cluster = new Cluster(options.dataDir);
    if (cluster.joined()) {
      const [{ down }, { removeService }] = await Promise.all([import('../src/cli/down.ts'), import('../src/cli/service.ts')]);
      removeService(cluster, true);
      await down({ dataDir: cluster.dataDir, purge: true, ...(options.dockerHost ? { dockerHost: options.dockerHost } : {}) }, await downHost());
      return;
    }
    const running = runningPid(cluster, 'agent');
    if (running !== undefined) throw new UsageError(`--data-dir: the agent of ${cluster.dataDir} runs (pid ${running}); stop it first`);
    const { host } = engineAddress({ ...(options.dockerHost ? { dockerHost: options.dockerHost } : {}), env: process.env });
    await leave({ dataDir: cluster.dataDir, dockerHost: host, say: (text) => process.stdout.write(`${text}\n`) });
    forgetPid(cluster, 'agent');
  });

program.command('supervise', { hidden: true }).addOption(dataDir()).option('--ready-fd <fd>').action(async (options) => {
  const { supervise } = await import('../src/cli/service.ts');
  announce(options.readyFd);
  await supervise(new Cluster(options.dataDir), self, untilSignal());
});

withMasterSettings(program.command('master').description('run the master: API server, scheduler and controllers')).addOption(dataDir()).option('--port <port>', 'port of the API', port, 6443)
  .option('--advertise-address <ip>', 'address other hosts reach the master at', address).option('--node <name...>', 'nodes to make credentials for', [])
  .requiredOption('--pod-cidr <cidr>', 'range of Pod addresses').requiredOption('--service-cidr <cidr>', 'range of Service addresses')
  .option('--node-port-range <from-to>', 'range of node ports', '30000-32767').option('--vxlan-port <port>', 'UDP port between nodes that share no subnet', port, defaultVxlanPort).addOption(new Option('--ready-fd <fd>').hideHelp())
  .action(async (options) => {
    const [{ runMaster }, { readSchedulerConfigFile }, { createLog }, { hostAddress }] = await Promise.all([import('../master/main.ts'), import('../master/scheduler-config-file.ts'), import('../src/util/log.ts'), import('../agent/setup.ts')]);
    const { defaultEvictionRates } = await import('../master/controllers/nodelifecycle/zones.ts');
    const log = createLog({ name: 'master' });
    let scheduler;
    try {
      scheduler = options.schedulerConfig === undefined ? undefined : readSchedulerConfigFile(options.schedulerConfig);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    const range = parseNodePortRange(options.nodePortRange);
    const given = (name: keyof typeof defaultEvictionRates): number => options[name] ?? defaultEvictionRates[name];
    const evictionRates = {
      nodeEvictionRate: given('nodeEvictionRate'), secondaryNodeEvictionRate: given('secondaryNodeEvictionRate'),
      unhealthyZoneThreshold: given('unhealthyZoneThreshold'), largeClusterSizeThreshold: given('largeClusterSizeThreshold'),
    };
    await runMaster({
      dataDir: options.dataDir, port: options.port, advertiseAddress: options.advertiseAddress ?? (await hostAddress()), nodeNames: options.node, log,
      podCIDR: formatCIDR(parsePodCIDR(options.podCidr)), serviceCIDR: formatCIDR(parseServiceCIDR(options.serviceCidr)), nodePorts: { first: range.from, last: range.to }, vxlanPort: options.vxlanPort, evictionRates, ...(scheduler ? { scheduler } : {}),
      onOwned: () => ownPid(new Cluster(options.dataDir), 'master'), onReady: () => announce(options.readyFd),
    }, untilSignal());
  });

withAgentSettings(program.command('agent').description('run the agent of this Docker host')).requiredOption('--master <url>', 'URL of the master').requiredOption('--kubeconfig <file>', 'credentials of this node')
  .option('--node-name <name>', 'name of this node (default: the host name)').addOption(dockerHost()).addOption(dataDir())
  .addOption(new Option('--ready-fd <fd>').hideHelp())
  .action(async (options) => {
    const [{ runAgent }, { createLog }, { readKubeconfig }] = await Promise.all([import('../agent/main.ts'), import('../src/util/log.ts'), import('../src/client/kubeconfig.ts')]);
    const { pluginsDirectory } = await import('../agent/kubelet/devices/plugin-directory.ts');
    const [{ parseEviction }, { parseImageGC }, { parsePullLimit }, { parseShutdown }, { allowedSysctls }] = await Promise.all([import('../agent/kubelet/eviction/thresholds.ts'), import('../agent/kubelet/image-gc.ts'), import('../agent/kubelet/pull-limit.ts'), import('../agent/kubelet/node-shutdown.ts'), import('../agent/kubelet/sysctls.ts')]);
    let access, eviction, imageGC, parallelPulls, shutdown, sysctls;
    try {
      eviction = parseEviction(options);
      imageGC = parseImageGC(options);
      parallelPulls = parsePullLimit(options);
      shutdown = parseShutdown(options);
      sysctls = allowedSysctls(options.allowedUnsafeSysctls);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    try {
      access = readKubeconfig(options.kubeconfig);
    } catch (error) {
      throw new UsageError(`--kubeconfig: ${(error as Error).message}`);
    }
    await runAgent({
      access: { ...access, server: options.master.replace(/\/$/, '') }, kubeconfig: options.kubeconfig, nodeName: options.nodeName ?? defaultNodeName(), dataDir: options.dataDir, proxyMode: options.proxyMode ?? 'auto',
      logLimits: { maxSizeBytes: quantityValue(options.containerLogMaxSize ?? '10Mi'), maxFiles: options.containerLogMaxFiles ?? 5 },
      drainWaitMs: options.drainWait ?? 2000, eviction, imageGC, reserved: [parseReserved(options.systemReserved ?? ''), parseReserved(options.kubeReserved ?? '')], labels: parseNodeLabels(options.nodeLabels ?? ''), taints: parseTaints(options.registerWithTaints ?? ''),
      parallelPulls, shutdown, sysctls, goingDown: untilPowerFails(), log: createLog({ name: 'agent' }), ...(options.dockerHost ? { dockerHost: options.dockerHost } : {}),
      devicePluginsDir: options.devicePluginsDir ?? pluginsDirectory, ...(options.podManifestPath ? { podManifestPath: options.podManifestPath } : {}),
      onOwned: () => ownPid(new Cluster(options.dataDir), 'agent'), onReady: () => announce(options.readyFd),
    }, untilSignal());
  });

/** Usage mistakes and things the person can put right: one line and exit code 2; the rest is 1. */
function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    process.stderr.write(`dray: ${error.message.replace(/^error: /, '')}\n`);
    process.exitCode = 2;
    return;
  }
  const { message } = error as Error;
  const { name } = (error as Error).constructor;
  const usage = error instanceof UsageError || error instanceof RangeFlagError || ['EngineNotFound', 'PackageError', 'NotShared'].includes(name) || (error as { exitCode?: number }).exitCode === 2;
  process.stderr.write(`dray: ${message}\n`);
  process.exitCode = usage ? 2 : 1;
}

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}
