// A full disk through the API: the real embedded store on a small file system of its own. What was acknowledged stays, reads and
// watches go on, the log says it once, and when there is space again writes go on without a restart.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../master/storage/embedded/embedded-store.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { ConfigMaps, type ConfigMap } from '../../src/api/core/config-map.ts';
import { silentLog, type Log } from '../../src/util/log.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { testWhere } from '../support/test-where.ts';

const dir = mkdtempSync(join(tmpdir(), 'dray-disk-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'dray-disk-full', dir], { encoding: 'utf8' });
const mounts = mounted.status === 0;

let api: TestApi | undefined;
afterAll(async () => {
  await api?.stop();
  if (mounts) spawnSync('umount', ['--lazy', dir]);
  rmSync(dir, { recursive: true, force: true });
});

testWhere(mounts, `no file system of its own can be mounted here (${(mounted.stderr || String(mounted.error)).trim()})`, 'loses nothing acknowledged, reads on, and writes again when there is space', async () => {
  const said: string[] = [];
  const log: Log = { ...silentLog, info: (_, message) => said.push(message), error: (_, message) => said.push(message) };
  const ballast = join(dir, 'ballast');
  writeFileSync(ballast, Buffer.alloc(6 << 20));
  api = await startTestApi({ store: await openEmbeddedStore(join(dir, 'store'), { log }) });
  const { client } = api;
  const namespace = 'default';
  const stop = new AbortController();
  const heard = new Map<string, string>();
  let tell: (() => void) | undefined;
  const watching = (async () => {
    for await (const { object } of client.watch(ConfigMaps, { namespace, resourceVersion: '1', signal: stop.signal })) {
      heard.set(object.metadata.name, object.metadata.resourceVersion!);
      tell?.();
    }
  })();
  const until = async (check: () => boolean): Promise<void> => { while (!check()) await new Promise<void>((resolve) => { tell = resolve; }); };

  const acknowledged = new Map<string, string>();
  const failures: StatusError[] = [];
  let n = 0;
  const write = async (): Promise<void> => {
    const name = `map-${n++}`;
    try {
      const { metadata } = await client.create(ConfigMaps, { metadata: { name, namespace }, data: { text: 'x'.repeat(20_000) } });
      acknowledged.set(name, metadata.resourceVersion!);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      failures.push(error);
    }
  };
  for (let round = 0; failures.length < 40 && round < 200; round++) await Promise.all(Array.from({ length: 8 }, write));
  expect(acknowledged.size).toBeGreaterThan(50);
  expect(failures.length).toBeGreaterThanOrEqual(40);
  for (const { status } of failures) expect(status).toMatchObject({ code: 500, reason: 'InternalError', message: `Internal error occurred: the store in ${join(dir, 'store')} cannot write: no space left on the disk` });
  expect(said).toEqual(['the store cannot write: reads go on, writes fail until it can']);

  // Reads, lists, the watch that was there and a new one.
  const readable = async (): Promise<Map<string, string>> => new Map((await client.list(ConfigMaps, { namespace })).items.map((m: ConfigMap) => [m.metadata.name, m.metadata.resourceVersion!]));
  expect(await readable()).toEqual(acknowledged);
  expect((await client.get(ConfigMaps, { namespace, name: 'map-0' })).data!['text']).toHaveLength(20_000);
  await until(() => heard.size === acknowledged.size);
  expect(heard).toEqual(acknowledged);
  const again = new Set<string>();
  for await (const { object } of client.watch(ConfigMaps, { namespace, resourceVersion: '1' })) {
    again.add(object.metadata.name);
    if (again.size === acknowledged.size) break;
  }
  expect(again).toEqual(new Set(acknowledged.keys()));

  rmSync(ballast);
  const before = failures.length;
  await Promise.all(Array.from({ length: 8 }, write));
  expect(failures.length).toBe(before);
  expect(said).toEqual(['the store cannot write: reads go on, writes fail until it can', 'the store writes again']);
  await until(() => heard.size === acknowledged.size);
  expect(heard).toEqual(acknowledged);
  stop.abort();
  await watching;

  // And what is on the disk is that, too.
  await api.stop();
  api = await startTestApi({ store: await openEmbeddedStore(join(dir, 'store')) });
  const { items } = await api.client.list(ConfigMaps, { namespace });
  expect(new Map(items.map((m) => [m.metadata.name, m.metadata.resourceVersion!]))).toEqual(acknowledged);
});
