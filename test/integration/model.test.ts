// Random creates, replaces, patches, deletes, reads, paged lists and watches of a few objects by many clients, against a real master that is
// killed in between: the model of test/support/model.ts explains every answer and every event, or names those it cannot.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ApiClient, type ApiObject } from '../support/api-client.ts';
import { masterProcess, type MasterProcess } from '../support/master-process.ts';
import { historyOf, judge, judgeLists, judgeSegments, type Call, type Event, type Kind, type Listed, type Segment, type State } from '../support/model.ts';

const kills = 3;
const clients = 6;
const callsPerRound = 160;
const collection = '/api/v1/namespaces/default/podtemplates';
const names = ['a', 'b', 'c', 'd', 'e'];

let directory: string;
let master: MasterProcess;
let api: ApiClient;
const stop = new AbortController();
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dray-model-'));
  master = await masterProcess(directory, kills);
  await master.start();
  api = new ApiClient(master.kubeconfig, master.url);
});
afterAll(async () => {
  stop.abort();
  api?.close();
  await master?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const stateOf = ({ metadata }: ApiObject): State => ({ revision: Number(metadata.resourceVersion), object: metadata.name, values: metadata.annotations ?? {} });
const isBroken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code !== undefined || /broke off|timeout|socket hang up|aborted/.test((error as Error).message);

/** Order in time: of two calls of which one ended before the other began. */
let moment = 0;
const calls: Call[] = [];

async function call(kind: Kind, object: string, lastRead: Map<string, number>, id = `${kind}-${calls.length}`): Promise<boolean> {
  const body = (annotations: object, metadata: object = {}): object => ({ apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: object, annotations, ...metadata }, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } });
  const expected = kind === 'replace' ? lastRead.get(object) ?? 1 : undefined;
  const made: Call = { kind, object, id, since: ++moment, ...(expected === undefined ? {} : { expected }) };
  calls.push(made);
  const [method, path, sent, type] = ({
    create: ['POST', collection, body({ id })], replace: ['PUT', `${collection}/${object}`, body({ id }, { resourceVersion: String(expected) })],
    patch: ['PATCH', `${collection}/${object}`, { metadata: { annotations: { id, [id]: '1' } } }, 'application/merge-patch+json'],
    delete: ['DELETE', `${collection}/${object}`], read: ['GET', `${collection}/${object}`],
  } satisfies Record<Kind, [string, string, object?, string?]> as Record<Kind, [string, string, object?, string?]>)[kind];
  try {
    const { status, object: answer } = await api.call(method, path, sent, 15_000, type);
    made.until = ++moment;
    made.outcome = { code: status, ...(status < 300 ? { state: stateOf(answer) } : {}) };
    if (made.outcome.state) lastRead.set(object, made.outcome.state.revision);
    return true;
  } catch (error) {
    if (!isBroken(error)) throw error;
    return false;
  }
}

const lists: Listed[] = [];
/** All objects in pages of two: one state, that of one revision, however many are written between the pages; nothing when the server was gone. */
async function listInPages(segments: Segment[]): Promise<void> {
  const since = ++moment;
  const initial: State[] = [];
  try {
    for (let token = ''; ;) {
      const { status, object } = await api.call('GET', `${collection}?limit=2${token && `&continue=${token}`}`);
      if (status === 410) return;
      expect(status).toBe(200);
      initial.push(...(object.items ?? []).map(stateOf));
      const { resourceVersion, continue: more } = object.metadata as ApiObject['metadata'] & { continue?: string };
      if (more) {
        token = more;
        continue;
      }
      const revision = Number(resourceVersion);
      segments.push({ from: revision, to: revision, initial, events: [] });
      lists.push({ revision, since, until: ++moment });
      return;
    }
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
}

/** Ways to begin: with a list, or with a watch in the place of one. */
type Beginning = 'list' | 'stream';
/** A watch that goes on where it ended; after 410 it begins again. */
class Watcher {
  readonly segments: Segment[] = [];
  expired = 0;
  resumed = 0;
  readonly #beginning: Beginning;
  readonly #only: string | undefined;
  constructor(beginning: Beginning, only?: string) {
    this.#beginning = beginning;
    this.#only = only;
  }

  #begun(since: number, from: number, initial: readonly State[]): Segment {
    lists.push({ revision: from, since, until: ++moment });
    const segment: Segment = { from, initial, events: [], to: from, ...(this.#only ? { only: this.#only } : {}) };
    this.segments.push(segment);
    return segment;
  }

  async run(signal: AbortSignal): Promise<void> {
    let segment: Segment | undefined;
    const selected = this.#only ? `&fieldSelector=metadata.name%3D${this.#only}` : '';
    while (!signal.aborted) {
      try {
        const since = ++moment;
        const initial: State[] = [];
        if (segment) this.resumed++;
        else if (this.#beginning === 'list') {
          const { object } = await api.call('GET', `${collection}?limit=0${selected}`);
          segment = this.#begun(since, Number(object.metadata.resourceVersion), (object.items ?? []).map(stateOf));
        }
        const from: string = segment ? `resourceVersion=${segment.to}` : 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
        for await (const { type, object } of api.watch(`${collection}?watch=true&allowWatchBookmarks=true&${from}${selected}`, signal)) {
          if (type === 'ERROR') {
            if (object.code !== 410) throw new Error(`a watch was told ${object.code}: ${object.message}`);
            this.expired++;
            segment = undefined;
            break;
          }
          const state = stateOf(object);
          if (segment) {
            if (type !== 'BOOKMARK') segment.events.push({ ...state, type: type as Event['type'] });
            segment.to = Math.max(segment.to, state.revision);
          } else if (type === 'ADDED') initial.push(state);
          else if (state.values?.['k8s.io/initial-events-end'] === 'true') segment = this.#begun(since, state.revision, initial);
          else throw new Error(`the present began with ${type}`);
        }
      } catch (error) {
        if (!isBroken(error)) throw error;
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** The judges are worth something: each way to spoil a good history is noticed. */
function expectToNotice(segments: readonly Segment[], history: readonly Event[], pages: readonly Segment[]): void {
  const middle = history[Math.floor(history.length / 2)]!;
  const longest = segments.toSorted((a, b) => b.events.length - a.events.length)[0]!;
  const without = history.filter((e) => e !== middle);
  const disorder: string[] = [];
  historyOf([{ ...longest, events: longest.events.toReversed() }], disorder);
  const answered = calls.find((c) => c.outcome?.code === 200 && c.kind === 'patch')!;
  const noticed: Record<string, readonly string[]> = {
    'an event one watch was not told': judgeSegments([{ ...longest, events: longest.events.filter((e) => e.revision !== longest.events[3]!.revision) }], history),
    'a lost write': judge(without, calls),
    'another value': judge(history.map((e) => (e === middle ? { ...e, values: { id: 'x' } } : e)), calls),
    'events out of order': disorder,
    'a deleted object in a list': judgeSegments([{ from: history.at(-1)!.revision, to: history.at(-1)!.revision, events: [], initial: [{ object: 'z', revision: 1, values: {} }] }], history),
    'a page without one of its objects': judgeSegments(pages.map((p) => ({ ...p, initial: p.initial!.slice(1) })), history),
    'an object on two pages': judgeSegments(pages.map((p) => ({ ...p, initial: [...p.initial!, ...p.initial!.slice(0, 1)] })), history),
    'a list of long ago': judgeLists([{ revision: history[0]!.revision - 1, since: moment + 1, until: moment + 2 }], calls),
    'what a watch of one object should not have told': judgeSegments([{ ...longest, only: 'nobody' }], history),
    'an answer before its time': judge(history, calls.map((c) => (c === answered ? { ...c, since: 0, until: 0 } : c))),
    'a refusal nothing explains': judge(history, [...calls, { kind: 'read', object: calls.at(-1)!.object, id: 'r', since: moment + 1, until: moment + 2, outcome: { code: 404 } }]),
  };
  expect(Object.entries(noticed).filter(([, faults]) => faults.length === 0)).toEqual([]);
}

const step = fc.tuple(fc.constantFrom<(Kind | 'pages')[]>('create', 'create', 'replace', 'replace', 'patch', 'patch', 'patch', 'delete', 'read', 'pages'), fc.constantFrom(...names));

test('what clients and watches were told is one history, through kills of the master', async () => {
  const watchers = [new Watcher('list'), new Watcher('list'), new Watcher('stream'), new Watcher('list', 'a'), new Watcher('stream', 'a')];
  const pages: Segment[] = [];
  const watching = watchers.map((w) => w.run(stop.signal));
  for (const w of watching) w.catch(() => undefined); // told at the end
  const plan = fc.sample(step, (kills + 1) * callsPerRound);
  for (let round = 0; round <= kills; round++) {
    const steps = plan.slice(round * callsPerRound, (round + 1) * callsPerRound);
    const killAt = round < kills ? calls.length + callsPerRound / 2 + round * 7 : Infinity;
    let killed: Promise<void> | undefined;
    await Promise.all(Array.from({ length: clients }, async () => {
      const lastRead = new Map<string, number>();
      for (let next = steps.pop(); next && !killed; next = steps.pop()) {
        if (next[0] === 'pages') await listInPages(pages);
        else await call(next[0], next[1], lastRead);
        if (calls.length >= killAt) killed ??= master.kill();
      }
    }));
    if (killed) {
      await killed;
      await master.start();
    }
  }
  // A last write, seen by all, also by who watches one object: then they have seen everything.
  // A connection the server has just ended for its idleness may be met: then another one is written.
  for (let n = 0; !calls.at(-1)!.id.startsWith('last') || !calls.at(-1)!.outcome?.state; n++) {
    expect(n).toBeLessThan(20);
    await call(calls.at(-1)!.outcome?.code === 404 ? 'create' : 'patch', 'a', new Map(), `last-${n}`);
  }
  const { revision } = calls.at(-1)!.outcome!.state!;
  for (let waited = 0; watchers.some((w) => (w.segments.at(-1)?.to ?? 0) < revision); waited++) {
    if (waited > 3000) throw new Error(`watches did not arrive at ${revision}: ${watchers.map((w) => w.segments.at(-1)?.to).join()}`);
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), ...watching]);
  }
  stop.abort();
  await Promise.all(watching);

  const faults: string[] = [];
  const segments = watchers.flatMap((w) => w.segments);
  const history = historyOf(segments, faults);
  expect([...faults, ...judgeSegments([...segments, ...pages], history), ...judgeLists(lists, calls), ...judge(history, calls)]).toEqual([]);
  expect(master.log).toEqual([]);
  expectToNotice(segments, history, pages);
  const counted = (code: number): number => calls.filter((c) => c.outcome?.code === code).length;
  // The run was worth something: writes of every outcome, lists that others wrote between the pages of, and deaths in the middle of them.
  expect(pages.filter((p) => p.initial!.length > 2).length).toBeGreaterThan(5);
  expect([counted(200) > 100, counted(201) > 10, counted(404) > 10, counted(409) > 10, calls.some((c) => !c.outcome), watchers.every((w) => w.resumed + w.expired >= kills)]).toEqual(Array.from({ length: 6 }, () => true));
  // Hundreds of durable writes, and starts in between, may take longer than is usual where the disk is busy.
}, 300_000);
