// What `dray doctor` makes of the facts of a host. Pure: each judgement is a table in its test.
export type Verdict = 'ok' | 'warning' | 'blocked';
export interface Finding { readonly verdict: Verdict; readonly text: string }

const ok = (text: string): Finding => ({ verdict: 'ok', text });
const warning = (text: string): Finding => ({ verdict: 'warning', text });
const blocked = (text: string): Finding => ({ verdict: 'blocked', text });

/** The oldest engine the network works on. */
const oldestEngine = [20, 10] as const;
export function judgeEngine(version: string, host: string): Finding {
  const [major = NaN, minor = NaN] = version.split('.').map(Number);
  if (Number.isNaN(major + minor)) return warning(`Docker Engine at ${host} calls itself ${version}, which tells nothing of its age; ${oldestEngine.join('.')} or later is needed`);
  const older = major < oldestEngine[0] || (major === oldestEngine[0] && minor < oldestEngine[1]);
  return older ? blocked(`Docker Engine ${version} at ${host} is too old: ${oldestEngine.join('.')} or later is needed`) : ok(`Docker Engine ${version} at ${host}`);
}

/** Each feature with why it is not there; undefined when it is. */
export function judgeKernel(features: Readonly<Record<string, string | undefined>>): Finding {
  const missing = Object.entries(features).flatMap(([name, fault]) => (fault === undefined ? [] : [`${name} (${fault})`]));
  return missing.length ? blocked(`missing: ${missing.join(', ')}`) : ok(`has ${Object.keys(features).join(', ')}`);
}

/** TCP ports something listens on, from /proc/net/tcp and tcp6. */
export function listeningPorts(text: string): number[] {
  const ports = text.split('\n').flatMap((line) => {
    const match = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:0000 0A /.exec(line);
    return match ? [parseInt(match[1]!, 16)] : [];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** `apiPort`: where this host's master is to listen; absent on a host that only joins. */
export function judgePorts(listening: readonly number[], wanted: { readonly apiPort?: number; readonly from: number; readonly to: number }): Finding {
  const { apiPort, from, to } = wanted;
  if (apiPort !== undefined && listening.includes(apiPort)) return blocked(`port ${apiPort} of the API is in use: choose another with --port`);
  const taken = listening.filter((port) => port >= from && port <= to);
  if (taken.length) return warning(`in use in the range of node ports ${from}-${to}: ${taken.join(', ')}; a Service cannot have these on this node`);
  return ok(`${apiPort === undefined ? '' : `${apiPort} is free; `}nothing listens in ${from}-${to}`);
}

export function judgeMtu(device: string, mtu: number, bridges: readonly { readonly name: string; readonly mtu: number }[]): Finding {
  if (mtu < 576) return blocked(`${device} carries ${mtu} bytes a packet; 576 are the least`);
  const larger = bridges.find((bridge) => bridge.mtu > mtu);
  if (larger) return blocked(`${larger.name} carries ${larger.mtu} bytes a packet, ${device} only ${mtu}: large packets between hosts are lost; restart the agent after the change`);
  return ok(`${device} carries ${mtu} bytes a packet`);
}

/** `fault`: why the kernel makes no VXLAN device; `used`: UDP ports in use; `own`: those of clusters' tunnels, which share a port without meeting. */
export function judgeVxlan(port: number, fault: string | undefined, used: readonly number[], own: readonly number[]): Finding {
  if (fault !== undefined) return warning(`the kernel has none (${fault}): nodes that share no subnet with this host cannot reach its Pods`);
  if (own.includes(port)) return ok(`UDP port ${port} carries it`);
  if (used.includes(port)) return warning(`UDP port ${port} is in use: nodes that share no subnet with this host cannot reach its Pods; a new cluster can have another with --vxlan-port`);
  return ok(`the kernel has it, and UDP port ${port} is free`);
}

interface Chain { readonly family: string; readonly table: string; readonly name: string; readonly hook?: string; readonly policy?: string }
/** From `nft -j list chains`. */
export function droppingChains(json: string): Chain[] {
  const { nftables = [] } = JSON.parse(json.trim() || '{}') as { nftables?: { chain?: Chain }[] };
  return nftables.flatMap(({ chain }) => (chain?.policy === 'drop' && (chain.hook === 'forward' || chain.hook === 'input') && chain.family !== 'ip6' ? [chain] : []));
}

/** What load balancers ask every node. (upstream: kube-proxy's --healthz-bind-address) */
const healthPort = 10256;

/** `filter` is what `iptables -S` prints; `apiPort` as above; `vxlanPort` is UDP. */
export function judgeFirewall(filter: string, chains: readonly Chain[], apiPort: number | undefined, vxlanPort: number): Finding {
  // The chains iptables itself keeps in nftables are told by `iptables -S`.
  const foreign = chains.filter(({ family, table, name }) => !(family === 'ip' && table === 'filter' && /^(FORWARD|INPUT)$/.test(name)));
  const describe = ({ family, table, name }: Chain): string => `${family} ${table} ${name}`;
  const forward = foreign.filter(({ hook }) => hook === 'forward');
  if (forward.length) return blocked(`nftables drops forwarded packets by default in ${forward.map(describe).join(', ')}: let the range of Pods pass there`);
  const input = foreign.filter(({ hook }) => hook === 'input').map(describe);
  const drops = [...input, ...(filter.split('\n').includes('-P INPUT DROP') ? ['iptables INPUT'] : [])];
  // No rule of one table overrules the drop of another.
  const tunnels = input.length ? `, UDP port ${vxlanPort} of nodes that share no subnet with this host (VXLAN)` : '';
  const opened = input.length ? '' : `; the agent lets other nodes' VXLAN in by itself (UDP port ${vxlanPort})`;
  if (drops.length) return warning(`${drops.join(', ')} drops incoming packets by default: let ${apiPort === undefined ? '' : `port ${apiPort}, `}node ports, port ${healthPort} (health, for load balancers)${tunnels} and other hosts' Pods in${opened}`);
  return ok(filter.split('\n').includes('-P FORWARD DROP') ? 'iptables drops forwarded packets by default; the node lets its own pass' : 'nothing drops forwarded packets by default');
}

export function judgeDns(servers: readonly string[], fault: string | undefined): Finding {
  if (!servers.length) return warning('/etc/resolv.conf names no server: names outside the cluster will not resolve in Pods');
  return fault === undefined ? ok(`${servers.join(', ')} answers`) : warning(`${servers.join(', ')}: ${fault}; names outside the cluster will not resolve in Pods`);
}

export function judgePath({ fromHost, routed }: { readonly fromHost: string | undefined; readonly routed: string | undefined }): Finding {
  if (fromHost !== undefined) return blocked(`a container does not answer this host: ${fromHost}`);
  if (routed !== undefined) return blocked(`a container answers this host, but not packets that are routed to it from another: ${routed}; look for rules that drop them (iptables -S FORWARD, nft list ruleset)`);
  return ok('a container answers this host and, routed, another');
}

/** One line each, and whether nothing is blocked. */
export function report(findings: readonly (Finding & { readonly check: string })[]): { readonly lines: readonly string[]; readonly fine: boolean } {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return { lines: findings.map(({ verdict, check, text }) => `${verdict.padEnd(8)} ${check.padEnd(width)}  ${text}`), fine: findings.every(({ verdict }) => verdict !== 'blocked') };
}
