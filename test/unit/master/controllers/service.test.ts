// Which node addresses a Service of type LoadBalancer is entered by.
import { planIngress, wantsLoadBalancer } from '../../../../master/controllers/service/plan.ts';
import type { Node } from '../../../../src/api/core/node.ts';
import type { EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';
import { at, node, service } from './objects.ts';

const host = (name: string, address: string, { ready = 'True', ...extra }: Parameters<typeof node>[0] & { ready?: string } = {}): Node => node({
  ...extra, metadata: { name, ...extra.metadata },
  status: { conditions: [{ type: 'Ready', status: ready }], addresses: [{ type: 'Hostname', address: name }, { type: 'InternalIP', address }] },
} as never);
const slice = (nodeName: string, ready: boolean, kind = 'Pod'): EndpointSlice => ({ endpoints: [{ addresses: ['10.42.0.2'], conditions: { ready }, nodeName, targetRef: { kind, name: 'p' } }] }) as unknown as EndpointSlice;
const balanced = (spec: object = {}) => service({ spec: { type: 'LoadBalancer', ...spec } } as never);
const ips = (nodes: Node[], spec: object = {}, slices: EndpointSlice[] = []) => planIngress(balanced(spec), nodes, slices).map((i) => i.ip);

describe('the entrances of a Service', () => {
  const [one, two, ten] = [host('a', '192.0.2.1'), host('b', '192.0.2.2'), host('c', '192.0.2.10')];
  it.each<[string, Node[], object, EndpointSlice[], string[]]>([
    ['all nodes, ordered by number', [ten, two, one], {}, [], ['192.0.2.1', '192.0.2.2', '192.0.2.10']],
    ['two nodes of one address', [one, host('d', '192.0.2.1')], {}, [], ['192.0.2.1']],
    ['not ready', [one, host('b', '192.0.2.2', { ready: 'Unknown' })], {}, [], ['192.0.2.1']],
    ['leaving', [one, host('b', '192.0.2.2', { metadata: { deletionTimestamp: at(0) } })], {}, [], ['192.0.2.1']],
    ['kept out', [one, host('b', '192.0.2.2', { metadata: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } } })], {}, [], ['192.0.2.1']],
    ['about to be removed', [one, host('b', '192.0.2.2', { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } } as never)], {}, [], ['192.0.2.1']],
    ['wished for', [one, two], { loadBalancerIP: '192.0.2.2' }, [], ['192.0.2.2']],
    ['wished for, but nobody has it', [one, two], { loadBalancerIP: '198.51.100.1' }, [], ['192.0.2.1', '192.0.2.2']],
    ['only where Pods are', [one, two, ten], { externalTrafficPolicy: 'Local' }, [slice('b', true), slice('c', false)], ['192.0.2.2']],
    ['only where Pods are, not other things', [one], { externalTrafficPolicy: 'Local' }, [slice('a', true, 'Node')], []],
    ['none', [], {}, [], []],
  ])('%s', (_, nodes, spec, slices, expected) => { expect(ips(nodes, spec, slices)).toEqual(expected); });
  it('end connections themselves', () => { expect(planIngress(balanced(), [one], [])).toEqual([{ ip: '192.0.2.1', ipMode: 'Proxy' }]); });
  it('are another load balancer\'s when a class is set', () => {
    expect(wantsLoadBalancer(balanced())).toBe(true);
    expect(wantsLoadBalancer(balanced({ loadBalancerClass: 'example.com/lb' }))).toBe(false);
    expect(wantsLoadBalancer(service())).toBe(false);
  });
});
