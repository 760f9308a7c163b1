// The network between hosts that share no subnet, on the real kernel: two hosts on one LAN, a third behind a router, each with a Pod.
// All of it namespaces and veth pairs; a plain bridge takes the place of Docker's network.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DockerNetworks, PodNetworkSpec } from '../../agent/network/docker-networks.ts';
import { listLinks, listRoutes, listVxlans, showLink } from '../../agent/network/links.ts';
import { macOf } from '../../agent/network/names.ts';
import { createNodeNetwork, type NodeNetwork } from '../../agent/network/node-network.ts';
import { linkAddresses, type NodeRoute } from '../../agent/network/paths.ts';
import { realClock, type Clock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { commandsInNetworkNamespace, run, type Commands } from '../../src/util/run.ts';

const clusterId = process.pid.toString(16).padStart(6, 'd');
const vxlan = `drayx-${clusterId}`;
const podPort = 8080;
const vxlanPort = 8472;
const large = 1_000_000;

/** Answers each connection, when the client has said all, with its name, the address it sees and the bytes it got; asks others for each line of its input. */
const peer = `
const [name, port] = process.argv.slice(1); const net = require('node:net'); const say = (id, text) => console.log(id + ' ' + text);
net.createServer({ allowHalfOpen: true }, (s) => { let got = 0; s.on('data', (d) => { got += d.length; }).on('end', () => s.end(name + ' saw ' + s.remoteAddress.replace('::ffff:', '') + ' ' + got)).on('error', () => {}); }).listen(Number(port), () => console.log('ready'));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [id, address, bytes, timeout] = line.split(' '); let text = '';
  const s = net.connect({ host: address, port: Number(port), timeout: Number(timeout) });
  s.on('data', (d) => { text += d; }).on('end', () => say(id, text)).on('error', (e) => say(id, e.code)).on('timeout', () => { s.destroy(); say(id, 'silence'); });
  s.end(Buffer.alloc(Number(bytes)));
});`;

interface Space { readonly path: string; readonly commands: Commands; batch(...lines: string[]): Promise<unknown> }
interface Host extends Space { readonly name: string; readonly ip: string; readonly network: NodeNetwork; readonly told: string[]; /** Programs the network has run. */ readonly programs: string[] }

const directory = mkdtempSync(join(tmpdir(), 'dray-vxlan-'));
const spaces: string[] = [];
const children: ChildProcess[] = [];
const hosts: Host[] = [];
let router: Space;

async function space(name: string): Promise<Space> {
  const path = join(directory, name);
  writeFileSync(path, '');
  await run('unshare', [`--net=${path}`, 'true']);
  spaces.push(path);
  const commands = commandsInNetworkNamespace(path);
  const batch = (...lines: string[]): Promise<unknown> => commands.run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
  await batch('link set dev lo up');
  return { path, commands, batch };
}

/** What looks by itself does so every half minute: it never does here, where the kernel's word is to be heard. */
const clock: Clock = { ...realClock, after: (ms, call) => (ms < 30_000 ? realClock.after(ms, call) : () => undefined) };

/** A bridge where the engine would make one. */
function plainBridge({ commands, batch }: Space): DockerNetworks {
  let made: PodNetworkSpec | undefined;
  return {
    async create(spec) { made = spec; await batch(`link add name ${spec.bridge} type bridge`); },
    inspect: async () => (made && (await showLink(commands.run, made.bridge)) ? { id: '1', subnet: made.subnet, bridge: made.bridge, mtu: made.mtu, containers: 0 } : undefined),
    async remove() { if (made) await batch(`link delete dev ${made.bridge}`); made = undefined; },
  };
}

const networkOf = (at: Space, n: number, ip: string, id = clusterId, range = '10.223'): Pick<Host, 'network' | 'told' | 'programs'> => {
  const told: string[] = [];
  const programs: string[] = [];
  const counted: Commands = { ...at.commands, run: (command, args, options) => { programs.push(command); return at.commands.run(command, args, options); } };
  const dataDir = mkdtempSync(join(directory, 'data-'));
  return {
    told, programs,
    network: createNodeNetwork({
      clusterId: id, nodeName: `vx${process.pid}-${n}`, podCIDR: `${range}.${n}.0/24`, clusterPodCIDR: `${range}.0.0/16`, serviceCIDR: `${range.replace('22', '23')}.0.0/16`, dataDir,
      internalIP: ip, mtu: 1500, vxlanPort, docker: plainBridge(at), commands: counted, clock, log: silentLog, onUnreachable: (message) => told.push(message),
    }),
  };
};
const nodeRoutes = async (): Promise<NodeRoute[]> => Promise.all(hosts.map(async ({ name, ip, commands }, i) => ({ name, internalIP: ip, podCIDR: `10.223.${i + 1}.0/24`, links: linkAddresses(await listLinks(commands.run)) })));

const asking = new Map<string, (text: string) => void>();
const peers = new Map<string, ChildProcess>();
let asked = 0;
async function startPeer(name: string, path: string): Promise<void> {
  const child = spawn('nsenter', [`--net=${path}`, process.execPath, '-e', peer, name, String(podPort)], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  peers.set(name, child);
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') resolve();
      else asking.get(line.slice(0, line.indexOf(' ')))?.(line.slice(line.indexOf(' ') + 1));
    });
  });
}
/** What the Pod or host at `address` answers to so many bytes from another. */
const ask = (from: string, address: string, bytes = 1, patienceMs = 60_000): Promise<string> => new Promise((resolve) => {
  const id = String(++asked);
  asking.set(id, resolve);
  peers.get(from)!.stdin!.write(`${id} ${address} ${bytes} ${patienceMs}\n`);
});
const everyPair = async (bytes: number): Promise<string[]> => {
  const pods = ['pod1', 'pod2', 'pod3'];
  return Promise.all(pods.flatMap((from, i) => pods.flatMap((to, j) => (i === j ? [] : [ask(from, `10.223.${j + 1}.10`, bytes).then((text) => (text === `${to} saw 10.223.${i + 1}.10 ${bytes}` ? 'ok' : `${from} to ${to}: ${text}`))]))));
};
/** Packets the router has counted by what they are. */
const counted = async (): Promise<Record<string, number>> => {
  const text = await router.commands.run('nft', ['list', 'table', 'ip', 'watch']);
  return Object.fromEntries([...text.matchAll(/counter packets (\d+) .*comment "(\w+)"/g)].map(([, packets, name]) => [name!, Number(packets)]));
};

beforeAll(async () => {
  router = await space('router');
  await router.batch('link add name lan1 type bridge', 'address add 198.18.1.1/24 dev lan1', 'link set dev lan1 up', 'link add name lan2 type bridge', 'address add 198.18.2.1/24 dev lan2', 'link set dev lan2 up');
  await router.commands.run('tee', ['/proc/sys/net/ipv4/ip_forward'], { input: '1' });
  // Fragments are dropped, as some networks do.
  await router.commands.run('nft', ['-f', '-'], {
    input: `table ip watch {
 chain forward { type filter hook forward priority 0;
  iifname lan1 oifname lan1 accept
  ip frag-off & 0x3fff != 0 counter drop comment "fragments"
  ip saddr 10.0.0.0/8 counter drop comment "bare"
  udp dport ${vxlanPort} counter accept comment "tunnelled"
 }
}
`,
  });
  for (const [i, [lan, ip]] of ([[1, '198.18.1.11'], [1, '198.18.1.12'], [2, '198.18.2.11']] as const).entries()) {
    const n = i + 1;
    const made = await space(`host${n}`);
    await made.batch(`link add name eth0 type veth peer name h${n} netns ${router.path}`, `address add ${ip}/24 dev eth0`, 'link set dev eth0 up', `route add default via 198.18.${lan}.1`);
    await router.batch(`link set dev h${n} master lan${lan} up`);
    // As systemd has it on many hosts, and stricter.
    await made.commands.run('tee', ['/proc/sys/net/ipv4/conf/all/rp_filter'], { input: '1' });
    hosts.push({ ...made, name: `vx${process.pid}-${n}`, ip, ...networkOf(made, n, ip) });
  }
  await Promise.all(hosts.map(async ({ network, batch }, i) => {
    const n = i + 1;
    await network.ensure();
    const pod = await space(`pod${n}`);
    await batch(`link add name vpod mtu 1450 type veth peer name eth0 mtu 1450 netns ${pod.path}`, `link set dev vpod master ${network.names.bridge} up`);
    await pod.batch(`address add 10.223.${n}.10/24 dev eth0`, 'link set dev eth0 up', `route add default via 10.223.${n}.1`);
    await startPeer(`pod${n}`, pod.path);
    await startPeer(`host${n}`, hosts[i]!.path);
  }));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const { network } of hosts) await network.remove();
  for (const path of spaces) await run('umount', ['--lazy', path]);
  rmSync(directory, { recursive: true });
});

const tunnel = async (host: Host): Promise<string | undefined> => (await listVxlans(host.commands.run)).find(({ ifname }) => ifname === vxlan)?.ifname;

it('a node goes straight to one on its link, and through VXLAN to one behind the router', async () => {
  const nodes = await nodeRoutes();
  // Alone with a neighbour it needs no tunnel.
  expect(await hosts[0]!.network.setRoutes(nodes.slice(0, 2))).toEqual([]);
  expect(await tunnel(hosts[0]!)).toBeUndefined();
  for (const { network } of hosts) {
    expect(await network.setRoutes(nodes)).toEqual([]);
    expect(await network.ensure()).toEqual([]);
  }
  const ways = await Promise.all(hosts.map(async ({ commands }) => (await listRoutes(commands.run, 'protocol', '157')).filter(({ dst }) => dst.startsWith('10.223.')).map((r) => `${r.dst} ${r.gateway} ${r.dev}`)));
  expect(ways).toEqual([
    ['10.223.2.0/24 198.18.1.12 eth0', `10.223.3.0/24 10.223.3.1 ${vxlan}`], ['10.223.1.0/24 198.18.1.11 eth0', `10.223.3.0/24 10.223.3.1 ${vxlan}`], [`10.223.1.0/24 10.223.1.1 ${vxlan}`, `10.223.2.0/24 10.223.2.1 ${vxlan}`],
  ]);
});

it('finds in two programs that every way stands, the tunnel and the plain ones', async () => {
  const nodes = await nodeRoutes();
  for (const { network, programs } of hosts) {
    programs.splice(0);
    expect(await network.setRoutes(nodes)).toEqual([]);
    expect(programs).toEqual(['ip', 'bridge']);
  }
});

it('Pods see each other with their own addresses, in small and in large, without a fragment or a bare packet on the way', async () => {
  expect((await everyPair(1)).filter((answer) => answer !== 'ok')).toEqual([]);
  expect((await everyPair(large)).filter((answer) => answer !== 'ok')).toEqual([]);
  const { tunnelled, ...others } = await counted();
  expect(others).toEqual({ fragments: 0, bare: 0 });
  expect(tunnelled).toBeGreaterThan(0);
});

it('a host reaches a far Pod from the address its own Pods know it by, and a far host\'s as well', async () => {
  expect(await ask('host1', '10.223.3.10', large)).toBe(`pod3 saw 10.223.1.1 ${large}`);
  expect(await ask('host3', '10.223.2.10')).toBe('pod2 saw 10.223.3.1 1');
  expect(await ask('host1', '10.223.2.10')).toBe('pod2 saw 198.18.1.11 1');
});

it('a Pod whose packets are too large for the tunnel is told so', async () => {
  const mtu = async (bytes: number): Promise<void> => { await hosts[0]!.batch(`link set dev vpod mtu ${bytes}`); await commandsInNetworkNamespace(join(directory, 'pod1')).run('ip', ['link', 'set', 'eth0', 'mtu', String(bytes)]); };
  await mtu(1500);
  const bridge = hosts[0]!.network.names.bridge;
  await hosts[0]!.batch(`link set dev ${bridge} mtu 1500`);
  expect(await ask('pod1', '10.223.3.10', large)).toBe(`pod3 saw 10.223.1.10 ${large}`);
  expect((await counted())['fragments']).toBe(0);
  await mtu(1450);
});

const mac = macOf('10.223.3.1');
it.each<[string, string[]]>([
  ['a device that is deleted', [`ip link delete ${vxlan}`]], ['a device that is switched off', [`ip link set ${vxlan} down`]], ['flushed routes', ['ip route flush proto 157']],
  ['lost and foreign entries', [`ip neigh delete 10.223.3.1 dev ${vxlan}`, `bridge fdb delete ${mac} dev ${vxlan} dst 198.18.2.11 self`, `bridge fdb append 00:00:00:00:00:00 dev ${vxlan} dst 198.18.1.99 self`]],
  // Neighbours and routes go with it.
  ['a lost address', [`ip address flush dev ${vxlan}`]],
])('repairs %s', async (_, lines) => {
  const [host] = hosts as [Host];
  for (const line of lines) {
    const [program, ...args] = line.split(' ') as [string, ...string[]];
    await host.commands.run(program, args);
  }
  expect(await host.network.ensure()).toContain('VXLAN');
  expect(await host.network.ensure()).toEqual([]);
  expect(await Promise.all([ask('pod1', '10.223.3.10'), ask('pod3', '10.223.1.10')])).toEqual(['pod3 saw 10.223.1.10 1', 'pod1 saw 10.223.3.10 1']);
});

it('repairs a device that is deleted by itself, as soon as the kernel tells', async () => {
  const [host] = hosts as [Host];
  const stop = new AbortController();
  let wake = (): void => undefined;
  const repaired = (): Promise<void> => new Promise((resolve) => { wake = resolve; });
  const first = repaired();
  const kept = host.network.keep(stop.signal, () => wake());
  try {
    // `ip monitor` listens from some moment on: what is lost before that it does not hear.
    let flushed: Promise<unknown> = Promise.resolve();
    const again = setInterval(() => { flushed = flushed.then(() => host.commands.run('ip', ['route', 'flush', 'proto', '157'])); }, 300);
    await first.finally(() => clearInterval(again));
    await flushed;
    let next = repaired();
    await host.commands.run('ip', ['link', 'delete', vxlan]);
    while ((await tunnel(host)) === undefined) {
      await next;
      next = repaired();
    }
  } finally {
    stop.abort();
    await kept;
  }
  await host.network.ensure();
  expect(await ask('pod1', '10.223.3.10')).toBe('pod3 saw 10.223.1.10 1');
});

it('comes through a firewall that drops what is meant for the host, by rules that go when they are needed no more', async () => {
  const [, , third] = hosts as [Host, Host, Host];
  const filter = (...args: string[]): Promise<string> => third.commands.run('iptables', ['-w', ...args]);
  const opened = async (): Promise<string[]> => (await filter('-S', 'INPUT')).split('\n').filter((line) => line.includes(third.network.names.comment));
  await filter('-P', 'INPUT', 'DROP');
  await filter('-A', 'INPUT', '-p', 'udp', '--dport', String(vxlanPort), '-j', 'DROP');
  expect(await ask('pod1', '10.223.3.10', 1, 300)).toBe('silence');
  expect(await third.network.ensure()).toEqual(['accept rules']);
  expect((await opened()).map((line) => line.split(' ')[3])).toEqual(['198.18.1.11/32', '198.18.1.12/32']);
  expect((await everyPair(large)).filter((answer) => answer !== 'ok')).toEqual([]);
  // Only nodes are let in, as they come and go.
  await third.network.setRoutes((await nodeRoutes()).slice(1));
  expect((await opened()).map((line) => line.split(' ')[3])).toEqual(['198.18.1.12/32']);
  await third.network.setRoutes(await nodeRoutes());
  expect(await opened()).toHaveLength(2);
  await filter('-P', 'INPUT', 'ACCEPT');
  await filter('-F', 'INPUT');
  await third.network.ensure();
  expect(await opened()).toEqual([]);
  // What stands when the network goes, goes with it.
  await filter('-P', 'INPUT', 'DROP');
  expect(await third.network.ensure()).toEqual(['accept rules']);
});

it('two clusters on one host share the port and do not meet; neither takes the other away', async () => {
  const [host] = hosts as [Host];
  const other = networkOf(host, 1, host.ip, clusterId.replace(/^./, 'c'), '10.224');
  await other.network.ensure();
  expect(await other.network.setRoutes([{ name: 'elsewhere', internalIP: '198.18.2.11', podCIDR: '10.224.3.0/24' }])).toEqual([]);
  expect((await listVxlans(host.commands.run)).map((device) => device.linkinfo.info_data.port)).toEqual([vxlanPort, vxlanPort]);
  expect(await ask('pod1', '10.223.3.10')).toBe('pod3 saw 10.223.1.10 1');
  // The far host has no such cluster: what is meant for it is nobody's.
  expect(await ask('host1', '10.224.3.10', 1, 300)).toMatch(/^(silence|EHOSTUNREACH)$/);
  await other.network.remove();
  expect(await host.network.ensure()).toEqual([]);
  expect(await ask('pod1', '10.223.3.10')).toBe('pod3 saw 10.223.1.10 1');
});

it('a port that is in use is told once, hinders no plain route, and is taken as soon as it is free', async () => {
  const [host] = hosts as [Host];
  const nodes = await nodeRoutes();
  host.told.length = 0;
  await host.network.setRoutes(nodes.slice(0, 2));
  expect(await tunnel(host)).toBeUndefined();
  const holder = spawn('nsenter', [`--net=${host.path}`, process.execPath, '-e', `require('node:dgram').createSocket('udp4').bind(${vxlanPort}, () => console.log('ready'))`], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(holder);
  await new Promise((resolve) => { holder.stdout.once('data', resolve); });
  expect(await host.network.setRoutes(nodes)).toEqual([hosts[2]!.name]);
  await host.network.ensure();
  expect(host.told).toEqual([`${hosts[2]!.name} cannot be reached through VXLAN: UDP port ${vxlanPort} of the cluster's VXLAN is in use on this host`]);
  expect(await ask('pod1', '10.223.2.10')).toBe('pod2 saw 10.223.1.10 1');
  const ended = new Promise((resolve) => { holder.once('exit', resolve); });
  holder.kill('SIGKILL');
  await ended;
  expect(await host.network.ensure()).toEqual(['VXLAN']);
  expect(await ask('pod1', '10.223.3.10')).toBe('pod3 saw 10.223.1.10 1');
});

it('goes with the last far node, and with the network', async () => {
  const [host, , third] = hosts as [Host, Host, Host];
  const nodes = await nodeRoutes();
  await host.network.setRoutes(nodes.slice(0, 2));
  expect(await tunnel(host)).toBeUndefined();
  expect((await listRoutes(host.commands.run, 'protocol', '157')).map(({ dst }) => dst)).toEqual(['10.223.2.0/24', '10.233.0.0/16']);
  expect(await tunnel(third)).toBe(vxlan);
  await third.batch('link delete dev vpod');
  await third.network.remove();
  expect((await third.commands.run('ip', ['-o', 'link'])).split('\n').filter((line) => line.includes('dray'))).toEqual([]);
  expect(await listRoutes(third.commands.run, 'protocol', '157')).toEqual([]);
  expect((await third.commands.run('iptables', ['-w', '-S'])).split('\n').filter((line) => line.includes(third.network.names.comment))).toEqual([]);
});
