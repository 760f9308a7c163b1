// Keeping master and agent running: in the foreground, by systemd units where systemd runs, or by a small supervisor.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { parseDuration } from '../apimachinery/duration.ts';
import { Backoff } from '../util/backoff.ts';
import { realClock, type Clock } from '../util/clock.ts';
import { UsageError, type Cluster } from './cluster.ts';
import { joinedAgentArguments } from './join.ts';
import { forgetPid, runningPid, startProcess, stopProcess, writePid } from './processes.ts';
import { hasSystemd, installShutdownUnit, installUnits, removeUnits } from './systemd.ts';
import { agentArguments, masterArguments } from './up.ts';

type SupervisedRole = 'master' | 'agent';
/** A host that joined has its agent alone. */
const rolesOf = (cluster: Cluster): readonly SupervisedRole[] => (cluster.joined() ? ['agent'] : ['master', 'agent']);

function commandOf(cluster: Cluster, self: readonly string[], role: SupervisedRole): string[] {
  const joined = cluster.joined();
  if (joined) return [...self, ...joinedAgentArguments(cluster, joined)];
  const record = cluster.record();
  if (!record) throw new UsageError(`--data-dir: no cluster in ${cluster.dataDir}`);
  return [...self, ...(role === 'master' ? masterArguments(cluster, record) : agentArguments(cluster, record))];
}

/** Hands the running processes over to systemd, or to a supervisor of our own. Called when the cluster is up. */
export async function installService(cluster: Cluster, self: readonly string[], clock: Clock = realClock): Promise<void> {
  if (hasSystemd()) {
    await installUnits(cluster, Object.fromEntries(rolesOf(cluster).map((role) => [role, commandOf(cluster, self, role)])), clock);
    const seconds = Math.ceil(parseDuration((cluster.joined() ?? cluster.record())?.shutdownGracePeriod ?? '0s') / 1000);
    installShutdownUnit(cluster, seconds > 0 ? { command: [...self, 'node', 'shutdown', '--data-dir', cluster.dataDir], seconds } : undefined);
  } else if (runningPid(cluster, 'supervisor') === undefined) await startProcess(cluster, 'supervisor', self, ['supervise', '--data-dir', cluster.dataDir]);
}

/** Stops the units before the cluster is stopped; with --purge they are taken away. */
export function removeService(cluster: Cluster, purge: boolean): void {
  if (hasSystemd()) removeUnits(cluster, purge);
}

/** Watches the processes of the cluster and starts again what ends, after 1 s, doubling to 30 s. */
export async function supervise(cluster: Cluster, self: readonly string[], signal: AbortSignal, clock: Clock = realClock): Promise<void> {
  await Promise.all(rolesOf(cluster).map((role) => keepRunning(cluster, self, role, signal, clock)));
}

async function keepRunning(cluster: Cluster, self: readonly string[], role: SupervisedRole, signal: AbortSignal, clock: Clock): Promise<void> {
  const backoff = new Backoff(1000, 30_000);
  const stablePeriodMs = 60_000;
  while (!signal.aborted) {
    try {
      // A process of an earlier start is not our child: all there is to watch is its entry in /proc.
      while (runningPid(cluster, role) !== undefined) await clock.sleep(1000, signal);
      const started = clock.monotonic();
      await ended(startChild(cluster, self, role), signal);
      if (clock.monotonic() - started > stablePeriodMs) backoff.forget(role);
      await clock.sleep(backoff.next(role), signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
  }
}

function startChild(cluster: Cluster, self: readonly string[], role: SupervisedRole): ChildProcess {
  const [command, ...args] = commandOf(cluster, self, role);
  const log = openSync(cluster.path(`${role}.log`), 'a', 0o600);
  const child = spawn(command!, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  if (child.pid !== undefined) writePid(cluster, role, child.pid);
  return child;
}

const ended = (child: ChildProcess, signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  child.once('exit', () => resolve());
  child.once('error', () => resolve());
  // A child that goes on must not keep its supervisor.
  signal.addEventListener('abort', () => { child.unref(); resolve(); }, { once: true });
});

/** `dray up` and `dray join` without --detach: supervises until interrupted, then stops what ran. */
export async function stayInForeground(cluster: Cluster, self: readonly string[], signal: AbortSignal, clock: Clock = realClock): Promise<void> {
  process.stdout.write('running; press Ctrl-C to stop\n');
  // Known as the supervisor, so that `dray down` ends this process before what it would start again.
  writePid(cluster, 'supervisor', process.pid);
  await supervise(cluster, self, signal, clock);
  forgetPid(cluster, 'supervisor');
  for (const role of rolesOf(cluster).toReversed()) {
    await stopProcess(cluster, role, clock);
    forgetPid(cluster, role);
  }
}
