// Whether kernel and nft can carry Services, found out by doing it.
import { mustParseCIDR } from '../../../src/util/cidr.ts';
import { CommandError, type Commands } from '../../../src/util/run.ts';
import type { ServicePortRule } from '../rules.ts';
import { KernelPlan } from './plan.ts';
import { changes, noTables, wholeTables, type KernelNames } from './script.ts';

/** Undefined when they know all that the tables need, else what they said. Leaves nothing behind. */
export async function kernelFault({ run }: Pick<Commands, 'run'>): Promise<string | undefined> {
  const names: KernelNames = { table: `dray-probe-${process.pid}`, podCIDR: '192.0.2.0/25', clusterPodCIDR: '192.0.2.0/24', serviceAddress: '192.0.2.2' };
  const end = { pod: '', nodeName: '', address: '192.0.2.3', port: 1 };
  const rule = { id: '', protocol: 'TCP', mode: 'nftables', clusterIPs: ['198.51.100.1'], externalIPs: [], port: 1, nodePort: 1, loadBalancer: false, internal: [end], external: [end] } as const;
  const plan = new KernelPlan(mustParseCIDR(names.podCIDR));
  plan.hold(new Set(['TCP/1']));
  const texts = [[{ ...rule, affinitySeconds: 0 }, { ...rule, id: '1', port: 2, affinitySeconds: 1 }], [{ ...rule, id: '1', port: 3, affinitySeconds: 1 }]].map((rules: ServicePortRule[]) => {
    for (const each of rules) plan.put(each);
    const steps = plan.settle();
    for (;;) {
      const { done, value } = steps.next();
      if (done) return [...changes(names.table, value)].join('');
    }
  });
  try {
    // In two steps: some versions of nft write what they cannot read back.
    await run('nft', ['-f', '-'], { input: wholeTables(names, '02:00:00:00:00:01', plan.largest) + texts[0]! });
    await run('nft', ['-f', '-'], { input: texts[1]! + noTables(names.table) });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // What the first step left; where nft itself does not work there is nothing.
    await removeKernelRules({ run }, names.table).catch(() => undefined);
    return error.message;
  }
}

/** Takes away both tables; idempotent. */
export const removeKernelRules = ({ run }: Pick<Commands, 'run'>, table: string): Promise<string> => run('nft', ['-f', '-'], { input: noTables(table) });
