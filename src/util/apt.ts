// Debian's package tools, run without questions: install what is missing, or fetch and unpack packages without installing them.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OUTPUT_LIMIT = 64 * 1024 * 1024;

/** A package tool said no; the message is one line with its own words. */
export class PackageError extends Error {}

/** Runs a program to its end and returns its standard output. @throws PackageError with the last line of its standard error. */
export async function command(program: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  try {
    return (await run(program, args, { ...options, maxBuffer: OUTPUT_LIMIT })).stdout;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const said = stderr?.trim().split('\n').filter((line) => line.startsWith('E:')).at(-1) ?? stderr?.trim().split('\n').at(-1);
    throw new PackageError(`${program} ${args.slice(0, 2).join(' ')}: ${said || message}`);
  }
}

/** Debian, Ubuntu and what calls itself like them. */
export function isDebian(osRelease = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''): boolean {
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(osRelease);
}

/** Where systemd does not run, runlevel 1 keeps a package's own scripts from starting its service. */
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', ...(existsSync('/run/systemd/system') ? {} : { RUNLEVEL: '1' }),
});

/** The package lists of a fresh machine are empty or old: the first failure refreshes them. */
async function apt(args: readonly string[], cwd?: string): Promise<void> {
  const options = { env: environment(), ...(cwd === undefined ? {} : { cwd }) };
  try {
    await command('apt-get', args, options);
  } catch {
    await command('apt-get', ['update', '-q'], options);
    await command('apt-get', args, options);
  }
}

export const installPackages = (packages: readonly string[]): Promise<void> =>
  apt(['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...packages]);

/** Fetches packages into `directory`; their .deb files there. */
export async function downloadPackages(packages: readonly string[], directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  await apt(['download', '-q', ...packages], directory);
  const files = (await readdir(directory)).sort();
  return packages.map((name) => {
    const file = files.find((candidate) => candidate.startsWith(`${name}_`));
    if (file === undefined) throw new PackageError(`apt-get download ${name}: no file of that name arrived`);
    return join(directory, file);
  });
}

export const unpackPackage = (file: string, directory: string): Promise<string> => command('dpkg-deb', ['-x', file, directory]);

/** The names a package depends on, first alternatives only. */
export async function packageDepends(file: string): Promise<string[]> {
  const field = await command('dpkg-deb', ['-f', file, 'Depends']);
  return field.split(',').map((alternative) => /^\s*([a-z0-9.+-]+)/.exec(alternative)?.[1] ?? '').filter((name) => name !== '');
}
