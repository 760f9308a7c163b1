// The contract of src/client/transport.ts as tests: in memory and over HTTP the same calls give the same results.
import type { Transport, WatchEvent } from '../../src/client/transport.ts';
import { refusal } from '../support/refusal.ts';

export interface TransportUnderTest {
  /** A cluster admin's. */
  readonly transport: Transport;
  /** A user's who may do nothing but be known. */
  readonly stranger: Transport;
  dispose(): Promise<void>;
}
/** `watcherLimit`: how many events a watcher may be behind; the store's revisions up to `compacted` are forgotten. */
export const settings = { watcherLimit: 16, compacted: 5 };

const path = '/api/v1/namespaces/default/configmaps';
interface ConfigMap { metadata: { name: string; namespace?: string; resourceVersion: string; labels?: Record<string, string> }; data?: Record<string, string> }
const configMap = (name: string, data: Record<string, string | undefined> = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

export function transportContract(name: string, open: () => Promise<TransportUnderTest>): void {
  describe(`${name}: the transport's contract`, () => {
    let under: TransportUnderTest;
    let transport: Transport;
    beforeAll(async () => {
      under = await open();
      transport = under.transport;
    });
    afterAll(() => under.dispose());

    const create = (object: object): Promise<ConfigMap> => transport.request({ method: 'POST', path, body: object }) as Promise<ConfigMap>;
    const get = (of: string): Promise<ConfigMap> => transport.request({ method: 'GET', path: `${path}/${of}` }) as Promise<ConfigMap>;
    const put = (object: ConfigMap): Promise<ConfigMap> => transport.request({ method: 'PUT', path: `${path}/${object.metadata.name}`, body: object }) as Promise<ConfigMap>;
    const revision = async (): Promise<string> => ((await transport.request({ method: 'GET', path, query: { limit: '1' } })) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
    const watch = (query: Record<string, string>, signal?: AbortSignal): AsyncIterable<WatchEvent<ConfigMap>> => transport.watch({ method: 'GET', path, query: { watch: 'true', ...query }, ...(signal ? { signal } : {}) });

    describe('a request', () => {
      it('has JSON semantics: what JSON has not does not arrive, and nothing is shared', async () => {
        const body = configMap('json', { kept: 'a', dropped: undefined }) as { data: Record<string, string> };
        const created = await create(body);
        body.data['kept'] = 'changed afterwards';
        expect((await get('json')).data).toEqual({ kept: 'a' });
        expect(created.data).toEqual({ kept: 'a' });
        expect(body.data['kept']).toBe('changed afterwards');
      });
      it('gives frozen objects', async () => {
        const created = await create(configMap('frozen', { a: 'b' }));
        expect(() => { created.data!['a'] = 'c'; }).toThrow(TypeError);
        expect(() => { (created.metadata as { name: string }).name = 'c'; }).toThrow(TypeError);
      });
      it('passes queries and headers', async () => {
        await create({ ...configMap('patched', { a: '1', b: '2' }) });
        const patched = (await transport.request({ method: 'PATCH', path: `${path}/patched`, query: { dryRun: 'All' }, headers: { 'content-type': 'application/json-patch+json' }, body: [{ op: 'remove', path: '/data/a' }] })) as ConfigMap;
        expect(patched.data).toEqual({ b: '2' });
        expect((await get('patched')).data).toEqual({ a: '1', b: '2' });
      });
      it('deletes with options in the body', async () => {
        const { metadata } = await create(configMap('deleted'));
        const wrong = refusal(transport.request({ method: 'DELETE', path: `${path}/deleted`, body: { preconditions: { resourceVersion: '1' } } }));
        expect((await wrong).code).toBe(409);
        await transport.request({ method: 'DELETE', path: `${path}/deleted`, body: { preconditions: { resourceVersion: metadata.resourceVersion } } });
        expect((await refusal(get('deleted'))).code).toBe(404);
      });
    });

    describe('a refusal', () => {
      it.each<[what: string, call: () => Promise<unknown>, code: number, reason: string, message: RegExp]>([
        ['of what is not there', () => get('none'), 404, 'NotFound', /^configmaps "none" not found$/],
        ['of a path that is not there', () => transport.request({ method: 'GET', path: '/api/v1/frobs' }), 404, 'NotFound', /could not find the requested resource/],
        ['of what is there already', async () => { await create(configMap('twice')); await create(configMap('twice')); }, 409, 'AlreadyExists', /^configmaps "twice" already exists$/],
        ['of what is invalid', () => create(configMap('Not_A_Name')), 422, 'Invalid', /^ConfigMap "Not_A_Name" is invalid: metadata.name/],
        ['of malformed objects', () => create({ ...configMap('malformed'), data: 7 }), 400, 'BadRequest', /cannot be handled as a ConfigMap/],
        ['of a stranger', () => under.stranger.request({ method: 'GET', path }), 403, 'Forbidden', /cannot list resource "configmaps"/],
      ])('%s is a StatusError', async (_what, call, code, reason, message) => {
        const error = await refusal(call());
        expect(error).toMatchObject({ code, reason });
        expect(error.message).toMatch(message);
        expect(error.status).toMatchObject({ kind: 'Status', status: 'Failure', code });
      });
      it('names its causes', async () => {
        const error = await refusal(create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'A', labels: { '-': '-' } } }));
        expect(error.status.details).toMatchObject({ name: 'A', kind: 'ConfigMap', causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }, { field: 'metadata.labels' }, { field: 'metadata.labels' }] });
      });
      it('of a stale update is a conflict, and one of two writers wins', async () => {
        const created = await create(configMap('raced'));
        const results = await Promise.allSettled([put({ ...created, data: { by: 'one' } }), put({ ...created, data: { by: 'two' } })]);
        expect(results.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
        expect(results.find((r) => r.status === 'rejected')).toMatchObject({ reason: { code: 409, reason: 'Conflict' } });
      });
    });

    describe('a watch', () => {
      it('tells every change once and in order, however many write at once', async () => {
        const from = await revision();
        const stop = new AbortController();
        const seen: WatchEvent<ConfigMap>[] = [];
        const done = (async () => {
          for await (const event of watch({ resourceVersion: from, labelSelector: 'w=all' }, stop.signal)) {
            seen.push(event);
            if (seen.length === 24) stop.abort();
          }
        })();
        await Promise.all(Array.from({ length: 8 }, async (_, i) => {
          const made = await create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `all-${i}`, labels: { w: 'all' } } });
          await put({ ...made, data: { a: 'b' } });
          await transport.request({ method: 'DELETE', path: `${path}/all-${i}` });
        }));
        await done;
        const revisions = seen.map((e) => Number(e.object.metadata.resourceVersion));
        expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
        expect(new Set(revisions).size).toBe(24);
        for (let i = 0; i < 8; i++) expect(seen.filter((e) => e.object.metadata.name === `all-${i}`).map((e) => e.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
        expect(Object.isFrozen(seen[0]!.object.metadata)).toBe(true);
      });
      it('shows the present first where no revision is named', async () => {
        await create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'present', labels: { w: 'present' } } });
        for await (const event of watch({ labelSelector: 'w=present' })) {
          expect(event).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'present' } } });
          break;
        }
      });
      it('ends quietly when the server ends it', async () => {
        const seen: unknown[] = [];
        for await (const event of watch({ resourceVersion: await revision(), timeoutSeconds: '1' })) seen.push(event);
        expect(seen).toEqual([]);
      });
      it('ends quietly when it is cancelled, waiting or before it began', async () => {
        const stop = new AbortController();
        const waiting = (async () => { for await (const _ of watch({ resourceVersion: await revision(), labelSelector: 'w=never' }, stop.signal)) throw new Error('nothing was to be told'); })();
        const other = new AbortController();
        // One event of another watch: by then the first one has begun, too.
        const began = (async () => { for await (const _ of watch({ labelSelector: 'w=present' }, other.signal)) other.abort(); })();
        await began;
        stop.abort();
        await waiting;
        for await (const _ of watch({ resourceVersion: '0' }, AbortSignal.abort())) throw new Error('it was cancelled');
      });
      it('is refused as a request is', async () => {
        const stranger = refusal((async () => { for await (const _ of under.stranger.watch({ method: 'GET', path, query: { watch: 'true' } })) break; })());
        expect(await stranger).toMatchObject({ code: 403 });
        expect(await refusal((async () => { for await (const _ of watch({ resourceVersion: 'x' })) break; })())).toMatchObject({ code: 400 });
      });
      it('from a revision that is forgotten is expired', async () => {
        const error = await refusal((async () => { for await (const _ of watch({ resourceVersion: '1' })) break; })());
        expect(error).toMatchObject({ code: 410, reason: 'Expired' });
        expect(error.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
      });
      it('of a reader that is too slow ends with the same', async () => {
        // Too much for any buffer on the way: the reader's own windows fill first, then the watcher's queue.
        const blob = 'x'.repeat(100_000);
        const total = 150;
        const made = await create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'slow', labels: { w: 'slow' } } });
        let seen = 0;
        const read = (async () => {
          for await (const _ of watch({ resourceVersion: made.metadata.resourceVersion, labelSelector: 'w=slow' })) {
            seen++;
            if (seen > 1) continue;
            for (let i = 0; i < total; i++) await put({ ...made, metadata: { ...made.metadata, resourceVersion: '' }, data: { blob, i: String(i) } });
          }
        })();
        void put({ ...made, metadata: { ...made.metadata, resourceVersion: '' }, data: { first: 'yes' } });
        expect(await refusal(read)).toMatchObject({ code: 410, reason: 'Expired' });
        expect(seen).toBeLessThan(total);
      });
    });
  });
}
