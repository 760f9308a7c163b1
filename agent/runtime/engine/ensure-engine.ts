// Makes sure that a Docker Engine answers: uses the one that is there, else, as root on Debian or Ubuntu, installs what is
// missing and starts it.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { command, installPackages, isDebian } from '../../../src/util/apt.ts';
import type { Clock } from '../../../src/util/clock.ts';
import { DEFAULT_DOCKER_HOST } from '../../../src/util/engine-http.ts';
import { answers, logFile, processId, startDockerd } from './dockerd.ts';
import { EngineNotFound, findEngine } from './find-engine.ts';

export interface EnsureEngineOptions {
  readonly dockerHost?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Gets dockerd's log and pid file when it is started here. */
  readonly directory: string;
  readonly clock: Clock;
  readonly progress?: (step: string) => void;
}
export interface EnsuredEngine {
  readonly host: string;
  readonly version: string;
  /** dockerd, when this data directory's set-up started it, now or earlier. */
  readonly startedPid?: number;
  readonly installedPackages: readonly string[];
}

/** What each package is needed for: a program that it brings. */
const networkTools = { iproute2: 'ip', nftables: 'nft', iptables: 'iptables' } as const;
const engine = { 'docker.io': 'dockerd' } as const;

/** @throws EngineNotFound saying what to do when nothing may be set up here; PackageError with apt's words. */
export async function ensureEngine(options: EnsureEngineOptions): Promise<EnsuredEngine> {
  const mayInstall = process.getuid?.() === 0 && isDebian();
  let absent: EngineNotFound | undefined;
  try {
    await findEngine(options);
  } catch (error) {
    // An engine that was named is meant; only the default one is set up here.
    if (!(error instanceof EngineNotFound) || error.source !== 'default socket') throw error;
    absent = error;
  }
  const wanted = missingPackages(absent ? { ...engine, ...networkTools } : networkTools, options.env);
  if (wanted.length > 0 && !mayInstall) {
    const advice = `install ${wanted.join(', ')} (as root on Debian or Ubuntu this is done by itself)`;
    if (absent) throw new EngineNotFound(absent.host, absent.source, absent.answer, advice);
    throw new Error(`programs for the Pods' network are missing: ${advice}`);
  }
  if (wanted.length > 0) {
    options.progress?.(`installing ${wanted.join(', ')}`);
    await installPackages(wanted);
  }
  if (absent) await startEngine(options, absent);
  const { host, version } = await findEngine(options);
  const startedPid = processId(options.directory);
  return { host, version, installedPackages: wanted, ...(startedPid === undefined ? {} : { startedPid }) };
}

/** Starts the dockerd again that this data directory's set-up had started and that has ended since; false when it had started none. */
export async function restartEngine(host: string, directory: string, clock: Clock): Promise<boolean> {
  if (host !== DEFAULT_DOCKER_HOST || !existsSync(logFile(directory))) return false;
  await startDockerd({ socketPath: DEFAULT_DOCKER_HOST.slice('unix://'.length), directory, clock });
  return true;
}

async function startEngine(options: EnsureEngineOptions, absent: EngineNotFound): Promise<void> {
  if (process.getuid?.() !== 0) throw absent;
  // A package's own scripts may have started it meanwhile.
  if (await findEngine(options).then(() => true, () => false)) return;
  options.progress?.('starting dockerd');
  const socketPath = DEFAULT_DOCKER_HOST.slice('unix://'.length);
  if (!existsSync('/run/systemd/system')) {
    await startDockerd({ socketPath, directory: options.directory, clock: options.clock });
    return;
  }
  await command('systemctl', ['start', 'docker']);
  const stop = AbortSignal.timeout(60_000);
  await answers(socketPath, options.clock, stop);
}

function missingPackages(packages: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): string[] {
  return Object.entries(packages).filter(([, program]) => !onPath(program, env)).map(([name]) => name);
}

/** System programs live in sbin, which a plain user's PATH may leave out. */
function onPath(program: string, env: NodeJS.ProcessEnv): boolean {
  return [...(env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'].some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
