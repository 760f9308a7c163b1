// `dray demo` interrupted: by Ctrl-C in the middle of its work, and by SIGTERM while its cluster starts. Nothing of it is left.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_BUSYBOX, DEMO_NGINX, ensureDemoImages } from '../../src/cli/demo-images.ts';
import { dray, eventually, execute } from '../support/cluster.ts';
import { startDockerHosts, type DockerHosts } from '../../bench/hosts/docker-hosts.ts';
import { difference, hostState, type HostState } from '../support/host-state.ts';

let lan: DockerHosts;
let before: HostState;
const directory = mkdtempSync(join(tmpdir(), 'dray-e2e-demo-'));
const enter = (command: string, args: readonly string[]): string[] => [`--net=${lan.hosts[0]!.netns}`, '--', command, ...args];
const state = (): Promise<HostState> => hostState({ hosts: lan.hosts, run: (command, args) => execute('nsenter', enter(command, args)) }, [lan.hosts[0]!.name, directory]);

beforeAll(async () => {
  lan = await startDockerHosts(1);
  const [host] = lan.hosts;
  await ensureDemoImages({ dockerHost: host!.dockerHost });
  // What the demo would pull first.
  for (const [i, image] of DEMO_NGINX.entries()) await host!.docker('tag', image, `nginx:1.${28 + i}`);
  // What an engine itself makes for its first container on a network stays.
  for (const network of ['bridge', 'host']) await host!.docker('run', '--rm', '--network', network, DEMO_BUSYBOX, 'true');
  await eventually('the state to settle', async () => {
    const [once, again] = [await state(), await state()];
    before = again;
    return difference(once, again).length === 0;
  });
});
afterAll(async () => {
  await lan?.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('without an engine it says so, and leaves nothing', async () => {
  const { code, stderr } = await execute(process.execPath, [dray, 'demo', '--docker-host', 'unix:///no/engine.sock'], { env: { TMPDIR: directory } });
  expect([code, stderr]).toEqual([2, 'dray: no Docker Engine found: --docker-host names unix:///no/engine.sock, which says "connect ENOENT /no/engine.sock"\n']);
  expect(readdirSync(directory)).toEqual([]);
});

test.each([['SIGINT', /Service web: curl/], ['SIGTERM', /master ready/]] as const)('%s after %s', async (signal, moment) => {
  const child = spawn('nsenter', enter(process.execPath, [dray, 'demo', '--docker-host', lan.hosts[0]!.dockerHost]), { env: { ...process.env, TMPDIR: directory }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const ended = new Promise<[number | null, string | null]>((resolve) => child.once('close', (code, name) => resolve([code, name])));
  await eventually('the moment', async () => {
    if (child.exitCode !== null) throw new Error(said);
    return moment.test(said);
  });
  expect(difference(before, await state())).not.toEqual([]);
  child.kill(signal);
  expect(await ended).toEqual([130, null]);
  expect(said).toContain('Interrupted: cleaning up');
  expect(said).not.toContain('dray: ');
  expect(difference(before, await state())).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});
