// Which form an answer takes, what a body is, and keys that stand twice.
import { negotiate, parseJson, parseYaml, toYaml } from '../../../../master/apiserver/negotiation.ts';

const can = { protobuf: true, transforms: true };

describe('an Accept header', () => {
  it.each<[accept: string | undefined, type: string, as: string]>([
    [undefined, 'json', ''], ['', 'json', ''], ['*/*', 'json', ''], ['application/yaml', 'yaml', ''], ['application/json;q=0.1, application/yaml', 'yaml', ''],
    ['text/html, application/json', 'json', ''], ['application/vnd.kubernetes.protobuf', 'protobuf', ''],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'json', 'Table'], ['application/json;as=Nonsense;v=v1;g=meta.k8s.io,application/json', 'json', ''],
    ['application/json;as=Table;v=v9;g=meta.k8s.io, application/json', 'json', ''], ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json', 'json', ''],
    ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'json', 'PartialObjectMetadataList'],
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
  ])('%s', (text, duplicates) => {
    expect(parseJson(text)).toEqual({ value: JSON.parse(text) as unknown, duplicates });
  });
  it('in YAML is read and written as Go does', () => {
    const { value, duplicates } = parseYaml('kind: A\napiVersion: v1\nlist:\n- b: 1\n  a: x\nlist2: []\n');
    expect(duplicates).toEqual([]);
    expect(toYaml(value)).toBe('apiVersion: v1\nkind: A\nlist:\n- a: x\n  b: 1\nlist2: []\n');
    expect(parseYaml('a: 1\na: 2').duplicates).toEqual(['a']);
    expect(() => parseYaml('a: [')).toThrow(SyntaxError);
  });
});
