// `dray node shutdown`: has the agent of this host end its Pods before the machine goes down, and waits for it. systemd's unit
// runs it when the machine stops; elsewhere whatever stops the machine does.
import type { Clock } from '../util/clock.ts';
import { UsageError, type Cluster } from './cluster.ts';
import { runningPid } from './processes.ts';

/** What the agent writes down of a shutdown. */
interface Shutdown { readonly pid: number; readonly endTime?: string; readonly pods: number }

/** Resolves when the Pods have ended, or their time is over; at once where no agent runs. @throws UsageError when graceful shutdown is off, Error when the agent dies */
export async function shutDownNode(cluster: Cluster, state: () => Shutdown | undefined, say: (line: string) => void, clock: Clock): Promise<void> {
  const pid = runningPid(cluster, 'agent');
  if (pid === undefined) return say(`no agent of ${cluster.dataDir} runs: there are no Pods to end`);
  const record = cluster.record() ?? cluster.joined();
  if (record && record.shutdownGracePeriod === undefined) throw new UsageError('graceful shutdown of this node is off; "dray up --shutdown-grace-period 30s" (or "dray join") turns it on');
  process.kill(pid, 'SIGPWR');
  for (;;) {
    const now = state();
    if (now?.pid === pid && now.endTime !== undefined) return say(`${now.pods} Pods ended; the node is not Ready until its agent is started again`);
    if (runningPid(cluster, 'agent') !== pid) throw new Error(`the agent (pid ${pid}) ended before its Pods had`);
    await clock.sleep(50);
  }
}
