// The key ServiceAccounts' tokens are signed with (P-256), made on first use and kept: tokens outlive the master.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync } from '../../src/util/replace-file.ts';

/** PEM of the private key in `<pki>/sa.key`; `sa.pub` beside it is for those who check tokens themselves. */
export function serviceAccountKey(directory: string): string {
  const file = join(directory, 'sa.key');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1', privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
  replaceFileSync(join(directory, 'sa.pub'), createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }) as string);
  replaceFileSync(file, privateKey);
  return privateKey;
}
