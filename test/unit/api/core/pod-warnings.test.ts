// Warnings about Pods that are allowed all the same.
import { podWarnings } from '../../../../src/api/core/pod-warnings.ts';

it.each([
  ['nothing odd', 'web', [{ env: [{ name: 'A' }, { name: 'B' }] }], []],
  ['a name with dots', 'web.1', [], ["metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"]],
  ['a variable twice', 'web', [{}, { env: [{ name: 'A' }, { name: 'A' }] }], ['spec.containers[1].env[1]: hides previous definition of "A", which may be dropped when using apply']],
])('%s', (_name, name, containers, expected) => {
  expect(podWarnings({ metadata: { name }, spec: { containers } })).toEqual(expected);
});
