// Master and agent as systemd units: written, started, and taken away again. A unit that runs and says the same is left alone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../util/clock.ts';
import type { Cluster } from './cluster.ts';
import { runningPid, StartFailed, stopProcess } from './processes.ts';

const roles = ['master', 'agent'] as const;
type UnitRole = (typeof roles)[number];
/** What ends the Pods before the machine goes down, and how long that may take. */
export interface ShutdownCommand { readonly command: readonly string[]; readonly seconds: number }

export interface Systemd {
  readonly unitDirectory: string;
  /** One `systemctl` call. */
  call(...args: readonly string[]): { readonly status: number | null; readonly stderr: string };
}
const hostSystemd: Systemd = {
  unitDirectory: '/etc/systemd/system',
  call: (...args) => spawnSync('systemctl', args, { encoding: 'utf8' }),
};
export const hasSystemd = (): boolean => existsSync('/run/systemd/system');

const startTimeoutMs = 60_000;
/** For what comes after the Pods' own time: telling the API. */
const shutdownMarginSeconds = 15;
export const unitName = (cluster: Cluster, role: UnitRole | 'shutdown'): string => `dray-${role}-${createHash('sha256').update(cluster.dataDir).digest('hex').slice(0, 6)}.service`;

function must({ call }: Systemd, ...args: readonly string[]): void {
  const { status, stderr } = call(...args);
  if (status !== 0) throw new Error(`systemctl ${args.join(' ')}: ${stderr.trim()}`);
}

// % and $ are systemd's own.
const commandLine = (command: readonly string[]): string =>
  command.map((part) => part.replace(/[%$]/g, '$&$&')).map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : JSON.stringify(part))).join(' ');

function unitText(cluster: Cluster, role: UnitRole, command: readonly string[]): string {
  // KillMode=process: proxy workers and container processes outlive the agent.
  return `[Unit]
Description=Dray ${role} of ${cluster.dataDir}
After=network-online.target docker.service
Wants=network-online.target

[Service]
ExecStart=${commandLine(command)}
Restart=always
RestartSec=1
KillMode=process
LimitNOFILE=1048576

[Install]
WantedBy=multi-user.target
`;
}

/** Runs nothing until the machine stops; then, as what was started last stops first, it runs while engine, master and agent still do. */
function shutdownText(cluster: Cluster, { command, seconds }: ShutdownCommand): string {
  return `[Unit]
Description=Ends the Pods of ${cluster.dataDir} before the machine goes down
After=network-online.target docker.service ${roles.map((role) => unitName(cluster, role)).join(' ')}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStop=${commandLine(command)}
TimeoutStopSec=${seconds + shutdownMarginSeconds}

[Install]
WantedBy=multi-user.target
`;
}

/** Brings the unit of the shutdown to what is wanted. It is never stopped here: that is what ends Pods. */
export function installShutdownUnit(cluster: Cluster, wanted: ShutdownCommand | undefined, systemd: Systemd = hostSystemd): void {
  const unit = unitName(cluster, 'shutdown');
  const file = join(systemd.unitDirectory, unit);
  const present = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const text = wanted && shutdownText(cluster, wanted);
  if (text === undefined) {
    if (present === undefined) return;
    must(systemd, 'disable', unit);
    rmSync(file);
    must(systemd, 'daemon-reload');
    return;
  }
  if (present !== text) {
    writeFileSync(file, text);
    must(systemd, 'daemon-reload');
  }
  must(systemd, 'enable', '--now', unit);
}

/** Resolves when each unit's process has written its pid. @throws StartFailed */
export async function installUnits(cluster: Cluster, commands: Readonly<Partial<Record<UnitRole, readonly string[]>>>, clock: Clock, systemd: Systemd = hostSystemd): Promise<void> {
  const changed = roles.filter((role) => {
    const command = commands[role];
    if (!command) return false;
    const file = join(systemd.unitDirectory, unitName(cluster, role));
    const text = unitText(cluster, role, command);
    if (existsSync(file) && readFileSync(file, 'utf8') === text && systemd.call('is-active', '--quiet', unitName(cluster, role)).status === 0) return false;
    writeFileSync(file, text);
    return true;
  });
  if (changed.length > 0) must(systemd, 'daemon-reload');
  for (const role of changed) {
    const unit = unitName(cluster, role);
    must(systemd, 'stop', unit);
    // Whatever was started by hand gives its place to the unit.
    await stopProcess(cluster, role, clock);
    must(systemd, 'enable', '--now', unit);
    const deadline = clock.monotonic() + startTimeoutMs;
    while (runningPid(cluster, role) === undefined) {
      if (clock.monotonic() > deadline) throw new StartFailed(`the unit ${unit} does not run; see journalctl --unit ${unit}`);
      await clock.sleep(50);
    }
  }
}

export function removeUnits(cluster: Cluster, purge: boolean, systemd: Systemd = hostSystemd): void {
  // Without an agent the unit of the shutdown has nothing to end; it stays where the cluster does.
  for (const role of [...roles.toReversed(), ...(purge ? ['shutdown' as const] : [])]) {
    const unit = unitName(cluster, role);
    const file = join(systemd.unitDirectory, unit);
    if (!existsSync(file)) continue;
    must(systemd, ...(purge ? ['disable', '--now'] : ['stop']), unit);
    if (purge) rmSync(file);
    process.stdout.write(`${unit} ${purge ? 'removed' : 'stopped'}\n`);
  }
  if (purge) must(systemd, 'daemon-reload');
}
