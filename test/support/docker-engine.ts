// A Docker Engine for one test file: its own network namespace, data, run-time state, socket and cgroup, so that tests never
// meet the machine's engine or each other's. Installs Docker where it may when there is none.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processId, startDockerd, stopDockerd } from '../../agent/runtime/engine/dockerd.ts';
import { removeContainers, removeRemains } from '../../bench/hosts/remains.ts';
import { installPackages } from '../../src/util/apt.ts';
import { realClock } from '../../src/util/clock.ts';

export interface TestEngine {
  /** For --docker-host. */
  readonly host: string;
  /** Name of the network namespace: containers' addresses are reachable from inside it only. */
  readonly namespace: string;
  /** Words before a command that runs it in that namespace. */
  readonly enter: readonly string[];
  /** Ends the engine; with `keepContainers` they live on until the next start or `stop()`. */
  stopDaemon(): Promise<void>;
  startDaemon(): Promise<void>;
  /** Removes containers, engine, mounts, cgroups and namespace. */
  stop(): Promise<void>;
}

/** `name` is unique to the test file, at most ten letters and digits; what an interrupted run left under it is removed first. */
export async function startTestEngine(name: string): Promise<TestEngine> {
  if (!existsSync('/usr/sbin/dockerd') && !existsSync('/usr/bin/dockerd')) await installPackages(['docker.io', 'iproute2', 'iptables']);
  const id = `dray-${name}`;
  const directory = join(tmpdir(), `${id}-engine`);
  const socketPath = join(directory, 'docker.sock');
  const enter = ['nsenter', `--net=/run/netns/${id}`];
  const startDaemon = async (): Promise<void> => {
    await startDockerd({
      socketPath, directory, clock: realClock, execRoot: join(directory, 'exec'), prefix: [...enter, 'unshare', '--uts'],
      arguments: ['--config-file', join(directory, 'daemon.json'), '--data-root', join(directory, 'data'), '--cgroup-parent', `/${id}`],
    });
  };
  const stopDaemon = async (): Promise<void> => {
    const pid = processId(directory);
    if (pid !== undefined) await stopDockerd(pid, realClock);
  };
  const stop = async (): Promise<void> => {
    await removeContainers(socketPath);
    await stopDaemon();
    await removeRemains(id, directory);
  };
  await removeRemains(id, directory);
  mkdirSync(directory, { recursive: true });
  // All engines of a machine would share one identity from the default key.
  writeFileSync(join(directory, 'daemon.json'), JSON.stringify({ 'deprecated-key-path': join(directory, 'key.json') }));
  run('ip', 'netns', 'add', id);
  run(...enter, 'ip', 'link', 'set', 'lo', 'up');
  run(...enter, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  await startDaemon();
  return { host: `unix://${socketPath}`, namespace: id, enter, startDaemon, stopDaemon, stop };
}

const run = (...[program, ...args]: readonly string[]): string => execFileSync(program!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
