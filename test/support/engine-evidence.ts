// What an engine and its containerd have to say when something of theirs hangs or is left over, read while they live: their end takes it away.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { logFile, processId } from '../../agent/runtime/engine/dockerd.ts';
import { realClock } from '../../src/util/clock.ts';
import { execute } from './cluster.ts';

const idIn = (text: string): string | undefined => /\b[0-9a-f]{64}\b/.exec(text)?.[0];
const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1').replaceAll('\0', ' ').trim();
  } catch (error) {
    return (error as Error).message; // it ended while being looked at
  }
};

/** Stacks of all goroutines of the engine in this directory. @throws Error when it writes none */
export async function engineStacks(directory: string): Promise<string> {
  const exec = join(directory, 'exec');
  const files = (): string[] => readdirSync(exec).filter((name) => name.startsWith('goroutine-stacks'));
  const before = new Set(files());
  process.kill(processId(directory)!, 'SIGUSR1');
  for (const deadline = realClock.monotonic() + 10_000; realClock.monotonic() < deadline; await realClock.sleep(100)) {
    const file = files().find((name) => !before.has(name));
    // The file grows for a while; the engine says when it is whole.
    if (file !== undefined && readFileSync(logFile(directory), 'utf8').includes(`stacks written to ${join(exec, file)}`)) return readFileSync(join(exec, file), 'utf8');
  }
  throw new Error('the engine wrote no stacks');
}

/**
 * Whether one goroutine has the lock of the network controller and waits for that of a network, while another has that of the network and
 * waits for the controller's: nothing about networks ever happens again. Engine 20.10.24 does so when sandboxes leave a
 * network at the same moment (moby/moby#46661, mended by moby/moby#42545).
 */
export function isNetworkDeadlock(stacks: string): boolean {
  const waiting = stacks.split('\n\n').filter((goroutine) => goroutine.startsWith('goroutine') && goroutine.includes('sync.(*Mutex).lockSlow('));
  const at = (...calls: readonly string[]): boolean => waiting.some((goroutine) => calls.every((call) => goroutine.includes(`libnetwork.${call}(`)));
  return at('(*controller).processEndpointDelete', '(*network).ID') && at('(*network).getSvcRecords');
}

/** About shims and control groups of containers the engine does not run: their processes and where these wait, what containerd and the engine know and have logged. */
export async function leftoverEvidence(directory: string, groups: readonly string[], running: ReadonlySet<string>): Promise<string> {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => ({ pid, line: read(`/proc/${pid}/cmdline`), parent: /^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] }));
  const shims = processes.filter(({ line }) => line.includes('containerd-shim') && line.includes(`${directory}/`) && !running.has(idIn(line) ?? ''));
  const left = groups.filter((path) => idIn(path) && !running.has(idIn(path)!));
  const tree = (pid: string): string[] => [pid, ...processes.filter(({ parent }) => parent === pid).flatMap((child) => tree(child.pid))];
  const members = left.flatMap((path) => read(`${path}/cgroup.procs`).split('\n')).filter((pid) => /^\d+$/.test(pid));
  const about = (pid: string): string => {
    const status = read(`/proc/${pid}/status`).split('\n').filter((line) => /^(Name|State|PPid|NSpid|Threads|SigQ|ShdPnd):/.test(line)).join(', ').replaceAll('\t', ' ');
    return `${pid} ${read(`/proc/${pid}/cmdline`)}\n  ${status}\n  ${read(`/proc/${pid}/wchan`)}: ${read(`/proc/${pid}/stack`).split('\n').join(' < ')}`;
  };
  const ids = [...new Set([...shims.map(({ line }) => idIn(line)), ...left.map(idIn)].filter((id) => id !== undefined))];
  const socket = join(directory, 'exec/containerd/containerd.sock');
  const ask = async (...[command, ...args]: [string, ...string[]]): Promise<string> => {
    const { stdout, stderr } = await execute(command, args, { timeoutMs: 10_000 });
    return `${command} ${args.slice(2).join(' ')}\n${stdout}${stderr}`;
  };
  const ofIds = (text: string): string => text.split('\n').filter((line) => ids.some((id) => line.includes(id))).join('\n');
  const log = logFile(directory);
  return [
    `shims without a container that runs, and what is in control groups that are left:\n${[...new Set([...shims.flatMap(({ pid }) => tree(pid)), ...members])].map(about).join('\n')}`,
    ...left.map((path) => `${path}: ${read(`${path}/cgroup.procs`).replaceAll('\n', ' ') || 'empty'}${existsSync(`${path}/freezer.state`) ? `, ${read(`${path}/freezer.state`)}` : ''}`),
    ofIds(await ask('ctr', '-a', socket, '-n', 'moby', 'tasks', 'list')),
    ofIds(await ask('ctr', '-a', socket, '-n', 'moby', 'containers', 'list')),
    ...await Promise.all(ids.map((id) => ask('docker', '-H', `unix://${directory}/docker.sock`, 'inspect', '--format', '{{.Name}} {{json .State}}', id))),
    ofIds(readFileSync(log, 'utf8')).slice(-8000),
  ].join('\n');
}
