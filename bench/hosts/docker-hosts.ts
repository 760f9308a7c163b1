// Several Docker hosts on one machine: each an engine of its own in a network namespace of its own, joined by a bridge that plays the LAN;
// some may be on another, behind a router.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processId, startDockerd, stopDockerd } from '../../agent/runtime/engine/dockerd.ts';
import { installPackages } from '../../src/util/apt.ts';
import { mustParseCIDR, overlaps, parseCIDR, type CIDR } from '../../src/util/cidr.ts';
import { realClock } from '../../src/util/clock.ts';
import { CommandError, commandsInNetworkNamespace, run, type Commands } from '../../src/util/run.ts';
import { removeContainers, removeRemains } from './remains.ts';
import { cutPower } from './power.ts';

export interface DockerHost {
  readonly name: string;
  /** Address on the LAN. */
  readonly ip: string;
  /** Path of the host's network namespace. */
  readonly netns: string;
  /** For --docker-host. */
  readonly dockerHost: string;
  /** Runs programs in the host's network namespace. */
  readonly commands: Commands;
  /** The docker command against this host's engine; its output, trimmed. */
  docker(...args: string[]): Promise<string>;
  /** Ends the engine; its containers live on until it is back. */
  stopEngine(): Promise<void>;
  /** With further arguments, the last of which win. */
  startEngine(...args: string[]): Promise<void>;
}
export interface DockerHosts {
  readonly hosts: readonly DockerHost[];
  /** The machine's own address on the LAN: it stands for all that is outside of the cluster. */
  readonly lanIP: string;
  /** Runs programs in the router's network namespace, where there is one. */
  readonly router?: Commands;
  /** Holds the data of all engines. */
  readonly directory: string;
  /** Pulls a host's network cable, or plugs it in again. */
  plug(host: DockerHost, connected: boolean): Promise<void>;
  /** Cuts a host's power: its processes end without a word, and nothing of its network, its mounts and its run-time state is left. `dataDir` is that of its node. */
  powerOff(host: DockerHost, dataDir: string): Promise<void>;
  /** Starts it again, the engine with it. */
  powerOn(host: DockerHost): Promise<void>;
  /** A second engine on a host, in the same network namespace: as Docker asks of several, with a bridge of its own and without iptables. */
  secondEngine(host: DockerHost): Promise<DockerHost>;
  /** A network namespace on the LAN without an engine, whose network stays as it is: for who looks at the cluster from elsewhere. Its path. */
  onlooker(): Promise<string>;
  /** Ends the engines and their containers and takes away every interface, namespace, mount and file. */
  stop(): Promise<void>;
}

interface Lan { readonly bridge: string; /** Its first three octets. */ readonly subnet: string }

const tolerate = (error: unknown): string => {
  if (error instanceof CommandError) return '';
  throw error;
};

/** A /24 for the LAN that no route of this machine meets. */
async function freeSubnet(except?: string): Promise<string> {
  const routes = JSON.parse(await run('ip', ['-4', '-j', 'route', 'show', 'table', 'all'])) as { dst?: string }[];
  const taken = routes.flatMap((route): CIDR[] => { const range = parseCIDR(route.dst ?? ''); return range && range.prefix >= 8 ? [range] : []; });
  for (let tries = 0; tries < 100; tries++) {
    const [a, b] = randomBytes(2);
    const subnet = `10.${192 + (a! % 32)}.${b}`;
    if (subnet !== except && !taken.some((range) => overlaps(range, mustParseCIDR(`${subnet}.0/24`)))) return subnet;
  }
  throw new Error('no free subnet for the test hosts');
}

/** Where br_netfilter is on, bridged frames meet the machine's own FORWARD chain, which an engine may have set to DROP. */
async function letBridgedFramesPass(bridge: string, action: '-I' | '-D'): Promise<void> {
  const called = await run('cat', ['/proc/sys/net/bridge/bridge-nf-call-iptables']).catch(tolerate);
  if (called.trim() === '1') await run('iptables', ['-w', action, 'FORWARD', '-i', bridge, '-o', bridge, '-m', 'comment', '--comment', bridge, '-j', 'ACCEPT']);
}

/** Starts `count` hosts, as root; the last `behindRouter` of them are on a LAN of their own. */
export async function startDockerHosts(count: number, options: { daemonArgs?: readonly string[]; behindRouter?: number } = {}): Promise<DockerHosts> {
  if (!existsSync('/usr/sbin/dockerd') && !existsSync('/usr/bin/dockerd')) await installPackages(['docker.io', 'iproute2', 'iptables', 'nftables']);
  const id = randomBytes(3).toString('hex');
  const bridge = `tl${id}`;
  const root = await mkdtemp(join(tmpdir(), `docker-hosts-${id}-`));
  const subnet = await freeSubnet();
  const lan: Lan = { bridge, subnet };
  const farLan: Lan | undefined = options.behindRouter ? { bridge: `tf${id}`, subnet: await freeSubnet(subnet) } : undefined;
  const names = Array.from({ length: count }, (_, i) => `th${id}n${i + 1}`);
  const seconds: string[] = [];
  const directory = (name: string): string => join(root, name);
  const namespacesMounted = (await readFile('/proc/self/mounts', 'utf8')).includes(' /run/netns ');

  const stop = async (): Promise<void> => {
    await Promise.all([...names, ...seconds].map(async (name) => {
      const pid = processId(directory(name));
      if (pid === undefined) return;
      await removeContainers(join(directory(name), 'docker.sock'));
      await stopDockerd(pid, realClock);
    }));
    for (const name of [...seconds, ...names]) {
      await run('ip', ['link', 'delete', name]).catch(tolerate);
      await removeRemains(name, directory(name));
    }
    for (const { bridge: of } of farLan ? [lan, farLan] : [lan]) {
      await letBridgedFramesPass(of, '-D').catch(tolerate);
      await run('ip', ['link', 'delete', of]).catch(tolerate);
    }
    // `ip netns add` mounts the directory onto itself the first time.
    if (!namespacesMounted && (await readdir('/run/netns')).length === 0) await run('umount', ['/run/netns']).catch(tolerate);
    await rm(root, { recursive: true, force: true, maxRetries: 10 });
  };

  const onTheLan = async (name: string, ip: string, { bridge: of, subnet: range }: Lan = lan): Promise<Pick<DockerHost, 'netns' | 'commands'>> => {
    const netns = `/run/netns/${name}`;
    const commands = commandsInNetworkNamespace(netns);
    await run('ip', ['netns', 'add', name]);
    await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns]);
    await run('ip', ['link', 'set', name, 'master', of, 'up']);
    await commands.run('ip', ['-batch', '-'], { input: `link set lo up\naddress add ${ip}/24 dev eth0\nlink set eth0 up\nroute add default via ${range}.1\n` });
    return { netns, commands };
  };

  /** Between the two LANs and the machine: it knows no other way. */
  const makeRouter = async (far: Lan): Promise<Commands> => {
    const name = `th${id}r`;
    seconds.push(name);
    const { netns, commands } = await onTheLan(name, `${subnet}.2`);
    await run('ip', ['link', 'add', `${name}f`, 'type', 'veth', 'peer', 'name', 'eth1', 'netns', netns]);
    await run('ip', ['link', 'set', `${name}f`, 'master', far.bridge, 'up']);
    await commands.run('ip', ['-batch', '-'], { input: `route delete default\naddress add ${far.subnet}.1/24 dev eth1\nlink set eth1 up\n` });
    await commands.run('tee', ['/proc/sys/net/ipv4/ip_forward'], { input: '1\n' });
    await run('ip', ['route', 'add', `${far.subnet}.0/24`, 'via', `${subnet}.2`]);
    return commands;
  };

  const boot = async (name: string, index: number): Promise<Pick<DockerHost, 'ip' | 'netns' | 'commands'>> => {
    const of = farLan && index >= count - options.behindRouter! ? farLan : lan;
    const ip = `${of.subnet}.${11 + index}`;
    const { netns, commands } = await onTheLan(name, ip, of);
    if (farLan && of === lan) await commands.run('ip', ['route', 'add', `${farLan.subnet}.0/24`, 'via', `${subnet}.2`]);
    // Off, as on a fresh machine: the engine then turns it on and sets the FORWARD policy to DROP.
    await commands.run('tee', ['/proc/sys/net/ipv4/ip_forward'], { input: '0\n' });
    return { ip, netns, commands };
  };
  const makeHost = async (name: string, index: number): Promise<DockerHost> => {
    const booted = await boot(name, index);
    return { name, ...booted, ...(await startEngine(name, booted.netns, [])) };
  };

  const startEngine = async (name: string, netns: string, args: readonly string[]): Promise<Pick<DockerHost, 'dockerHost' | 'docker' | 'stopEngine' | 'startEngine'>> => {
    const dir = directory(name);
    const socketPath = join(dir, 'docker.sock');
    await mkdir(dir);
    // All engines of a machine would share one identity from the default key.
    await writeFile(join(dir, 'daemon.json'), JSON.stringify({ 'deprecated-key-path': join(dir, 'key.json') }));
    const start = (more: readonly string[] = []): Promise<number> => startDockerd({
      socketPath, directory: dir, execRoot: join(dir, 'exec'), prefix: ['nsenter', `--net=${netns}`, 'unshare', '--uts'], clock: realClock,
      arguments: ['--config-file', join(dir, 'daemon.json'), '--data-root', join(dir, 'data'), '--cgroup-parent', `/${name}`, ...args, ...(options.daemonArgs ?? []), ...more],
    });
    await start();
    const dockerHost = `unix://${socketPath}`;
    return { dockerHost, stopEngine: () => stopDockerd(processId(dir)!, realClock), startEngine: async (...more) => { await start(more); }, docker: async (...command) => (await run('docker', ['-H', dockerHost, ...command])).trim() };
  };

  try {
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
    await run('ip', ['address', 'add', `${subnet}.1/24`, 'dev', bridge]);
    await run('ip', ['link', 'set', bridge, 'up']);
    await letBridgedFramesPass(bridge, '-I');
    if (farLan) {
      await run('ip', ['link', 'add', farLan.bridge, 'type', 'bridge']);
      await run('ip', ['link', 'set', farLan.bridge, 'up']);
      await letBridgedFramesPass(farLan.bridge, '-I');
    }
    const router = farLan && (await makeRouter(farLan));
    const started = await Promise.allSettled(names.map(makeHost));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return {
      hosts: started.map((result) => (result as PromiseFulfilledResult<DockerHost>).value), lanIP: `${subnet}.1`, directory: root, stop, ...(router ? { router } : {}),
      secondEngine: async (host) => {
        const name = `${host.name}b`;
        seconds.push(name);
        await host.commands.run('ip', ['-batch', '-'], { input: `link add ${name} type bridge\naddress add 172.16.0.1/24 dev ${name}\nlink set ${name} up\n` });
        return { ...host, ...(await startEngine(name, host.netns, ['--bridge', name, '--iptables=false', '--ip6tables=false'])) };
      },
      onlooker: async () => {
        const name = `th${id}o`;
        seconds.push(name);
        const { netns } = await onTheLan(name, `${subnet}.200`);
        // An address of its own accord, a second or two later, is a change of network: browsers end their connections then.
        await commandsInNetworkNamespace(netns).run('sh', ['-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6']);
        return netns;
      },
      plug: async (host, connected) => { await run('ip', ['link', 'set', host.name, connected ? 'up' : 'down']); },
      powerOff: async ({ name, netns }, dataDir) => {
        // First of all nothing can be sent any more, the ends of connections neither.
        await run('ip', ['link', 'delete', name]);
        await cutPower(name, directory(name), netns, dataDir);
      },
      powerOn: async (host) => {
        await boot(host.name, names.indexOf(host.name));
        await host.startEngine();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
