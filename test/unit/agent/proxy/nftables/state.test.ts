// From rules to the elements of the kernel's maps, and from one state to the next.
import { changes } from '../../../../../agent/proxy/nftables/script.ts';
import { emptyState, kernelState, keepSlots, sharedChains, type KernelState } from '../../../../../agent/proxy/nftables/state.ts';
import type { Backend, ServicePortRule } from '../../../../../agent/proxy/rules.ts';

const end = (n: number, net = 1): Backend => ({ address: `10.1.${net}.${n}`, port: 8080, pod: '', nodeName: '' });
const port = (fields: Partial<ServicePortRule> = {}): ServicePortRule => ({
  id: 'default/db:', protocol: 'TCP', mode: 'nftables', clusterIPs: ['10.2.0.1'], externalIPs: [], port: 80, nodePort: 0, loadBalancer: false, affinitySeconds: 0,
  internal: [end(1), end(2)], external: fields.internal ?? [end(1), end(2)], ...fields,
});
const state = (ports: ServicePortRule[], previous?: KernelState, held: string[] = []): KernelState =>
  kernelState({ revision: 1, ports }, { podCIDR: '10.1.1.0/24', held: new Set(held) }, previous);
const entries = (map: ReadonlyMap<string, string>): string[] => [...map].map(([key, value]) => (value === '' ? key : `${key} : ${value}`));

describe('the state of the kernel', () => {
  it('leads a place to the chain for as many endpoints', () => {
    const { elements, chains } = state([port({ internal: [end(1), end(2, 2)] })]);
    expect(entries(elements.services)).toEqual(['10.2.0.1 . tcp . 80 : goto service-outside-of-2']);
    expect(entries(elements.endpoints)).toEqual(['0 . 10.2.0.1 . tcp . 80 : 10.1.1.1 . 8080', '1 . 10.2.0.1 . tcp . 80 : 10.1.2.2 . 8080']);
    expect([entries(elements.hairpin), entries(elements.remote)]).toEqual([['10.1.1.1 . 10.1.1.1'], ['10.1.2.2 . tcp . 8080']]);
    expect(chains.size).toBe(0);
    expect(sharedChains(64).map(([name]) => name)).toContain('service-outside-of-2');
  });

  it.each<[string, Partial<ServicePortRule>, string[]]>([
    ['refuses where there is no endpoint', { internal: [] }, ['10.2.0.1 . tcp . 80 : goto refuse']],
    ['is silent where a Local policy allows none here', { internal: [], external: [end(1, 2)] }, ['10.2.0.1 . tcp . 80 : goto drop-all']],
    ['is silent to those outside alone', { externalIPs: ['10.2.9.9'], external: [] }, ['10.2.9.9 . tcp . 80 : goto drop-outside']],
  ])('%s', (_, fields, refused) => {
    expect(entries(state([port(fields)]).elements.refused)).toEqual(refused);
  });

  it('takes no port of the node that is not held, and no other mode', () => {
    expect(entries(state([port({ nodePort: 30080 })]).elements['node-services'])).toEqual([]);
    expect(entries(state([port({ nodePort: 30080, loadBalancer: true })], undefined, ['TCP/30080']).elements['node-services'])).toEqual(['tcp . 30080 : goto node-outside-of-2']);
    expect(changes('t', emptyState, state([port({ mode: 'relay' }), port({ mode: 'http' })], undefined, ['TCP/30080']))).toBe('');
  });

  it('keeps the numbers of endpoints that stay', () => {
    expect(keepSlots(['a', 'b', 'c'], ['b', 'c'])).toEqual(['c', 'b']);
    expect(keepSlots(['a', 'b'], ['0', 'a', 'b'])).toEqual(['a', 'b', '0']);
    expect(keepSlots([], ['a', 'b'])).toEqual(['a', 'b']);
  });

  it('has room for longer lists, and never less again', () => {
    const long = state([port({ internal: Array.from({ length: 100 }, (_value, i) => end(i + 1)) })]);
    expect(long.largest).toBe(128);
    expect(state([], long).largest).toBe(128);
  });
});

describe('a change', () => {
  it('writes nothing when nothing changed', () => {
    const first = state([port({ affinitySeconds: 5 }), port({ id: 'b', clusterIPs: ['10.2.0.2'] })]);
    expect(changes('t', first, state([port({ affinitySeconds: 5 }), port({ id: 'b', clusterIPs: ['10.2.0.2'] })], first))).toBe('');
  });

  it('touches one element when one endpoint takes another\'s place', () => {
    const others = Array.from({ length: 50 }, (_value, i) => port({ id: `x${i}`, clusterIPs: [`10.2.1.${i}`] }));
    const first = state([port(), ...others]);
    expect(changes('t', first, state([port({ internal: [end(2), end(3)] }), ...others], first))).toBe([
      'delete element ip t endpoints { 0 . 10.2.0.1 . tcp . 80 : 10.1.1.1 . 8080 }',
      'add element ip t endpoints { 0 . 10.2.0.1 . tcp . 80 : 10.1.1.3 . 8080 }',
      'add element ip t hairpin { 10.1.1.3 . 10.1.1.3 }', '',
    ].join('\n'));
  });

  it('takes away what a port with affinity had, after the last that leads there', () => {
    const first = state([port({ affinitySeconds: 5 })]);
    const lines = changes('t', first, state([], first)).trim().split('\n').map((line) => line.split(' ').slice(0, 2).join(' '));
    expect(lines).toEqual(['delete element', 'delete element', ...Array<string>(3).fill('flush chain'), ...Array<string>(3).fill('delete chain'), 'delete set', 'delete set']);
  });

  it('names the UDP flows that end', () => {
    const first = state([port({ protocol: 'UDP', nodePort: 30053 })], undefined, ['UDP/30053']);
    const next = state([port({ protocol: 'UDP', nodePort: 30053, internal: [end(2)] })], first, ['UDP/30053']);
    expect([...first.flows].filter(([flow]) => !next.flows.has(flow)).map(([, words]) => words.join(' '))).toEqual([
      '--proto udp --orig-dst 10.2.0.1 --orig-port-dst 80 --reply-src 10.1.1.1 --reply-port-src 8080',
      '--proto udp --orig-port-dst 30053 --reply-src 10.1.1.1 --reply-port-src 8080',
    ]);
  });
});
