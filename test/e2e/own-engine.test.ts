// A host without an engine: `up` starts dockerd and `down --purge` ends it, even after it died. In namespaces of its own, where /run
// and /var/lib are empty and the default socket is nobody else's.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/util/run.ts';
import { dray, eventually, execute, type Output } from '../support/cluster.ts';
import { removeRemains } from '../../bench/hosts/remains.ts';

const name = `te${randomBytes(3).toString('hex')}`;
const directory = mkdtempSync(join(tmpdir(), 'dray-own-engine-'));
const dataDir = join(directory, 'data');
let holder: ChildProcess;

beforeAll(async () => {
  for (const part of ['run', 'lib']) mkdirSync(join(directory, part));
  await run('ip', ['netns', 'add', name]);
  await run('nsenter', [`--net=/run/netns/${name}`, 'ip', '-batch', '-'], { input: 'link set lo up\nlink add eth0 type veth peer name lan\nlink set lan up\naddress add 192.0.2.2/24 dev eth0\nlink set eth0 up\nroute add default via 192.0.2.1\n' });
  const inside = `mount --bind ${directory}/run /run && mount --bind ${directory}/lib /var/lib && echo ready && exec sleep 3600`;
  holder = spawn('nsenter', [`--net=/run/netns/${name}`, 'unshare', '--mount', '--uts', 'sh', '-c', inside], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout!, 'data');
});
afterAll(async () => {
  if (holder) await command('down', '--purge');
  holder?.kill();
  await removeRemains(name, directory);
});

const inside = (command: string, ...args: string[]): Promise<Output> => execute('nsenter', ['--target', String(holder.pid), '--mount', '--net', '--uts', '--', command, ...args], { env: { DOCKER_HOST: '' } });
const command = (...args: string[]): Promise<Output> => inside(process.execPath, dray, ...args, '--data-dir', dataDir);
const enginePid = (): number => Number(readFileSync(join(dataDir, 'engine/dockerd.pid'), 'utf8'));
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
/** What runs in the mount namespace of the test. */
const processes = (): string[] => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync(`/proc/${holder.pid}/ns/mnt`) ? [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()] : [];
  } catch {
    return []; // it ended while being looked at
  }
});
const links = async (): Promise<string> => (await inside('ip', '-o', 'link')).stdout;
let engine = 0;

test('`up` starts an engine, `down` leaves it running', async () => {
  const up = await command('up', '--detach');
  expect(up).toMatchObject({ code: 0, stderr: '' });
  expect(up.stdout).toContain('at unix:///var/run/docker.sock (started here)');
  engine = enginePid();
  expect(alive(engine)).toBe(true);
  expect(await command('down')).toMatchObject({ code: 0, stderr: '' });
  expect(alive(engine)).toBe(true);
  expect(await links()).toContain('dray-');
});

test('`down --purge` after the engine died starts it again, removes all and ends it', async () => {
  process.kill(engine, 'SIGKILL');
  await eventually('the engine to die', async () => !alive(engine));
  const down = await command('down', '--purge');
  expect(down).toMatchObject({ code: 0, stderr: '' });
  expect(down.stdout).toContain('the Docker Engine was down and has been started again');
  expect(down.stdout).toContain('Docker Engine stopped (it was started here)');
  expect(existsSync(dataDir)).toBe(false);
  expect(await links()).not.toContain('dray');
  expect(processes()).toEqual(['sleep']);
});
