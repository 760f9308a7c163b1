// Tables: Services and EndpointSlices in, rules out.
import { buildRules, type ProxyMode } from '../../../../agent/proxy/build-rules.ts';
import { admits, listensOf, type ServicePortRule } from '../../../../agent/proxy/rules.ts';
import type { Service, ServicePort, ServiceSpec } from '../../../../src/api/core/service.ts';
import type { Endpoint, EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';

type Spec = Omit<ServiceSpec, 'ports'> & { ports: Partial<ServicePort>[] };

const service = (spec: Partial<Spec> = {}, resourceVersion = '5'): Service => ({
  metadata: { name: 'web', namespace: 'default', resourceVersion },
  spec: { type: 'ClusterIP', clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ports: [{ name: 'http', protocol: 'TCP', port: 80 }], ...spec },
} as unknown as Service);
const endpoint = (n: number, conditions: NonNullable<Endpoint['conditions']> = { ready: true }, nodeName = 'n1'): Endpoint => ({
  addresses: [`10.1.0.${n}`], conditions, nodeName, targetRef: { kind: 'Pod', name: `p${n}`, namespace: 'default' },
} as unknown as Endpoint);
const slice = (endpoints: readonly Endpoint[], fields: object = {}): EndpointSlice => ({
  metadata: { name: 'web-1', namespace: 'default', resourceVersion: '9', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4', ports: [{ name: 'http', protocol: 'TCP', port: 8080 }], endpoints, ...fields,
} as unknown as EndpointSlice);
const build = (services: Service[], endpointSlices: EndpointSlice[], mode: ProxyMode = 'auto', kernel = false) =>
  buildRules({ services, endpointSlices, nodeName: 'n1', mode, kernel });
const only = (services: Service[], slices: EndpointSlice[], mode: ProxyMode = 'auto'): ServicePortRule => {
  const { ports } = build(services, slices, mode);
  expect(ports).toHaveLength(1);
  return ports[0]!;
};
const addresses = (backends: readonly { address: string; port: number }[]): string => backends.map((b) => `${b.address.slice(7)}:${b.port}`).join(' ');

describe('buildRules', () => {
  it('makes one rule per port, with the newest revision', () => {
    const rules = build([service()], [slice([endpoint(2), endpoint(1)])]);
    expect(rules.revision).toBe(9);
    expect(rules.ports).toEqual([{
      id: 'default/web:http', protocol: 'TCP', mode: 'http', clusterIPs: ['10.96.0.10'], externalIPs: [], port: 80, nodePort: 0, loadBalancer: false, affinitySeconds: 0,
      internal: [{ address: '10.1.0.1', port: 8080, pod: 'default/p1', nodeName: 'n1' }, { address: '10.1.0.2', port: 8080, pod: 'default/p2', nodeName: 'n1' }],
      external: [{ address: '10.1.0.1', port: 8080, pod: 'default/p1', nodeName: 'n1' }, { address: '10.1.0.2', port: 8080, pod: 'default/p2', nodeName: 'n1' }],
    }]);
  });

  it.each<[string, Endpoint[], Partial<Spec>, string, string]>([
    ['ready endpoints only', [endpoint(1), endpoint(2, { ready: false })], {}, '1:8080', '1:8080'],
    ['an absent condition counts as ready', [endpoint(1, {})], {}, '1:8080', '1:8080'],
    ['serving terminating ones while none is ready', [endpoint(1, { ready: false, serving: true, terminating: true }), endpoint(2, { ready: false, serving: false, terminating: true })], {}, '1:8080', '1:8080'],
    ['no terminating one beside a ready one', [endpoint(1, { ready: false, serving: true, terminating: true }), endpoint(2)], {}, '2:8080', '2:8080'],
    ['none when nothing serves', [endpoint(1, { ready: false, serving: false })], {}, '', ''],
    ['all with publishNotReadyAddresses', [endpoint(1, { ready: false }), endpoint(2)], { publishNotReadyAddresses: true }, '1:8080 2:8080', '1:8080 2:8080'],
    ['the node\'s own under internalTrafficPolicy Local', [endpoint(1), endpoint(2, { ready: true }, 'n2')], { internalTrafficPolicy: 'Local' }, '1:8080', '1:8080 2:8080'],
    ['the node\'s own under externalTrafficPolicy Local', [endpoint(1), endpoint(2, { ready: true }, 'n2')], { externalTrafficPolicy: 'Local' }, '1:8080 2:8080', '1:8080'],
    ['the node\'s own terminating one rather than another node\'s', [endpoint(1, { ready: false, serving: true, terminating: true }), endpoint(2, { ready: true }, 'n2')], { externalTrafficPolicy: 'Local' }, '2:8080', '1:8080'],
    ['nothing when the node has none under Local', [endpoint(2, { ready: true }, 'n2')], { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' }, '', ''],
  ])('takes %s', (_, endpoints, spec, internal, external) => {
    const rule = only([service(spec)], [slice(endpoints)]);
    expect([addresses(rule.internal), addresses(rule.external)]).toEqual([internal, external]);
  });

  const hinted = (n: number, zones: readonly string[], more: object = {}): Endpoint => ({ ...endpoint(n, { ready: true }, `n${n}`), ...(zones.length ? { hints: { forZones: zones.map((name) => ({ name })) } } : {}), ...more }) as Endpoint;
  it.each<[string, string | undefined, Endpoint[], Partial<Spec>, string, string]>([
    ['those hinted at for the zone', 'a', [hinted(1, ['a']), hinted(2, ['b']), hinted(3, ['b', 'a'])], {}, '1:8080 3:8080', '1:8080 3:8080'],
    ['all when none is for the zone', 'c', [hinted(1, ['a']), hinted(2, ['b'])], {}, '1:8080 2:8080', '1:8080 2:8080'],
    ['all when the node is in no zone', undefined, [hinted(1, ['a']), hinted(2, ['b'])], {}, '1:8080 2:8080', '1:8080 2:8080'],
    ['all when one has no hint', 'a', [hinted(1, ['a']), hinted(2, [])], {}, '1:8080 2:8080', '1:8080 2:8080'],
    ['no notice of one that is not ready and has none', 'a', [hinted(1, ['a']), hinted(2, ['b']), hinted(3, [], { conditions: { ready: false } })], {}, '1:8080', '1:8080'],
    ['those of the node, whatever is hinted, under Local', 'b', [hinted(1, ['a']), hinted(2, ['b'])], { internalTrafficPolicy: 'Local' }, '1:8080', '2:8080'],
    ['those that serve while they end anywhere, when none is ready', 'a', [hinted(1, ['b'], { conditions: { ready: false, serving: true, terminating: true } })], {}, '1:8080', '1:8080'],
  ])('takes in zones %s', (_, zone, endpoints, spec, internal, external) => {
    const rule = buildRules({ services: [service(spec)], endpointSlices: [slice(endpoints)], nodeName: 'n1', zone, mode: 'auto' }).ports[0]!;
    expect([addresses(rule.internal), addresses(rule.external)]).toEqual([internal, external]);
  });

  it.each<[string, Partial<Spec>, object[], string]>([
    ['whose slices have the old name still', { selector: { app: 'web' }, ports: [{ name: 'new', port: 8080 }] }, [{ name: 'http', port: 8080 }], '1:8080'],
    ['by its target port', { selector: { app: 'web' }, ports: [{ name: 'new', port: 80, targetPort: 8080 }] }, [{ name: '', port: 8080 }], '1:8080'],
    ['but to another number', { selector: { app: 'web' }, ports: [{ name: 'new', port: 80, targetPort: 8081 }] }, [{ name: 'http', port: 8080 }], ''],
    ['but to another protocol', { selector: { app: 'web' }, ports: [{ name: 'new', port: 8080 }] }, [{ name: 'http', port: 8080, protocol: 'UDP' }], ''],
    ['but of slices somebody keeps by hand', { ports: [{ name: 'new', port: 8080 }] }, [{ name: 'http', port: 8080 }], ''],
    ['beside one that still has the name', { selector: { app: 'web' }, ports: [{ name: 'new', port: 8080 }, { name: 'http', port: 81, targetPort: 8080 }] }, [{ name: 'http', port: 8080 }], ''],
  ])('knows a renamed port %s', (_, spec, ports, found) => {
    const rule = build([service(spec)], [slice([endpoint(1)], { ports })]).ports.find((port) => port.id === 'default/web:new')!;
    expect(addresses(rule.internal)).toBe(found);
  });

  it.each<[string, Partial<ServicePort>, ProxyMode, ServicePortRule['mode'], boolean?]>([
    ['port name http', { name: 'http' }, 'auto', 'http'],
    ['port name http-…', { name: 'http-metrics' }, 'auto', 'http'],
    ['port name https', { name: 'https' }, 'auto', 'relay'],
    ['port name httpx', { name: 'httpx' }, 'auto', 'relay'],
    ['no name', {}, 'auto', 'relay'],
    ['appProtocol http', { name: 'a', appProtocol: 'http' }, 'auto', 'http'],
    ['appProtocol over the name', { name: 'http', appProtocol: 'kubernetes.io/h2c' }, 'auto', 'relay'],
    ['appProtocol of WebSockets', { name: 'a', appProtocol: 'kubernetes.io/ws' }, 'auto', 'http'],
    ['mode http', {}, 'http', 'http'],
    ['mode relay', { name: 'http' }, 'relay', 'relay'],
    ['UDP in mode http', { protocol: 'UDP' }, 'http', 'relay'],
    ['a kernel that can', { name: 'https' }, 'auto', 'nftables', true],
    ['UDP, and a kernel that can', { name: 'http', protocol: 'UDP' }, 'auto', 'nftables', true],
    ['port name http before what the kernel can', { name: 'http' }, 'auto', 'http', true],
    ['mode relay whatever the kernel can', {}, 'relay', 'relay', true],
    ['mode nftables', { name: 'http' }, 'nftables', 'nftables', true],
  ])('chooses by %s', (_, port, mode, expected, kernel = false) => {
    expect(build([service({ ports: [{ protocol: 'TCP', port: 80, ...port }] })], [], mode, kernel).ports.map((rule) => rule.mode)).toEqual([expected]);
  });

  it('matches ports by name and protocol, and joins slices', () => {
    const ports = [{ name: 'dns', protocol: 'UDP', port: 53, nodePort: 30053 }, { name: 'dns-tcp', protocol: 'TCP', port: 53 }];
    const slices = [
      slice([endpoint(1)], { ports: [{ name: 'dns', protocol: 'UDP', port: 1053 }, { name: 'dns-tcp', protocol: 'TCP', port: 1054 }] }),
      slice([endpoint(2), endpoint(1, { ready: false })], { ports: [{ name: 'dns', protocol: 'UDP', port: 1053 }] }),
      slice([endpoint(3)], { ports: [{ name: 'dns', protocol: 'TCP', port: 1 }] }),
      slice([endpoint(4)], { metadata: { name: 'x', namespace: 'other', labels: { 'kubernetes.io/service-name': 'web' } }, ports: [{ name: 'dns', protocol: 'UDP', port: 1 }] }),
    ];
    const built = build([service({ ports })], slices).ports.map((rule) => [rule.id, rule.protocol, rule.nodePort, addresses(rule.internal)]);
    expect(built).toEqual([['default/web:dns', 'UDP', 30053, '1:1053 2:1053'], ['default/web:dns-tcp', 'TCP', 0, '1:1054']]);
  });

  it.each<[string, Partial<Spec>]>([
    ['headless', { clusterIP: 'None', clusterIPs: ['None'] }],
    ['ExternalName', { type: 'ExternalName', clusterIP: '', clusterIPs: [], externalName: 'a.b' }],
    ['SCTP', { ports: [{ protocol: 'SCTP', port: 1 }] }],
    ['unassigned', { clusterIP: '', clusterIPs: [] }],
  ])('makes nothing of %s', (_, spec) => { expect(build([service(spec)], [slice([endpoint(1)])]).ports).toEqual([]); });

  it.each(['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'])('leaves Services and slices with the label %s to others', (label) => {
    const labelled = <T extends Service | EndpointSlice>(object: T): T => ({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [label]: '' } } });
    expect(build([labelled(service())], [slice([endpoint(1)])]).ports).toEqual([]);
    expect(addresses(only([service()], [labelled(slice([endpoint(1)])), slice([endpoint(2)])]).internal)).toBe('2:8080');
  });

  it.each<[string, string, string[] | undefined, string | undefined]>([
    ['each once, without host bits', 'LoadBalancer', ['10.1.2.3/8', ' 192.0.2.7/32 ', '10.0.0.0/8'], '10.0.0.0/8 192.0.2.7/32'],
    ['but those within others', 'LoadBalancer', ['10.1.0.0/16', '10.0.0.0/8'], '10.0.0.0/8'],
    ['none when one is everybody', 'LoadBalancer', ['10.0.0.0/8', '0.0.0.0/0'], undefined],
    ['none of another family', 'LoadBalancer', ['2001:db8::/32'], undefined],
    ['none of other types', 'NodePort', ['10.0.0.0/8'], undefined],
    ['none that are not there', 'LoadBalancer', undefined, undefined],
  ])('takes the source ranges: %s', (_, type, ranges, expected) => {
    const spec = { type, ...(ranges ? { loadBalancerSourceRanges: ranges } : {}) } as Partial<Spec>;
    expect(only([service(spec)], []).sourceRanges?.join(' ')).toBe(expected);
  });

  it('admits by the load balancer\'s port who is of its ranges, and by the node port anybody', () => {
    const rule = only([service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8'], ports: [{ name: 'http', port: 80, nodePort: 30080 }] })], []);
    const admitted = [...listensOf(rule, 'node'), ...listensOf(rule, 'service')].map((listen) => `${listen.port} ${['10.9.9.9', '192.0.2.1', ''].filter((client) => admits(rule, listen, client)).length}`);
    expect(admitted).toEqual(['30080 3', '80 1', '80 3']);
  });

  it('carries affinity, node port, load balancer and external addresses', () => {
    const rule = only([service({
      type: 'LoadBalancer', ports: [{ name: 'http', port: 80, nodePort: 30080 }], externalIPs: ['192.0.2.7', '::1'],
      sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 30 } },
    })], []);
    expect(rule).toMatchObject({ affinitySeconds: 30, nodePort: 30080, loadBalancer: true, externalIPs: ['192.0.2.7'] });
    expect(only([service({ sessionAffinity: 'ClientIP' })], []).affinitySeconds).toBe(10800);
    expect(listensOf(rule, 'service').map((l) => `${l.address}:${l.port} ${l.side}`)).toEqual(['10.96.0.10:80 internal', '192.0.2.7:80 external']);
    expect(listensOf(rule, 'node').map((l) => `${l.address}:${l.port} ${l.side}`)).toEqual(['0.0.0.0:30080 external', '0.0.0.0:80 external']);
  });
});
