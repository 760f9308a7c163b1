// Rules kept from change to change are the rules made anew, whatever comes in whatever order; and a worker that is told changes has them too.
import fc from 'fast-check';
import { buildDnsTable } from '../../../../agent/dns/build-table.ts';
import { buildRules } from '../../../../agent/proxy/build-rules.ts';
import type { ProxyRules } from '../../../../agent/proxy/rules.ts';
import { RulesBuilder } from '../../../../agent/proxy/rules-builder.ts';
import { changedRules, rulesChange } from '../../../../agent/proxy/rules-change.ts';
import type { Service } from '../../../../src/api/core/service.ts';
import type { EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';
import '../../../support/property-seed.ts';

const options = { nodeName: 'n1', mode: 'auto', kernel: true } as const;
const dns = { addresses: ['10.96.0.2'], domain: 'cluster.local', upstreams: [], namespaces: ['default'] } as const;
const keys = ['a/db', 'a/db-2', 'b/db'] as const;
const [namespaceOf, nameOf] = [0, 1].map((i) => (key: string): string => key.split('/')[i]!) as [(key: string) => string, (key: string) => string];
const anyKey = fc.constantFrom(...keys);

const anyService = fc.record({
  key: anyKey, address: fc.constantFrom('10.96.0.10', '10.96.0.11', 'None'), ports: fc.uniqueArray(fc.record({ name: fc.constantFrom('', 'http', 'x'), port: fc.constantFrom(80, 81) }), { selector: ({ name }) => name, maxLength: 2 }),
}).map(({ key, address, ports }): { key: string; service: Service } => ({
  key, service: { metadata: { namespace: namespaceOf(key), name: nameOf(key), resourceVersion: '1' }, spec: { type: 'ClusterIP', clusterIP: address, clusterIPs: [address], ports } } as unknown as Service,
}));
const anySlice = fc.record({ name: fc.constantFrom('s1', 's2', 's3'), key: anyKey, ends: fc.uniqueArray(fc.integer({ min: 1, max: 3 })), ready: fc.boolean() }).map(({ name, key, ends, ready }) => ({
  slice: {
    metadata: { namespace: namespaceOf(key), name, resourceVersion: '1', labels: { 'kubernetes.io/service-name': nameOf(key) } }, addressType: 'IPv4', ports: [{ name: '', port: 8080 }, { name: 'http', port: 8081 }],
    endpoints: ends.map((n) => ({ addresses: [`10.1.0.${n}`], conditions: { ready } })),
  } as unknown as EndpointSlice,
}));
const anyStep = fc.array(fc.oneof(anyService, anySlice, anyKey.map((gone) => ({ gone }))), { minLength: 1, maxLength: 3 });

it('any changes lead where building all rules anew leads', () => {
  fc.assert(fc.property(fc.array(anyStep, { maxLength: 8 }), (steps) => {
    const builder = new RulesBuilder(options);
    const services = new Map<string, Service>();
    const slices = new Map<string, { readonly key: string; readonly slice: EndpointSlice }>();
    let told: ProxyRules = builder.build(0, dns);
    for (const step of steps) {
      const changed = new Set<string>();
      for (const change of step) {
        if ('gone' in change) {
          services.delete(change.gone);
          changed.add(change.gone);
        } else if ('service' in change) {
          services.set(change.key, change.service);
          changed.add(change.key);
        } else {
          const { namespace, name, labels } = change.slice.metadata;
          const key = `${namespace}/${labels!['kubernetes.io/service-name']}`;
          const id = `${namespace}/${name}`;
          changed.add(key).add(slices.get(id)?.key ?? key);
          slices.set(id, { key, slice: change.slice });
        }
      }
      for (const key of changed) builder.update(key, services.get(key), [...slices.values()].filter((slice) => slice.key === key).map(({ slice }) => slice));
      const rules = builder.build(7, dns);
      const [allServices, endpointSlices] = [[...services.values()], [...slices.values()].map(({ slice }) => slice)];
      expect(rules).toEqual(buildRules({ ...options, services: allServices, endpointSlices, revision: 7, dns: buildDnsTable({ ...dns, services: allServices, endpointSlices }) }));
      told = changedRules(told, JSON.parse(JSON.stringify(rulesChange(told, rules))) as ReturnType<typeof rulesChange>);
      expect(told).toEqual(rules);
    }
  }));
});

it('what did not change stays the same object', () => {
  const builder = new RulesBuilder(options);
  const service = (key: string, port: number): Service => ({ metadata: { namespace: namespaceOf(key), name: nameOf(key) }, spec: { clusterIP: `10.96.0.${port}`, ports: [{ port }] } }) as unknown as Service;
  for (const key of keys) builder.update(key, service(key, 80), []);
  const first = builder.build(1, dns);
  builder.update(keys[1], service(keys[1], 80), []);
  const same = builder.build(2, dns);
  expect([same.ports, same.dns]).toEqual([first.ports, first.dns]);
  expect(same.ports).toBe(first.ports);
  expect(same.dns).toBe(first.dns);
  builder.update(keys[1], service(keys[1], 81), []);
  const other = builder.build(3, { ...dns, upstreams: ['192.0.2.1'] });
  expect(other.ports.filter((rule) => first.ports.includes(rule)).map(({ id }) => id)).toEqual(['a/db:', 'b/db:']);
  expect(rulesChange(first, other).ports.put.map(({ id }) => id)).toEqual(['a/db-2:']);
  expect(rulesChange(first, other).dns).toMatchObject({ table: { upstreams: ['192.0.2.1'] }, services: { put: [{ name: 'db-2' }], removed: [] } });
  expect(rulesChange(first, other).dns).not.toHaveProperty('namespaces');
  expect(rulesChange(first, { ...first, revision: 4 })).toEqual({ revision: 4, ports: { put: [], removed: [] } });
});

it('of namespaces only those are told that come and go', () => {
  const builder = new RulesBuilder(options);
  const many = Array.from({ length: 1000 }, (_, n) => `n${n}`);
  const [first, second, last] = [many, ['new', ...many.slice(1)], []].map((namespaces, i) => builder.build(i, { ...dns, namespaces })) as [ProxyRules, ProxyRules, ProxyRules];
  expect(rulesChange(first, second).dns).toMatchObject({ namespaces: { put: ['new'], removed: ['n0'] }, services: { put: [], removed: [] } });
  expect(changedRules(changedRules(first, rulesChange(first, second)), rulesChange(second, last))).toEqual(last);
  expect(changedRules({ revision: 0, ports: [] }, rulesChange({ revision: 0, ports: [] }, second))).toEqual(second);
});
