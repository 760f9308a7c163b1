// What an engine that was started for a while leaves on its machine, and how it is taken away: containers, processes, mounts, control groups.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { processId, stopDockerd } from '../../agent/runtime/engine/dockerd.ts';
import { realClock } from '../../src/util/clock.ts';
import { engineRequest, EngineSilent } from '../../src/util/engine-http.ts';

const CGROUPS = '/sys/fs/cgroup';

/** An engine that hangs keeps them: what is left of them goes with `removeRemains`. */
export async function removeContainers(socketPath: string): Promise<void> {
  const endpoint = { protocol: 'http', socketPath } as const;
  try {
    const { body } = await engineRequest(endpoint, 'GET', '/containers/json?all=1', { timeoutMs: 30_000 });
    await Promise.all((JSON.parse(body.toString()) as { Id: string }[]).map(({ Id }) => engineRequest(endpoint, 'DELETE', `/containers/${Id}?force=1&v=1`, { timeoutMs: 30_000 })));
  } catch (error) {
    if (!(error instanceof EngineSilent)) throw error;
    process.stderr.write(`the engine at ${socketPath} hangs: ${error.message}\n`);
  }
}

export async function removeRemains(id: string, directory: string): Promise<void> {
  const pid = processId(directory);
  if (pid !== undefined) await stopDockerd(pid, realClock);
  await killMembers(id, directory);
  unmountBelow(directory);
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  if (existsSync(`/run/netns/${id}`)) run('ip', 'netns', 'delete', id);
  await removeCgroups(id);
}

export function unmountBelow(directory: string): void {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${directory}/`));
  for (const mount of mounts.sort().reverse()) run('umount', '-l', mount);
}

export async function removeCgroups(id: string): Promise<void> {
  for (const controller of [CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))]) await removeTree(join(controller, id));
}

/** Shims, containerd and containers of an engine that was killed hold its mounts and cgroups. `also` names further processes to end. */
export async function killMembers(id: string, directory: string, also: (pid: string) => boolean = () => false): Promise<void> {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1');
    } catch {
      return ''; // it ended while being looked at
    }
  };
  const isMember = (pid: string): boolean => {
    const line = read(pid, 'cmdline');
    return (line.includes('containerd') && line.includes(`${directory}/`)) || read(pid, 'cgroup').includes(`/${id}/`) || also(pid);
  };
  const living = (): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isMember(name) && !/\) Z /.test(read(name, 'stat')));
  // One that has ended may have been started anew by another that had not yet: until none is left.
  for (let members = living(), passes = 0; members.length > 0 && passes < 5; members = living(), passes++) {
    for (const pid of members) if (isMember(pid)) process.kill(Number(pid), 'SIGKILL');
    for (const pid of members) for (let tries = 0; tries < 3000 && isMember(pid) && !/\) Z /.test(read(pid, 'stat')); tries++) await realClock.sleep(10);
  }
}

/** A group is busy until the last of its processes has ended, which a signal only begins. */
async function removeTree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) await removeTree(join(path, entry.name));
  for (let tries = 0; ; tries++) {
    try {
      return rmdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || tries === 500) throw error;
    }
    await realClock.sleep(20);
  }
}

const run = (...[program, ...args]: readonly string[]): string => execFileSync(program!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
