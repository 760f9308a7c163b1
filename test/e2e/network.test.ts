// The node's network with real engines and real packets: two Docker hosts on one LAN, Pods as plain containers, and a small relay in
// each service namespace in the place of the proxy.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from '../../agent/runtime/docker/dockerode.ts';
import { createDockerNetworks } from '../../agent/runtime/docker/networks.ts';
import { createNodeNetwork, type NetworkPart, type NodeNetwork } from '../../agent/network/node-network.ts';
import { nodeAddress } from '../../agent/network/node-address.ts';
import { readNetworkRecord } from '../../agent/network/record.ts';
import { removeNodeNetwork } from '../../agent/network/remove.ts';
import type { DockerNetworks } from '../../agent/network/docker-networks.ts';
import { realClock, type Clock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { run } from '../../src/util/run.ts';
import { startDockerHosts, type DockerHost, type DockerHosts } from '../../bench/hosts/docker-hosts.ts';

const clusterId = 'c0ffee01';
const clusterPodCIDR = '10.142.0.0/16';
const serviceCIDR = '10.143.0.0/16';
/** Served in each service namespace: one Service per backend. */
const localService = '10.143.0.10';
const remoteService = '10.143.0.11';
const ownService = '10.143.0.12';
const unserved = '10.143.9.9';

/** What looks by itself does so every half minute: it never does here, where the kernel's word is to be heard. */
const clock: Clock = { ...realClock, after: (ms, call) => (ms < 30_000 ? realClock.after(ms, call) : () => undefined) };

interface Node { host: DockerHost; network: NodeNetwork; docker: DockerNetworks; dataDir: string; before: Record<string, string>; pods: Record<string, { pid: string; ip: string }> }
interface Answer { ok: boolean; text: string; ms: number }

/** Says to each client who it seems to be, and who answers. */
const server = `require('node:net').createServer((s) => { s.on('error', () => {}); s.end(process.env.NAME + ' sees ' + s.remoteAddress.replace('::ffff:', '')); }).listen(8080, () => console.log('ready'))`;
const client = `const [, host, port] = process.argv; const t = performance.now(); let text = '';
const done = (ok, what) => { console.log(JSON.stringify({ ok, text: what, ms: performance.now() - t })); process.exit(); };
const s = require('node:net').connect(Number(port), host).on('data', (d) => { text += d; }).on('end', () => done(true, text)).on('error', (e) => done(false, e.code));
setTimeout(() => done(false, 'timeout'), 20_000);`;
const udpClient = `const [, host, port] = process.argv; const t = performance.now();
const done = (ok, what) => { console.log(JSON.stringify({ ok, text: what, ms: performance.now() - t })); process.exit(); };
const s = require('node:dgram').createSocket('udp4').on('error', (e) => done(false, e.code)); s.connect(Number(port), host, () => s.send('x'));
setTimeout(() => done(false, 'timeout'), 20_000);`;
const relay = `const net = require('node:net'); let left = 0;
for (const rule of process.argv.slice(1)) { left++; const [ip, target] = rule.split('='); net.createServer((c) => {
  const b = net.connect(8080, target); c.pipe(b).pipe(c); c.on('error', () => b.destroy()); b.on('error', () => c.destroy()); }).listen(80, ip, () => { if (--left === 0) console.log('ready'); }); }`;

/** What purge must leave as it was. Counters and the order of rules' handles are not part of it. */
async function snapshot(host: DockerHost): Promise<Record<string, string>> {
  const { run: inside } = host.commands;
  // Counters move, and Docker's own bridges change their carrier and get their IPv6 link-local addresses with the first container.
  const text = async (command: string, ...args: string[]): Promise<string> => (await inside(command, args)).replace(/\[\d+:\d+\]| linkdown/g, '').replace(/^#.*$/gm, '');
  return {
    links: (await text('ip', '-4', '-o', 'addr')).replace(/valid_lft.*$/gm, ''), interfaces: (await text('ip', '-o', 'link')).replace(/<.*$/gm, ''),
    routes: await text('ip', '-4', 'route', 'show', 'table', 'all'), rules: await text('ip', 'rule'),
    nft: (await text('nft', '-s', 'list', 'ruleset')).replace(/counter packets \d+ bytes \d+/g, 'counter'), iptables: await text('iptables-save'),
    forward: await text('cat', '/proc/sys/net/ipv4/ip_forward'), redirects: await text('cat', '/proc/sys/net/ipv4/conf/all/send_redirects'),
    networks: await host.docker('network', 'ls', '--format', '{{.Name}} {{.Driver}}'),
    namespaces: (await run('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0]).filter((name) => name?.startsWith('dray-') && name.endsWith(host.name)).join(),
    mounts: (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes('dray-') && line.includes(host.name)).join('\n'),
  };
}

async function until<T>(what: string, check: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const found = await check();
    if (found !== undefined) return found;
    await realClock.sleep(20);
  }
  throw new Error(`${what}: not within a minute`);
}

describe('the network of two nodes', () => {
  let lan: DockerHosts;
  const nodes: Node[] = [];
  const children: ChildProcess[] = [];
  const directories: string[] = [];
  let outside: Server;

  const ask = async (netns: string, host: string, port: number, program = client): Promise<Answer> =>
    JSON.parse(await run('nsenter', [`--net=${netns}`, process.execPath, '-e', program, host, String(port)])) as Answer;
  const ofPod = (node: Node, pod: string): string => `/proc/${node.pods[pod]!.pid}/ns/net`;
  const start = async (netns: string, program: string, args: string[]): Promise<void> => {
    const child = spawn('nsenter', [`--net=${netns}`, process.execPath, '-e', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') return;
    throw new Error('the relay ended');
  };
  /** The image is empty: programs and libraries come from this machine. */
  const mounts = ['/usr', '/bin', '/lib', '/lib64', '/etc/ld.so.cache', dirname(process.execPath)].filter((path, i, all) => existsSync(path) && all.indexOf(path) === i).flatMap((path) => ['-v', `${path}:${path}:ro`]);
  const container = async (node: Node, name: string, ...args: string[]): Promise<void> => {
    const id = await node.host.docker('run', '-d', '--name', name, '-e', `NAME=${name}`, ...mounts, ...args, 'programs', process.execPath, '-e', server);
    await until(`${name} listens`, async () => ((await node.host.docker('logs', id)).includes('ready') ? true : undefined));
    const [pid, ip] = (await node.host.docker('inspect', '-f', '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', id)).split(' ');
    node.pods[name] = { pid: pid!, ip: ip! };
  };
  /** The first node's, as an agent that follows another makes it. */
  const networkOf = (node: Node, clock: Clock = realClock): NodeNetwork => createNodeNetwork({
    clusterId, clusterPodCIDR, serviceCIDR, nodeName: node.host.name, podCIDR: '10.142.1.0/24', dataDir: node.dataDir, internalIP: node.host.ip, mtu: 1500, vxlanPort: 8472, docker: node.docker, commands: node.host.commands, clock, log: silentLog,
  });
  const nodeRoutes = (): { name: string; internalIP: string; podCIDR: string }[] => nodes.map(({ host }, i) => ({ name: host.name, internalIP: host.ip, podCIDR: `10.142.${i + 1}.0/24` }));

  beforeAll(async () => {
    lan = await startDockerHosts(2);
    outside = createServer((socket) => socket.end(`outside sees ${socket.remoteAddress?.replace('::ffff:', '')}`)).listen(0, lan.lanIP);
    const empty = join(await temporary(), 'empty.tar');
    await run('tar', ['-cf', empty, '-T', '/dev/null']);
    await Promise.all(lan.hosts.map(async (host, i) => {
      await host.docker('import', empty, 'programs');
      await host.docker('network', 'create', 'compose_default');
      const dataDir = await temporary();
      const docker = createDockerNetworks(await connect(host.dockerHost));
      const { mtu } = await nodeAddress(host.commands.run);
      const network = createNodeNetwork({
        clusterId, clusterPodCIDR, serviceCIDR, nodeName: host.name, podCIDR: `10.142.${i + 1}.0/24`, dataDir, internalIP: host.ip, mtu, vxlanPort: 8472, docker, commands: host.commands, clock, log: silentLog,
      });
      nodes[i] = { host, network, docker, dataDir, before: await snapshot(host), pods: {} };
    }));
  });
  const temporary = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'dray-network-'));
    directories.push(path);
    return path;
  };
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    outside?.close();
    // What a test has removed already, or never made whole, keeps nothing else from being cleared away.
    for (const node of nodes) await node.network.remove().catch(() => undefined);
    await lan?.stop();
    await Promise.all(directories.map((path) => rm(path, { recursive: true, force: true })));
  });

  it('is made in one call, and a second finds nothing to do', async () => {
    await Promise.all(nodes.map(async ({ network }) => {
      const made = await network.ensure();
      expect(made.toSorted()).toEqual(['Docker network', 'accept rules', 'host routes', 'nftables table', 'service namespace']);
      expect(await network.setRoutes(nodeRoutes())).toEqual([]);
      expect(await network.ensure()).toEqual([]);
    }));
  });

  it('names its address and MTU', async () => {
    for (const { host } of nodes) {
      expect(await nodeAddress(host.commands.run)).toEqual({ internalIP: host.ip, device: 'eth0', mtu: 1500 });
      expect((await nodeAddress(host.commands.run, lan.lanIP)).internalIP).toBe(host.ip);
      expect((await nodeAddress(host.commands.run, 'localhost')).internalIP).toBe(host.ip);
    }
  });

  it('carries Pods', async () => {
    await Promise.all(nodes.map(async (node, i) => {
      const { network } = node.network.names;
      await container(node, `a${i + 1}`, '--network', network, '--ip', `10.142.${i + 1}.10`);
      await container(node, `b${i + 1}`, '--network', network, '--ip', `10.142.${i + 1}.11`);
      await container(node, `plain${i + 1}`);
      await container(node, `compose${i + 1}`, '--network', 'compose_default');
    }));
    for (const [i, node] of nodes.entries()) {
      const other = 2 - i;
      await start(node.network.names.namespacePath, relay, [`${localService}=10.142.${i + 1}.11`, `${remoteService}=10.142.${other}.11`, `${ownService}=10.142.${i + 1}.10`]);
    }
  });

  const clients: [string, (node: Node, i: number) => string][] = [
    ['the host', (node) => node.host.netns], ['a Pod', (node, i) => ofPod(node, `a${i}`)],
    ['a docker0 container', (node, i) => ofPod(node, `plain${i}`)], ['a compose network', (node, i) => ofPod(node, `compose${i}`)],
  ];
  it.each(clients)('%s reaches a ClusterIP, with backends here and on the other node', async (_, from) => {
    for (const [i, node] of nodes.entries()) {
      const here = i + 1;
      expect(await ask(from(node, here), localService, 80)).toMatchObject({ ok: true, text: `b${here} sees 10.142.${here}.2` });
      expect(await ask(from(node, here), remoteService, 80)).toMatchObject({ ok: true, text: `b${3 - here} sees 10.142.${here}.2` });
    }
  });

  it.each(clients)('%s is refused at once where nothing is served', async (_, from) => {
    const node = nodes[0]!;
    for (const [address, port] of [[unserved, 80], [localService, 81], ['10.143.255.255', 443]] as const) {
      for (const program of [client, udpClient]) {
        // What is not refused at once is asked for again after a second, each time; a busy machine is slow now and then.
        let quickest = Infinity;
        for (let tries = 0; tries < 5 && quickest >= 200; tries++) {
          const answer = await ask(from(node, 1), address, port, program);
          expect(answer).toMatchObject({ ok: false, text: 'ECONNREFUSED' });
          quickest = Math.min(quickest, answer.ms);
        }
        expect(quickest).toBeLessThan(200);
      }
    }
  });

  it('a Pod reaches itself through its Service', async () => {
    for (const [i, node] of nodes.entries()) expect(await ask(ofPod(node, `a${i + 1}`), ownService, 80)).toMatchObject({ ok: true, text: `a${i + 1} sees 10.142.${i + 1}.2` });
  });

  it('Pods see each other with their own addresses, on one node and across', async () => {
    expect(await ask(ofPod(nodes[0]!, 'a1'), '10.142.1.11', 8080)).toMatchObject({ ok: true, text: 'b1 sees 10.142.1.10' });
    expect(await ask(ofPod(nodes[0]!, 'a1'), '10.142.2.11', 8080)).toMatchObject({ ok: true, text: 'b2 sees 10.142.1.10' });
    expect(await ask(ofPod(nodes[1]!, 'a2'), '10.142.1.11', 8080)).toMatchObject({ ok: true, text: 'b1 sees 10.142.2.10' });
  });

  it('a host reaches the Pods of both nodes', async () => {
    expect(await ask(nodes[0]!.host.netns, '10.142.1.11', 8080)).toMatchObject({ ok: true, text: 'b1 sees 10.142.1.1' });
    expect(await ask(nodes[0]!.host.netns, '10.142.2.11', 8080)).toMatchObject({ ok: true, text: `b2 sees ${nodes[0]!.host.ip}` });
  });

  it('Pods are masqueraded towards the outside', async () => {
    const { port } = outside.address() as { port: number };
    for (const [i, node] of nodes.entries()) {
      expect(await ask(ofPod(node, `a${i + 1}`), lan.lanIP, port)).toMatchObject({ ok: true, text: `outside sees ${node.host.ip}` });
      expect(await ask(node.network.names.namespacePath, lan.lanIP, port)).toMatchObject({ ok: true, text: `outside sees ${node.host.ip}` });
    }
  });

  // With br_netfilter on, connection tracking sees bridged answers too, and hides a path that differs from the request's.
  it.each(['0', '1'])('keeps both directions known to a firewall that drops what it cannot track, with bridge-nf-call-iptables=%s', async (bridged) => {
    const { run: inside } = nodes[0]!.host.commands;
    const setting = '/proc/sys/net/bridge/bridge-nf-call-iptables';
    const before = existsSync(setting) ? await inside('cat', [setting]) : undefined;
    const table = 'table inet strict { chain forward { type filter hook forward priority filter - 5; policy accept; ct state invalid counter drop; }; }';
    await inside('nft', ['-f', '-'], { input: table });
    try {
      if (before !== undefined) await inside('tee', [setting], { input: bridged });
      for (const [, from] of clients) expect(await ask(from(nodes[0]!, 1), remoteService, 80)).toMatchObject({ ok: true });
      expect(await ask(ofPod(nodes[0]!, 'a1'), ownService, 80)).toMatchObject({ ok: true });
      expect(await inside('nft', ['list', 'table', 'inet', 'strict'])).toContain('counter packets 0 ');
    } finally {
      if (before !== undefined) await inside('tee', [setting], { input: before });
      await inside('nft', ['delete', 'table', 'inet', 'strict']);
    }
  });

  it('tells no Pod of a shorter way, which answers would not take', async () => {
    const inside = (command: string, ...args: string[]): Promise<string> => run('nsenter', [`--net=${ofPod(nodes[0]!, 'b1')}`, command, ...args]);
    // The kernel redirects a flow it knows, a few times with growing pauses: so one flow of several packets.
    const sender = `const s = require('node:dgram').createSocket('udp4').on('error', () => {}); let n = 0; s.connect(9, process.argv[1], () => setInterval(() => (n++ < 20 ? s.send('x', () => {}) : process.exit()), 25));`;
    await inside(process.execPath, '-e', sender, unserved);
    const [head, values] = (await inside('grep', 'Icmp:', '/proc/net/snmp')).split('\n').map((line) => line.split(' '));
    expect(Number(values![head!.indexOf('InDestUnreachs')])).toBeGreaterThan(5);
    expect(Number(values![head!.indexOf('InRedirects')])).toBe(0);
  });

  it('Docker gives the namespace\'s address to no container', async () => {
    const { host, network } = nodes[0]!;
    const id = await host.docker('create', '--network', network.names.network, '--ip', '10.142.1.2', 'programs', 'x');
    await expect(host.docker('start', id)).rejects.toThrow(/Address already in use/);
    await host.docker('rm', id);
  });

  it.each([
    ['flushed routes', ['ip', 'route', 'flush', 'proto', '157'], 'node routes'],
    ['a deleted veth', ['ip', 'link', 'delete', 'drayv-c0ffee01'], undefined],
    ['a flushed ruleset', ['nft', 'delete', 'table', 'ip', 'dray-c0ffee01'], 'nftables table'],
    ['flushed user rules', ['iptables-restore', '--noflush'], 'accept rules'],
  ] as [string, [string, ...string[]], NetworkPart | undefined][])('repairs %s', async (_, [command, ...args], part) => {
    const node = nodes[0]!;
    await node.host.commands.run(command, args, { input: '*filter\n-F DOCKER-USER\n-A DOCKER-USER -j RETURN\nCOMMIT\n' });
    const parts = await node.network.ensure();
    if (part) expect(parts).toContain(part);
    expect(await node.network.ensure()).toEqual([]);
    for (const [, from] of clients) expect(await ask(from(node, 1), remoteService, 80)).toMatchObject({ ok: true });
    expect(await ask(ofPod(nodes[1]!, 'a2'), '10.142.1.11', 8080)).toMatchObject({ ok: true });
  });

  it.each([
    ['routes', 'ip', ['route', 'flush', 'proto', '157'], '', ['host routes', 'node routes']], ['user rules', 'iptables-restore', ['--noflush'], '*filter\n-F DOCKER-USER\n-A DOCKER-USER -j RETURN\nCOMMIT\n', ['accept rules']],
    ['forwarding', 'tee', ['/proc/sys/net/ipv4/ip_forward'], '0\n', ['ip_forward']],
  ] as const)('repairs lost %s by itself, as soon as the kernel tells', async (_, command, args, input, parts) => {
    const node = nodes[0]!;
    const stop = new AbortController();
    // The timer never ends: only the kernel can have told.
    const patient: Clock = { ...realClock, after: (ms, call) => (ms >= 30_000 ? () => undefined : realClock.after(ms, call)) };
    const keeper = networkOf(node, patient);
    await keeper.setRoutes(nodeRoutes());
    let kept: Promise<void> | undefined;
    const repaired = new Promise<void>((resolve) => { kept = keeper.keep(stop.signal, (found) => { if (parts.every((part) => found.includes(part))) resolve(); }); });
    // Again and again, with more time each: a loss may come before the kernel is listened to, and what is lost already is not lost again.
    const losing = (async () => {
      for (let ms = 300; !stop.signal.aborted; ms *= 2) {
        await keeper.ensure();
        await node.host.commands.run(command, args, { input });
        await realClock.sleep(ms, stop.signal).catch(() => undefined); // aborted: the loop ends
      }
    })();
    try {
      await repaired;
    } finally {
      stop.abort();
    }
    await Promise.all([losing, kept]);
    await node.network.ensure();
  });

  it('forgets the routes of a node that is gone', async () => {
    const { network, host } = nodes[0]!;
    await network.setRoutes(nodeRoutes().slice(0, 1));
    expect(await host.commands.run('ip', ['route', 'show', '10.142.2.0/24'])).toBe('');
    expect(await network.setRoutes([...nodeRoutes(), { name: 'odd', internalIP: '', podCIDR: '10.142.3.0/24' }])).toEqual(['odd']);
    expect(await host.commands.run('ip', ['route', 'show', '10.142.2.0/24'])).toContain(`via ${nodes[1]!.host.ip}`);
  });

  it('survives a restart of what serves: the namespace is found, not made anew', async () => {
    const node = nodes[0]!;
    expect(await networkOf(node).ensure()).toEqual([]);
    expect(await ask(node.host.netns, localService, 80)).toMatchObject({ ok: true });
  });

  it('is taken away without a trace, from its record alone and as often as one likes', async () => {
    for (const node of nodes) {
      await node.host.docker('rm', '-f', ...Object.keys(node.pods));
      const record = (await readNetworkRecord(node.dataDir))!;
      await removeNodeNetwork(record, { commands: node.host.commands, docker: node.docker });
      expect(await snapshot(node.host)).toEqual(node.before);
      await removeNodeNetwork(record, { commands: node.host.commands, docker: node.docker });
      await node.network.remove();
      expect(await readNetworkRecord(node.dataDir)).toBeUndefined();
      expect(await snapshot(node.host)).toEqual(node.before);
    }
  });

  it('turns forwarding on where it is off, and off again at the end', async () => {
    const node = nodes[0]!;
    const forward = (): Promise<string> => node.host.commands.run('cat', ['/proc/sys/net/ipv4/ip_forward']);
    await node.host.commands.run('tee', ['/proc/sys/net/ipv4/ip_forward'], { input: '0\n' });
    expect(await node.network.ensure()).toContain('ip_forward');
    expect(await forward()).toBe('1\n');
    await node.network.remove();
    expect(await forward()).toBe('0\n');
  });
});
