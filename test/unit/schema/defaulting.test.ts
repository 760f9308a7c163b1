// Defaults: a field's own, then its children's, then the object's; never over what was given.
import fc from 'fast-check';
import { allResources } from '../../../src/api/index.ts';
import { applyDefaults } from '../../../src/schema/defaulting.ts';
import { array, boolean, field, int32, lazy, map, object, string, type ObjectType } from '../../../src/schema/schema.ts';
import { canonicalValue } from './arbitrary-value.ts';

const part = object('Part', { protocol: string(1, { default: 'TCP' }), port: int32(2) });
const pointed = object('Pointed', { text: string(1, { pointer: true, default: 'x' }), count: int32(2, { pointer: true, default: 3 }), flag: boolean(3, { pointer: true, default: true }) });
const type = object('Sample', {
  text: string(1, { default: 'a' }), count: int32(2, { default: 7 }), limits: field(3, part, { default: { port: 1 } as never }), part: field(4, part), parts: array(5, part), byName: map(6, part), pointed: field(7, pointed), late: string(8),
}, { defaults: (value) => { value['late'] ??= `${String(value['text'])}/${String((value['part'] as { protocol?: string } | undefined)?.protocol)}`; } });
const filled = (value: object): unknown => { applyDefaults(type, value); return value; };
const own = { text: 'a', count: 7, limits: { port: 1, protocol: 'TCP' } };

describe('defaults', () => {
  it.each<[what: string, given: object, result: object]>([
    ['fill an empty object', {}, { ...own, late: 'a/undefined' }],
    ['leave what is given', { text: 'b', count: 1, late: 'x' }, { text: 'b', count: 1, limits: { port: 1, protocol: 'TCP' }, late: 'x' }],
    ['take zero for absence where Go holds a value', { text: '', count: 0 }, { ...own, late: 'a/undefined' }],
    ['keep zero behind a pointer', { pointed: { text: '', count: 0, flag: false } }, { ...own, pointed: { text: '', count: 0, flag: false }, late: 'a/undefined' }],
    ['take null behind a pointer for absence', { pointed: { text: null, count: null } }, { ...own, pointed: { text: 'x', count: 3, flag: true }, late: 'a/undefined' }],
    ['reach children before the object itself', { part: {} }, { ...own, part: { protocol: 'TCP' }, late: 'a/TCP' }],
    ['reach items and values', { parts: [{}, { protocol: 'UDP' }], byName: { x: { port: 2 } } }, { ...own, parts: [{ protocol: 'TCP' }, { protocol: 'UDP' }], byName: { x: { port: 2, protocol: 'TCP' } }, late: 'a/undefined' }],
    ['make no children', {}, { ...own, late: 'a/undefined' }],
  ])('%s', (_what, given, result) => { expect(filled(given)).toEqual(result); });
  it('are copies: no two objects share one', () => {
    const [a, b] = [{}, {}] as { limits?: { port: number } }[];
    filled(a!);
    filled(b!);
    a!.limits!.port = 99;
    expect(b!.limits!.port).toBe(1);
  });
  it('reach types that contain themselves', () => {
    const tree: ObjectType = object('Tree', { kind: string(1, { default: 'leaf' }), child: field(2, lazy<object>(() => tree)) });
    const value = { child: { child: {} } };
    applyDefaults(tree, value);
    expect(value).toEqual({ kind: 'leaf', child: { kind: 'leaf', child: { kind: 'leaf' } } });
  });
  it.each(allResources.map(({ apiVersion, kind, type: of, defaults }) => ({ name: `${apiVersion} ${kind}`, of, defaults })))('applied twice are applied once: $name', ({ of, defaults }) => {
    fc.assert(fc.property(canonicalValue(of), (given) => {
      const value = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
      const fill = (): string => { applyDefaults(of, value); defaults?.(value); return JSON.stringify(value); };
      const once = fill();
      expect(fill()).toBe(once);
    }), { numRuns: 8 });
  });
});
