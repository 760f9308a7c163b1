// The ConfigMap of the cluster DNS on its way from the API, with a node's rights, to what the name server is told.
import { dnsConfigKey } from '../../agent/node/dns-config.ts';
import { ServiceTraffic } from '../../agent/node/service-traffic.ts';
import type { ProxyRules } from '../../agent/proxy/rules.ts';
import { ConfigMaps, type ConfigMap } from '../../src/api/core/config-map.ts';
import { Events } from '../../src/api/core/event.ts';
import { Namespaces, type Namespace } from '../../src/api/core/namespace.ts';
import { Services, type Service } from '../../src/api/core/service.ts';
import { EndpointSlices, type EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { InformerFactory } from '../../src/client/informer.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

let api: TestApi;
const stop = new AbortController();
beforeAll(async () => { api = await startTestApi(); });
afterAll(async () => {
  stop.abort(new Error('the test ends'));
  await api.stop();
});

it('the resolvers and stub domains users name reach the name server, and theirs who have none again', async () => {
  const node = api.as('system:node:n1', 'system:nodes');
  const options = { clock: realClock, log: silentLog };
  const recorder = new EventRecorder(node, Events, { component: 'kubelet', host: 'n1' }, options);
  const informers = new InformerFactory(node, options);
  let next: (rules: ProxyRules) => void = () => undefined;
  const sent: ProxyRules[] = [];
  const traffic = new ServiceTraffic({
    services: informers.informer<Service>(Services), slices: informers.informer<EndpointSlice>(EndpointSlices), namespaces: informers.informer<Namespace>(Namespaces),
    dnsConfigs: informers.informer<ConfigMap>(ConfigMaps, { namespace: dnsConfigKey.namespace, fieldSelector: `metadata.name=${dnsConfigKey.name}` }),
    proxy: { send: (rules) => { sent.push(rules); next(rules); return Promise.resolve(); } },
    health: { sync: () => Promise.resolve() }, nodeName: 'n1', mode: 'auto', kernel: false, dns: { addresses: ['10.96.0.10'], domain: 'cluster.local', upstreams: ['192.0.2.53'] }, recorder, ...options,
  });
  const until = (wanted: (rules: ProxyRules) => boolean): Promise<ProxyRules> => new Promise((resolve) => {
    const found = sent.find(wanted);
    if (found) resolve(found);
    next = (rules) => { if (wanted(rules)) resolve(rules); };
  });
  informers.start(stop.signal);
  await traffic.run(stop.signal);
  expect((await until(() => true)).dns).toMatchObject({ upstreams: ['192.0.2.53'], addresses: ['10.96.0.10'] });
  await api.client.create(ConfigMaps, { metadata: dnsConfigKey, data: { stubDomains: '{"acme.local": ["192.0.2.1"]}', upstreamNameservers: '["192.0.2.2"]' } });
  expect((await until(({ dns }) => dns!.upstreams[0] === '192.0.2.2')).dns!.stubDomains).toEqual([{ domain: 'acme.local', upstreams: ['192.0.2.1'] }]);
  sent.length = 0;
  await api.client.delete(ConfigMaps, dnsConfigKey);
  expect((await until(({ dns }) => dns!.upstreams[0] === '192.0.2.53')).dns!.stubDomains).toBeUndefined();
});
