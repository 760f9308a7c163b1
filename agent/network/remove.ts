// Takes away exactly what the node's network made on this host, from its record alone: it needs no agent, and may be repeated.
import type { Commands } from '../../src/util/run.ts';
import { otherClusterHere, removeAccepts, removeTables } from './apply-firewall.ts';
import type { DockerNetworks } from './docker-networks.ts';
import { networkNames, type NetworkNames } from './names.ts';
import type { NetworkRecord } from './record.ts';
import { removeRoutes } from './routes.ts';
import { removeVxlan } from './apply-vxlan.ts';
import { removeServiceNamespace } from './service-namespace.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';

type Step = [string, () => Promise<unknown>];

/** Every step is tried; without an engine its network stays. @throws AggregateError, whose message names each step that failed. */
export async function removeNodeNetwork(record: NetworkRecord, { commands, docker }: { commands: Commands; docker?: DockerNetworks }): Promise<void> {
  const { run } = commands;
  const names = networkNames(record);
  const steps: readonly Step[] = [
    ['accept rules', () => removeAccepts(run, names.comment)],
    ['nftables tables', () => removeTables(run, names)],
    ['routes', () => removeRoutes(run, record)],
    ['VXLAN device', () => removeVxlan(run, names)],
    ['service namespace', () => removeServiceNamespace(run, names, record.namespaceDirectoryMade ?? false)],
    ...(docker ? [['Docker network', () => docker.remove(names.network)] satisfies Step] : []),
    ['ip_forward', () => restoreForwarding(commands, record, names)],
  ];
  const faults: string[] = [];
  const errors: unknown[] = [];
  for (const [what, step] of steps) {
    await step().catch((error: unknown) => {
      errors.push(error);
      faults.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  if (faults.length > 0) throw new AggregateError(errors, `the network ${names.network} could not be removed whole: ${faults.join('; ')}`);
}

/** Another cluster in the same network namespace needs forwarding as well. */
async function restoreForwarding({ run }: Commands, record: NetworkRecord, names: NetworkNames): Promise<void> {
  if (record.ipForwardBefore === undefined || await otherClusterHere(run, names)) return;
  if (await readSysctl(run, 'net/ipv4/ip_forward') !== record.ipForwardBefore) await writeSysctl(run, 'net/ipv4/ip_forward', record.ipForwardBefore);
}
