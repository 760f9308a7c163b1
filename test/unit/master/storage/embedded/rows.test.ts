// The byte forms of the tables, as properties.
import * as fc from 'fast-check';
import { decodeHead, decodeLatest, decodeRow, encodeLatest, encodeRevision, encodeRow, prefixEnd, readRevision } from '../../../../../master/storage/embedded/rows.ts';

const revision = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.maxSafeNat());
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });

describe('revisions', () => {
  it('come back, and sort as bytes as they do as numbers', () => {
    fc.assert(fc.property(revision, revision, (a, b) => {
      expect(readRevision(encodeRevision(a))).toBe(a);
      expect(Math.sign(Buffer.compare(encodeRevision(a), encodeRevision(b)))).toBe(Math.sign(a - b));
    }));
  });
});

describe('rows', () => {
  it('come back, with a value in memory of its own', () => {
    fc.assert(fc.property(key, fc.option(fc.uint8Array({ maxLength: 100 }), { nil: undefined }), revision, revision, (k, value, created, previous) => {
      const bytes = encodeRow({ key: k, value, created, previous });
      const row = decodeRow(bytes);
      expect({ ...row, value: row.value && Uint8Array.from(row.value) }).toEqual({ key: k, value, created, previous });
      if (row.value) expect(row.value.buffer.byteLength).toBe(row.value.byteLength);
      expect(decodeHead(bytes)).toEqual({ deleted: value === undefined, created, previous, key: Buffer.from(k) });
    }));
  });
  it('keep the latest state of a key', () => {
    fc.assert(fc.property(revision, revision, (at, created) => {
      expect(decodeLatest(encodeLatest({ revision: at, created }))).toEqual({ revision: at, created });
    }));
  });
});

describe('prefixEnd', () => {
  it.each([
    [[0x61], [0x62]],
    [[0x2f, 0x61, 0x2f], [0x2f, 0x61, 0x30]],
    [[0x61, 0xff], [0x62]],
    [[0xff, 0xff], undefined],
    [[], undefined],
  ])('%j → %j', (prefix, end) => {
    expect(prefixEnd(Buffer.from(prefix))).toEqual(end && Buffer.from(end));
  });
  it('is after all keys with the prefix and before all greater others', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 3 }), fc.uint8Array({ maxLength: 4 }), (prefix, other) => {
      const end = prefixEnd(prefix);
      const begins = Buffer.compare(other.subarray(0, prefix.length), prefix) === 0;
      const inside = Buffer.compare(other, prefix) >= 0 && (!end || Buffer.compare(other, end) < 0);
      expect(inside).toBe(begins);
    }), { numRuns: 500 });
  });
});
