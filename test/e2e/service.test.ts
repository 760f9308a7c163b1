// `dray up --service` where systemd does not run: a supervisor brings back whatever ends, and `dray down` ends it all. Processes that
// something else started, as systemd does, are known to every command.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { Cluster } from '../../src/cli/cluster.ts';
import { agentArguments, masterArguments } from '../../src/cli/up.ts';
import { dray, eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { describeWhere } from '../support/test-where.ts';

let cluster: TestCluster;
beforeAll(async () => { cluster = await startCluster({ args: ['--service'], images: false }); });
afterAll(() => cluster?.stop());

const alive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

describeWhere(!existsSync('/run/systemd/system'), 'systemd runs here', 'the supervisor', () => {
  it.each(['master', 'agent'] as const)('starts the %s again after kill -9', async (role) => {
    const before = cluster.pid(role);
    process.kill(before, 'SIGKILL');
    await eventually(`another ${role}`, async () => cluster.pid(role) !== before && alive(cluster.pid(role)));
    await eventually('a Ready node', async () => (await cluster.kubectl('get', 'nodes', '--no-headers')).includes(' Ready '));
  });

  it('is left alone by a second `dray up --service`', async () => {
    const pids = [cluster.pid('master'), cluster.pid('agent')];
    const again = await cluster.dray('up', '--detach', '--service');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect([cluster.pid('master'), cluster.pid('agent')]).toEqual(pids);
  });

  it('ends with `dray down`, and with it master and agent', async () => {
    const pids = [Number(readFileSync(join(cluster.dataDir, 'supervisor.pid'), 'utf8')), cluster.pid('master'), cluster.pid('agent')];
    expect((await cluster.dray('down')).code).toBe(0);
    expect(pids.filter(alive)).toEqual([]);
  });
});

describe('master and agent that something else started', () => {
  const start = (role: 'master' | 'agent'): ChildProcess => {
    const made = new Cluster(cluster.dataDir);
    return cluster.spawn(process.execPath, [dray, ...(role === 'master' ? masterArguments : agentArguments)(made, made.record()!)]);
  };
  const known = (role: 'master' | 'agent', child: ChildProcess): Promise<boolean> =>
    eventually(`the ${role}'s pid file`, async () => existsSync(join(cluster.dataDir, `${role}.pid`)) && cluster.pid(role) === child.pid);
  let pids: number[];

  it('are known to `status` and `up`', async () => {
    await cluster.dray('down');
    const master = start('master');
    await known('master', master);
    const agent = start('agent');
    await known('agent', agent);
    pids = [master.pid!, agent.pid!];
    await eventually('a Ready node', async () => (await cluster.dray('status')).code === 0);
    const status = await cluster.dray('status');
    for (const pid of pids) expect(status.stdout).toContain(`running (pid ${pid},`);
    expect(await cluster.dray('up', '--detach')).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`master runs already (pid ${pids[0]})`) });
    expect([cluster.pid('master'), cluster.pid('agent')]).toEqual(pids);
  });

  it('are not displaced by a second one, nor is their host cleared under them', async () => {
    const another = start('agent');
    expect(await new Promise((resolve) => another.once('exit', resolve))).toBe(2);
    expect(cluster.pid('agent')).toBe(pids[1]);
    const left = await cluster.dray('leave', '--docker-host', cluster.hosts[0]!.dockerHost);
    expect([left.code, left.stderr]).toEqual([2, `dray: --data-dir: the agent of ${cluster.dataDir} runs (pid ${pids[1]}); stop it first\n`]);
  });

  it('are ended by `down`, and take their pid files with them when they end by themselves', async () => {
    expect((await cluster.dray('down')).code).toBe(0);
    expect(pids.filter(alive)).toEqual([]);
    const master = start('master');
    await known('master', master);
    master.kill('SIGTERM');
    await new Promise((resolve) => master.once('exit', resolve));
    expect(existsSync(join(cluster.dataDir, 'master.pid'))).toBe(false);
  });
});
