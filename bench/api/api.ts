// The API server by itself, without Docker: durable writes beside etcd's, reads beside a server that only echoes, large lists,
// many watchers, and a store of 100,000 objects.
import { median, percentile, type Figure } from '../report.ts';
import { connections, load, type LoadResult } from './load.ts';
import { BenchMaster, etcdPuts, startEcho } from './servers.ts';
import { requestBytes, TlsConnection } from './tls-connection.ts';
import { Watchers } from './watchers.ts';

const seconds = 5;
const host = 'bench';
const value = 'x'.repeat(900);
/** About 1 KB as JSON. */
const configMap = (name: string): string => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"value":"${value}"}}`;
const pathOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;
const creation = (namespace: string, prefix: string) => (n: number): Buffer => requestBytes('POST', pathOf(namespace), host, configMap(`${prefix}-${n}`));

async function each<T>(runs: number, measure: (run: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let run = 0; run < runs; run++) results.push(await measure(run));
  return results;
}
const rate = (results: readonly { perSecond: number }[]): number => median(results.map((r) => r.perSecond));
const slowest = (results: readonly { p99Ms: number }[]): number => median(results.map((r) => r.p99Ms));

async function one(master: BenchMaster, bytes: Buffer, expected: number): Promise<{ ms: number; body: Buffer }> {
  const connection = await TlsConnection.open(master.access);
  const begun = performance.now();
  const { status, body } = await connection.request(bytes);
  const ms = performance.now() - begun;
  connection.close();
  if (status !== expected) throw new Error(`answered ${status}: ${body.toString().slice(0, 300)}`);
  return { ms, body };
}
const namespace = (master: BenchMaster, name: string): Promise<unknown> => one(master, requestBytes('POST', '/api/v1/namespaces', host, `{"metadata":{"name":"${name}"}}`), 201);

async function writes(master: BenchMaster, runs: number): Promise<Figure[]> {
  const etcd: { perSecond: number; p99Ms: number }[] = [];
  const ours = await each(runs, async (run) => {
    etcd.push(await etcdPuts(connections, Buffer.from(configMap('c-0')), seconds * 1000));
    return load(master.access, creation('writes', `r${run}`), 201, { ms: seconds * 1000 });
  });
  const yardstick = (figure: number): NonNullable<Figure['yardstick']> => ({ what: 'etcd put', value: figure });
  return [
    { what: `create 1 KB ConfigMaps, ${connections} connections, durable`, value: rate(ours), unit: '/s', yardstick: yardstick(rate(etcd)), aim: { of: 'value', bound: 'at least', limit: 4000 } },
    { what: '  the same beside etcd', value: rate(ours), unit: '/s', yardstick: yardstick(rate(etcd)), aim: { of: 'ratio', bound: 'at least', limit: 1 } },
    { what: '  p99', value: slowest(ours), unit: 'ms', yardstick: yardstick(slowest(etcd)), aim: { of: 'value', bound: 'at most', limit: 30 } },
  ];
}

async function reads(master: BenchMaster, runs: number): Promise<Figure[]> {
  const get = requestBytes('GET', `${pathOf('writes')}/r0-0`, host);
  const { body } = await one(master, get, 200);
  const echo = await startEcho(master.access, master.serving, body);
  try {
    const bare: LoadResult[] = [];
    const ours = await each(runs, async () => {
      bare.push(await load(echo.access, () => get, 200, { ms: seconds * 1000 }));
      return load(master.access, () => get, 200, { ms: seconds * 1000 });
    });
    return [
      { what: 'get one object', value: rate(ours), unit: '/s', yardstick: { what: 'echo', value: rate(bare) }, aim: { of: 'ratio', bound: 'at least', limit: 0.5 } },
      { what: '  p99', value: slowest(ours), unit: 'ms', yardstick: { what: 'echo', value: slowest(bare) } },
    ];
  } finally {
    await echo.stop();
  }
}

async function lists(master: BenchMaster, runs: number): Promise<Figure[]> {
  await load(master.access, creation('lists', 'l'), 201, { count: 5000 });
  const get = requestBytes('GET', pathOf('lists'), host);
  const warm = await one(master, get, 200);
  const before = master.rssMB;
  const times = await each(runs * 5, async () => (await one(master, get, 200)).ms);
  return [
    { what: 'list 5,000 ConfigMaps, to the last byte', value: median(times), unit: 'ms', aim: { of: 'value', bound: 'at most', limit: 25 } },
    { what: '  memory it leaves behind, beside the size of the answer', value: Math.max(0, master.rssMB - before), unit: 'MB', yardstick: { what: 'answer', value: warm.body.length / 1e6 }, aim: { of: 'ratio', bound: 'at most', limit: 1 } },
  ];
}

async function watches(master: BenchMaster): Promise<Figure[]> {
  const count = 200;
  const watch = (of: string): string => `${pathOf(of)}?watch=1&resourceVersion=0&allowWatchBookmarks=true`;
  const slow = await Watchers.start(master.access, count, watch('watched'), host);
  const sent = new Map<string, number>();
  const writer = await TlsConnection.open(master.access);
  const begun = performance.now();
  for (let n = 0; n < seconds * 100; n++) {
    const wait = begun + n * 10 - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    sent.set(`w-${n}`, performance.now());
    await writer.request(requestBytes('POST', pathOf('watched'), host, configMap(`w-${n}`)));
  }
  await slow.untilSeen([...sent.keys()]);
  const delays = [...sent].map(([name, at]) => slow.seen.get(name)!.at - at);
  slow.close();
  writer.close();

  const before = master.rssMB;
  const full = await Watchers.start(master.access, count, watch('flooded'), host);
  const flood = await load(master.access, creation('flooded', 'f'), 201, { ms: seconds * 1000 });
  await full.untilSeen(Array.from({ length: flood.sent }, (_, n) => `f-${n}`));
  const memory = master.rssMB - before;
  full.close();
  return [
    { what: `${count} watchers, 100 writes/s: create → the last has it, p99`, value: percentile(delays, 99), unit: 'ms', aim: { of: 'value', bound: 'at most', limit: 50 } },
    { what: `${count} watchers at full write speed: writes`, value: flood.perSecond, unit: '/s' },
    { what: '  events out of order, of all watchers', value: full.outOfOrder, unit: '', aim: { of: 'value', bound: 'at most', limit: 0 } },
    { what: '  watchers ended with 410', value: full.ended, unit: '' },
    { what: '  memory it took', value: Math.max(0, memory), unit: 'MB' },
  ];
}

/** What is compared is how a master runs: it has just been started, and for its first second it runs as no compiler has seen it. */
async function warm(master: BenchMaster, next: (n: number) => Buffer, expected: number): Promise<LoadResult> {
  await load(master.access, next, expected, { ms: 1000 });
  return load(master.access, (n) => next(n + 1_000_000), expected, { ms: 2000 });
}

async function large(master: BenchMaster): Promise<Figure[]> {
  const few = 1000;
  await load(master.access, creation('few', 'a'), 201, { count: few });
  const get = (namespace: string, name: string): Buffer => requestBytes('GET', `${pathOf(namespace)}/${name}`, host);
  const fewGets = await warm(master, (n) => get('few', `a-${n % few}`), 200);
  const fewWrites = await warm(master, creation('others', 'b'), 201);
  await one(master, requestBytes('DELETE', pathOf('others'), host), 200);
  const count = 100_000 - few;
  await load(master.access, creation('many', 'm'), 201, { count });
  await master.stop();
  const startMs = await master.start();
  const gets = await warm(master, (n) => get('many', `m-${(n * 7919) % count}`), 200);
  const more = await warm(master, creation('many', 'n'), 201);
  return [
    { what: '100,000 × 1 KB: start-up', value: startMs / 1000, unit: 's', aim: { of: 'value', bound: 'at most', limit: 5 } },
    { what: '  gets', value: gets.perSecond, unit: '/s', yardstick: { what: 'with few', value: fewGets.perSecond }, aim: { of: 'ratio', bound: 'at least', limit: 0.9 } },
    { what: '  writes', value: more.perSecond, unit: '/s', yardstick: { what: 'with few', value: fewWrites.perSecond }, aim: { of: 'ratio', bound: 'at least', limit: 0.9 } },
    { what: '  slowest write', value: more.maxMs, unit: 'ms' },
    { what: '  master RSS', value: master.rssMB, unit: 'MB', aim: { of: 'value', bound: 'at most', limit: 600 } },
  ];
}

async function withMaster(namespaces: readonly string[], use: (master: BenchMaster) => Promise<Figure[]>): Promise<Figure[]> {
  const master = new BenchMaster();
  try {
    await master.start();
    for (const name of namespaces) await namespace(master, name);
    return await use(master);
  } finally {
    await master.remove();
  }
}

export async function api(runs: number, say: (text: string) => void): Promise<Figure[]> {
  const figures = await withMaster(['writes', 'lists', 'watched', 'flooded'], async (master) => {
    const all: Figure[] = [];
    for (const [what, measure] of Object.entries({ writes, reads, lists, watches })) {
      say(`api: ${what}`);
      all.push(...(await measure(master, runs)));
    }
    return all;
  });
  // A store of its own: it is to hold as many objects as the table says.
  say('api: large');
  return [...figures, ...(await withMaster(['few', 'others', 'many'], large))];
}
