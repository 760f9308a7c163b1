// What the API says of Services, with a node's rights, on its way to what proxy and name server are told.
import { dnsConfigKey } from '../../agent/node/dns-config.ts';
import { ServiceTraffic } from '../../agent/node/service-traffic.ts';
import type { ProxyRules } from '../../agent/proxy/rules.ts';
import { ConfigMaps, type ConfigMap } from '../../src/api/core/config-map.ts';
import { Events } from '../../src/api/core/event.ts';
import { Namespaces, type Namespace } from '../../src/api/core/namespace.ts';
import { Nodes, type Node } from '../../src/api/core/node.ts';
import { Services, type Service } from '../../src/api/core/service.ts';
import { EndpointSlices, type EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { InformerFactory } from '../../src/client/informer.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

let api: TestApi;
let stop: AbortController;
beforeEach(async () => {
  stop = new AbortController();
  api = await startTestApi();
});
afterEach(async () => {
  stop.abort(new Error('the test ends'));
  await api.stop();
});

/** Rules as they are sent; `until` waits for some that were sent since `forget`. */
async function follow(): Promise<{ until(wanted: (rules: ProxyRules) => boolean): Promise<ProxyRules>; forget(): void }> {
  const node = api.as('system:node:n1', 'system:nodes');
  const options = { clock: realClock, log: silentLog };
  const recorder = new EventRecorder(node, Events, { component: 'kubelet', host: 'n1' }, options);
  const informers = new InformerFactory(node, options);
  let next: (rules: ProxyRules) => void = () => undefined;
  const sent: ProxyRules[] = [];
  const traffic = new ServiceTraffic({
    services: informers.informer<Service>(Services), slices: informers.informer<EndpointSlice>(EndpointSlices), namespaces: informers.informer<Namespace>(Namespaces), nodes: informers.informer<Node>(Nodes),
    dnsConfigs: informers.informer<ConfigMap>(ConfigMaps, { namespace: dnsConfigKey.namespace, fieldSelector: `metadata.name=${dnsConfigKey.name}` }),
    proxy: { send: (rules) => { sent.push(rules); next(rules); return Promise.resolve(); } },
    health: { sync: () => Promise.resolve() }, nodeName: 'n1', mode: 'auto', kernel: false, dns: { addresses: ['10.96.0.10'], domain: 'cluster.local', upstreams: ['192.0.2.53'] }, recorder, ...options,
  });
  informers.start(stop.signal);
  await traffic.run(stop.signal);
  return {
    until: (wanted) => new Promise((resolve) => {
      const found = sent.find(wanted);
      if (found) resolve(found);
      next = (rules) => { if (wanted(rules)) resolve(rules); };
    }),
    forget: () => { sent.length = 0; },
  };
}

it('the resolvers and stub domains users name reach the name server, and theirs who have none again', async () => {
  const { until, forget } = await follow();
  expect((await until(() => true)).dns).toMatchObject({ upstreams: ['192.0.2.53'], addresses: ['10.96.0.10'] });
  await api.client.create(ConfigMaps, { metadata: dnsConfigKey, data: { stubDomains: '{"acme.local": ["192.0.2.1"]}', upstreamNameservers: '["192.0.2.2"]' } });
  expect((await until(({ dns }) => dns!.upstreams[0] === '192.0.2.2')).dns!.stubDomains).toEqual([{ domain: 'acme.local', upstreams: ['192.0.2.1'] }]);
  forget();
  await api.client.delete(ConfigMaps, dnsConfigKey);
  expect((await until(({ dns }) => dns!.upstreams[0] === '192.0.2.53')).dns!.stubDomains).toBeUndefined();
});

it('prefers the endpoints of the zone the node is in, and those of another when it is put there', async () => {
  await api.client.create(Nodes, { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'east' } } });
  await api.client.create(Services, { metadata: { namespace: 'default', name: 'web' }, spec: { ports: [{ port: 80 }], trafficDistribution: 'PreferClose' } });
  const endpoint = (address: string, zone: string) => ({ addresses: [address], conditions: { ready: true }, zone, hints: { forZones: [{ name: zone }] } });
  await api.client.create(EndpointSlices, {
    metadata: { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } }, addressType: 'IPv4', ports: [{ name: '', port: 80, protocol: 'TCP' }],
    endpoints: [endpoint('10.1.0.1', 'east'), endpoint('10.1.0.2', 'west')],
  });
  const { until } = await follow();
  const leadsTo = (...addresses: string[]) => ({ ports }: ProxyRules): boolean => ports.find(({ id }) => id === 'default/web:')?.internal.map(({ address }) => address).join() === addresses.join();
  await until(leadsTo('10.1.0.1'));
  const label = (zone: string | null) => api.client.patch(Nodes, { name: 'n1' }, { metadata: { labels: { 'topology.kubernetes.io/zone': zone } } });
  await label('west');
  await until(leadsTo('10.1.0.2'));
  await label(null);
  await until(leadsTo('10.1.0.1', '10.1.0.2'));
});
