// Which resolver is asked when, and what is told without asking.
import dnsPacket, { type Answer } from 'dns-packet';
import { Forwarder } from '../../../../agent/dns/forwarder.ts';
import { parseQuery, type Query } from '../../../../agent/dns/message.ts';
import { ReplyCache } from '../../../../agent/dns/reply-cache.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

const ask = (name: string, flags = 0): Query => parseQuery(dnsPacket.encode({ type: 'query', id: 1, flags, questions: [{ name, type: 'A' }] }));
const soa = { name: 'org', type: 'SOA', ttl: 20, data: { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 20 } } as unknown as Answer;
type Says = string | { readonly data: string; readonly ttl: number } | number | undefined;

describe('Forwarder', () => {
  let clock: FakeClock;
  let says: Record<string, Says | Promise<Says>>;
  let asked: string[];
  let forwarder: Forwarder;
  beforeEach(() => {
    clock = new FakeClock();
    says = {};
    asked = [];
    forwarder = new Forwarder({
      clock,
      // A number is a result code, a string an address; undefined is silence.
      ask: async (question, upstream) => {
        const { name } = parseQuery(Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), question.bytes]));
        asked.push(`${upstream} ${name}`);
        const said = await says[upstream];
        if (said === undefined) return undefined;
        const { data, ttl } = typeof said === 'string' ? { data: said, ttl: 60 } : typeof said === 'object' ? said : { data: undefined, ttl: 0 };
        return dnsPacket.encode({
          type: 'response', id: 1, flags: typeof said === 'number' ? said : 0, questions: [{ name, type: 'A' }],
          answers: data === undefined ? [] : [{ name, type: 'A', ttl, data }], authorities: said === 3 ? [soa] : [],
        });
      },
    });
    forwarder.configure({ upstreams: ['one', 'two'], stubDomains: [{ domain: 'acme.local', upstreams: ['stub'] }, { domain: 'deep.acme.local', upstreams: ['deep'] }] });
  });
  const told = async (name: string, flags = 0): Promise<string> => {
    const forwarded = await forwarder.resolve(ask(name, flags));
    if (!forwarded) return 'nothing';
    const { answers, rcode } = dnsPacket.decode(forwarded.reply.bytes) as ReturnType<typeof dnsPacket.decode> & { rcode: string };
    return [answers?.[0] ? (answers[0] as { data: string }).data : rcode, ...(forwarded.stale ? ['stale'] : [])].join(' ');
  };

  it('keeps a reply as long as it says, and no longer than half a minute', async () => {
    says['one'] = { data: '192.0.2.1', ttl: 10 };
    expect(await told('a.org')).toBe('192.0.2.1');
    says['one'] = '192.0.2.2';
    await clock.advance(9_999);
    expect(await told('A.org')).toBe('192.0.2.1');
    expect((await forwarder.resolve(ask('a.org')))!.seconds).toBeCloseTo(9.999);
    await clock.advance(1);
    expect(await told('a.org')).toBe('192.0.2.2');
    says['one'] = '192.0.2.3';
    await clock.advance(29_999);
    expect(await told('a.org')).toBe('192.0.2.2');
    await clock.advance(1);
    expect(await told('a.org')).toBe('192.0.2.3');
    expect(asked).toHaveLength(3);
  });
  it('keeps absence as its SOA says, and nothing of a reply without time', async () => {
    says['one'] = 3;
    expect([await told('no.org'), await told('no.org')]).toEqual(['NXDOMAIN', 'NXDOMAIN']);
    await clock.advance(20_000);
    says['one'] = { data: '192.0.2.1', ttl: 0 };
    expect([await told('no.org'), await told('no.org')]).toEqual(['192.0.2.1', '192.0.2.1']);
    expect(asked).toHaveLength(3);
  });
  it('asks once for all who ask at the same time, and for those who want it unchecked by itself', async () => {
    let answer = (_: Says): void => undefined;
    says['one'] = new Promise<Says>((resolve) => { answer = resolve; });
    const all = Promise.all([told('a.org'), told('a.org'), told('b.org'), told('a.org', dnsPacket.CHECKING_DISABLED)]);
    answer('192.0.2.1');
    expect(await all).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1']);
    expect(asked).toEqual(['one a.org', 'one b.org', 'one a.org']);
  });
  it('goes on to the next resolver, and asks a silent one last for a while', async () => {
    says['two'] = '192.0.2.2';
    expect(await told('a.org')).toBe('192.0.2.2');
    expect(await told('b.org')).toBe('192.0.2.2');
    await clock.advance(10_000);
    says['one'] = new Promise<Says>(() => undefined);
    // One question tries the first again; another does not wait for it.
    void told('c.org');
    expect(await told('d.org')).toBe('192.0.2.2');
    expect(asked).toEqual(['one a.org', 'two a.org', 'two b.org', 'one c.org', 'two d.org']);
  });
  it('takes a refusal or a failure for no answer while others are left', async () => {
    says = { one: 5, two: '192.0.2.2' };
    expect(await told('a.org')).toBe('192.0.2.2');
    says = { one: 2, two: 5 };
    expect(await told('b.org')).toBe('REFUSED');
  });
  it('fails when nobody answers, for a second without asking again', async () => {
    expect(await told('a.org')).toBe('nothing');
    says['one'] = '192.0.2.1';
    expect(await told('a.org')).toBe('SERVFAIL');
    await clock.advance(1_000);
    expect(await told('a.org')).toBe('192.0.2.1');
  });
  it('tells what was true last while nobody answers, for an hour', async () => {
    says['one'] = '192.0.2.1';
    await told('a.org');
    await clock.advance(30_000);
    says = { one: 2 };
    expect(await told('a.org')).toBe('192.0.2.1 stale');
    const count = asked.length;
    expect(await told('a.org')).toBe('192.0.2.1 stale');
    expect(asked).toHaveLength(count);
    await clock.advance(5_000);
    // Silence costs the client a second at most.
    says = { one: new Promise<Says>(() => undefined), two: new Promise<Says>(() => undefined) };
    const waiting = told('a.org');
    await clock.advance(1_000);
    expect(await waiting).toBe('192.0.2.1 stale');
    expect(await told('a.org')).toBe('192.0.2.1 stale');
    forwarder.configure({ upstreams: ['three'], stubDomains: [] });
    expect(await told('a.org')).toBe('nothing');
  });
  it('does not tell what is older than that, and believes that a name is gone', async () => {
    says['one'] = '192.0.2.1';
    await told('a.org');
    await told('b.org');
    await clock.advance(31_000);
    says = { one: 3 };
    expect(await told('a.org')).toBe('NXDOMAIN');
    await clock.advance(3_600_000);
    says = {};
    expect(await told('b.org')).toBe('nothing');
  });
  it.each([['x.acme.local', 'stub'], ['ACME.local', 'stub'], ['a.deep.acme.local', 'deep'], ['xacme.local', 'one'], ['local', 'one']])('asks for %s the resolver %s', async (name, upstream) => {
    says[upstream] = '192.0.2.1';
    expect(await told(name)).toBe('192.0.2.1');
    expect(asked[0]).toBe(`${upstream} ${name}`);
  });
  it('does not take what a resolver from before says for the name now', async () => {
    let answer = (_: Says): void => undefined;
    says = { one: new Promise<Says>((resolve) => { answer = resolve; }), three: '192.0.2.3' };
    const before = told('a.org');
    forwarder.configure({ upstreams: ['three'], stubDomains: [] });
    expect(await told('a.org')).toBe('192.0.2.3');
    answer('192.0.2.1');
    expect(await before).toBe('192.0.2.1');
    expect(await told('a.org')).toBe('192.0.2.3');
  });
  it('is not filled up by questions nobody answers', async () => {
    says = { one: new Promise<Says>(() => undefined) };
    for (let i = 0; i < 1_000; i++) void forwarder.resolve(ask(`${i}.org`));
    expect(await told('more.org')).toBe('nothing');
    expect(asked).toHaveLength(1_000);
  });
});

describe('ReplyCache', () => {
  it('holds as many bytes as it may, those used last', () => {
    const cache = new ReplyCache(10_000);
    const entry = { reply: { bytes: Buffer.alloc(1_599), rcode: 0, ttls: [], cuts: [] }, said: 0, until: 0, retryAt: 0 };
    for (const key of 'abcde') cache.set(key, entry);
    expect(cache.get('a')).toBe(entry);
    cache.set('f', entry);
    expect([...'abcdef'].filter((key) => cache.get(key))).toEqual(['a', 'c', 'd', 'e', 'f']);
    for (let i = 0; i < 10; i++) cache.set('a', entry);
    expect(cache.size).toBe(5);
  });
});
