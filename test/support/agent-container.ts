// The agent in a container of its host's engine, started with the options README.md names for it. There is no registry to take the
// image's base from: an empty image with this machine's programs and this repository mounted stands in for it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../src/util/run.ts';
import { dray, root } from './cluster.ts';
import type { DockerHost } from '../../bench/hosts/docker-hosts.ts';

/** What `docker run` is told in README.md, "In a container", beside the name, the volumes and the command. */
export function documentedOptions(readme = readFileSync(join(root, 'README.md'), 'utf8')): string[] {
  const section = readme.slice(readme.indexOf('\n## In a container'));
  const words = /docker run (.*?)\n```/s.exec(section)?.[1]!.replaceAll('\\\n', ' ').trim().split(/\s+/) ?? [];
  const kept: string[] = [];
  for (let i = 0; i < words.length && words[i]!.startsWith('--'); i++) {
    const word = words[i]!;
    if (word === '--detach') continue;
    const value = words[++i]!;
    if (!['--name', '--restart', '--volume'].includes(word)) kept.push(word, value);
  }
  return kept;
}

/** A directory whose mounts are seen in containers that share it, as on hosts whose / is shared; the answer takes it away. */
export async function sharedDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = mkdtempSync(join(tmpdir(), 'dray-e2e-shared-'));
  await run('mount', ['--bind', path, path]);
  await run('mount', ['--make-rshared', path]);
  return { path, remove: async () => { await run('umount', ['--recursive', '--lazy', path]); rmSync(path, { recursive: true, force: true, maxRetries: 10 }); } };
}

/** Runs `dray` with these arguments in a container of that name. `shared` holds its data directory. */
export async function startInContainer(host: DockerHost, name: string, shared: string, args: readonly string[]): Promise<void> {
  const empty = join(shared, 'empty.tar');
  await run('tar', ['-cf', empty, '-T', '/dev/null']);
  await host.docker('import', empty, 'dray-programs');
  const programs = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/ld.so.cache', '/etc/alternatives', dirname(process.execPath), root].filter((path, i, all) => existsSync(path) && all.indexOf(path) === i);
  const engineRoot = await host.docker('info', '--format', '{{.DockerRootDir}}');
  const socket = host.dockerHost.replace('unix://', '');
  const volumes = [
    ...programs.map((path) => `${path}:${path}:ro`), `${socket}:${socket}`, `${engineRoot}:${engineRoot}:ro`, '/sys/fs/cgroup:/sys/fs/cgroup:ro', '/var/log:/var/log', '/run/netns:/run/netns:rshared', `${shared}:${shared}:rshared`,
  ];
  await host.docker('run', '--detach', '--name', name, ...documentedOptions(), ...volumes.flatMap((volume) => ['--volume', volume]), '--env', `PATH=${process.env['PATH']}`, 'dray-programs', process.execPath, dray, ...args);
}
