// What the embedded store promises beyond the contract: it survives kill -9 and a full disk, and has one owner.
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { copyStore } from '../../master/storage/embedded/copy.ts';
import { openEmbeddedStore } from '../../master/storage/embedded/embedded-store.ts';
import { DATA_FILE } from '../../master/storage/embedded/tables.ts';
import { Compacted, type Store } from '../../master/storage/store.ts';
import { eventsBetween } from './store-history.ts';

const root = join(import.meta.dirname, '../..');
const childArguments = ['--import', join(root, 'test/support/typescript-child.js'), join(root, 'test/contract/store-child.ts')];

interface Acknowledged { readonly type: string; readonly key: string; readonly revision: number; readonly value: string | undefined }
function parse(line: string): Acknowledged {
  const [, type, key, revision, value] = /^(put|delete) (\S+) (\d+)(?: (.*))?$/.exec(line)!;
  return { type: type!, key: key!, revision: Number(revision), value };
}

let dir: string;
/** What the children of a test printed there. */
let stderr = '';
const warnings = /^.*(ExperimentalWarning|--trace-warnings).*\n/gm;
type Child = ChildProcessByStdio<Writable, Readable, Readable>;
const children: Child[] = [];
const start = (command: string, args: readonly string[]): Child => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
  children.push(child);
  return child;
};
beforeEach(async () => { stderr = ''; dir = await mkdtemp(join(tmpdir(), 'dray-embedded-')); });
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await rm(dir, { recursive: true });
});

/** Whether each acknowledged write is in the log; what follows one on its key in the log is newer. */
async function checkAcknowledged(store: Store, acknowledged: readonly Acknowledged[], from: number): Promise<void> {
  const inLog = new Map<number, string>();
  for (const event of await eventsBetween(store, '/', from, await store.revision())) {
    if (event.type === 'put') inLog.set(event.entry.revision, `put ${event.entry.key} ${Buffer.from(event.entry.value).toString()}`);
    else inLog.set(event.revision, `delete ${event.key}`);
  }
  for (const { type, key, revision, value } of acknowledged) {
    expect(inLog.get(revision)).toBe(type === 'put' ? `put ${key} ${value}` : `delete ${key}`);
  }
}

/** In store-child.ts. */
const writers = 16;
describe(`kill -9 under ${writers} writers`, () => {
  const round = async (mode: string[], lines: number): Promise<Acknowledged[]> => {
    const child = start(process.execPath, [...childArguments, dir, ...mode]);
    const acknowledged: Acknowledged[] = [];
    const exit = once(child, 'exit');
    for await (const line of createInterface(child.stdout)) {
      // The kill may cut the last line: a write whose acknowledgement was not heard.
      if (/^(put \S+ \d+ \d+ \d+ v*|delete \S+ \d+)$/.test(line)) acknowledged.push(parse(line));
      if (acknowledged.length === lines) child.kill('SIGKILL');
    }
    expect([...(await exit), stderr.replace(warnings, '')]).toEqual([null, 'SIGKILL', '']);
    return acknowledged;
  };

  it('loses nothing acknowledged, and revisions never repeat', async () => {
    let last = 0;
    for (const lines of [1, 300, 1500]) {
      const acknowledged = (await round(['write'], lines)).slice(0, -1);
      const store = await openEmbeddedStore(dir);
      await checkAcknowledged(store, acknowledged, last);
      for (const { revision } of acknowledged) expect(revision).toBeGreaterThan(last);
      const revision = await store.revision();
      last = await store.create(`/after/${lines}`, Buffer.from('x'));
      expect(last).toBeGreaterThan(revision);
      await store.close();
    }
  });

  it('loses nothing while it is compacted', async () => {
    const acknowledged = (await round(['write', 'compact'], 2000)).slice(0, -1);
    const store = await openEmbeddedStore(dir);
    const latest = new Map(acknowledged.map((write) => [write.key, write]));
    let unheard = 0;
    for (const { type, key, revision, value } of latest.values()) {
      const entry = await store.get(key);
      if (entry && entry.revision > revision) continue;
      if (type === 'put' && entry === undefined) {
        // Only a delete that was durable but not heard of explains this, one for each writer at most; it may be compacted, too.
        unheard++;
        const events = await eventsBetween(store, key, revision, await store.revision()).catch((error: unknown) => { if (!(error instanceof Compacted)) throw error; });
        if (events) expect(events.map((event) => event.type)).toContain('delete');
      } else {
        expect(entry && [entry.revision, Buffer.from(entry.value).toString()]).toEqual(type === 'put' ? [revision, value] : undefined);
      }
    }
    expect(unheard).toBeLessThanOrEqual(writers);
    await expect(store.list('/', { revision: 1 })).rejects.toBeInstanceOf(Compacted);
    // A sweep that was cut short is finished by the next one.
    const revision = await store.revision();
    await store.compact(revision);
    const { entries } = await store.list('/');
    expect((await store.list('/', { revision })).entries).toEqual(entries);
    await store.close();
  });
});

it('rejects writes while the disk is full, reads on, and writes again when there is space', async () => {
  // A limit on the size of files fails the same write calls as a full disk does.
  const limit = 1_000_000;
  const child = start('prlimit', [`--fsize=${limit}:unlimited`, process.execPath, ...childArguments, dir, 'fill']);
  const acknowledged: Acknowledged[] = [];
  const failed: string[] = [];
  let full = 0;
  const exit = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('failed ')) failed.push(line);
    else if (line.startsWith('put ')) acknowledged.push(parse(line));
    else if (full === 0) {
      full = acknowledged.length;
      expect(failed).not.toHaveLength(0);
      for (const failure of failed.splice(0)) expect(failure).toContain(`failed true the store in ${dir} cannot write: the transaction failed: E`);
      expect(spawnSync('prlimit', ['--pid', `${child.pid}`, '--fsize=unlimited:unlimited']).status).toBe(0);
      child.stdin.write('again\n');
    } else child.stdin.end('end\n');
  }
  // No rejection that nobody handles ended the process, and lmdb printed nothing of its own.
  expect(await exit).toEqual([0, null]);
  expect(stderr.replace(warnings, '')).toBe('');
  expect(failed).toEqual([]);
  expect(full).toBeGreaterThan(100);
  expect(acknowledged.length).toBeGreaterThan(full + 50);
  const store = await openEmbeddedStore(dir);
  await checkAcknowledged(store, acknowledged, 0);
  const heard = new Set(acknowledged.map((write) => write.key));
  expect((await store.list('/')).entries.filter((entry) => !heard.has(entry.key))).toEqual([]);
  await store.close();
});

describe('the data directory', () => {
  it('has one owner at a time', async () => {
    const store = await openEmbeddedStore(dir);
    await expect(openEmbeddedStore(dir)).rejects.toThrow(`the data directory ${dir} is in use by process ${process.pid}`);
    const { status, stdout } = spawnSync(process.execPath, [...childArguments, dir, 'write'], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([2, `cannot open: the data directory ${dir} is in use by process ${process.pid}\n`]);
    await store.create('/a', Buffer.from('1'));
    await store.close();
    await (await openEmbeddedStore(dir)).close();
  });

  it('is made, and for its owner only', async () => {
    const data = join(dir, 'deep/data');
    const store = await openEmbeddedStore(data);
    await store.create('/a', Buffer.from('secret'));
    await store.close();
    for (const file of [data, join(data, DATA_FILE)]) expect((await stat(file)).mode & 0o077).toBe(0);
  });

  it('holds little more than what was written', async () => {
    const store = await openEmbeddedStore(dir);
    const value = Buffer.alloc(1200, 'x');
    // Three of these rows have room in one of lmdb's pages of 4 KB.
    await Promise.all(Array.from({ length: 3000 }, (_, i) => store.create(`/registry/core/configmaps/w/${i}`, value)));
    await store.close();
    expect((await stat(join(dir, DATA_FILE))).size).toBeLessThan(1000 * 4096 * 1.25);
  });

  it('is refused in one line when it cannot be used', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(openEmbeddedStore(join(dir, 'file'))).rejects.toThrow(/file/);
    await mkdir(join(dir, 'other'));
    await writeFile(join(dir, 'other', DATA_FILE), 'no store at all'.repeat(1000));
    await expect(openEmbeddedStore(join(dir, 'other'))).rejects.toThrow(join(dir, 'other'));
  });
});

describe('a copy', () => {
  it('is what was there at one moment, while another process writes and compacts', async () => {
    const child = start(process.execPath, [...childArguments, dir, 'write', 'compact']);
    const exit = once(child, 'exit');
    const copied = join(dir, 'copied');
    await mkdir(copied);
    let [began, late, copy] = [0, 0, undefined as Promise<void> | undefined];
    const acknowledged: Acknowledged[] = [];
    for await (const line of createInterface(child.stdout)) {
      if (!/^(put \S+ \d+ \d+ \d+ v*|delete \S+ \d+)$/.test(line)) continue;
      acknowledged.push(parse(line));
      if (acknowledged.length < 300) continue;
      began ||= acknowledged.at(-1)!.revision;
      // Writers are told in the order of revisions: what was told after a later one is of the copy's time or after it.
      copy ??= copyStore(dir, join(copied, DATA_FILE)).then(() => { late = acknowledged.length + 10 * writers; });
      if (late && acknowledged.length >= late) child.kill('SIGKILL');
    }
    await copy;
    expect([...(await exit), stderr.replace(warnings, '')]).toEqual([null, 'SIGKILL', '']);
    expect((await stat(join(copied, DATA_FILE))).mode & 0o077).toBe(0);
    const store = await openEmbeddedStore(copied);
    const revision = await store.revision();
    expect(revision).toBeGreaterThanOrEqual(began);
    expect(revision).toBeLessThan(acknowledged.at(-1)!.revision);
    const state = new Map<string, Acknowledged>();
    for (const write of acknowledged.filter((one) => one.revision <= revision).sort((a, b) => a.revision - b.revision)) state.set(write.key, write);
    const there = [...state.values()].filter(({ type }) => type === 'put').map(({ key, revision: written, value }) => [key, written, value]).sort();
    expect((await store.list('/')).entries.map((entry) => [entry.key, entry.revision, Buffer.from(entry.value).toString()]).sort()).toEqual(there);
    expect(await store.create('/new', Buffer.from('1'))).toBeGreaterThan(revision);
    await store.close();
  });

  it('of what is no store fails', async () => {
    await expect(copyStore(join(dir, 'nowhere'), join(dir, 'copy'))).rejects.toThrow();
  });
});
