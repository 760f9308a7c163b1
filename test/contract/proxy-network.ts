// A small network for the proxy's contract: two hosts with pod bridges on one LAN, Pods on both, a container of a network that is not
// the cluster's, and a machine that is only on the LAN. All of it namespaces and veth pairs; the first host has the proxy under test.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureNatTable } from '../../agent/network/apply-firewall.ts';
import { networkNames, type NetworkIdentity } from '../../agent/network/names.ts';
import { ensureHostRoutes } from '../../agent/network/routes.ts';
import { ensureServiceNamespace, removeServiceNamespace } from '../../agent/network/service-namespace.ts';
import { KernelRules } from '../../agent/proxy/nftables/kernel.ts';
import { Proxy } from '../../agent/proxy/proxy.ts';
import type { Backend, ListenError } from '../../agent/proxy/rules.ts';
import { installPackages, isDebian } from '../../src/util/apt.ts';
import { realClock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { commandsInNetworkNamespace, run, type Commands } from '../../src/util/run.ts';

export type Place = 'host' | 'a' | 'b' | 'c' | 'container' | 'lan';

const pods = { a: '10.213.1.10', b: '10.213.1.11', c: '10.213.2.10' } as const;
export const addresses = { ...pods, gateway: '10.213.1.1', service: '10.213.1.2', container: '10.214.0.2', host: '10.215.0.1', lan: '10.215.0.9' } as const;
export const podPort = 8080;
export const endpoint = (pod: keyof typeof pods): Backend => ({ address: pods[pod], port: podPort, pod: `default/${pod}`, nodeName: pod === 'c' ? 'n2' : 'n1' });

/** Answers each connection and each datagram with its name and the address it sees. */
const server = `
const [name, port] = process.argv.slice(1);
const udp = require('node:dgram').createSocket('udp4').on('message', (_m, from) => udp.send(name + ' saw ' + from.address, from.port, from.address));
udp.bind(Number(port), () => require('node:net').createServer((s) => { s.on('error', () => {}); s.end(name + ' saw ' + s.remoteAddress); }).listen(Number(port), '0.0.0.0', () => console.log('ready')));`;
/** One answer a line for each line \`protocol address port\`: of a UDP socket that stays the same for \`flow\`, and that waits for a moment only for \`brief\`. */
const client = `
const flow = require('node:dgram').createSocket('udp4').on('error', () => {});
const say = (id, text) => console.log(id + ' ' + text);
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [id, protocol, address, port] = line.split(' ');
  if (protocol === 'tcp') {
    let text = '';
    const s = require('node:net').connect({ host: address, port: Number(port), timeout: 15_000 });
    s.on('data', (d) => { text += d; }).on('end', () => say(id, text)).on('error', (e) => say(id, e.code)).on('timeout', () => { s.destroy(); say(id, 'silence'); });
    return;
  }
  const s = protocol === 'flow' ? flow : require('node:dgram').createSocket('udp4');
  let done = false;
  const end = (text) => { if (done) return; done = true; clearTimeout(timer); say(id, text); if (s !== flow) s.close(); };
  const timer = setTimeout(() => end('silence'), protocol === 'brief' ? 200 : 15_000);
  s.once('message', (d) => end(String(d))).once('error', (e) => end(e.code));
  if (s === flow) s.send('x', Number(port), address); else s.connect(Number(port), address, () => s.send('x', (e) => { if (e) end(e.code); }));
});
console.log('ready');`;

export interface ServiceNetwork {
  readonly proxy: Proxy;
  readonly kernel: KernelRules | undefined;
  /** Of an agent that starts where another one ended. */
  anotherKernel(): KernelRules;
  readonly table: string;
  /** Programs in the network namespace of the host under test. */
  readonly commands: Commands;
  readonly errors: () => readonly ListenError[];
  /** What a client of that place is told, or the code of its error. */
  ask(from: Place, address: string, port: number, protocol?: 'tcp' | 'udp' | 'flow' | 'brief'): Promise<string>;
  /** The different answers to so many connections, sorted. The kernel draws the endpoint of each: of three, one is missed by as many once in a hundred million times. */
  answers(from: Place, address: string, port: number, protocol?: 'tcp' | 'udp', times?: number): Promise<string[]>;
  /** A server of somebody else on the host's port; the answer ends it. */
  occupy(name: string, port: number): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export async function serviceNetwork(main: string, withKernel: boolean, log: Log, bridgeCalls: '0' | '1'): Promise<ServiceNetwork> {
  const directory = mkdtempSync(join(tmpdir(), 'dray-net-'));
  const identity: NetworkIdentity = { clusterId: process.pid.toString(16).padStart(8, 'e'), nodeName: `n1-${process.pid}`, podCIDR: '10.213.1.0/24', clusterPodCIDR: '10.213.0.0/16', serviceCIDR: '10.216.0.0/16' };
  const names = networkNames(identity);
  const children: ChildProcess[] = [];
  const spaces: string[] = [];
  const space = async (name: string): Promise<{ path: string; commands: Commands; batch: (...lines: string[]) => Promise<unknown> }> => {
    const path = join(directory, name);
    writeFileSync(path, '');
    await run('unshare', [`--net=${path}`, 'true']);
    spaces.push(path);
    const commands = commandsInNetworkNamespace(path);
    const batch = (...lines: string[]): Promise<unknown> => commands.run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
    await batch('link set dev lo up');
    return { path, commands, batch };
  };
  const child = async (path: string, ...args: string[]): Promise<ChildProcess> => {
    const process = spawn('nsenter', [`--net=${path}`, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(process);
    await new Promise((resolve) => process.stdout.once('data', resolve));
    return process;
  };
  const node = process.execPath;

  const lan = await space('lan');
  await lan.batch('link add name lan type bridge', `address add ${addresses.lan}/24 dev lan`, 'link set dev lan up');
  const host = async (n: 1 | 2, bridge: string): Promise<Awaited<ReturnType<typeof space>>> => {
    const made = await space(`h${n}`);
    await made.batch(`link add name eth0 type veth peer name h${n} netns ${lan.path}`, `address add 10.215.0.${n}/24 dev eth0`, 'link set dev eth0 up', `link add name ${bridge} type bridge`,
      `address add 10.213.${n}.1/24 dev ${bridge}`, `link set dev ${bridge} up`, `route add 10.213.${3 - n}.0/24 via 10.215.0.${3 - n}`);
    await lan.batch(`link set dev h${n} master lan up`);
    await made.commands.run('tee', ['/proc/sys/net/ipv4/ip_forward'], { input: '1' });
    // Only where the kernel has the module br_netfilter loaded, there is a choice.
    if (existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables')) await made.commands.run('tee', ['/proc/sys/net/bridge/bridge-nf-call-iptables'], { input: bridgeCalls });
    return made;
  };
  const [first, second] = [await host(1, names.bridge), await host(2, names.bridge)];
  await first.batch('link add name docker9 type bridge', 'address add 10.214.0.1/24 dev docker9', 'link set dev docker9 up');
  const paths = new Map<Place, string>([['host', first.path], ['lan', lan.path]]);
  for (const [name, at, address, bridge] of [['a', first, addresses.a, names.bridge], ['b', first, addresses.b, names.bridge], ['c', second, addresses.c, names.bridge], ['container', first, addresses.container, 'docker9']] as const) {
    const pod = await space(name);
    await at.batch(`link add name v${name} type veth peer name eth0 netns ${pod.path}`, `link set dev v${name} master ${bridge} up`);
    await pod.batch(`address add ${address}/24 dev eth0`, 'link set dev eth0 up', `route add default via ${address.replace(/\d+$/, '1')}`);
    paths.set(name, pod.path);
  }
  await ensureServiceNamespace(first.commands, identity, names, 1500);
  await ensureHostRoutes(first.commands.run, identity, names);
  await ensureNatTable(first.commands.run, identity, names);
  await Promise.all((['a', 'b', 'c'] as const).map((name) => child(paths.get(name)!, node, '-e', server, name, String(podPort))));
  const clients = new Map(await Promise.all([...paths].map(async ([name, path]) => [name, await child(path, node, '-e', client)] as const)));
  const waiting = new Map<string, (text: string) => void>();
  for (const each of clients.values()) createInterface({ input: each.stdout! }).on('line', (line) => waiting.get(line.slice(0, line.indexOf(' ')))?.(line.slice(line.indexOf(' ') + 1)));
  let asked = 0;
  const ask: ServiceNetwork['ask'] = (from, address, port, protocol = 'tcp') => new Promise((resolve) => {
    const id = String(++asked);
    waiting.set(id, (text) => { waiting.delete(id); resolve(text); });
    clients.get(from)!.stdin!.write(`${id} ${protocol} ${address} ${port}\n`);
  });

  let errors: readonly ListenError[] = [];
  const anotherKernel = (): KernelRules => new KernelRules({
    table: names.servicesTable, bridge: names.bridge, podCIDR: identity.podCIDR, clusterPodCIDR: identity.clusterPodCIDR, serviceAddress: names.serviceAddress,
    commands: first.commands, clock: realClock, log, ...(isDebian() ? { installConntrack: () => installPackages(['conntrack']) } : {}),
  });
  const kernel = withKernel ? anotherKernel() : undefined;
  const proxy = new Proxy({
    dataDir: directory, clock: realClock, log, version: '1', program: [node, main], onErrors: (found) => { errors = found; }, ...(kernel ? { kernel } : {}),
    launch: { service: ['nsenter', `--net=${names.namespacePath}`, '--'], node: ['nsenter', `--net=${first.path}`, '--'] },
  });
  return {
    proxy, kernel, anotherKernel, table: names.servicesTable, commands: first.commands, errors: () => errors, ask,
    async answers(from, address, port, protocol = 'tcp', times = 48) {
      const all = await Promise.all(Array.from({ length: times }, () => ask(from, address, port, protocol)));
      return [...new Set(all)].sort();
    },
    async occupy(name, port) {
      const other = await child(first.path, node, '-e', server, name, String(port));
      return () => new Promise<void>((resolve) => {
        other.once('exit', () => resolve());
        other.kill('SIGKILL');
      });
    },
    async close() {
      proxy.close();
      await proxy.stopWorkers();
      for (const each of children) each.kill('SIGKILL');
      await removeServiceNamespace(first.commands.run, names, false);
      for (const path of spaces) await run('umount', ['--lazy', path]);
      rmSync(directory, { recursive: true });
    },
  };
}
