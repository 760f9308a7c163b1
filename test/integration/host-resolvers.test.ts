// A host that resolves names through its own loopback: the name server, in another network namespace, has them asked there. Needs root and the
// compiled program; skipped, with a line, where it has not been built.
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomInt } from 'node:crypto';
import dnsPacket from 'dns-packet';
import { askThrough, asksHost, HostResolvers, onLoopback } from '../../agent/dns/host-resolvers.ts';
import type { DnsTable } from '../../agent/dns/table.ts';
import type { Ask, Question } from '../../agent/dns/upstream.ts';
import { Proxy } from '../../agent/proxy/proxy.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { run } from '../../src/util/run.ts';
import { describeCompiled, workerProgram } from '../support/compiled.ts';

let dataDir: string;
beforeEach(() => { dataDir = mkdtempSync(join(tmpdir(), 'dray-resolvers-')); });
afterEach(() => rmSync(dataDir, { recursive: true }));

const question: Question = { bytes: Buffer.from([1, 97, 0, 0, 1, 0, 1]), checkingDisabled: true, dnssecOk: false };

it.each([['127.0.0.53', true], ['127.0.0.1:5353', true], ['::1', true], ['[::1]:53', true], ['192.0.2.1', false], ['2001:db8::1', false], ['12.7.0.1', false]])('%s is on the loopback of the host: %s', (upstream, expected) => {
  expect(onLoopback(upstream)).toBe(expected);
  const table = { upstreams: [], stubDomains: [], namespaces: [], services: [], addresses: [], port: 53, domain: 'cluster.local' } satisfies DnsTable;
  expect([asksHost({ ...table, upstreams: ['192.0.2.1', upstream] }), asksHost({ ...table, stubDomains: [{ domain: 'x', upstreams: [upstream] }] }), asksHost(table)]).toEqual([expected, expected, false]);
});

describe('a question through the socket', () => {
  const open: HostResolvers[] = [];
  afterEach(() => { for (const one of open.splice(0)) one.close(); });
  const serve = async (ask: Ask): Promise<HostResolvers> => {
    const resolvers = new HostResolvers(ask);
    open.push(resolvers);
    await resolvers.open(join(dataDir, 'sock'));
    return resolvers;
  };
  const asked = (): Promise<Buffer | undefined> => askThrough(join(dataDir, 'sock'), realClock)(question, '127.0.0.53');

  it('arrives as it is, and so does the answer, or that there is none', async () => {
    const seen: unknown[] = [];
    const large = Buffer.alloc(65_535, 7);
    const answers: (Buffer | undefined | Error)[] = [Buffer.from('reply'), large, undefined, new Error('no')];
    await serve(async (...args) => {
      seen.push(args);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    });
    expect([await asked(), await asked(), await asked(), await asked()]).toEqual([Buffer.from('reply'), large, undefined, undefined]);
    expect(seen[0]).toEqual([question, '127.0.0.53']);
  });

  it('is answered by whoever took the place over', async () => {
    const first = await serve(async () => Buffer.from('first'));
    expect(String(await asked())).toBe('first');
    await serve(async () => Buffer.from('second'));
    expect(String(await asked())).toBe('second');
    first.close();
    expect(String(await asked())).toBe('second');
    expect(readdirSync(dataDir)).toEqual(['sock']);
  });

  it('has no answer where nobody is', async () => {
    expect(await asked()).toBeUndefined();
  });

  it('is left where it has no end', async () => {
    await serve(async () => Buffer.from('never'));
    const socket = connect(join(dataDir, 'sock'));
    const closed = new Promise<void>((resolve) => { socket.once('close', () => resolve()); });
    let answered = '';
    socket.on('data', (data) => { answered += String(data); }).on('error', () => socket.destroy());
    socket.write(Buffer.alloc(100_000, 32));
    await closed;
    expect(answered).toBe('');
  });
});

describeCompiled(workerProgram, 'the workers of a host whose resolver is on its loopback', () => {
  const host = `127.${64 + randomInt(64)}.${randomInt(256)}.53`;
  let resolver: Socket;
  let proxy: Proxy;
  const asked: string[] = [];
  beforeEach(async () => {
    resolver = createSocket('udp4');
    resolver.on('message', (message, from) => {
      const { id, questions } = dnsPacket.decode(message);
      asked.push(questions![0]!.name);
      resolver.send(dnsPacket.encode({ type: 'response', id: id!, questions: questions!, answers: [{ type: 'A', name: questions![0]!.name, ttl: 60, data: '192.0.2.80' }] }), from.port, from.address);
    });
    await new Promise<void>((resolve) => { resolver.bind(5_354, host, resolve); });
    proxy = new Proxy({
      dataDir, clock: realClock, log: silentLog, version: '1', program: [process.execPath, workerProgram],
      launch: { service: ['unshare', '--net', 'sh', '-c', `echo $$ > ${dataDir}/namespace; ip link set lo up; exec "$@"`, 'sh'], node: [] },
    });
  });
  afterEach(async () => {
    proxy.close();
    await proxy.stopWorkers();
    await new Promise<void>((resolve) => { resolver.close(() => resolve()); });
  });

  it('tell Pods what it says', async () => {
    const dns: DnsTable = { addresses: ['127.0.0.1'], port: 53, domain: 'cluster.local', upstreams: [`${host}:5354`], namespaces: [], services: [] };
    await proxy.apply({ revision: 1, ports: [], dns });
    const pid = readFileSync(join(dataDir, 'namespace'), 'utf8').trim();
    // As a Pod: where the host's loopback is not.
    const program = `const r = new (require('node:dns').promises.Resolver)(); r.setServers(['127.0.0.1']); r.resolve4('www.example.org').then((a) => console.log(a.join()), (e) => console.log(e.code))`;
    expect((await run('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', program])).trim()).toBe('192.0.2.80');
    expect(asked).toContain('www.example.org');
  });
});
