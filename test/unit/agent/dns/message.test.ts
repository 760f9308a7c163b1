// Messages as bytes, judged by an independent decoder.
import dnsPacket, { type Answer, type DecodedPacket, type Packet } from 'dns-packet';
import type { DnsRecord } from '../../../../agent/dns/answers.ts';
import { encodeAnswer, limitOf, parseQuery, type Query } from '../../../../agent/dns/message.ts';
import { parseReply, renderReply } from '../../../../agent/dns/reply.ts';
import { addressKey, dashedAddress, reverseAddress, undashedAddress } from '../../../../agent/dns/reverse-names.ts';

type Response = DecodedPacket & { rcode?: string };
const opt = (size: number, fields: object = {}): Answer => ({ type: 'OPT', name: '.', udpPayloadSize: size, flags: 0, options: [], ...fields }) as unknown as Answer;
const bytesOf = (name: string, type = 'A', fields: Partial<Packet> = {}): Buffer =>
  dnsPacket.encode({ type: 'query', id: 4711, flags: dnsPacket.RECURSION_DESIRED, questions: [{ name, type: type as 'A' }], ...fields });
const queryOf = (...given: Parameters<typeof bytesOf>): Query => parseQuery(bytesOf(...given));
const decode = (bytes: Buffer): Response => dnsPacket.decode(bytes);
const zone = 'default.svc.cluster.local';
const addresses = (count: number, name = `web.${zone}`): DnsRecord[] => Array.from({ length: count }, (_, i): DnsRecord => ({ name, type: 'A', ttl: 5, data: `10.1.${i >> 8}.${i & 255}` }));

describe('queries', () => {
  it('are read with their case, their type and their EDNS', () => {
    expect(queryOf('Web.Default')).toMatchObject({ id: 4711, name: 'Web.Default', type: 'A', class: 1 });
    expect(queryOf('.')).toMatchObject({ name: '' });
    expect(queryOf('a', 'SSHFP')).toMatchObject({ type: 'TYPE44' });
    expect(queryOf('a', 'A', { additionals: [opt(1400, { flags: dnsPacket.DNSSEC_OK })] }).edns).toEqual({ udpBytes: 1400, version: 0, dnssecOk: true });
    expect(queryOf('a').edns).toBeUndefined();
  });
  it('with dots inside a label are no name of anything else', () => {
    const message = bytesOf('axb.c');
    message[14] = 0x2e;
    expect(parseQuery(message).name).toBe('a\\.b.c');
  });
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['cut in the name', (bytes) => bytes.subarray(0, 14)],
    ['cut after the name', (bytes) => bytes.subarray(0, bytes.length - 3)],
    ['without a question', (bytes) => { bytes.writeUInt16BE(0, 4); return bytes; }],
    ['with two questions', (bytes) => { bytes.writeUInt16BE(2, 4); return bytes; }],
    ['with a pointer for a name', (bytes) => { bytes.writeUInt16BE(0xc00c, 12); return bytes; }],
    ['with an unknown kind of label', (bytes) => { bytes[12] = 0x80; return bytes; }],
    ['with a record that is not there', (bytes) => { bytes.writeUInt16BE(1, 10); return bytes; }],
    ['with two OPT records', () => bytesOf('web', 'A', { additionals: [opt(512), opt(512)] })],
    ['with a name of more than 255 bytes', () => Buffer.concat([bytesOf('x').subarray(0, 12), ...Array.from({ length: 5 }, () => Buffer.from([63, ...Buffer.alloc(63, 97)])), Buffer.from([0, 0, 1, 0, 1])])],
  ])('%s are refused', (_, spoil) => { expect(() => parseQuery(spoil(bytesOf('web.default')))).toThrow(expect.objectContaining({ name: 'RangeError' })); });

  it.each<[number | undefined, 'udp' | 'tcp', number]>([[undefined, 'udp', 512], [100, 'udp', 512], [1232, 'udp', 1232], [65_535, 'udp', 4096], [undefined, 'tcp', 65_535], [512, 'tcp', 65_535]])('with room for %s over %s are answered in %i bytes', (size, transport, limit) => {
    expect(limitOf(queryOf('a', 'A', size === undefined ? {} : { additionals: [opt(size)] }), transport)).toBe(limit);
  });
});

describe('answers', () => {
  const records: DnsRecord[] = [
    { name: `Web.${zone}`, type: 'A', ttl: 5, data: '10.1.0.4' },
    { name: `web.${zone}`, type: 'AAAA', ttl: 6, data: 'fd00::4' },
    { name: 'out.cluster.local', type: 'CNAME', ttl: 7, data: 'example.org' },
    { name: '4.0.1.10.in-addr.arpa', type: 'PTR', ttl: 8, data: `db-0.db.${zone}` },
    { name: 'cluster.local', type: 'NS', ttl: 8, data: 'ns.dns.cluster.local' },
    { name: `_http._tcp.web.${zone}`, type: 'SRV', ttl: 9, data: { priority: 0, weight: 50, port: 80, target: `web.${zone}` } },
    { name: 'cluster.local', type: 'SOA', ttl: 5, data: { mname: 'ns.dns.cluster.local', rname: 'hostmaster.cluster.local', serial: 9, refresh: 1, retry: 2, expire: 3, minimum: 4 } },
  ];
  it('say what they were given, in compressed names', () => {
    const query = queryOf(`Web.${zone}`);
    const bytes = encodeAnswer(query, { rcode: 'NOERROR', authoritative: true, answers: records.slice(0, 4), authorities: records.slice(6), additionals: records.slice(4, 6) }, 512);
    const reply = decode(bytes);
    expect([reply.id, reply.rcode, reply.flag_aa, reply.flag_ra, reply.flag_rd, reply.flag_tc]).toEqual([4711, 'NOERROR', true, true, true, false]);
    expect([...reply.answers!, ...reply.additionals!, ...reply.authorities!]).toMatchObject(records.map(({ type, data, ttl }) => ({ type, data, ttl })));
    expect(reply.questions![0]!.name).toBe(`Web.${zone}`);
    expect(decode(encodeAnswer(queryOf('dns-version.cluster.local', 'TXT'), { rcode: 'NOERROR', authoritative: true, answers: [{ name: 'dns-version.cluster.local', type: 'TXT', ttl: 1, data: '1.1.0' }] }, 512)).answers).toMatchObject([{ data: [Buffer.from('1.1.0')] }]);
    // Thirty addresses without EDNS: twelve bytes of header, the question, sixteen bytes for each.
    expect(encodeAnswer(query, { rcode: 'NOERROR', authoritative: true, answers: addresses(29) }, 512).length).toBe(12 + query.question.length + 29 * 16);
  });
  it('are truncated to whole records at every size', () => {
    for (const edns of [false, true]) {
      const query = queryOf(`web.${zone}`, 'A', edns ? { additionals: [opt(4096)] } : {});
      const all = addresses(40);
      const whole = encodeAnswer(query, { rcode: 'NOERROR', authoritative: true, answers: all }, 65_535).length;
      for (let limit = 80; limit <= whole; limit += 37) {
        const bytes = encodeAnswer(query, { rcode: 'NOERROR', authoritative: true, answers: all, additionals: all }, limit);
        expect(bytes.length).toBeLessThanOrEqual(limit);
        const reply = decode(bytes);
        expect([reply.flag_tc, reply.additionals!.length]).toEqual([true, edns ? 1 : 0]);
        expect(reply.answers).toHaveLength(Math.floor((limit - 12 - query.question.length - (edns ? 11 : 0)) / 16));
      }
      expect(decode(encodeAnswer(query, { rcode: 'NOERROR', authoritative: true, answers: all, additionals: all }, whole)).flag_tc).toBe(false);
    }
  });
  it('beyond what a pointer reaches are whole as well', () => {
    const names = Array.from({ length: 1000 }, (_, i): DnsRecord => ({ name: `_p._tcp.web.${zone}`, type: 'SRV', ttl: 5, data: { priority: 0, weight: 1, port: i, target: `host-${i}.web.${zone}` } }));
    const reply = decode(encodeAnswer(queryOf(`_p._tcp.web.${zone}`, 'SRV'), { rcode: 'NOERROR', authoritative: true, answers: names }, 65_535));
    expect(reply.answers!.map((record) => (record as { data: unknown }).data)).toEqual(names.map(({ data }) => data));
  });
  it('report a version of EDNS they do not know', () => {
    const bytes = encodeAnswer(queryOf('a', 'A', { additionals: [opt(512, { ednsVersion: 1 })] }), { rcode: 'BADVERS', authoritative: false }, 512);
    expect(bytes.readUInt8(bytes.length - 6)).toBe(1);
  });
});

describe('replies of others', () => {
  const soa = { name: 'org', type: 'SOA', ttl: 60, data: { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 20 } } as unknown as Answer;
  const a = (data: string, ttl = 60): Answer => ({ name: 'www.example.org', type: 'A', ttl, data });
  const reply = (fields: Partial<Packet>, rcode = 0): Buffer => dnsPacket.encode({ type: 'response', id: 1, flags: dnsPacket.AUTHORITATIVE_ANSWER | rcode, questions: [{ name: 'www.example.org', type: 'A' }], ...fields });
  it.each<[string, Buffer, number | undefined]>([
    ['as long as the shortest of their records', reply({ answers: [a('192.0.2.1', 60), a('192.0.2.2', 7)], authorities: [soa] }), 7],
    ['for absence, as their SOA says', reply({ authorities: [soa] }), 20],
    ['for names that are not there, as their SOA says', reply({ authorities: [{ ...soa, ttl: 5 } as Answer] }, 3), 5],
    ['not at all when they say absent without an SOA', reply({}), undefined],
    ['not at all when they failed', reply({ authorities: [soa] }, 2), undefined],
    ['not at all when they are cut', (() => { const bytes = reply({ answers: [a('192.0.2.1')] }); bytes.writeUInt16BE(bytes.readUInt16BE(2) | 0x200, 2); return bytes; })(), undefined],
  ])('are kept %s', (_, bytes, keep) => { expect(parseReply(bytes).keep).toBe(keep); });

  it('are given with the asker\'s id, case, flags and EDNS, and with what is left of their time', () => {
    const parsed = parseReply(reply({ answers: [a('192.0.2.1', 60), a('192.0.2.2', 7)], additionals: [opt(1232)] }));
    const bytes = renderReply(parsed, queryOf('WWW.example.org', 'A', { additionals: [opt(4096, { flags: dnsPacket.DNSSEC_OK })] }), 'udp', 9.9);
    const given = decode(bytes);
    expect([given.id, given.flag_aa, given.flag_ra, given.flag_rd, given.questions![0]!.name]).toEqual([4711, false, true, true, 'WWW.example.org']);
    expect(given.answers!.map((record) => (record as { ttl: number }).ttl)).toEqual([51, 0]);
    expect(given.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 4096, flag_do: true }]);
    const plain = decode(renderReply(parsed, queryOf('www.example.org'), 'udp', 0, 5));
    expect([plain.additionals!.length, plain.answers!.map((record) => (record as { ttl: number }).ttl)]).toEqual([0, [5, 5]]);
  });
  it('are cut between two records for a client that takes less', () => {
    const all = Array.from({ length: 60 }, (_, i) => a(`192.0.2.${i}`));
    const parsed = parseReply(reply({ answers: all, authorities: [soa] }));
    const short = renderReply(parsed, queryOf('www.example.org'), 'udp', 0);
    expect(short.length).toBeLessThanOrEqual(512);
    const given = decode(short);
    expect([given.flag_tc, given.authorities!.length]).toEqual([true, 0]);
    expect(given.answers).toMatchObject(all.slice(0, given.answers!.length).map((record) => ({ data: (record as { data: string }).data })));
    expect(given.answers!.length).toBeGreaterThan(5);
    expect(decode(renderReply(parsed, queryOf('www.example.org'), 'tcp', 0)).answers).toHaveLength(60);
  });
  it('that end within a record are refused', () => {
    const bytes = reply({ answers: [a('192.0.2.1')] });
    expect(() => parseReply(bytes.subarray(0, bytes.length - 1))).toThrow(expect.objectContaining({ name: 'RangeError' }));
    expect(() => parseReply(bytes.subarray(0, bytes.length - 8))).toThrow(expect.objectContaining({ name: 'RangeError' }));
  });
});

describe('addresses in names', () => {
  it.each([['10.1.0.4', '10.1.0.4'], ['fd00::4', `fd00${'0'.repeat(27)}4`], ['::', '0'.repeat(32)], ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'], ['::FFFF:192.0.2.1', `${'0'.repeat(20)}ffffc0000201`]])('%s is %s', (address, key) => { expect(addressKey(address)).toBe(key); });
  it.each([['4.0.1.10.in-addr.arpa', '10.1.0.4'], ['0.1.10.in-addr.arpa', undefined], ['400.0.1.10.in-addr.arpa', undefined], ['x.0.1.10.in-addr.arpa', undefined], [`4.${'0.'.repeat(31)}ip6.arpa`, `${'0'.repeat(31)}4`], [`${'0.'.repeat(31)}ip6.arpa`, undefined]])('%s is that of %s', (name, address) => { expect(reverseAddress(name)).toBe(address); });
  it.each([['10-1-0-4', '10.1.0.4'], ['fd00--4', 'fd00::4'], ['10-1-0-400', undefined], ['web', undefined]])('%s has %s in it', (label, address) => { expect(undashedAddress(label)).toBe(address); });
  it.each([['10.1.0.4', '10-1-0-4'], ['fd00::', 'fd00--0']])('%s is called %s', (address, name) => { expect(dashedAddress(address)).toBe(name); });
});
