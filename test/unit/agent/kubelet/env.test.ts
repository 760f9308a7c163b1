// Environment variables: expansion, references, Service variables, what is missing.
import { ContainerConfigError, environment, expand, serviceVariables, visibleServices, type EnvSources } from '../../../../agent/kubelet/env.ts';
import type { Container } from '../../../../agent/kubelet/pod.ts';
import type { Service } from '../../../../src/api/core/service.ts';
import { container, pod } from './pods.ts';

describe('expand', () => {
  const values: Record<string, string> = { A: '1', 'B.C': '2', D: '$(A)' };
  it.each([
    ['$(A)', '1'], ['x$(A)y$(B.C)', 'x1y2'], ['$(X)', '$(X)'], ['$$(A)', '$(A)'], ['$$$(A)', '$1'], ['$A', '$A'], ['$(A', '$(A'], ['$', '$'], ['$$', '$'], ['$(D)', '$(A)'], ['$()', '$()'], ['$((A))', '$((A))'],
  ])('%s becomes %s', (text, wanted) => expect(expand(text, (name) => values[name])).toBe(wanted));
});

const service = (name: string, namespace: string, clusterIP: string, ports: object[] = [{ port: 80 }]): Service => ({ metadata: { name, namespace }, spec: { clusterIP, ports } }) as unknown as Service;

it('writes Service variables in their new and old form', () => {
  expect(Object.fromEntries(serviceVariables([service('my-web', 'default', '10.0.0.1', [{ name: 'http', port: 80, protocol: 'TCP' }, { name: 'dns-x', port: 53, protocol: 'UDP' }]), service('headless', 'default', 'None')]))).toEqual({
    MY_WEB_SERVICE_HOST: '10.0.0.1', MY_WEB_SERVICE_PORT: '80', MY_WEB_SERVICE_PORT_HTTP: '80', MY_WEB_SERVICE_PORT_DNS_X: '53', MY_WEB_PORT: 'tcp://10.0.0.1:80',
    MY_WEB_PORT_80_TCP: 'tcp://10.0.0.1:80', MY_WEB_PORT_80_TCP_PROTO: 'tcp', MY_WEB_PORT_80_TCP_PORT: '80', MY_WEB_PORT_80_TCP_ADDR: '10.0.0.1',
    MY_WEB_PORT_53_UDP: 'udp://10.0.0.1:53', MY_WEB_PORT_53_UDP_PROTO: 'udp', MY_WEB_PORT_53_UDP_PORT: '53', MY_WEB_PORT_53_UDP_ADDR: '10.0.0.1',
  });
});

it.each([[true, ['kubernetes', 'web']], [false, ['kubernetes']]])('with enableServiceLinks %s a Pod sees %j', (enableServiceLinks, names) => {
  const services = [service('web', 'default', '1'), service('kubernetes', 'default', '1'), service('far', 'other', '1')];
  expect(visibleServices(pod({ enableServiceLinks }), services).map((s) => s.metadata.name)).toEqual(names);
});

const sources: EnvSources = {
  configMap: (name) => (name === 'settings' ? { color: 'blue', 'bad=key': 'x' } : undefined), secret: (name) => (name === 'keys' ? { password: 'p' } : undefined),
  services: [service('web', 'default', '10.0.0.1')], addresses: { hostIPs: ['192.168.0.1'], podIPs: ['10.42.0.5'] }, allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '1Gi' },
};
const values = (more: Partial<Container>) => Object.fromEntries(environment(pod({}, { metadata: { labels: { app: 'x' }, annotations: { note: 'n' } } }), container('a', more), sources).map((e) => [e.key, e.value]));

it('reads every kind of source', () => {
  const env = values({
    resources: { limits: { memory: '64Mi', cpu: '1500m' } },
    envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys' } }, { configMapRef: { name: 'none', optional: true } }],
    env: [
      { name: 'PLAIN', value: 'v' }, { name: 'REF', value: '$(PLAIN)/$(P_color)/$(WEB_SERVICE_HOST)/$(LATER)' }, { name: 'LATER', value: 'l' },
      { name: 'NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }, { name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
      { name: 'LABEL', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['app']" } } },
      { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } }, { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
      { name: 'NONE', valueFrom: { secretKeyRef: { name: 'keys', key: 'other', optional: true } } },
      { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } }, { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } } },
      { name: 'MILLI', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } }, { name: 'REQUEST', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1' } } },
    ] as never,
  });
  expect(env).toMatchObject({ P_color: 'blue', password: 'p', PLAIN: 'v', REF: 'v/blue/10.0.0.1/$(LATER)', NAME: 'web', IP: '10.42.0.5', LABEL: 'x', COLOR: 'blue', PASSWORD: 'p', MEM: '64', CPU: '2', MILLI: '1500', REQUEST: '0', WEB_SERVICE_PORT: '80' });
  expect(Object.keys(env)).not.toContain('NONE');
  expect(Object.keys(env)).not.toContain('P_bad=key');
});

it.each<[string, Partial<Container>]>([
  ['configmap "none" not found', { envFrom: [{ configMapRef: { name: 'none' } }] } as never],
  ['secret "none" not found', { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }] } as never],
  ["couldn't find key k in ConfigMap default/settings", { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k' } } }] } as never],
  ["couldn't find key k in Secret default/keys", { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'k' } } }] } as never],
])('says %s', (message, more) => {
  expect(() => values(more)).toThrow(new ContainerConfigError(message));
});
