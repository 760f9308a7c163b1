// When extension servers are asked for their OpenAPI document of version 2, and what is kept of it.
import { Readable } from 'node:stream';
import type { Change, RemoteGroupVersion, RemoteGroupVersions } from '../../../../../master/apiserver/aggregation/api-services.ts';
import { RemoteSwagger } from '../../../../../master/apiserver/aggregation/remote-swagger.ts';
import { FakeClock } from '../../../../../src/util/clock.ts';
import { silentLog } from '../../../../../src/util/log.ts';

type Reply = { code: number; body?: unknown; etag?: string } | Error;
const item = (operation: object = {}): object => ({ get: { responses: {}, ...operation } });
const swaggerOf = (version: string, more: object = {}): object => ({ paths: { [`/apis/g.io/${version}/things`]: item(more) }, definitions: {} });

function start() {
  const clock = new FakeClock();
  const asked: (string | undefined)[] = [];
  let reply: Reply | Promise<Reply> = { code: 200, body: swaggerOf('v1'), etag: '"1"' };
  const get = async ({ path, headers }: { path: string; headers: Record<string, string> }): Promise<unknown> => {
    if (path === '/openapi/v2' && headers['X-Remote-User'] === 'system:aggregator') asked.push(headers['if-none-match']);
    const now = await reply;
    if (now instanceof Error) throw now;
    return Object.assign(Readable.from([Buffer.from(JSON.stringify(now.body ?? ''))]), { statusCode: now.code, headers: { etag: now.etag } });
  };
  const remotes = new Map<string, RemoteGroupVersion>();
  let tell: Change = () => undefined;
  const swagger = new RemoteSwagger({ all: () => [...remotes.values()], onChange: (listener: Change) => { tell = listener; } } as unknown as RemoteGroupVersions, { clock, log: silentLog });
  const put = (version: string, priority = 1, available = true): void => { remotes.set(version, { name: `${version}.g.io`, available, spec: { group: 'g.io', version, groupPriorityMinimum: priority, versionPriority: 1 }, backend: { get } } as unknown as RemoteGroupVersion); };
  const remove = (version: string): void => { const before = remotes.get(version); remotes.delete(version); tell(`${version}.g.io`, undefined, before); };
  put('v1');
  return { swagger, clock, asked, put, remove, answer: (next: Reply | Promise<Reply>) => { reply = next; } };
}

it('asks when it is asked, once for all, and not again within a minute', async () => {
  const { swagger, clock, asked, answer } = start();
  await clock.advance(600_000);
  expect(asked).toEqual([]);
  const [one, other] = await Promise.all([swagger.all(), swagger.all()]);
  expect([asked, one]).toEqual([[undefined], [swaggerOf('v1')]]);
  expect(other[0]).toBe(one[0]);
  await clock.advance(59_000);
  await swagger.all();
  expect(asked).toHaveLength(1);
  answer({ code: 304 });
  await clock.advance(1_000);
  expect((await swagger.all())[0]).toBe(one[0]);
  expect(asked).toEqual([undefined, '"1"']);
});
it('knows what it has heard also from who gives no ETag', async () => {
  const { swagger, clock, asked, answer } = start();
  answer({ code: 200, body: swaggerOf('v1') });
  const [first] = await swagger.all();
  await clock.advance(60_000);
  expect([(await swagger.all())[0] === first, asked]).toEqual([true, [undefined, undefined]]);
  answer({ code: 200, body: swaggerOf('v1', { operationId: 'new' }) });
  await clock.advance(60_000);
  expect(await swagger.all()).toEqual([swaggerOf('v1', { operationId: 'new' })]);
});
it('asks anew after a change, and nobody who is not available', async () => {
  const { swagger, asked, put, answer } = start();
  const [first] = await swagger.all();
  put('v1', 1, false);
  expect([(await swagger.all())[0], asked.length]).toEqual([first, 1]);
  answer({ code: 200, body: swaggerOf('v1', { operationId: 'new' }) });
  put('v1');
  expect([await swagger.all(), asked.length]).toEqual([[swaggerOf('v1', { operationId: 'new' })], 2]);
});
it.each<[string, Reply | Promise<Reply>]>([['is away', new Error('away')], ['fails', { code: 500 }], ['answers nonsense', { code: 200, body: swaggerOf('v1', { parameters: 7 }) }]])('keeps what a server said before it %s', async (_what, reply) => {
  const { swagger, clock, asked, answer } = start();
  const [first] = await swagger.all();
  answer(reply);
  await clock.advance(60_000);
  expect([first, (await swagger.all())[0] === first, asked]).toEqual([swaggerOf('v1'), true, [undefined, '"1"']]);
});
it('forgets who has none any more, or is gone; the more important come first', async () => {
  const { swagger, clock, put, remove, answer } = start();
  answer({ code: 200, body: { paths: { '/apis/g.io/v1/things': item(), '/apis/g.io/v2/things': item() } } });
  put('v2', 5);
  expect((await swagger.all()).map(({ paths }) => Object.keys(paths))).toEqual([['/apis/g.io/v2/things'], ['/apis/g.io/v1/things']]);
  remove('v2');
  expect(await swagger.all()).toHaveLength(1);
  answer({ code: 404 });
  await clock.advance(60_000);
  expect(await swagger.all()).toEqual([]);
});
