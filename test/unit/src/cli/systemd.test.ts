// Units for master and agent: installed once, left alone while they run and say the same, taken away by a purge. systemctl is a
// stand-in that starts real processes.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from '../../../../src/cli/cluster.ts';
import { runningPid, writePid } from '../../../../src/cli/processes.ts';
import { installShutdownUnit, installUnits, removeUnits, unitName, type Systemd } from '../../../../src/cli/systemd.ts';
import { realClock } from '../../../../src/util/clock.ts';

let root: string;
let cluster: Cluster;
let calls: string[];
let systemd: Systemd;
let failing: string | undefined;
const children: ChildProcess[] = [];
const processes = new Map<string, ChildProcess>();
const commands = { master: ['/usr/bin/node', '/opt/dray.js', 'master'], agent: ['/usr/bin/node', '/opt/dray.js', 'agent', '--node-name', 'a "b"', '50%$x'] };

const byHand = (role: 'master' | 'agent'): ChildProcess => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  children.push(child);
  writePid(cluster, role, child.pid!);
  return child;
};
const pids = (): (number | undefined)[] => [runningPid(cluster, 'master'), runningPid(cluster, 'agent')];
const install = (more: Partial<typeof commands> = {}): Promise<void> => installUnits(cluster, { ...commands, ...more }, realClock, systemd);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dray-systemd-'));
  cluster = new Cluster(join(root, 'data'));
  cluster.make();
  mkdirSync(join(root, 'units'));
  calls = [];
  failing = undefined;
  const units = { [unitName(cluster, 'master')]: 'master', [unitName(cluster, 'agent')]: 'agent', [unitName(cluster, 'shutdown')]: 'shutdown' } as const;
  systemd = {
    unitDirectory: join(root, 'units'),
    call(...args) {
      const unit = args.at(-1)!;
      const role = units[unit];
      const short = [...args.slice(0, -1), role ?? unit].join(' ');
      if (short === failing) return { status: 1, stderr: 'Failed: no.\n' };
      if (args[0] === 'is-active') return { status: processes.has(unit) ? 0 : 3, stderr: '' };
      calls.push(short);
      if (args[0] === 'stop' || args[0] === 'disable') {
        processes.get(unit)?.kill('SIGKILL');
        processes.delete(unit);
      }
      if (args[0] === 'enable' && role !== 'shutdown') processes.set(unit, byHand(role!));
      return { status: 0, stderr: '' };
    },
  };
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  processes.clear();
  rmSync(root, { recursive: true });
});

it('takes over from processes that were started by hand', async () => {
  const started = [byHand('master'), byHand('agent')];
  const ended = started.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  await install();
  await Promise.all(ended);
  expect(calls).toEqual(['daemon-reload', 'stop master', 'enable --now master', 'stop agent', 'enable --now agent']);
  expect(pids()).toEqual([...processes.values()].map((child) => child.pid));
  const text = readFileSync(join(root, 'units', unitName(cluster, 'agent')), 'utf8');
  expect(text).toContain('ExecStart=/usr/bin/node /opt/dray.js agent --node-name "a \\"b\\"" "50%%$$x"\n');
  expect(text).toContain('KillMode=process\n');
});

it('leaves running units alone, and restarts the one whose command changed', async () => {
  await install();
  const before = pids();
  calls = [];
  await install();
  expect([calls, pids()]).toEqual([[], before]);
  await install({ master: [...commands.master, '--port', '7443'] });
  expect(calls).toEqual(['daemon-reload', 'stop master', 'enable --now master']);
  expect(pids()[0]).not.toBe(before[0]);
  expect(pids()[1]).toBe(before[1]);
});

it('starts units that were stopped', async () => {
  await install();
  removeUnits(cluster, false, systemd);
  expect(calls.slice(-2)).toEqual(['stop agent', 'stop master']);
  expect(readdirSync(join(root, 'units'))).toHaveLength(2);
  await install();
  expect(processes.size).toBe(2);
});

it('takes its own units away and no others', async () => {
  await install();
  calls = [];
  removeUnits(cluster, true, systemd);
  expect(calls).toEqual(['disable --now agent', 'disable --now master', 'daemon-reload']);
  expect(readdirSync(join(root, 'units'))).toEqual([]);
  removeUnits(cluster, true, systemd);
  expect(existsSync(join(root, 'units'))).toBe(true);
});

it('ends the Pods when the machine stops, and at no other time', async () => {
  const command = ['/usr/bin/node', '/opt/dray.js', 'node', 'shutdown', '--data-dir', '/with space'];
  await install();
  calls = [];
  installShutdownUnit(cluster, undefined, systemd);
  expect(calls).toEqual([]);
  installShutdownUnit(cluster, { command, seconds: 30 }, systemd);
  expect(calls.splice(0)).toEqual(['daemon-reload', 'enable --now shutdown']);
  const text = readFileSync(join(root, 'units', unitName(cluster, 'shutdown')), 'utf8');
  // Stopped before what it was started after.
  expect(text).toContain(`After=network-online.target docker.service ${unitName(cluster, 'master')} ${unitName(cluster, 'agent')}\n`);
  expect(text).toContain('Type=oneshot\nRemainAfterExit=yes\nExecStop=/usr/bin/node /opt/dray.js node shutdown --data-dir "/with space"\nTimeoutStopSec=45\n');
  expect(text).not.toContain('ExecStart');
  installShutdownUnit(cluster, { command, seconds: 60 }, systemd);
  expect(calls.splice(0)).toEqual(['daemon-reload', 'enable --now shutdown']);
  removeUnits(cluster, false, systemd);
  expect(calls.splice(0)).toEqual(['stop agent', 'stop master']);
  installShutdownUnit(cluster, undefined, systemd);
  expect(calls.splice(0)).toEqual(['disable shutdown', 'daemon-reload']);
  installShutdownUnit(cluster, { command, seconds: 60 }, systemd);
  calls = [];
  removeUnits(cluster, true, systemd);
  // By then no agent runs.
  expect(calls).toEqual(['disable --now agent', 'disable --now master', 'disable --now shutdown', 'daemon-reload']);
  expect(readdirSync(join(root, 'units'))).toEqual([]);
});

it('says what systemctl said', async () => {
  failing = 'enable --now master';
  await expect(install()).rejects.toThrow(`systemctl enable --now ${unitName(cluster, 'master')}: Failed: no.`);
});
