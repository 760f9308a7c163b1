// Certificates that are kept, and renewed at four fifths of their life.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe as facts, issue } from '../../../../master/pki/certificates.ts';
import { Pki } from '../../../../master/pki/files.ts';
import { keepRenewed } from '../../../../master/pki/renewal.ts';
import { readKubeconfig, replaceCredentials } from '../../../../src/client/kubeconfig.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';

const day = 24 * 3600_000;
const serving = { commonName: 'kube-apiserver', usage: 'server' as const, ips: ['127.0.0.1'] };
let dir: string;
let clock: FakeClock;
let pki: Pki;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dray-pki-'));
  clock = new FakeClock(Date.now());
  pki = await Pki.open(dir, clock);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('a certificate', () => {
  it('is kept for four fifths of its year', async () => {
    const first = await pki.pair('apiserver', serving);
    clock.jump(290 * day);
    expect(await pki.pair('apiserver', serving)).toEqual(first);
    clock.jump(3 * day);
    const second = await pki.pair('apiserver', serving);
    expect(second.cert).not.toBe(first.cert);
    expect(facts(second.cert).renewAt).toBeGreaterThan(clock.now() + 290 * day);
  });
  it('is made again when it lacks a name', async () => {
    const first = await pki.pair('apiserver', serving);
    expect((await pki.pair('apiserver', { ...serving, ips: ['127.0.0.1', '10.43.0.1'] })).cert).not.toBe(first.cert);
  });
});

describe('a kubeconfig', () => {
  const server = 'https://127.0.0.1:6443';
  const file = (): string => join(dir, 'node-n1.kubeconfig');
  it('is left as it is while what an agent put into it serves', async () => {
    await pki.writeNode(file(), server, 'n1');
    const own = await issue(pki.authority, { commonName: 'system:node:n1', organizations: ['system:nodes'], usage: 'client' }, clock.now() + day);
    replaceCredentials(file(), own);
    expect(await pki.writeNode(file(), server, 'n1')).toBe(facts(own.cert).renewAt);
    expect(readKubeconfig(file())).toEqual({ server, ca: pki.authority.cert, ...own });
    clock.jump(295 * day);
    await pki.writeNode(file(), server, 'n1');
    expect(facts(readKubeconfig(file()).cert).renewAt).toBeGreaterThan(clock.now());
  });
  it.each<[string, () => Promise<void> | void]>([
    ['is for another server', () => pki.writeNode(file(), 'https://192.0.2.1:6443', 'n1').then(() => undefined)],
    ['is for another node', () => pki.writeNode(file(), server, 'n2').then(() => undefined)],
    ['is broken', () => writeFileSync(file(), 'clusters: [')],
    ['has a key that is not its own', async () => { replaceCredentials(file(), { ...readKubeconfig(file()), key: (await issue(pki.authority, serving)).key }); }],
    ['is of another authority', async () => {
      const other = await Pki.open(join(dir, 'other'), clock);
      await other.writeNode(file(), server, 'n1');
    }],
  ])('is written anew when it %s', async (_, spoil) => {
    await pki.writeNode(file(), server, 'n1');
    await spoil();
    await pki.writeNode(file(), server, 'n1');
    const access = readKubeconfig(file());
    expect([access.server, access.ca, facts(access.cert).commonName]).toEqual([server, pki.authority.cert, 'system:node:n1']);
  });
});

describe('a certificate for an agent', () => {
  it('is for the key it sends, and for nothing else', async () => {
    const { cert } = await issue(pki.authority, serving);
    const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const certificate = new X509Certificate(await pki.nodeCertificate('n1', publicKey));
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:n1');
    expect(certificate.publicKey.export({ type: 'spki', format: 'pem' })).toBe(publicKey);
    await expect(pki.nodeCertificate('n1', readFileSync(join(dir, 'pki/ca.crt'), 'utf8'))).rejects.toThrow('not the PEM of a public key on the curve P-256');
  });
});

describe('renewal at run time', () => {
  it('happens when each is due, again soon after a failure, and also when the clock is set forward', async () => {
    const stop = new AbortController();
    const calls: string[] = [];
    let broken = true;
    const start = clock.now();
    const every = (name: string, days: number) => async () => {
      if (name === 'b' && broken) { calls.push('b failed'); throw new Error('disk full'); }
      calls.push(`${name} ${Math.round((clock.now() - start) / day)}`);
      return clock.now() + days * day;
    };
    const done = keepRenewed([every('a', 10), every('b', 1)], clock, silentLog, stop.signal);
    await clock.advance(0);
    expect(calls.splice(0)).toEqual(['a 0', 'b failed']);
    broken = false;
    await clock.advance(60_000);
    expect(calls.splice(0)).toEqual(['b 0']);
    await clock.advance(day);
    expect(calls.splice(0)).toEqual(['b 1']);
    clock.jump(9 * day);
    await clock.advance(3600_000);
    expect(calls.splice(0)).toEqual(['a 10', 'b 10']);
    stop.abort();
    await done;
  });
});
