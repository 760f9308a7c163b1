// Field sets: reading and writing fieldsV1, order, and the algebra of sets.
import fc from 'fast-check';
import { below, canonical, difference, has, hasElement, insert, intersection, isEmpty, paths, readFieldSet, setOf, union, type FieldSet, type GrowingSet } from '../../../../src/schema/apply/field-set.ts';
import { compareElements, FieldSetError, keyElement, readElement, showPath, valueElement } from '../../../../src/schema/apply/path-element.ts';

const shown = (set: FieldSet): string[] => paths(set).map(showPath);

describe('path elements', () => {
  it('are written as Go writes them', () => {
    expect(keyElement([['protocol', 'TCP'], ['containerPort', 80]])).toBe('k:{"containerPort":80,"protocol":"TCP"}');
    expect(valueElement('<a&b>')).toBe('v:"\\u003ca\\u0026b\\u003e"');
    expect(readElement('k:{"b":1, "a":"x"}')).toBe('k:{"a":"x","b":1}');
    expect(readElement('x:later')).toBeUndefined();
  });
  it('are refused when they are none', () => {
    for (const text of ['f', 'name', '__proto__', 'v:{', 'k:5', 'i:x']) expect(() => readElement(text)).toThrow(FieldSetError);
  });
  it('stand in order: fields, keys, values, indexes', () => {
    const sorted = ['f:a', 'f:b', 'k:{"a":1}', 'k:{"a":2,"b":1}', 'k:{"b":"x"}', 'v:2', 'v:10', 'v:"a"', 'v:true', 'i:2', 'i:10'];
    expect([...sorted].reverse().sort(compareElements)).toEqual(sorted);
  });
  it('are shown as people read them', () => {
    expect(showPath(['f:spec', 'f:ports', 'k:{"containerPort":80,"protocol":"TCP"}', 'f:name'])).toBe('.spec.ports[containerPort=80,protocol="TCP"].name');
    expect(showPath(['f:metadata', 'f:finalizers', 'v:"a/b"'])).toBe('.metadata.finalizers[="a/b"]');
  });
});

describe('field sets', () => {
  it('read and keep what is written, in order', () => {
    const fields = { 'f:spec': { 'f:b': {}, 'f:a': { 'f:x': {}, '.': {} } }, 'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } } };
    expect(JSON.stringify(readFieldSet(fields))).toBe('{"f:metadata":{"f:labels":{".":{},"f:l":{}}},"f:spec":{"f:a":{".":{},"f:x":{}},"f:b":{}}}');
    expect(readFieldSet(readFieldSet(fields))).toEqual(readFieldSet(fields));
  });
  it('refuse what is no field set', () => {
    for (const value of [5, 'x', [], { 'f:a': 5 }, { spec: {} }]) expect(() => readFieldSet(value)).toThrow(FieldSetError);
    expect(readFieldSet({ 'f:a': null })).toEqual({ 'f:a': {} });
    expect(readFieldSet({ 'z:a': {} })).toEqual({});
  });
  it('tell a member from a mere parent', () => {
    const set = setOf(['f:a'], ['f:a', 'f:b'], ['f:c', 'f:d']);
    expect([has(set, ['f:a']), has(set, ['f:a', 'f:b']), has(set, ['f:c']), has(set, ['f:c', 'f:d']), has(set, [])]).toEqual([true, true, false, true, false]);
    expect(hasElement(below(set, 'f:c'), 'f:d')).toBe(true);
    expect(below(set, 'f:a')).toEqual({ 'f:b': {} });
  });
  it('take a parent without its children, and the other way round', () => {
    const set = setOf(['f:a'], ['f:a', 'f:b']);
    expect(shown(difference(set, setOf(['f:a'])))).toEqual(['.a.b']);
    expect(shown(difference(set, setOf(['f:a', 'f:b'])))).toEqual(['.a']);
    expect(isEmpty(difference(set, setOf(['f:a']), true))).toBe(true);
    const other = setOf(['f:z']);
    expect(difference(set, other)).toBe(set);
  });

  const element = fc.constantFrom('f:a', 'f:b', 'k:{"n":1}', 'v:"x"');
  const path = fc.array(element, { minLength: 1, maxLength: 3 });
  const pathList = fc.array(path, { maxLength: 8 });
  const keys = (list: string[][]): Set<string> => new Set(list.map((p) => p.join('/')));
  it('behave as sets of paths', () => {
    fc.assert(fc.property(pathList, pathList, (left, right) => {
      const a = setOf(...left);
      const b = setOf(...right);
      const inA = keys(left);
      const inB = keys(right);
      expect(keys(paths(a))).toEqual(inA);
      expect(keys(paths(union(a, b)))).toEqual(new Set([...inA, ...inB]));
      expect(keys(paths(intersection(a, b)))).toEqual(new Set([...inA].filter((p) => inB.has(p))));
      expect(keys(paths(difference(a, b)))).toEqual(new Set([...inA].filter((p) => !inB.has(p))));
      expect(keys(paths(canonical(union(a, b))))).toEqual(new Set([...inA, ...inB]));
      expect(JSON.stringify(canonical(union(a, b)))).toBe(JSON.stringify(canonical(union(b, a))));
      expect(readFieldSet(JSON.parse(JSON.stringify(a)))).toEqual(a);
      expect(isEmpty(difference(a, a))).toBe(true);
    }));
  });
  it('grow by insertion in any order', () => {
    fc.assert(fc.property(pathList, (list) => {
      const forward: GrowingSet = {};
      const backward: GrowingSet = {};
      for (const p of list) insert(forward, p);
      for (const p of [...list].reverse()) insert(backward, p);
      expect(JSON.stringify(canonical(forward))).toBe(JSON.stringify(canonical(backward)));
    }));
  });
});
