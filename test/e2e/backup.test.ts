// A backup put back on the host it was made on: what was deleted since runs again, what came since goes, and the node goes on.
import { join } from 'node:path';
import { DEMO_BUSYBOX } from '../../src/cli/demo-images.ts';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';

let cluster: TestCluster;
beforeAll(async () => { cluster = await startCluster(); });
afterAll(() => cluster?.stop());

const running = async (): Promise<string> => (await cluster.kubectl('get', 'pods', '-o', 'jsonpath={range .items[?(@.status.phase=="Running")]}{.metadata.labels.app} {end}')).trim().split(' ').sort().join();
const deploy = (name: string): Promise<string> => cluster.kubectl('create', 'deployment', name, `--image=${DEMO_BUSYBOX}`, '--', 'sleep', '100000');

test('dray backup, restore --replace and up bring a cluster back to what it was', async () => {
  const file = join(cluster.dataDir, 'cluster.backup');
  await deploy('kept');
  await cluster.kubectl('rollout', 'status', 'deployment/kept', '--timeout=90s');
  const uid = await cluster.kubectl('get', 'deployment', 'kept', '-o', 'jsonpath={.metadata.uid}');
  expect(await cluster.dray('backup', file)).toMatchObject({ code: 0, stdout: expect.stringMatching(/cluster\.backup: \d+\.\d MB; whoever reads it is administrator of the cluster\n$/) });
  await deploy('late');
  await cluster.kubectl('rollout', 'status', 'deployment/late', '--timeout=90s');
  await cluster.kubectl('delete', 'deployment', 'kept');
  expect(await cluster.dray('restore', file)).toMatchObject({ code: 2, stderr: expect.stringContaining('stop the master first (dray down)') });
  expect((await cluster.dray('down')).code).toBe(0);
  expect(await cluster.dray('restore', file)).toMatchObject({ code: 2, stderr: expect.stringContaining('--replace moves them aside') });
  expect(await cluster.dray('restore', file, '--replace')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^restored as of \S+; what was there before lies in \S+: dray up\n$/) });
  const up = await cluster.dray('up', '--detach');
  expect([up.code, up.stderr]).toEqual([0, '']);
  await eventually('what was there then, and nothing else', async () => (await running()) === 'kept');
  expect(await cluster.kubectl('get', 'deployment', 'kept', '-o', 'jsonpath={.metadata.uid}')).toBe(uid);
  await eventually('no container of what came later', async () => (await cluster.hosts[0]!.docker('ps', '--filter', 'name=late', '--quiet')) === '');
});
