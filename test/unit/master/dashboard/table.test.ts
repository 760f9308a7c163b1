// A Table kept by its watch, and how its cells are filtered, sorted and coloured.
import { cellText, filtered, Rows, sorted, toneOf, type Row, type Table } from '../../../../master/dashboard/client/table.js';

const row = (name: string, cells: unknown[], more: object = {}): Row => ({ cells: [name, ...cells], object: { metadata: { name, namespace: 'd', uid: name, resourceVersion: '5', ...more } } });
const columns = [{ name: 'Name', type: 'string', format: 'name' }, { name: 'Ready', type: 'string' }, { name: 'Age', type: 'string' }];
const table = (rows: Row[], resourceVersion: string, withColumns = false): Table => ({ columnDefinitions: withColumns ? columns : null, rows, metadata: { resourceVersion } });
const names = (rows: readonly Row[]): string[] => rows.map((r) => r.object.metadata.name);

describe('rows', () => {
  it('follow the events of a watch, and say where the next one goes on', () => {
    const rows = new Rows();
    rows.replace(table([row('a', ['1/1']), row('b', ['0/1'])], '10', true));
    expect([rows.columns, rows.resourceVersion, rows.size]).toEqual([columns, '10', 2]);
    expect(rows.apply({ type: 'MODIFIED', object: table([row('b', ['1/1'], { resourceVersion: '11' })], '11') })).toBe(true);
    expect(rows.all().map((r) => r.cells[1])).toEqual(['1/1', '1/1']);
    expect(rows.apply({ type: 'ADDED', object: table([row('c', ['1/1'], { resourceVersion: '12' })], '12') })).toBe(true);
    expect(rows.apply({ type: 'DELETED', object: table([row('a', ['1/1'], { resourceVersion: '13' })], '13') })).toBe(true);
    expect([names(rows.all()), rows.resourceVersion]).toEqual([['b', 'c'], '13']);
    expect(rows.apply({ type: 'BOOKMARK', object: { columnDefinitions: null, rows: [], metadata: { resourceVersion: '20' } } })).toBe(false);
    expect([rows.columns, rows.resourceVersion, rows.size]).toEqual([columns, '20', 2]);
  });
  it('of one name in two namespaces are two', () => {
    const rows = new Rows();
    rows.replace(table([row('a', [], { namespace: 'x' }), row('a', [], { namespace: 'y' })], '1', true));
    rows.apply({ type: 'DELETED', object: table([row('a', [], { namespace: 'x' })], '2') });
    expect(rows.all().map((r) => r.object.metadata.namespace)).toEqual(['y']);
  });
  it('of an empty list have no trouble with what Go leaves out', () => {
    const rows = new Rows();
    rows.replace({ columnDefinitions: columns, rows: null, metadata: { resourceVersion: '1' } });
    expect(rows.size).toBe(0);
  });
});

it.each<[string, string[]]>([
  ['', ['web-1', 'web-2', 'db']], ['WEB', ['web-1', 'web-2']], ['web 0/1', ['web-2']], ['tier=back', ['db']], ['nothing', []],
])('a filter of %j leaves %j', (text, expected) => {
  expect(names(filtered([row('web-1', ['1/1']), row('web-2', ['0/1']), row('db', ['1/1'], { labels: { tier: 'back' } })], text))).toEqual(expected);
});

describe('sorting', () => {
  const rows = [row('b', ['10/10', ''], { creationTimestamp: '2026-01-01T00:00:00Z' }), row('a10', ['2/3', ''], { creationTimestamp: '2026-01-03T00:00:00Z' }), row('a9', ['2/3', ''], { creationTimestamp: '2026-01-02T00:00:00Z' })];
  it.each<[string, { column: string; down: boolean } | undefined, string[]]>([
    ['nothing: by names, numbers by size', undefined, ['a9', 'a10', 'b']],
    ['a column: equals by name', { column: 'Ready', down: false }, ['a9', 'a10', 'b']],
    ['a column, down', { column: 'Ready', down: true }, ['b', 'a9', 'a10']],
    ['age: youngest first', { column: 'Age', down: false }, ['a10', 'a9', 'b']],
    ['a column that is not there', { column: 'Gone', down: true }, ['a9', 'a10', 'b']],
  ])('by %s', (_, by, expected) => expect(names(sorted(rows, columns, by))).toEqual(expected));
});

it.each([
  ['Status', 'Running', 'good'], ['Status', 'CrashLoopBackOff', 'bad'], ['Status', 'Init:0/1', 'wait'], ['Status', 'Completed', 'done'], ['Status', 'NotReady', 'bad'], ['Status', 'Ready,SchedulingDisabled', 'wait'],
  ['Status', 'Whatever', ''], ['Ready', '1/3', 'wait'], ['Ready', '3/3', ''], ['Ready', '0/0', ''], ['Name', 'Running', ''], ['Message', 'Failed', ''], ['Status', 'ErrImagePull', 'bad'], ['Status', 'Terminating', 'wait'],
])('in the column %s, %s feels %j', (column, text, tone) => expect(toneOf(column, text)).toBe(tone));

it.each([[null, '<none>'], [undefined, '<none>'], [3, '3'], ['x', 'x'], [true, 'true'], [{ a: 1 }, '{"a":1}']])('a cell of %j is read as %j', (cell, text) => expect(cellText(cell)).toBe(text));
