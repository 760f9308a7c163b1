// A backup taken while a master writes, and what comes of its return: the objects of then, revisions that never come twice, and
// nothing lost where it is refused.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { isExpired } from '../../src/apimachinery/status-error.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { readKubeconfig } from '../../src/client/kubeconfig.ts';
import { realClock } from '../../src/util/clock.ts';
import { commands } from '../../src/util/run.ts';
import { BackupError, restoreBackup, writeBackup } from '../../master/backup.ts';
import { masterProcess, type MasterProcess } from '../support/master-process.ts';

let directory: string;
let masters: MasterProcess[];
let clients: Client[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dray-backup-'));
  [masters, clients] = [[], []];
});
afterEach(async () => {
  for (const client of clients) await client.transport.close();
  for (const master of masters) await master.stop();
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
});
const inside = (...parts: string[]): string => join(directory, ...parts);
const file = (): string => inside('cluster.backup');
const backup = (name = 'a'): Promise<number> => writeBackup({ dataDir: inside(name), file: file(), run: commands.run, clock: realClock });
const restore = (name: string, replace = false, from = file()) => restoreBackup({ dataDir: inside(name), file: from, run: commands.run, clock: realClock, replace });
const start = async (name: string): Promise<{ master: MasterProcess; client: Client }> => {
  const master = await masterProcess(inside(name));
  masters.push(master);
  await master.start();
  const access = readKubeconfig(master.kubeconfig);
  const client = new Client(new HttpTransport({ access: () => ({ ...access, server: master.url }), userAgent: 'test' }));
  clients.push(client);
  return { master, client };
};
const named = (name: string) => ({ namespace: 'default', name });
const create = (client: Client, name: string) => client.create(ConfigMaps, { metadata: named(name) });
const names = async (client: Client): Promise<string[]> => (await client.list(ConfigMaps, { namespace: 'default' })).items.map(({ metadata: { name } }) => name).filter((name) => !name.startsWith('kube-')).sort();

it('is of one moment; put back, no revision comes twice and who watches lists again; elsewhere it is the same cluster', async () => {
  const { master, client } = await start('a');
  await create(client, 'kept');
  const writing = Promise.all(Array.from({ length: 50 }, (_, i) => create(client, `meanwhile-${i}`)));
  expect(await backup()).toBe(statSync(file()).size);
  await writing;
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  await expect(backup()).rejects.toThrow(`${file()} is there already`);
  const late = await create(client, 'late');
  await expect(restore('a', true)).rejects.toThrow(/the data directory .* is in use by process \d+: stop the master first \(dray down\)/);
  await master.stop();
  await expect(restore('a')).rejects.toThrow(`--data-dir: ${inside('a')} holds a cluster's objects already: --replace moves them aside`);
  const { before } = await restore('a', true);
  expect(readdirSync(before!)).toEqual(expect.arrayContaining(['store', 'pki', 'admin.kubeconfig']));
  expect(readdirSync(inside('a')).filter((name) => /^(backup|restore)-/.test(name))).toEqual([]);

  const again = await start('a');
  const there = await names(again.client);
  expect([there.includes('kept'), there.includes('late')]).toEqual([true, false]);
  const next = await create(again.client, 'next');
  expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(Number(late.metadata.resourceVersion));
  const watched = async (): Promise<void> => { for await (const _ of again.client.watch(ConfigMaps, { namespace: 'default', resourceVersion: late.metadata.resourceVersion, signal: AbortSignal.timeout(60_000) })) break; };
  expect(isExpired(await watched().catch((error: unknown) => error))).toBe(true);

  // The credentials of then are good for the cluster on another host.
  const elsewhere = await restore('b');
  expect(elsewhere).toEqual({ createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) });
  expect(await names((await start('b')).client)).toEqual(there);
  expect(readFileSync(inside('b', 'pki', 'ca.crt'))).toEqual(readFileSync(inside('a', 'pki', 'ca.crt')));
});

it('refuses what is no backup and touches nothing', async () => {
  const { master, client } = await start('a');
  await create(client, 'kept');
  await backup();
  await master.stop();
  writeFileSync(inside('text'), 'not an archive');
  mkdirSync(inside('odd', 'store'), { recursive: true });
  writeFileSync(inside('odd', 'backup.json'), JSON.stringify({ format: 2 }));
  await commands.run('tar', ['-czf', inside('newer'), '-C', inside('odd'), 'backup.json']);
  writeFileSync(inside('odd', 'backup.json'), JSON.stringify({ format: 1 }));
  await commands.run('tar', ['-czf', inside('empty'), '-C', inside('odd'), 'backup.json']);
  await commands.run('ln', ['-s', '/etc/passwd', inside('odd', 'store', 'store.mdb')]);
  await commands.run('tar', ['-czf', inside('linked'), '-C', inside('odd'), 'backup.json', 'store']);
  const before = readdirSync(inside('a')).sort();
  for (const [name, words] of [
    ['nowhere', /nowhere is not there$/], ['text', /text is no backup of a cluster: /], ['newer', /newer has format 2; this version reads format 1$/], ['empty', /is no backup of a cluster: store\/store\.mdb is missing$/], ['linked', /store\/store\.mdb is neither file nor directory$/],
  ] as const) {
    const refused = await restore('a', true, inside(name)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BackupError);
    expect((refused as Error).message).toMatch(words);
  }
  // Another cluster's place.
  await (await start('other')).master.stop();
  await expect(restore('other', true)).rejects.toThrow(/other is another cluster's than .*cluster\.backup: remove that first \(dray down --purge\)$/);
  expect(readdirSync(inside('a')).sort()).toEqual(before);
  expect(await names((await start('a')).client)).toEqual(['kept']);

  await expect(backup('nothing')).rejects.toThrow(`--data-dir: ${inside('nothing')} holds no cluster's objects: a backup is made on the host of the master`);
  await expect(writeBackup({ dataDir: inside('a'), file: inside('no', 'where'), run: commands.run, clock: realClock })).rejects.toBeInstanceOf(BackupError);
  expect(existsSync(inside('no'))).toBe(false);
});
