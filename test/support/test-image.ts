// A small image for tests: busybox, the Node this test runs on with its libraries, and a program that serves HTTP, HTTPS, gRPC health and
// UDP, notes signals, holds memory and writes files (test-image-program.cjs says how). Built by the engine, without a registry.
import 'reflect-metadata'; // x509 asks for it
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { DEMO_BUSYBOX } from '../../src/cli/demo-images.ts';
import { engineFault, engineRequest, parseDockerHost } from '../../src/util/engine-http.ts';
import { tar, type TarEntry } from '../../src/util/tar.ts';

export const testImage = 'dray.local/test:1';

const program = join(dirname(fileURLToPath(import.meta.url)), 'test-image-program.cjs');
const dockerfile = `FROM ${DEMO_BUSYBOX}\nCOPY root /\nENTRYPOINT ["/test/node", "/test/program.cjs"]\nCMD ["serve"]\n`;

/** Builds it on an engine that has the demo's busybox. */
export async function buildTestImage(dockerHost: string): Promise<void> {
  const file = (path: string, content: string | Buffer, mode = 0o644): TarEntry => ({ path: `root/${path}`, content, mode });
  const { key, certificate } = await selfSigned();
  const node = realpathSync(process.execPath);
  const body = tar([
    { path: 'Dockerfile', content: dockerfile },
    file('test/node', readFileSync(node), 0o755), file('test/program.cjs', readFileSync(program)), file('test/key.pem', key), file('test/cert.pem', certificate),
    ...libraries(node).map((path) => file(path.slice(1), readFileSync(path), 0o755)),
  ]);
  const answer = await engineRequest(parseDockerHost(dockerHost), 'POST', `/build?q=1&networkmode=none&t=${encodeURIComponent(testImage)}`, { body, contentType: 'application/x-tar', timeoutMs: 120_000 });
  const text = answer.body.toString();
  if (answer.status !== 200 || text.includes('"errorDetail"')) throw new Error(`cannot build ${testImage}: ${answer.status === 200 ? text : engineFault(answer)}`);
}

/** What the dynamic loader maps, and the loader. */
function libraries(binary: string): string[] {
  const listed = execFileSync('ldd', [binary], { encoding: 'utf8' });
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!);
}

async function selfSigned(): Promise<{ key: string; certificate: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: 'CN=pod', keys: keys as never, signingAlgorithm: algorithm, notAfter: new Date(Date.now() + 86_400_000) }, webcrypto as never);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64').replace(/.{64}/g, '$&\n');
  return { key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`, certificate: certificate.toString('pem') };
}
