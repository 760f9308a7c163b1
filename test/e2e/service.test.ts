// `dray up --service` where systemd does not run: a supervisor brings back whatever ends, and `dray down` ends it all.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';

let cluster: TestCluster;
beforeAll(async () => { cluster = await startCluster({ args: ['--service'], images: false }); });
afterAll(() => cluster?.stop());

const alive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

(existsSync('/run/systemd/system') ? describe.skip : describe)('the supervisor', () => {
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
