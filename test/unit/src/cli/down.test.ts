// What `dray down --purge` says it leaves: the packages of the set-up, and those the agent needed later; and which engine it asks.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Cluster, type ClusterRecord } from '../../../../src/cli/cluster.ts';
import { down } from '../../../../src/cli/down.ts';
import { noteInstalledPackages } from '../../../../src/util/installed-packages.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'dray-down-')); });
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

it.each([
  [['iproute2', 'nftables'], ['conntrack'], 'kept: packages iproute2, nftables, conntrack (installed by dray), and all images\n'],
  [[], ['conntrack'], 'kept: packages conntrack (installed by dray), and all images\n'],
  [['conntrack'], ['conntrack'], 'kept: packages conntrack (installed by dray), and all images\n'],
  [[], [], undefined],
])('of the set-up %j, later %j', async (setUp, later, line) => {
  const cluster = new Cluster(join(directory, 'data'), join(directory, 'clusters'));
  cluster.make();
  cluster.save({ version: 1, ranges: {}, installedPackages: setUp } as unknown as ClusterRecord);
  if (later.length > 0) noteInstalledPackages(cluster.dataDir, later);
  const printed: string[] = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => { printed.push(String(text)); return true; });
  await down({ dataDir: cluster.dataDir, purge: true }, { removeNode: async () => undefined, stopEngine: async () => false });
  expect(printed.filter((text) => text.startsWith('kept:'))).toEqual(line === undefined ? [] : [line]);
  expect(existsSync(cluster.dataDir)).toBe(false);
});

it.each([
  ['the one the cluster was started with', {}, 'unix:///recorded.sock'],
  ['the one that is named', { dockerHost: 'unix:///moved.sock' }, 'unix:///moved.sock'],
])('containers are removed from %s', async (_what, options, expected) => {
  const cluster = new Cluster(join(directory, 'data'), join(directory, 'clusters'));
  cluster.make();
  cluster.save({ version: 1, ranges: {}, dockerHost: 'unix:///recorded.sock', installedPackages: [] } as unknown as ClusterRecord);
  jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const engines: string[] = [];
  await down({ dataDir: cluster.dataDir, purge: true, ...options }, { removeNode: async (_cluster, dockerHost) => { engines.push(dockerHost); }, stopEngine: async () => false });
  expect(engines).toEqual([expected]);
});
