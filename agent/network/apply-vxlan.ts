// Carries out the plan of the tunnel to far nodes, and says in words what keeps it from standing.
import { CommandError, type Run } from '../../src/util/run.ts';
import { bridgeBatch, ipBatch, listForwards, showLink, type Ways } from './links.ts';
import type { NetworkNames } from './names.ts';
import type { FarNode } from './paths.ts';
import { planVxlan, type VxlanState } from './vxlan.ts';

/** The tunnel cannot be made on this host; the message is for a person. */
export class NoVxlan extends Error {}

async function stateOf(run: Run, name: string, { links, vxlans, routes, neighbours }: Ways): Promise<VxlanState | undefined> {
  const device = vxlans.find(({ ifname }) => ifname === name);
  return device && { device, addresses: links.find(({ ifname }) => ifname === name)?.addr_info ?? [], forwards: await listForwards(run, name), neighbours: neighbours.filter(({ dev }) => dev === name), routes };
}

/** `ways` are those that were there just before. True when something had to be changed. @throws NoVxlan */
export async function applyVxlan(run: Run, names: NetworkNames, settings: { port: number; mtu: number }, far: readonly FarNode[], ways: Ways): Promise<boolean> {
  try {
    const plan = planVxlan(names, settings, far, await stateOf(run, names.vxlan, ways));
    await ipBatch(run, plan.device);
    await bridgeBatch(run, plan.forwards);
    await ipBatch(run, plan.paths);
    return plan.device.length + plan.forwards.length + plan.paths.length > 0;
  } catch (error) {
    if (error instanceof CommandError) throw new NoVxlan(inWords(error, names, settings.port), { cause: error });
    throw error;
  }
}

function inWords(error: CommandError, names: NetworkNames, port: number): string {
  const { stderr } = error;
  if (error.code === 'ENOENT' || error.exitCode === 127) return `the program ${/\bbridge -/.test(error.command) ? 'bridge' : 'ip'} is missing: install iproute2`;
  if (/Address already in use/.test(stderr)) return `UDP port ${port} of the cluster's VXLAN is in use on this host`;
  if (/VNI already exists/.test(stderr)) return `another VXLAN device of this host has the network identifier ${names.vni} on UDP port ${port}`;
  if (/Operation not supported|Unknown device type/.test(stderr)) return 'the kernel of this host has no vxlan';
  return stderr.trim().split('\n')[0] || error.message;
}

/** Takes the device away, and all entries and routes with it; idempotent. */
export async function removeVxlan(run: Run, { vxlan }: NetworkNames): Promise<void> {
  if (await showLink(run, vxlan)) await ipBatch(run, [`link delete dev ${vxlan}`]);
}
