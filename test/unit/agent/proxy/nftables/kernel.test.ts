// The loop that keeps the kernel in line: what comes at any time is put there, also while it looks whether the tables stand.
import { KernelRules } from '../../../../../agent/proxy/nftables/kernel.ts';
import type { ProxyRules } from '../../../../../agent/proxy/rules.ts';
import { FakeClock } from '../../../../../src/util/clock.ts';
import { silentLog } from '../../../../../src/util/log.ts';
import type { Commands } from '../../../../../src/util/run.ts';
import { rule } from '../../../../contract/proxy-support.ts';

const rules = (revision: number): ProxyRules => ({ revision, ports: [rule({ id: 'default/db:', mode: 'nftables', clusterIPs: ['10.2.0.1'], internal: [{ address: '10.1.1.1', port: revision, pod: '', nodeName: '' }] })] });

it('rules that come during a look at the tables are put there', async () => {
  const clock = new FakeClock();
  const scripts: string[] = [];
  let looking: (() => void) | undefined;
  const run: Commands['run'] = async (command, args, options) => {
    if (command === 'ip') return args.includes('dev') ? '[{"address":"02:00:00:00:00:01"}]' : '[]';
    if (args.includes('ruleset')) await new Promise<void>((resolve) => { looking = resolve; });
    else scripts.push(options?.input ?? '');
    return '';
  };
  // eslint-disable-next-line require-yield
  const follow: Commands['follow'] = async function* (_command, _args, signal) { await new Promise((resolve) => { signal.addEventListener('abort', resolve); }); };
  const kernel = new KernelRules({ table: 't', podCIDR: '10.1.1.0/24', clusterPodCIDR: '10.1.0.0/16', serviceAddress: '10.1.1.2', bridge: 'b', commands: { run, follow }, clock, log: silentLog });
  const until = (revision: number): Promise<void> => new Promise((resolve) => {
    kernel.onChange = () => { if (kernel.inForce >= revision) resolve(); };
  });
  let done = until(1);
  kernel.send(rules(1));
  await done;
  const stop = new AbortController();
  const kept = kernel.keep(stop.signal);
  while (!looking) await clock.advance(500);
  done = until(2);
  kernel.send(rules(2));
  looking();
  await done;
  expect(scripts.at(-1)).toContain('10.1.1.1 . 2');
  expect(kernel.acknowledged).toBe(kernel.sequence);
  stop.abort();
  kernel.close();
  await kept;
});
