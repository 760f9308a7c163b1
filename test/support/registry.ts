// A registry of images on a test host's loopback, where the engine asks for no TLS, that lets in one user only.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from '../../src/util/apt.ts';
import type { DockerHost } from '../../bench/hosts/docker-hosts.ts';

export const registryAddress = '127.0.0.1:5000';
export const registryUser = { username: 'dray', password: 'sesame' };
/** Of that password, by `htpasswd -nbB -C 4`. */
const userLine = 'dray:$2y$04$oyJgsUZA.NOY54OSALCYee0M5N6YhWdzbKYKIsbMX1dgu5XMYVm66\n';
const program = '/usr/bin/docker-registry';
/** The user, as HTTP and the docker command say it. */
const basic = Buffer.from(`${registryUser.username}:${registryUser.password}`).toString('base64');

export interface TestRegistry {
  /** Gives an image of the host's engine a name in the registry, and brings it there; the engine then has the name no more. */
  push(image: string, name: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startRegistry(host: DockerHost): Promise<TestRegistry> {
  if (!existsSync(program)) await installPackages(['docker-registry']);
  const directory = mkdtempSync(join(tmpdir(), 'dray-registry-'));
  const [config, users, client] = ['config.json', 'users', 'client'].map((name) => join(directory, name)) as [string, string, string];
  writeFileSync(users, userLine);
  writeFileSync(config, JSON.stringify({
    version: '0.1', storage: { filesystem: { rootdirectory: join(directory, 'data') } }, http: { addr: registryAddress }, auth: { htpasswd: { realm: 'test', path: users } },
  }));
  mkdirSync(client);
  writeFileSync(join(client, 'config.json'), JSON.stringify({ auths: { [registryAddress]: { auth: basic } } }));
  const child = spawn('nsenter', [`--net=${host.netns}`, program, 'serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const ended = new Promise<void>((resolve) => { child.once('exit', () => resolve()); });
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => { said = `${said}${chunk.toString()}`.slice(-4000); if (said.includes(`listening on ${registryAddress}`)) resolve(); });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`docker-registry ended with ${code}: ${said}`)));
  });
  return {
    async push(image, name) {
      const reference = `${registryAddress}/${name}`;
      await host.docker('tag', image, reference);
      await host.docker('--config', client, 'push', '--quiet', reference);
      await host.docker('rmi', reference);
    },
    async stop() {
      child.kill();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Where the registry answers slowly, to anybody. */
export const slowRegistryAddress = '127.0.0.1:5001';
export interface SlowRegistry {
  /** Repositories half of whose large blob has been given out, in that order, one entry for each time. */
  readonly halfway: readonly string[];
  /** Resolves when so many are halfway; their names. */
  until(count: number): Promise<readonly string[]>;
  /** Gives out the other half. */
  release(repository: string): void;
  stop(): Promise<void>;
}

/** A second way to the registry of `startRegistry`, on which every layer of a megabyte or more stops halfway. */
export async function startSlowRegistry(host: DockerHost): Promise<SlowRegistry> {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'slow-registry.js');
  const [, port] = slowRegistryAddress.split(':') as [string, string];
  const child = spawn('nsenter', [`--net=${host.netns}`, process.execPath, script, port, `Basic ${basic}`, ...registryAddress.split(':')], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = new Promise<void>((resolve) => { child.once('exit', () => resolve()); });
  const halfway: string[] = [];
  const waiting = new Set<() => void>();
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the slow registry ended with ${code}`)));
    child.on('message', (told: { listening?: true; repository?: string }) => {
      if (told.listening) resolve();
      else halfway.push(told.repository!);
      for (const look of waiting) look();
    });
  });
  return {
    halfway,
    until: (count) => new Promise((resolve) => {
      const look = (): void => {
        if (halfway.length < count) return;
        waiting.delete(look);
        resolve(halfway);
      };
      waiting.add(look);
      look();
    }),
    release: (repository) => { child.send(repository); },
    async stop() {
      child.disconnect();
      await ended;
    },
  };
}
