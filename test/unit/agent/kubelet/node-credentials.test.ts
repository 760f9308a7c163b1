// Where a node's own registry credentials are looked for, and which file counts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { credentialsFor } from '../../../../agent/kubelet/image-credentials.ts';
import { credentialFiles, nodeCredentials } from '../../../../agent/kubelet/node-credentials.ts';
import { silentLog, type Log } from '../../../../src/util/log.ts';

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'dray-credentials-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const auths = (username: string): object => ({ 'reg.example.com': { auth: Buffer.from(`${username}:p`).toString('base64') } });
const files = (): string[] => credentialFiles(join(root, 'data'), join(root, 'home')).filter((file) => file.startsWith(root));
const users = async (log: Log = silentLog): Promise<(string | undefined)[]> => {
  const secret = await nodeCredentials(files(), log);
  return credentialsFor('reg.example.com/app:1', secret ? [secret] : []).map(({ username }) => username);
};

it('looks in the data directory, at home and at the root, for both kinds of file', () => {
  expect(credentialFiles('/data', '/home/me')).toEqual(['/data/config.json', '/home/me/.docker/config.json', '/.docker/config.json', '/data/.dockercfg', '/home/me/.dockercfg', '/.dockercfg']);
});

it('takes the first that is there, as it is now', async () => {
  expect(await users()).toEqual([]);
  write('home/.dockercfg', JSON.stringify(auths('old')));
  expect(await users()).toEqual(['old']);
  write('home/.docker/config.json', JSON.stringify({ auths: auths('docker-login'), credsStore: 'desktop' }));
  expect(await users()).toEqual(['docker-login']);
  write('data/config.json', JSON.stringify({ auths: auths('node') }));
  expect(await users()).toEqual(['node']);
});

it.each(['{', JSON.stringify({ auths: { 'reg.example.com': { auth: 'bm9ib2R5' } } })])('passes over one that cannot be read, and shows nothing of it: %s', async (text) => {
  write('data/config.json', text);
  write('home/.docker/config.json', JSON.stringify({ auths: auths('docker-login') }));
  const warned: unknown[] = [];
  expect(await users({ ...silentLog, warn: (fields: unknown) => { warned.push(fields); } } as Log)).toEqual(['docker-login']);
  expect(warned).toEqual([{ file: join(root, 'data/config.json'), error: expect.stringMatching(/^(Syntax)?Error$/) }]);
});
