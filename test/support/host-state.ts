// Everything of a host that a cluster might leave behind, as text that can be compared: what was there before must be there
// afterwards, and nothing else.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { realClock } from '../../src/util/clock.ts';
import type { TestCluster } from './cluster.ts';
import { controlGroups } from './node-leaks.ts';

export type HostState = Readonly<Record<string, readonly string[]>>;

/** Counters and what the kernel itself keeps adjusting. */
const moving = /conntrack_count|random\.|dentry|inode|file-nr|ns_last_pid|sched_domain|numa_balancing|net\.ipv[46]\.neigh\.|nf_conntrack_buckets|perf_event_max_sample_rate|overflowuid|ipv4\.route\.|tcp_fastopen_key|tcp_challenge/;
/** Without lifetimes, link numbers and the state of an address's own check for doubles. */
const lasting = (line: string): string => line.replace(/\b(valid_lft|preferred_lft) \S+/g, '').replace(/^\d+: /, '').replace(/@if\d+/, '').replace(/\bpackets \d+ bytes \d+/g, '').replace(/\bqlen \d+| tentative\b/g, '').trim();

const lines = (text: string): string[] => text.split('\n').map(lasting).filter((line) => line !== '').sort();

/** What agents run for a moment, again and again: it is waited for. What listens for changes stays. */
const momentary = /^(nft|ip|iptables|ss|conntrack)\S* (?!.*\bmonitor\b)/;
const longestMs = 20_000;
async function lastingProcesses(netns: string, ofMine: (line: string) => boolean): Promise<string[]> {
  for (const end = Date.now() + longestMs; ;) {
    const found = processes(netns, ofMine);
    if (Date.now() > end || !found.some((line) => momentary.test(line))) return found;
    await realClock.sleep(10);
  }
}

/** Command lines of what runs in the host's network namespace, and of what else names one of `mine`. */
function processes(netns: string, ofMine: (line: string) => boolean): string[] {
  const { ino } = statSync(netns);
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return line !== '' && (statSync(`/proc/${pid}/ns/net`).ino === ino || ofMine(line)) ? [line] : [];
    } catch {
      return []; // it ended while being looked at
    }
  }).sort();
}

/** `mine`: the parts of the machine that all network namespaces share are compared only where they name one of these. */
export async function hostState(cluster: Pick<TestCluster, 'run' | 'hosts'>, mine: readonly string[]): Promise<HostState> {
  const [host] = cluster.hosts as [TestCluster['hosts'][0]];
  const output = async (command: string, ...args: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await cluster.run(command, args);
    if (code !== 0 && command !== 'sysctl') throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
    return lines(stdout);
  };
  const ofMine = (line: string): boolean => mine.some((word) => line.includes(word));
  return {
    'docker ps -a': lines(await host.docker('ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}')),
    // An engine makes its own bridge network anew when it starts.
    'docker network ls': lines(await host.docker('network', 'ls', '--no-trunc', '--format', '{{.Name}} {{.Driver}} {{.ID}}')).map((line) => line.replace(/^bridge bridge \w+/, 'bridge')),
    'docker volume ls': lines(await host.docker('volume', 'ls', '-q')),
    'ip addr': await output('ip', '-o', 'addr'),
    'ip link': (await output('ip', '-o', 'link')).map((line) => line.replace(/ state \S+/, '')),
    'ip route': await output('ip', '-4', 'route', 'show', 'table', 'all'),
    'ip rule': await output('ip', 'rule'),
    'ip netns': (await output('ip', 'netns')).map((line) => line.split(' ')[0]!).filter((name) => !/^(th|tb|dray-)/.test(name) || ofMine(name)),
    processes: await lastingProcesses(host.netns, ofMine),
    'control groups': controlGroups(host.name).filter((path) => !/[0-9a-f]{64}$/.test(path)).sort(),
    mounts: lines(readFileSync('/proc/self/mounts', 'utf8')).filter(ofMine),
    sysctls: (await output('sysctl', '-a')).filter((line) => line.startsWith('net.') && !moving.test(line)),
    'nft -s list ruleset': await output('nft', '-s', 'list', 'ruleset'),
    iptables: (await output('iptables-save')).filter((line) => !/^[#:]|^COMMIT/.test(line)),
    'listening ports': (await output('ss', '-lntuH')).map((line) => line.split(/\s+/).slice(0, 1).concat(line.split(/\s+/).slice(4, 5)).join(' ')).sort(),
  };
}

/** What differs, as `part: -gone` and `part: +new`. */
export function difference(before: HostState, after: HostState): string[] {
  return Object.keys(before).flatMap((part) => {
    const [was, is] = [before[part]!, after[part]!];
    return [...was.filter((l) => !is.includes(l)).map((l) => `${part}: -${l}`), ...is.filter((l) => !was.includes(l)).map((l) => `${part}: +${l}`)];
  });
}
