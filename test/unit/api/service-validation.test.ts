// Services: what create, update and status refuse, what defaults fill in, and what an update keeps.
import { Services } from '../../../src/api/core/service.ts';
import { created, createFaults, statusFaults, updated, updateFaults } from './writing.ts';

const port = { port: 80 };
const allocated = { type: 'ClusterIP', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', ports: [port] };
const badPort = 'must be between 1 and 65535, inclusive';
const onlyBalancer = "Forbidden: may only be used when `type` is 'LoadBalancer'";

describe('create', () => {
  it.each<[string, object, string[]]>([
    ['plain', { ports: [port], selector: { app: 'x' } }, []],
    ['two ports', { ports: [{ name: 'a', port: 53, protocol: 'UDP' }, { name: 'b', port: 53 }] }, []],
    ['no ports', {}, ['spec.ports: Required value']],
    ['headless without ports', { clusterIP: 'None' }, []],
    ['unnamed ports', { ports: [port, { port: 81, name: 'b' }] }, ['spec.ports[0].name: Required value']],
    ['same names', { ports: [{ ...port, name: 'a' }, { port: 81, name: 'a' }] }, ['spec.ports[1].name: Duplicate value: "a"']],
    ['same ports', { ports: [{ ...port, name: 'a' }, { ...port, name: 'b' }] }, ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}']],
    ['port numbers', { ports: [{ name: 'a', port: 0 }, { name: 'b', port: 65536 }] }, [
      `spec.ports[0].port: Invalid value: 0: ${badPort}`, `spec.ports[0].targetPort: Invalid value: 0: ${badPort}`, `spec.ports[1].port: Invalid value: 65536: ${badPort}`, `spec.ports[1].targetPort: Invalid value: 65536: ${badPort}`]],
    ['port by name', { ports: [{ ...port, targetPort: 'Web' }] }, ['spec.ports[0].targetPort: Invalid value: "Web": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']],
    ['protocols', { ports: [{ ...port, protocol: 'http' }] }, ['spec.ports[0].protocol: Unsupported value: "http": supported values: "SCTP", "TCP", "UDP"']],
    ['types', { type: 'Public', ports: [port] }, ['spec.type: Unsupported value: "Public": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']],
    ['node port without type', { ports: [{ ...port, nodePort: 30000 }] }, ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]],
    ['same node ports', { type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30000 }, { name: 'b', port: 81, nodePort: 30000 }, { name: 'c', port: 81, protocol: 'UDP', nodePort: 30000 }] }, ['spec.ports[1].nodePort: Duplicate value: 30000']],
    ['headless node port', { type: 'NodePort', clusterIP: 'None', ports: [port] }, ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]],
    ['selector', { ports: [port], selector: { 'a b': 'c' } }, [expect.stringMatching(/^spec\.selector: Invalid value: "a b": name part must consist/) as unknown as string]],
    ['affinity', { ports: [port], sessionAffinity: 'Sticky' }, ['spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None"']],
    ['affinity time', { ports: [port], sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } }, ['spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400']],
    ['cluster address', { clusterIP: '10.0.0', ports: [port] }, ['spec.clusterIPs[0]: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    ['cluster addresses differ', { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2'], ports: [port] }, ['spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`']],
    ['cluster addresses alone', { clusterIPs: ['10.0.0.2'], ports: [port] }, ['spec.clusterIPs: Invalid value: ["10.0.0.2"]: must be empty when `clusterIP` is not specified']],
    ['two of a family', { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'], ports: [port] }, ['spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family']],
    ['two families', { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'], ports: [port] }, []],
    ['wrong family', { clusterIP: '10.0.0.1', ipFamilies: ['IPv6'], ports: [port] }, ['spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`']],
    ['families', { ipFamilies: ['IPv5', 'IPv5'], ports: [port] }, [
      'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"', 'spec.ipFamilies[1]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"', 'spec.ipFamilies[1]: Duplicate value: "IPv5"']],
    ['None and more', { clusterIP: 'None', clusterIPs: ['None', '10.0.0.1'], ports: [port] }, ["spec.clusterIPs: Invalid value: [\"None\",\"10.0.0.1\"]: 'None' must be the first and only value"]],
    ['external addresses', { ports: [port], externalIPs: ['1.2.3.4', 'x', '0.0.0.0', '127.0.0.1', '224.0.0.1'] }, [
      'spec.externalIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'spec.externalIPs[2]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
      'spec.externalIPs[3]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)', 'spec.externalIPs[4]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)']],
    ['external name', { type: 'ExternalName', externalName: 'example.com.' }, []],
    ['external name missing', { type: 'ExternalName', clusterIP: 'None', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }, [
      'spec.clusterIPs: Forbidden: may not be set for ExternalName services', 'spec.ipFamilies: Forbidden: may not be set for ExternalName services', 'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services', 'spec.externalName: Required value']],
    ['external policy inside', { ports: [port], externalTrafficPolicy: 'Local' }, ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services']],
    ['health check port left to the registry', { type: 'LoadBalancer', ports: [port], externalTrafficPolicy: 'Local' }, []],
    ['health check port', { type: 'LoadBalancer', ports: [port], externalTrafficPolicy: 'Local', healthCheckNodePort: 70000 }, [`spec.healthCheckNodePort: Invalid value: 70000: ${badPort}`]],
    ['health check port unasked', { type: 'NodePort', ports: [port], healthCheckNodePort: 30000 }, ["spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"]],
    ['balancer fields', { ports: [port], loadBalancerSourceRanges: ['10.0.0.0/8', ' x '], allocateLoadBalancerNodePorts: false, loadBalancerClass: 'a' }, [
      `spec.LoadBalancerSourceRanges: ${onlyBalancer}`, 'spec.LoadBalancerSourceRanges[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      `spec.allocateLoadBalancerNodePorts: ${onlyBalancer}`, `spec.loadBalancerClass: ${onlyBalancer}`]],
  ])('%s', (_name, spec, faults) => {
    expect(createFaults(Services, { spec })).toEqual(faults);
  });
  it('names are DNS-1035 labels', () => {
    expect(createFaults(Services, { metadata: { name: '1st' }, spec: { ports: [port] } })[0]).toMatch(/^metadata\.name: Invalid value: "1st": a DNS-1035 label must consist/);
  });
});

describe('defaults', () => {
  it.each<[string, object, object]>([
    ['plain', { ports: [port] }, { type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] }],
    ['target by name', { ports: [{ ...port, targetPort: 'web' }] }, { ports: [{ targetPort: 'web' }] }],
    ['headless', { clusterIP: 'None' }, { clusterIPs: ['None'] }],
    ['node port', { type: 'NodePort', ports: [port] }, { externalTrafficPolicy: 'Cluster' }],
    ['balancer', { type: 'LoadBalancer', ports: [port] }, { externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true }],
    ['external addresses', { ports: [port], externalIPs: ['1.2.3.4'] }, { externalTrafficPolicy: 'Cluster' }],
    ['affinity', { ports: [port], sessionAffinity: 'ClientIP' }, { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } }],
  ])('%s', (_name, spec, expected) => {
    expect(created(Services, { spec })['spec']).toMatchObject(expected);
  });
  it('leaves out what does not apply', () => {
    const { spec } = created(Services, { spec: { type: 'ExternalName', externalName: 'a.b', sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } } });
    expect(spec).toEqual({ type: 'ExternalName', externalName: 'a.b', sessionAffinity: 'None' });
  });
});

describe('update', () => {
  it.each<[string, object, object, string[]]>([
    ['nothing', allocated, allocated, []],
    ['selector and ports', allocated, { ...allocated, selector: { a: 'b' }, ports: [{ port: 81 }] }, []],
    ['cluster address', allocated, { ...allocated, clusterIP: '10.0.0.2' }, ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set']],
    ['cluster addresses', allocated, { ...allocated, clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2'] }, ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set']],
    ['to headless', allocated, { ...allocated, clusterIP: 'None', clusterIPs: ['None'] }, ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set']],
    ['to an external name', allocated, { ...allocated, type: 'ExternalName', externalName: 'a.b' }, []],
    ['from an external name', { type: 'ExternalName', externalName: 'a.b' }, { ...allocated, externalName: 'a.b' }, []],
    ['second address', allocated, { ...allocated, clusterIPs: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }, []],
    ['family', allocated, { ...allocated, ipFamilies: ['IPv6'] }, ['spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set', 'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`']],
    ['balancer class', { ...allocated, type: 'LoadBalancer', loadBalancerClass: 'a' }, { ...allocated, type: 'LoadBalancer', loadBalancerClass: 'b' }, ['spec.loadBalancerClass: Invalid value: "b": may not change once set']],
    ['releasing the second address', { ...allocated, clusterIPs: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }, { ...allocated, ipFamilyPolicy: 'PreferDualStack' }, [
      "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing the secondary clusterIP", "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing the secondary ipFamily"]],
  ])('%s', (_name, before, after, faults) => {
    expect(updateFaults(Services, { spec: before }, { spec: after })).toEqual(faults);
  });
});

describe('what an update keeps', () => {
  const after = (before: object, spec: object): any => updated(Services, { spec }, created(Services, { spec: before }))['spec'];
  it('cluster addresses left out', () => {
    expect(after(allocated, { ports: [port] })).toMatchObject({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] });
  });
  it('node ports, by name, and not twice', () => {
    const before = { ...allocated, type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30001 }, { name: 'b', port: 81, nodePort: 30002 }] };
    const ports = (spec: object): unknown => after(before, spec).ports.map((p: { nodePort?: number }) => p.nodePort);
    expect(ports({ type: 'NodePort', ports: [{ name: 'b', port: 90 }, { name: 'a', port: 91 }, { name: 'c', port: 92 }] })).toEqual([30002, 30001, undefined]);
    expect(ports({ type: 'NodePort', ports: [{ name: 'a', port: 90, nodePort: 30002 }, { name: 'b', port: 91 }] })).toEqual([30002, undefined]);
  });
  it('drops what the new type has no use for', () => {
    const balancer = { ...allocated, type: 'LoadBalancer', loadBalancerClass: 'c', externalTrafficPolicy: 'Local', healthCheckNodePort: 30009, allocateLoadBalancerNodePorts: true, ports: [{ port: 80, nodePort: 30001 }] };
    expect(after(balancer, { ...balancer, type: 'ClusterIP' })).toEqual({ ...allocated, sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] });
    expect(updateFaults(Services, { spec: balancer }, { spec: { ...balancer, type: 'ClusterIP' } })).toEqual([]);
    expect(after(balancer, { ...balancer, healthCheckNodePort: undefined })).toMatchObject({ healthCheckNodePort: 30009 });
  });
});

describe('status', () => {
  const balancer = { spec: { ...allocated, type: 'LoadBalancer' } };
  it.each<[string, object, object[], string[]]>([
    ['filled by default', balancer, [{ ip: '1.2.3.4' }, { hostname: 'a.b' }], []],
    ['wrong', balancer, [{ ip: 'x' }, { ip: '1.2.3.4', ipMode: 'Odd' }, { hostname: '1.2.3.4', ipMode: 'VIP' }], [
      'status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'status.loadBalancer.ingress[1].ipMode: Unsupported value: "Odd": supported values: "Proxy", "VIP"',
      'status.loadBalancer.ingress[2].ipMode: Forbidden: may not be specified when `ip` is not set', 'status.loadBalancer.ingress[2].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address']],
    ['not a balancer', { spec: allocated }, [{ ip: '1.2.3.4' }], ["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"]],
  ])('%s', (_name, before, ingress, faults) => {
    expect(statusFaults(Services, before, { loadBalancer: { ingress } })).toEqual(faults);
  });
});
