// The name server on real sockets: UDP, TCP, truncation, forwarding.
import { randomInt } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server } from 'node:net';
import dnsPacket, { type DecodedPacket, type Packet } from 'dns-packet';
import { NameServer } from '../../../../agent/dns/server.ts';
import type { DnsTable } from '../../../../agent/dns/table.ts';
import { realClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';

// Of this run alone: the port is fixed, and several runs may share the machine.
const network = `127.${64 + randomInt(64)}.${randomInt(256)}`;
const address = `${network}.1`;
const upstreamAddress = `${network}.2`;
const port = 5300;
const many = Array.from({ length: 60 }, (_, i) => ({ hostname: `h${i}`, address: `10.1.0.${i}` }));
const table = (fields: Partial<DnsTable> = {}): DnsTable => ({
  addresses: [address], port, domain: 'cluster.local', upstreams: [`${upstreamAddress}:${port}`], namespaces: ['default'],
  services: [
    { namespace: 'default', name: 'web', addresses: ['10.96.0.10'], ports: [] },
    { namespace: 'default', name: 'many', addresses: [], ports: [], subsets: [{ ports: [], hosts: many }] },
    { namespace: 'default', name: 'out', addresses: [], ports: [], externalName: 'www.example.org' },
  ],
  ...fields,
});
type Response = DecodedPacket & { rcode?: string };

const query = (name: string, type: 'A' | 'AAAA' = 'A', extra: Partial<Packet> = {}): Buffer =>
  dnsPacket.encode({ type: 'query', id: 4711, flags: dnsPacket.RECURSION_DESIRED, questions: [{ name, type }], ...extra });

async function udp(message: Buffer): Promise<Response> {
  const socket = createSocket('udp4');
  try {
    return await new Promise<Response>((resolve) => {
      socket.on('message', (reply) => resolve(dnsPacket.decode(reply)));
      socket.send(message, port, address);
    });
  } finally {
    socket.close();
  }
}
async function tcp(message: Buffer): Promise<Response> {
  const socket = connect(port, address);
  socket.write(dnsPacket.streamEncode(dnsPacket.decode(message)));
  let input = Buffer.alloc(0);
  for await (const chunk of socket) {
    input = Buffer.concat([input, chunk as Buffer]);
    if (input.length >= 2 && input.length >= 2 + input.readUInt16BE(0)) break;
  }
  return dnsPacket.streamDecode(input) as Response;
}

describe('NameServer', () => {
  let server: NameServer;
  let upstream: UdpSocket;
  let upstreamTcp: Server;
  /** What the resolver outside says; by default one address. */
  let says: (question: string) => Partial<Packet>;
  beforeEach(async () => {
    says = (name) => ({ answers: [{ name, type: 'A', ttl: 60, data: '192.0.2.80' }] });
    server = new NameServer({ clock: realClock, log: silentLog });
    expect(await server.apply(table())).toEqual([]);
    const answer = (message: Buffer): Packet => {
      const { id, questions } = dnsPacket.decode(message);
      return { type: 'response', id: id ?? 0, flags: 0, questions: questions ?? [], ...says(questions![0]!.name) };
    };
    upstream = createSocket('udp4');
    upstream.on('message', (message, from) => {
      const whole = dnsPacket.encode(answer(message));
      upstream.send(whole.length <= 1232 ? whole : dnsPacket.encode({ ...answer(message), flags: dnsPacket.TRUNCATED_RESPONSE, answers: [] }), from.port, from.address);
    });
    await new Promise<void>((resolve) => { upstream.bind(port, upstreamAddress, resolve); });
    upstreamTcp = createServer((socket) => { socket.once('data', (data: Buffer) => socket.end(dnsPacket.streamEncode(answer(data.subarray(2))))); });
    await new Promise<void>((resolve) => { upstreamTcp.listen(port, upstreamAddress, resolve); });
  });
  afterEach(async () => {
    await server.close();
    upstream.close();
    upstreamTcp.close();
  });

  it('answers the cluster\'s names', async () => {
    const reply = await udp(query('web.default.svc.cluster.local'));
    expect([reply.id, reply.rcode, reply.flag_aa, reply.flag_ra, reply.flag_rd]).toEqual([4711, 'NOERROR', true, true, true]);
    expect(reply.answers).toMatchObject([{ name: 'web.default.svc.cluster.local', type: 'A', ttl: 5, data: '10.96.0.10' }]);
    expect((await tcp(query('web.default.svc.cluster.local'))).answers).toHaveLength(1);
    expect((await udp(query('no.default.svc.cluster.local'))).rcode).toBe('NXDOMAIN');
    const empty = await udp(query('web.default.svc.cluster.local', 'AAAA'));
    expect([empty.rcode, empty.answers?.length, empty.authorities?.[0]?.type]).toEqual(['NOERROR', 0, 'SOA']);
  });
  it('truncates over UDP and answers whole over TCP or with EDNS', async () => {
    const name = 'many.default.svc.cluster.local';
    const short = await udp(query(name));
    expect(short.flag_tc).toBe(true);
    expect(short.answers!.length).toBeGreaterThan(5);
    expect(short.answers!.length).toBeLessThan(60);
    expect((await tcp(query(name))).answers).toHaveLength(60);
    const edns = await udp(query(name, 'A', { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as unknown as NonNullable<Packet['additionals']>[number]] }));
    expect([edns.flag_tc, edns.answers?.length]).toEqual([false, 60]);
  });
  it('forwards every other name, and knows the answer while nobody outside is there', async () => {
    expect((await udp(query('example.org'))).answers).toMatchObject([{ data: '192.0.2.80' }]);
    says = () => ({ flags: 2 });
    expect((await tcp(query('Example.org'))).answers).toMatchObject([{ data: '192.0.2.80' }]);
    expect((await udp(query('other.org'))).rcode).toBe('SERVFAIL');
  });
  it('asks over TCP for what does not fit, and cuts it to what each client takes', async () => {
    says = (name) => ({ answers: Array.from({ length: 60 }, (_, i) => ({ name, type: 'A' as const, ttl: 60, data: `192.0.2.${i}` })) });
    const short = await udp(query('example.org'));
    expect([short.flag_tc, short.answers!.length > 5, short.answers!.length < 60]).toEqual([true, true, true]);
    expect((await tcp(query('example.org'))).answers).toHaveLength(60);
  });
  it('asks the resolvers of a stub domain', async () => {
    await server.apply(table({ upstreams: ['127.60.6.3:9'], stubDomains: [{ domain: 'Acme.local', upstreams: [`${upstreamAddress}:${port}`] }] }));
    expect((await udp(query('www.acme.local'))).answers).toHaveLength(1);
    expect((await udp(query('www.example.org'))).rcode).toBe('SERVFAIL');
  });
  it('does not ask itself', async () => {
    await server.apply(table({ upstreams: [`${address}:${port}`, `${upstreamAddress}:${port}`] }));
    expect((await udp(query('example.org'))).answers).toHaveLength(1);
  });
  it('lets every address come first in its turn', async () => {
    const first = await Promise.all(Array.from({ length: 60 }, async () => ((await tcp(query('many.default.svc.cluster.local'))).answers![0] as { data: string }).data));
    expect(new Set(first).size).toBe(60);
  });
  it('refuses what it does not serve', async () => {
    const opt = { type: 'OPT', name: '.', udpPayloadSize: 512, ednsVersion: 1, flags: 0, options: [] } as unknown as NonNullable<Packet['additionals']>[number];
    const version = await udp(query('web.default.svc.cluster.local', 'A', { additionals: [opt] }));
    expect((version.additionals![0] as unknown as { extendedRcode: number }).extendedRcode).toBe(1);
    expect((await udp(query('version.bind', 'A', { questions: [{ name: 'version.bind', type: 'TXT', class: 'CH' }] }))).rcode).toBe('REFUSED');
    expect((await tcp(query('cluster.local', 'A', { questions: [{ name: 'cluster.local', type: 'AXFR' as 'A' }] }))).rcode).toBe('REFUSED');
    expect((await udp(query('web.default.svc.cluster.local', 'A', { flags: 4 << 11 }))).rcode).toBe('NOTIMP');
  });
  it('follows an ExternalName out of the cluster', async () => {
    expect((await udp(query('out.default.svc.cluster.local'))).answers).toMatchObject([{ type: 'CNAME', data: 'www.example.org' }, { type: 'A', data: '192.0.2.80' }]);
    says = () => ({ flags: 3, answers: [] });
    const gone = await udp(query('out.default.svc.cluster.local', 'AAAA'));
    expect([gone.rcode, gone.answers]).toMatchObject(['NXDOMAIN', [{ type: 'CNAME' }]]);
    await server.apply(table({ upstreams: ['127.60.6.3:9'] }));
    expect((await udp(query('out.default.svc.cluster.local'))).rcode).toBe('SERVFAIL');
  });
  it('asks the next resolver when one refuses, and says SERVFAIL when all do', async () => {
    await server.apply(table({ upstreams: ['127.60.6.3:9', `${upstreamAddress}:${port}`] }));
    expect((await udp(query('example.org'))).answers).toHaveLength(1);
    await server.apply(table({ upstreams: ['127.60.6.3:9'] }));
    expect((await udp(query('example.org'))).rcode).toBe('SERVFAIL');
  });
  it('answers from the newest table and leaves addresses it lost', async () => {
    await server.apply(table({ services: [{ namespace: 'default', name: 'web', addresses: ['10.96.0.99'], ports: [] }] }));
    expect((await udp(query('web.default.svc.cluster.local'))).answers).toMatchObject([{ data: '10.96.0.99' }]);
    await server.apply(undefined);
    await server.apply(table());
    expect((await udp(query('web.default.svc.cluster.local'))).answers).toHaveLength(1);
  });
  it('survives what is no query', async () => {
    const socket = createSocket('udp4');
    const garbage = new Promise<Buffer>((resolve) => { socket.once('message', resolve); });
    for (const bytes of [Buffer.alloc(3), Buffer.alloc(0), Buffer.from([1, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0xff])]) socket.send(bytes, port, address);
    expect((await garbage)[3]! & 0x0f).toBe(1);
    socket.close();
    expect((await udp(query('web.default.svc.cluster.local'))).rcode).toBe('NOERROR');
  });
});
