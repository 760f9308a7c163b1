// The network namespace in which this node's Service addresses live. A veth pair puts it on the pod bridge with an address of the
// node's pod subnet; the whole service range is local there, so whatever nobody listens on is refused at once, and the host's own
// listeners are never met.
import { mkdir, open, rm, rmdir, stat } from 'node:fs/promises';
import { formatIPv4, lastOf, mustParseCIDR } from '../../src/util/cidr.ts';
import { CommandError, commandsInNetworkNamespace, type Commands, type Run } from '../../src/util/run.ts';
import { ipBatch, showLink } from './links.ts';
import { macOf, namespaceDirectory, type NetworkIdentity, type NetworkNames } from './names.ts';
import { writeSysctl } from './sysctl.ts';

/** Routing table inside the namespace for answers from Service addresses. */
const answersTable = 100;
/** Written in this order: turning forwarding off resets the redirect settings. */
const sysctls: readonly [string, string][] = [
  ['net/ipv4/ip_forward', '0'],
  ['net/ipv4/conf/all/accept_redirects', '0'], ['net/ipv4/conf/default/accept_redirects', '0'],
  ['net/ipv4/conf/all/rp_filter', '0'], ['net/ipv4/conf/default/rp_filter', '0'],
  ['net/ipv4/icmp_ratelimit', '0'],             // each unserved UDP port is refused, not one a second
  ['net/ipv4/ip_unprivileged_port_start', '0'],
  ['net/ipv4/ip_local_port_range', '10240 65535'],
];

export const exists = (path: string): Promise<boolean> => stat(path).then(() => true, (error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return false;
  throw error;
});

/** Whether a live network namespace is bound at the path: /run may outlive a reboot, what was bound there does not. */
async function isBound(run: Run, path: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  try {
    await run('nsenter', [`--net=${path}`, 'true']);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

async function bindNew(run: Run, path: string): Promise<void> {
  await mkdir(namespaceDirectory, { recursive: true, mode: 0o755 });
  await (await open(path, 'a', 0o444)).close();
  await run('unshare', [`--net=${path}`, 'true']);
}

const insideLines = (identity: NetworkIdentity, names: NetworkNames, mtu: number): string[] => {
  const pods = mustParseCIDR(identity.podCIDR);
  return [
    'link set dev lo up',
    `link set dev eth0 mtu ${mtu} up`,
    `address replace ${names.serviceAddress}/${pods.prefix} broadcast ${formatIPv4(lastOf(pods))} dev eth0`,
    `route replace default via ${names.gateway} dev eth0`,
    `route replace local ${identity.serviceCIDR} dev lo table local`,
    // Answers go back through the gateway, the way their requests came: a firewall that tracks connections sees both directions.
    `route replace default via ${names.gateway} dev eth0 table ${answersTable}`,
  ];
};

const hasAnswersRule = async (run: Run, cidr: string): Promise<boolean> =>
  (await run('ip', ['-4', 'rule', 'show'])).split('\n').some((line) => line.includes(`from ${cidr} lookup ${answersTable}`));

/** True when the namespace had to be made, so that what listened in an earlier one must start again. */
export async function ensureServiceNamespace(commands: Commands, identity: NetworkIdentity, names: NetworkNames, mtu: number): Promise<boolean> {
  const { run } = commands;
  const inside = commandsInNetworkNamespace(names.namespacePath, commands).run;
  const made = !(await isBound(run, names.namespacePath));
  if (made) await bindNew(run, names.namespacePath);
  // The rule comes after the settings and says that they are made; interfaces made later inherit them.
  if (!(await hasAnswersRule(inside, identity.serviceCIDR))) {
    for (const [name, value] of sysctls) await writeSysctl(inside, name, value);
    if (await exists('/proc/sys/net/ipv6')) await writeSysctl(inside, 'net/ipv6/conf/all/disable_ipv6', '1');
    await ipBatch(inside, [`rule add from ${identity.serviceCIDR} lookup ${answersTable}`]);
  }
  let veth = await showLink(run, names.veth);
  if (veth && (made || !(await showLink(inside, 'eth0')))) {
    await ipBatch(run, [`link delete dev ${names.veth}`]);
    veth = undefined;
  }
  if (!veth) await ipBatch(run, [`link add name ${names.veth} mtu ${mtu} type veth peer name eth0 address ${macOf(names.serviceAddress)} mtu ${mtu} netns ${names.namespacePath}`]);
  await ipBatch(run, [`link set dev ${names.veth} master ${names.bridge} mtu ${mtu} up`]);
  await ipBatch(inside, insideLines(identity, names, mtu));
  return made;
}

/** Takes away the veth pair and the namespace's name; idempotent. Processes that still run inside keep it alive until they end. */
export async function removeServiceNamespace(run: Run, names: NetworkNames, directoryMade: boolean): Promise<void> {
  if (await showLink(run, names.veth)) await ipBatch(run, [`link delete dev ${names.veth}`]);
  if (await isBound(run, names.namespacePath)) await run('umount', ['--lazy', names.namespacePath]);
  await rm(names.namespacePath, { force: true });
  if (!directoryMade) return;
  await rmdir(namespaceDirectory).catch((error: NodeJS.ErrnoException) => {
    // Somebody else's namespaces, or a directory that is gone already.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT' && error.code !== 'EBUSY') throw error;
  });
}
