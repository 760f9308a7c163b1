// Documents of several servers as one: what is taken of each, and what becomes of names that two have.
import { mergedSwagger, swaggerBelow } from '../../../src/schema/openapi-merge.ts';
import type { Json } from '../../../src/schema/openapi-schema.ts';

const ref = (name: string): Json => ({ $ref: `#/definitions/${name}` });
const kinds = (...names: string[]): Json => ({ 'x-kubernetes-group-version-kind': names.map((kind) => ({ group: 'g', version: 'v1', kind })) });
const path = (name: string): Json => ({ get: { responses: { 200: { schema: ref(name) } } } });
const merged = (own: Json, ...others: { paths: Json; definitions: Json }[]): { paths: Json; definitions: Json } => {
  const whole = mergedSwagger({ head: {}, paths: Object.entries({ '/own': path('A') }) as [string, Json][], definitions: Object.entries(own) as [string, Json][] }, others);
  return { paths: Object.fromEntries(whole.paths), definitions: Object.fromEntries(whole.definitions) };
};

it('takes the paths of the group version, what they lead to, and parameters where they are meant', () => {
  const document = {
    paths: { '/apis/g/v1/things': { ...path('Thing'), parameters: [{ $ref: '#/parameters/p' }] }, '/apis/g/v10/things': path('Other'), '/version': path('Other') },
    definitions: { Thing: { properties: { self: ref('Thing'), parts: { items: ref('Part') } } }, Part: {}, Other: {} }, parameters: { p: { name: 'pretty', in: 'query' } },
  };
  expect(swaggerBelow(document, '/apis/g/v1/')).toEqual({
    paths: { '/apis/g/v1/things': { ...path('Thing'), parameters: [{ name: 'pretty', in: 'query' }] } }, definitions: { Thing: document.definitions.Thing, Part: {} },
  });
  expect(['text', null, {}, { paths: null, definitions: [] }].map((none) => swaggerBelow(none, '/'))).toEqual(Array(4).fill({ paths: {}, definitions: {} }));
});
it('puts a parameter where it is named, and not what it names itself', () => {
  const parameters = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, { schema: { allOf: [{ $ref: `#/parameters/p${i + 1}` }, { $ref: `#/parameters/p${i + 1}` }] } }]));
  const { paths } = swaggerBelow({ paths: { '/a': { parameters: [{ $ref: '#/parameters/p0' }, { $ref: '#/parameters/toString' }], get: { parameters: [{ $ref: '#/parameters/p39' }] } } }, parameters }, '/a');
  expect(paths).toEqual({ '/a': { parameters: [parameters['p0'], { $ref: '#/parameters/toString' }], get: { parameters: [parameters['p39']] } } });
});
it('takes definitions of any name once', () => {
  const document = JSON.parse('{"paths": {"/a": {"schema": {"$ref": "#/definitions/__proto__"}}}, "definitions": {"__proto__": {"items": {"$ref": "#/definitions/__proto__"}}}}') as object;
  expect(Object.keys(swaggerBelow(document, '/a').definitions)).toEqual(['__proto__']);
});
it('keeps one of what is the same, with the kinds of both', () => {
  const { definitions } = merged({ A: { type: 'object', ...kinds('A') } }, { paths: {}, definitions: { A: { type: 'object', ...kinds('A', 'B') } } });
  expect(definitions).toEqual({ A: { type: 'object', ...kinds('A', 'B') } });
});
it('gives what differs a name of its own, which whatever means it has', () => {
  const b = { paths: { '/b': path('A') }, definitions: { A: { type: 'string', properties: { b: ref('B') } }, B: { properties: { a: ref('A') } } } };
  const c = { paths: { '/c': path('A') }, definitions: { A: { type: 'number' }, A_v2: { type: 'boolean' } } };
  const { paths, definitions } = merged({ A: { type: 'object' } }, b, c);
  expect([paths['/own'], paths['/b'], paths['/c']]).toEqual([path('A'), path('A_v2'), path('A_v3')]);
  expect(definitions).toMatchObject({ A: { type: 'object' }, A_v2: { type: 'string' }, B: { properties: { a: ref('A_v2') } }, A_v3: { type: 'number' }, A_v2_v2: { type: 'boolean' } });
});
it('finds what had to be given another name before', () => {
  const one = (at: string) => ({ paths: { [at]: path('A') }, definitions: { A: { type: 'string' } } });
  const { paths, definitions } = merged({ A: { type: 'object' } }, one('/b'), one('/c'));
  expect([paths['/b'], paths['/c'], Object.keys(definitions)]).toEqual([path('A_v2'), path('A_v2'), ['A', 'A_v2']]);
});
it('leaves a path to who has it first', () => {
  expect(merged({}, { paths: { '/own': path('B') }, definitions: {} }).paths).toEqual({ '/own': path('A') });
});
