// Every format of the schema language has a check that accepts and refuses.
import { checkFormat } from '../../../src/schema/formats.ts';
import type { Format } from '../../../src/schema/schema.ts';

const examples: Record<Format, [good: string, bad: string]> = {
  dns1123Label: ['a-b', 'a.b'], dns1123Subdomain: ['a.b', 'a_b'], dns1035Label: ['a1', '1a'], qualifiedName: ['x.io/Y', 'x/'], labelValue: ['', '-'], pathSegment: ['a:b', 'a/b'], ip: ['::1', '1'], cidr: ['::/64', '::'],
  envVarName: ['A', 'A=1'], configMapKey: ['a', 'a b'], portName: ['http', 'h t'], absolutePath: ['/a', 'a'],
};
it.each(Object.entries(examples) as [Format, [string, string]][])('%s', (format, [good, bad]) => {
  expect(checkFormat(format, good)).toEqual([]);
  expect(checkFormat(format, bad).length).toBeGreaterThan(0);
});
