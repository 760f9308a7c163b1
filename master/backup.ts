// Backups: the store as it is at one moment, the cluster's authority and keys, and what it was set up with, in one archive that
// another host can go on from. What Pods keep on their nodes is not in it.
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { timestamp, type Clock } from '../src/util/clock.ts';
import type { Run } from '../src/util/run.ts';
import { copyStore, goOnFrom } from './storage/embedded/copy.ts';
import { lockDir } from './storage/embedded/dir-lock.ts';
import { DATA_FILE } from './storage/embedded/tables.ts';

/** What a person can put right. */
export class BackupError extends Error {
  /** Exit code of the command line. */
  readonly exitCode = 2;
}

const format = 1;
const about = 'backup.json';
interface About { readonly format: number; readonly createdAt: string }

/** In the data directory, what is the master's beside the store. */
const isKept = (name: string): boolean => name === 'pki' || name === 'cluster.json' || /^(admin|node-.+)\.kubeconfig$/.test(name);
const authority = join('pki', 'ca.crt');

export interface BackupOptions { readonly dataDir: string; /** Absolute. */ readonly file: string; readonly run: Run; readonly clock: Clock }

/** Writes the archive while the master works, or does not; its owner alone may read it. Resolves with its size in bytes. @throws BackupError */
export async function writeBackup({ dataDir, file, run, clock }: BackupOptions): Promise<number> {
  if (!existsSync(join(dataDir, 'store', DATA_FILE))) throw new BackupError(`--data-dir: ${dataDir} holds no cluster's objects: a backup is made on the host of the master`);
  if (existsSync(file)) throw new BackupError(`${file} is there already`);
  const stage = await mkdtemp(join(dataDir, 'backup-')).catch((error: unknown) => { throw new BackupError(`--data-dir: ${(error as Error).message}`); });
  try {
    await mkdir(join(stage, 'store'), { mode: 0o700 });
    await copyStore(join(dataDir, 'store'), join(stage, 'store', DATA_FILE));
    const kept = (await readdir(dataDir)).filter(isKept);
    for (const name of kept) await cp(join(dataDir, name), join(stage, name), { recursive: true });
    await writeFile(join(stage, about), `${JSON.stringify({ format, createdAt: timestamp(clock.now()) } satisfies About)}\n`);
    await writeFile(`${file}.partial`, '', { mode: 0o600, flag: 'wx' });
    try {
      await run('tar', ['--create', '--gzip', '--file', `${file}.partial`, '--directory', stage, about, 'store', ...kept]);
      const archive = await open(`${file}.partial`, 'r+');
      await archive.sync();
      const { size } = await archive.stat();
      await archive.close();
      await rename(`${file}.partial`, file);
      return size;
    } catch (error) {
      await rm(`${file}.partial`, { force: true });
      throw error;
    }
  } catch (error) {
    if (['ENOENT', 'ENOSPC', 'EACCES', 'EEXIST', 'ENOTDIR', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw new BackupError((error as Error).message, { cause: error });
    throw error;
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

export interface RestoreOptions extends BackupOptions { /** Moves aside what the data directory has of a cluster. */ readonly replace: boolean }
export interface Restored { readonly createdAt: string; /** Where what was there before lies now. */ readonly before?: string }

/** Puts what an archive holds in its place; nothing is touched before all of it is known to be good. @throws BackupError */
export async function restoreBackup({ dataDir, file, run, clock, replace }: RestoreOptions): Promise<Restored> {
  await mkdir(join(dataDir, 'store'), { recursive: true, mode: 0o700 }).catch((error: unknown) => { throw new BackupError(`--data-dir: ${(error as Error).message}`); });
  const lock = await lockDir(join(dataDir, 'store')).catch((error: unknown) => { throw new BackupError(`${(error as Error).message}: stop the master first (dray down)`); });
  const stage = await mkdtemp(join(dataDir, 'restore-'));
  try {
    const isHeld = existsSync(join(dataDir, 'store', DATA_FILE));
    if (isHeld && !replace) throw new BackupError(`--data-dir: ${dataDir} holds a cluster's objects already: --replace moves them aside`);
    const { createdAt } = await unpack(file, stage, run);
    await sameCluster(dataDir, stage, file);
    await goOnFrom(join(stage, 'store', DATA_FILE)).catch((error: unknown) => { throw new BackupError(`${file}: ${(error as Error).message}`); });
    const before = isHeld ? join(dataDir, `before-restore-${timestamp(clock.now()).replaceAll(':', '')}`) : undefined;
    if (before) await mkdir(before, { mode: 0o700 });
    const names = (await readdir(stage)).filter((name) => name === 'store' || isKept(name));
    for (const name of (await readdir(dataDir)).filter((there) => there === 'store' || isKept(there))) {
      if (before) await rename(join(dataDir, name), join(before, name));
      else if (names.includes(name)) await rm(join(dataDir, name), { recursive: true });
    }
    for (const name of names) await rename(join(stage, name), join(dataDir, name));
    await syncDirectory(dataDir);
    return { createdAt, ...(before ? { before } : {}) };
  } finally {
    await rm(stage, { recursive: true, force: true });
    await lock.release();
  }
}

/** @throws BackupError when it is no backup, or holds what no backup does */
async function unpack(file: string, stage: string, run: Run): Promise<About> {
  const refused = (why: string, cause?: unknown): BackupError => new BackupError(`${file} is no backup of a cluster: ${why}`, { cause });
  if (!existsSync(file)) throw new BackupError(`${file} is not there`);
  await run('tar', ['--extract', '--gzip', '--file', file, '--directory', stage, '--no-same-owner']).catch((error: unknown) => { throw refused((error as Error).message, error); });
  const said = await readFile(join(stage, about), 'utf8').then((text) => JSON.parse(text) as About).catch((error: unknown) => { throw refused(`${about}: ${(error as Error).message}`, error); });
  if (said.format !== format) throw new BackupError(`${file} has format ${said.format}; this version reads format ${format}`);
  for (const entry of await readdir(stage, { recursive: true })) {
    const stats = await lstat(join(stage, entry));
    if (!stats.isFile() && !stats.isDirectory()) throw refused(`${entry} is neither file nor directory`);
    await chmod(join(stage, entry), stats.isDirectory() ? 0o700 : 0o600);
  }
  for (const needed of [join('store', DATA_FILE), authority]) if (!existsSync(join(stage, needed))) throw refused(`${needed} is missing`);
  return said;
}

/** What lies beside the store, of this host's node, is of a cluster with one authority. @throws BackupError */
async function sameCluster(dataDir: string, stage: string, file: string): Promise<void> {
  const fingerprint = async (directory: string): Promise<string> => createHash('sha256').update(new X509Certificate(await readFile(join(directory, authority))).raw).digest('hex');
  if (existsSync(join(dataDir, authority)) && (await fingerprint(dataDir)) !== (await fingerprint(stage))) {
    throw new BackupError(`--data-dir: ${dataDir} is another cluster's than ${file}: remove that first (dray down --purge)`);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync();
  await directory.close();
}
