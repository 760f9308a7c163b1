// Quality of service classes.
import { podQosClass } from '../../../../src/api/core/pod-qos.ts';

type Lists = { limits?: Record<string, string>; requests?: Record<string, string> };
const full = { cpu: '1', memory: '1Gi' };

const table: readonly [string, containers: Lists[], expected: string, initContainers?: Lists[]][] = [
  ['nothing said', [{}], 'BestEffort'],
  ['zeros say nothing', [{ limits: { cpu: '0' }, requests: { memory: '0' } }], 'BestEffort'],
  ['other resources say nothing', [{ limits: { 'example.com/gpu': '1' }, requests: { 'example.com/gpu': '1' } }], 'BestEffort'],
  ['all limited and requested alike', [{ limits: full, requests: full }], 'Guaranteed'],
  ['alike in other words', [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }], 'Guaranteed'],
  ['requests below limits', [{ limits: full, requests: { cpu: '500m', memory: '1Gi' } }], 'Burstable'],
  ['cpu alone', [{ limits: { cpu: '1' }, requests: { cpu: '1' } }], 'Burstable'],
  ['one container says nothing', [{ limits: full, requests: full }, {}], 'Burstable'],
  ['equal sums, unequal containers', [{ limits: full, requests: full }, { limits: full, requests: full }], 'Guaranteed'],
  ['requests alone', [{ requests: { cpu: '100m' } }], 'Burstable'],
  ['limits without requests', [{ limits: full }], 'Burstable'],
  ['an init container says nothing', [{ limits: full, requests: full }], 'Burstable', [{}]],
];

it.each(table)('%s', (_name, containers, expected, initContainers = []) => {
  expect(podQosClass({ containers: containers.map((resources) => ({ resources })), initContainers: initContainers.map((resources) => ({ resources })) })).toBe(expected);
});

it('what the Pod says as a whole wins over its containers', () => {
  expect(podQosClass({ resources: { limits: full, requests: full }, containers: [{}] })).toBe('Guaranteed');
});
