// Which form an answer takes, what a body is, and keys that stand twice.
import { shortened } from '../../../../master/apiserver/http-answer.ts';
import { bodyType, negotiate, parseJson } from '../../../../master/apiserver/negotiation.ts';
import { parseYaml, toYaml } from '../../../../master/apiserver/yaml.ts';

const can = { protobuf: true, transforms: true };

describe('an Accept header', () => {
  it.each<[accept: string | undefined, type: string, as: string]>([
    [undefined, 'json', ''], ['', 'json', ''], ['*/*', 'json', ''], ['application/yaml', 'yaml', ''], ['application/json;q=0.1, application/yaml', 'yaml', ''],
    ['text/html, application/json', 'json', ''], ['application/vnd.kubernetes.protobuf', 'protobuf', ''],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'json', 'Table'], ['application/json;as=Nonsense;v=v1;g=meta.k8s.io,application/json', 'json', ''],
    ['application/json;as=Table;v=v9;g=meta.k8s.io, application/json', 'json', ''], ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json', 'json', ''],
    ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'json', 'PartialObjectMetadataList'],
    ['*/*, application/yaml', 'yaml', ''], ['*/*;as=Table;v=v1;g=meta.k8s.io, application/yaml;q=0.9', 'json', 'Table'], ['application/json;as=Table;v=v1,application/yaml', 'yaml', ''],
    ['application/json;g=meta.k8s.io;v=v1,application/yaml', 'yaml', ''], ['application/json;stream=watch', 'json', ''], ['application/json;stream=other,application/yaml', 'yaml', ''], ['application/json;sv=v1,application/yaml;sv=', 'yaml', ''],
  ])('%s', (accept, type, as) => {
    expect(negotiate(accept, can)).toMatchObject({ type, as });
  });
  it.each([
    // Nothing the router knows, and something it knows in a form there is not: upstream words them differently.
    ['text/plain', '406: Not Acceptable'], ['application/xml', '406: Not Acceptable'], ['application/*', '406: Not Acceptable'],
    ['application/json;as=Nonsense;v=v1;g=meta.k8s.io', 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf'],
  ])('%s is refused', (accept, message) => {
    expect(() => negotiate(accept, can)).toThrow(expect.objectContaining({ code: 406, reason: 'NotAcceptable', message }) as unknown as Error);
  });
});

describe('a body', () => {
  it.each<[text: string, duplicates: string[]]>([
    ['{"a":1}', []], ['{"a":1,"a":2}', ['a']], ['{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"d":2}]}', ['a.b', 'c[1].d']], ['{"a":"\\":","b":"\\": "}', []], ['{"a":1,"a":2,"a":3}', ['a']],
    ['{"a":["a","a",{"a":"a"}],"b\\u0061":1,"ba":2}', ['ba']], ['[{"x":{"y":1,"y":[{"z":"}{","z":0}]}}]', ['[0].x.y', '[0].x.y[0].z']], ['{"__proto__":1,"__proto__":2,"constructor":3}', ['__proto__']],
  ])('%s', (text, duplicates) => {
    expect(parseJson(text)).toEqual({ value: JSON.parse(text) as unknown, duplicates });
  });
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  it.each<[string, (text: string) => unknown, string]>([
    ['JSON', parseJson, nested(1001)], ['JSON text that does not end', parseJson, '{"a":'.repeat(50_000)], ['YAML', parseYaml, nested(20_000)], ['YAML sequences', parseYaml, `${'- '.repeat(20_000)}a`],
    ['YAML in itself', parseYaml, 'a: &a [*a]'], ['YAML aliases that multiply', parseYaml, `${[...'abcdefgh'].map((c, i) => `${c}: &${c} [${Array.from({ length: 9 }, () => (i ? `*${'abcdefgh'[i - 1]}` : 'x')).join(',')}]`).join('\n')}`],
    ['YAML of two documents', parseYaml, 'a: 1\n---\nb: 2'], ['YAML with numbers JSON has not', parseYaml, 'a: [.inf]'], ['YAML with a key of such a kind', parseYaml, '.nan: 1'],
  ])('%s is refused before it takes the stack', (_, parse, text) => {
    expect(() => parse(text)).toThrow(SyntaxError);
  });
  it('may be a thousand levels deep', () => {
    expect(parseJson(nested(1000)).duplicates).toEqual([]);
    expect(parseJson(`{"a":"${'['.repeat(5000)}","b":"\\"${'{'.repeat(5000)}"}`).duplicates).toEqual([]);
    expect(parseYaml(nested(400)).duplicates).toEqual([]);
  });
  it.each(['constructor', '__proto__', 'text/plain', '*/*'])('of type %s is none', (type) => {
    expect(() => bodyType(type)).toThrow(expect.objectContaining({ code: 415 }) as unknown as Error);
  });

  it('in YAML is read and written as Go does', () => {
    const { value, duplicates } = parseYaml('kind: A\napiVersion: v1\nlist:\n- b: 1\n  a: x\nlist2: []\n');
    expect(duplicates).toEqual([]);
    expect(toYaml(value)).toBe('apiVersion: v1\nkind: A\nlist:\n- a: x\n  b: 1\nlist2: []\n');
    expect(parseYaml('a: 1\na: 2').duplicates).toEqual(['a']);
    expect(() => parseYaml('a: [')).toThrow(SyntaxError);
    expect(() => parseYaml('a: -.inf')).toThrow('json: unsupported value: -Inf');
    expect(parseYaml('a: 1')).not.toHaveProperty('repeats');
    expect(parseYaml('\nspec:\n  b: {c: 1,\n    c: 2}\n  b:\n    d: 1\n  5: x\n  5: y\nspec:\n').repeats).toEqual(['line 4: key "c" already set in map', 'line 6: key "b" already set in map', 'line 8: key 5 already set in map', 'line 9: key "spec" already set in map']);
    // As many as anybody is told of.
    expect(parseYaml(`a:\n${'- {b: 1, b: 2}\n'.repeat(300)}`).duplicates).toHaveLength(100);
  });
});

test.each([
  [[], []], [['a', 'b'], ['a', 'b']], [['x'.repeat(4096)], ['x'.repeat(4096)]], [['x'.repeat(4097), 'b'], ['x'.repeat(256), 'b']],
  [Array.from({ length: 300 }, (_, i) => `${i}`.padEnd(100)), Array.from({ length: 41 }, (_, i) => `${i}`.padEnd(100))],
])('warnings fit into headers (%#)', (warnings, told) => {
  expect(shortened(warnings)).toEqual(told);
});
