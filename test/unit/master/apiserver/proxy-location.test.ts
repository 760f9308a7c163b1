// Where requests below /proxy go: names with scheme and port, Pods, Services and their endpoints.
import { nodeLocation, podLocation, serviceLocation, splitName } from '../../../../master/apiserver/proxy/location.ts';
import type { Node } from '../../../../src/api/core/node.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Service } from '../../../../src/api/core/service.ts';
import type { EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';

it.each<[text: string, expected: string]>([
  ['web', 'http web '], ['web:80', 'http web 80'], ['web:http', 'http web http'], [':web:80', 'http web 80'], ['https:web:443', 'https web 443'], ['http:web:', 'http web '],
  ['ftp:web:80', 'undefined'], ['a:b:c:d', 'undefined'], ['', 'undefined'], [':80', 'undefined'], ['https::443', 'undefined'],
])('the name %j', (text, expected) => {
  const name = splitName(text);
  expect(name ? `${name.scheme} ${name.name} ${name.port}` : 'undefined').toBe(expected);
});

const pod = (podIP: string | undefined, ...ports: number[]): Pod => ({
  metadata: { namespace: 'n', name: 'p' }, spec: { nodeName: 'node', containers: [{ name: 'a' }, { name: 'b', ports: ports.map((containerPort) => ({ containerPort })) }] }, status: { podIP },
}) as unknown as Pod;
it.each<[what: string, pod: Pod, name: string, expected: string]>([
  ['the first port of a container', pod('10.0.0.1', 8080, 9090), 'p', 'http 10.0.0.1:8080'],
  ['the port that is named', pod('10.0.0.1', 8080), 'p:9090', 'http 10.0.0.1:9090'],
  ["the scheme's port", pod('10.0.0.1'), 'https:p:', 'https 10.0.0.1:443'],
  ['no address yet', pod(undefined, 80), 'p', 'address not allowed'],
  ['an address of the master itself', pod('127.0.0.1', 80), 'p', 'address not allowed'],
  ['an address of a link', pod('169.254.169.254', 80), 'p', 'address not allowed'],
  ['no port', pod('10.0.0.1'), 'p:99999', 'invalid port "99999"'],
])('a Pod: %s', (_what, of, name, expected) => {
  const said = (): string => {
    try {
      const { scheme, address, port } = podLocation(of, splitName(name)!);
      return `${scheme} ${address}:${port}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(said()).toBe(expected);
});

const node = (address: string): Node => ({ metadata: { name: 'n' }, status: { addresses: [{ type: 'Hostname', address: 'n' }, { type: 'InternalIP', address }] } }) as unknown as Node;
it.each<[what: string, node: Node, name: string, expected: string]>([
  ['its kubelet', node('192.168.0.2'), 'n', 'its kubelet'],
  ['its kubelet by the port it has elsewhere', node('192.168.0.2'), 'https:n:10250', 'its kubelet'],
  ['another server of the host', node('192.168.0.2'), 'n:9100', 'http 192.168.0.2:9100'],
  ['one with TLS', node('192.168.0.2'), 'https:n:9100', 'https 192.168.0.2:9100'],
  ['no port', node('192.168.0.2'), 'n:http', 'invalid port "http"'],
  ['an address of the master itself', node('127.0.0.1'), 'n:9100', 'address not allowed'],
])('a node: %s', (_what, of, name, expected) => {
  const said = (): string => {
    try {
      const location = nodeLocation(of, splitName(name)!);
      return location ? `${location.scheme} ${location.address}:${location.port}` : 'its kubelet';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(said()).toBe(expected);
});

const service = { metadata: { namespace: 'n', name: 's' }, spec: { ports: [{ name: 'http', port: 80 }, { name: 'tls', port: 443 }] } } as unknown as Service;
const slice = (ready: boolean, address: string, extra = {}): EndpointSlice => ({
  metadata: { name: address }, addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }, { name: 'tls', port: 8443 }], endpoints: [{ addresses: [address], conditions: { ready }, ...extra }],
}) as unknown as EndpointSlice;
it.each<[what: string, slices: EndpointSlice[], name: string, expected: string]>([
  ['by the name of its port', [slice(true, '10.0.0.1')], 's:tls', '10.0.0.1:8443'],
  ['by the number of its port', [slice(true, '10.0.0.1')], 's:80', '10.0.0.1:8080'],
  ['only ready endpoints', [slice(false, '10.0.0.1'), slice(true, '10.0.0.2')], 's:http', '10.0.0.2:8080'],
  ['through the node of its Pod', [slice(true, '10.0.0.1', { nodeName: 'node', targetRef: { kind: 'Pod', name: 'p' } })], 's:http', '10.0.0.1:8080 by node'],
  ['no such port', [slice(true, '10.0.0.1')], 's:81', 'no service port 81 found for service "s:81"'],
  ['no endpoint', [], 's:http', 'no endpoints available for service "s:http"'],
  ['no port named', [slice(true, '10.0.0.1')], 's', 'no endpoints available for service "s"'],
  ['an endpoint that is the master itself', [slice(true, '127.0.0.1')], 's:http', 'address not allowed'],
])('a Service: %s', (_what, slices, name, expected) => {
  const said = (): string => {
    try {
      const { address, port, pod: behind } = serviceLocation(service, slices, name, splitName(name)!, () => 0);
      return `${address}:${port}${behind ? ` by ${behind.node}` : ''}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(said()).toBe(expected);
});
