// JSON paths as columns of custom resources use them.
import { parseJsonPath } from '../../../src/schema/json-path.ts';

const object = {
  spec: { size: 3, tags: ['x', 'y', 'z'], 'a.b': 'dotted', none: null },
  status: { conditions: [{ type: 'Ready', status: 'True', n: 1 }, { type: 'Old', status: 'False', n: 5 }] },
  metadata: { annotations: { 'example.com/x': 'quoted' } },
};

it.each<[path: string, found: unknown[]]>([
  ['.spec.size', [3]], ['.spec.none', [null]], ['.spec.nosuch', []], ['.spec.tags', [['x', 'y', 'z']]],
  ['.spec.tags[0]', ['x']], ['.spec.tags[-1]', ['z']], ['.spec.tags[9]', []], ['.spec.tags[1:]', ['y', 'z']], ['.spec.tags[0:2]', ['x', 'y']], ['.spec.tags[*]', ['x', 'y', 'z']],
  ['.spec.a\\.b', ['dotted']], [".metadata.annotations['example.com/x']", ['quoted']], [".metadata.annotations.example\\.com/x", ['quoted']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']], ['.status.conditions[?(@.n>2)].type', ['Old']], ["$.status.conditions[?(@.type=='None')].status", []], ['.status.conditions[*].type', ['Ready', 'Old']],
  ['..type', ['Ready', 'Old']], ['.constructor', []],
])('%s', (path, found) => {
  expect(parseJsonPath(path)(object)).toEqual(found);
});

it.each(['spec', '.spec[', '.spec[foo]', '.a[?(b)]'])('refuses %s', (path) => {
  expect(() => parseJsonPath(path)).toThrow(SyntaxError);
});
