// When images are removed, which, and in which order; whose they are.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToFree, parseImageGC, removable, updateRecords, type ImageGCFlags } from '../../../../agent/kubelet/image-gc.ts';
import { PulledImages } from '../../../../agent/kubelet/pulled-images.ts';
import type { Image } from '../../../../agent/runtime/runtime.ts';
import { silentLog } from '../../../../src/util/log.ts';

const image = (id: string, ...repoTags: string[]): Image => ({ id, repoTags, repoDigests: [], size: 10, user: '', createdAt: 0 });
const policy = parseImageGC({});

it.each<[used: number, ImageGCFlags, bytes: number]>([
  [24, {}, 0], [84, {}, 0], [85, {}, 50], [99, {}, 190], [100, {}, 200], [60, { imageGcHighThreshold: '50', imageGcLowThreshold: '40' }, 200], [100, { imageGcHighThreshold: '100' }, 0],
])('a disk of which %d %% is in use, %j: %d of 1000 bytes are to be freed', (used, flags, bytes) => expect(bytesToFree({ available: 1000 - used * 10, capacity: 1000 }, parseImageGC(flags))).toBe(bytes));
it('frees nothing of a disk of unknown size', () => expect(bytesToFree({ available: 0, capacity: 0 }, policy)).toBe(0));

it('takes the flags of the kubelet', () => expect(parseImageGC({ minimumImageTtlDuration: '1h', imageGcAll: true })).toEqual({ highPercent: 85, lowPercent: 80, minAgeMs: 3_600_000, all: true }));
it.each<[ImageGCFlags, string]>([
  [{ imageGcHighThreshold: '101' }, '--image-gc-high-threshold: "101" is not a percentage from 0 to 100'], [{ imageGcLowThreshold: 'x' }, '--image-gc-low-threshold: "x" is not a percentage from 0 to 100'],
  [{ imageGcLowThreshold: '85' }, '--image-gc-low-threshold: 85 must be less than --image-gc-high-threshold, 85'], [{ minimumImageTtlDuration: '2' }, '--minimum-image-ttl-duration: time: missing unit in duration "2"'],
])('refuses %j', (flags, message) => expect(() => parseImageGC(flags)).toThrow(expect.objectContaining({ message })));

describe('the order', () => {
  const minute = 60_000;
  /** Looks at the store: at each time what is there and (in brackets) in use; what may go at the last. */
  function course(...looks: [atMinutes: number, images: string][]): string {
    let records = new Map() as ReturnType<typeof updateRecords>;
    let at = 0;
    for (const [i, [minutes, text]] of looks.entries()) {
      at = minutes * minute;
      const names = text.split(' ').filter(Boolean);
      records = updateRecords(records, names.map((n) => image(n.replace(/[()]/g, ''))), new Set(names.filter((n) => n.startsWith('(')).map((n) => n.slice(1, -1))), at, i === 0);
    }
    return removable(records.values(), at, policy, ({ id }) => id !== 'foreign').map(({ id }) => id).join(' ');
  }
  it.each<[string, [number, string][], string]>([
    ['what was there at the start may go at once', [[0, 'a b']], 'a b'],
    ['what is in use stays', [[0, 'a (b)']], 'a'],
    ['what came less than two minutes ago stays', [[0, 'a'], [5, 'a b'], [6, 'a b']], 'a'],
    ['and may go then', [[0, 'a'], [5, 'a b'], [7, 'a b']], 'a b'],
    ['those never used before those used, the longest unused first', [[0, '(a) (b) c'], [5, 'a (b) c'], [10, 'a b c']], 'c a b'],
    ['of two never used, the older one', [[0, ''], [5, 'b'], [6, 'a b'], [10, 'a b']], 'b a'],
    ['what is used again stays', [[0, '(a) b'], [5, 'a b'], [10, '(a) b']], 'b'],
    ['what is not ours stays', [[0, 'foreign a']], 'a'],
    ['what has gone is forgotten, and is new when it comes back', [[0, 'a'], [5, ''], [10, 'a']], ''],
  ])('%s', (_, looks, expected) => expect(course(...looks)).toBe(expected));
});

describe('whose an image is', () => {
  let directory: string;
  beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'dray-pulled-')); });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const open = () => new PulledImages(directory, silentLog);
  const store = [image('built', 'mine:1')];

  it('is the agent\'s when its pull brought it, also for a later agent', async () => {
    await open().note(store, image('a', 'nginx:1'));
    expect(open().owns(image('a', 'nginx:1'))).toBe(true);
    expect(open().owns(image('built', 'mine:1'))).toBe(false);
  });
  it('is someone else\'s when it was there before the pull', async () => {
    const pulled = open();
    await pulled.note(store, image('built', 'mine:1', 'registry/mine:1'));
    expect(pulled.owns(image('built', 'mine:1', 'registry/mine:1'))).toBe(false);
  });
  it('is claimed by someone who gives it another name', async () => {
    const pulled = open();
    await pulled.note(store, image('a', 'nginx:1'));
    expect(pulled.owns(image('a', 'nginx:1', 'kept:1'))).toBe(false);
    // A pull that finds such a name does not take it over.
    await pulled.note([image('a', 'nginx:1', 'kept:1')], image('a', 'nginx:1', 'kept:1', 'nginx:latest'));
    expect(pulled.owns(image('a', 'nginx:1', 'kept:1', 'nginx:latest'))).toBe(false);
    expect(pulled.owns(image('a', 'nginx:1', 'nginx:latest'))).toBe(true);
  });
  it('stays the agent\'s when a newer one has taken its name', async () => {
    const pulled = open();
    await pulled.note(store, image('old', 'nginx:latest'));
    await pulled.note([...store, image('old', 'nginx:latest')], image('new', 'nginx:latest'));
    expect([pulled.owns(image('old')), pulled.owns(image('new', 'nginx:latest'))]).toEqual([true, true]);
  });
  it('is nobody\'s any more once it is gone', async () => {
    const pulled = open();
    await pulled.note(store, image('a', 'nginx:1'));
    await pulled.keepOnly(store);
    expect([pulled.owns(image('a', 'nginx:1')), open().owns(image('a', 'nginx:1'))]).toEqual([false, false]);
  });
  it('is never the agent\'s when its list cannot be read', () => {
    writeFileSync(join(directory, 'pulled-images.json'), '{"a": [');
    expect(open().owns(image('a'))).toBe(false);
  });
});
