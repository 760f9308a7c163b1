// What `dray down --purge` takes away of a data directory: what a cluster writes, and nothing else.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, otherClusters, type ClusterRecord, type JoinRecord } from '../../../../src/cli/cluster.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'dray-cluster-')); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('erases its own names, data of claims included, and keeps those of others', () => {
  for (const name of ['store', 'pki', 'pods', 'volumes', 'photos']) mkdirSync(join(directory, name, 'deep'), { recursive: true });
  for (const name of ['cluster.json', 'agent.log', 'network.json', 'control-groups.json.new', 'cluster.json.new', 'admin.kubeconfig.new', 'graceful_node_shutdown_state', 'proxy-node.rules.jsonl', 'notes.txt']) writeFileSync(join(directory, name), '');
  new Cluster(directory).erase();
  expect(readdirSync(directory).sort()).toEqual(['notes.txt', 'photos']);
});
it('erases a directory that holds nothing else', () => {
  mkdirSync(join(directory, 'cluster', 'volumes'), { recursive: true });
  new Cluster(join(directory, 'cluster')).erase();
  expect(readdirSync(directory)).toEqual([]);
});

it('finds the other clusters of the machine, those that hosts joined included, with what they take', async () => {
  const registry = join(directory, 'clusters');
  const at = (name: string): Cluster => new Cluster(join(directory, name), registry);
  const [own, up, joined, silent] = [at('own'), at('up'), at('joined'), at('silent')];
  for (const cluster of [own, up, joined, silent]) cluster.make();
  const ranges = { podCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16', nodePortRange: { from: 30000, to: 32767 }, vxlanPort: 8472 };
  for (const cluster of [own, up]) cluster.save({ version: 1, ranges } as unknown as ClusterRecord);
  for (const cluster of [joined, silent]) cluster.saveJoin({ version: 1 } as unknown as JoinRecord);
  const found = async (): Promise<Record<string, unknown>> => Object.fromEntries((await otherClusters(own, async (dataDir) => (
    dataDir === silent.dataDir ? undefined : { podCIDR: '10.44.0.0/16', serviceCIDR: '10.45.0.0/16', vxlanPort: undefined, nodePortRange: '27000-29767' }))).map((other) => [other.dataDir, other.ranges]));
  expect(await found()).toEqual({ [up.dataDir]: ranges, [joined.dataDir]: { podCIDR: '10.44.0.0/16', serviceCIDR: '10.45.0.0/16', nodePortRange: { from: 27000, to: 29767 }, vxlanPort: 8472 } });
  joined.erase();
  expect(await found()).toEqual({ [up.dataDir]: ranges });
});
