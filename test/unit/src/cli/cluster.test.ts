// What `dray down --purge` takes away of a data directory: what a cluster writes, and nothing else.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from '../../../../src/cli/cluster.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'dray-cluster-')); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('erases its own names, data of claims included, and keeps those of others', () => {
  for (const name of ['store', 'pki', 'pods', 'volumes', 'photos']) mkdirSync(join(directory, name, 'deep'), { recursive: true });
  for (const name of ['cluster.json', 'agent.log', 'network.json', 'proxy-node.rules.json', 'notes.txt']) writeFileSync(join(directory, name), '');
  new Cluster(directory).erase();
  expect(readdirSync(directory).sort()).toEqual(['notes.txt', 'photos']);
});
it('erases a directory that holds nothing else', () => {
  mkdirSync(join(directory, 'cluster', 'volumes'), { recursive: true });
  new Cluster(join(directory, 'cluster')).erase();
  expect(readdirSync(directory)).toEqual([]);
});
