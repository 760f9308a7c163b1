// Answers cut from stored bytes: what is sent is the JSON it stands for, as long as it was said to be, and never in one large piece.
import fc from 'fast-check';
import { listLine, objectLine } from '../../../../master/apiserver/json-line.ts';
import { encodeStored, StoredObject } from '../../../../master/registry/stored-object.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';

const stored = (name: string, text: string, revision: number): StoredObject => new StoredObject({
  key: `/registry/core/configmaps/a/${name}`, revision, created: 1,
  value: encodeStored({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, uid: 'u' }, data: { text } } as unknown as ApiObject),
});
const wanted = (name: string, text: string, revision: number): object => ({ metadata: { resourceVersion: String(revision), name, uid: 'u' }, data: { text } });
const head = { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '9' } };
const contents = fc.array(fc.record({ text: fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 0, max: 400_000 }).map((length) => 'é'.repeat(length / 2))), revision: fc.integer({ min: 1, max: 2 ** 50 }) }), { maxLength: 12 });

test('an object is one line, with its resourceVersion', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 2 ** 50 }), (text, revision) => {
    const line = objectLine(stored('x', text, revision));
    const bytes = Buffer.concat([...line.pieces()]);
    expect(bytes.byteLength).toBe(line.size);
    expect(bytes.toString()).toBe(`${JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1', ...wanted('x', text, revision) })}\n`);
  }));
});

test('a list is one line of items without kind', () => {
  fc.assert(fc.property(contents, (items) => {
    const line = listLine(head, items.map(({ text, revision }, i) => stored(`o-${i}`, text, revision)));
    const bytes = Buffer.concat([...line.pieces()]);
    expect(bytes.byteLength).toBe(line.size);
    expect(bytes.toString()).toBe(`${JSON.stringify({ ...head, items: items.map(({ text, revision }, i) => wanted(`o-${i}`, text, revision)) })}\n`);
  }), { numRuns: 30 });
});

test('a large list comes in pieces, a small one as a whole', () => {
  const items = (count: number): StoredObject[] => Array.from({ length: count }, (_, i) => stored(`o-${i}`, 'x'.repeat(1000), i + 1));
  expect([...listLine(head, items(50)).pieces()]).toHaveLength(1);
  const pieces = [...listLine(head, items(3000)).pieces()];
  expect(pieces.length).toBeGreaterThan(10);
  expect(Math.max(...pieces.map((piece) => piece.byteLength))).toBeLessThanOrEqual(64 * 1024);
});
