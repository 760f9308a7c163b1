// What users say of the cluster DNS, and what is made of what they got wrong.
import { followDnsConfig, parseDnsConfig, type DnsConfig } from '../../../../agent/node/dns-config.ts';
import type { ConfigMap } from '../../../../src/api/core/config-map.ts';
import type { InformerHandler } from '../../../../src/client/informer.ts';
import { silentLog } from '../../../../src/util/log.ts';

describe('parseDnsConfig', () => {
  it.each<[string, Record<string, string>, DnsConfig]>([
    ['nothing', {}, { stubDomains: [] }],
    ['empty keys', { stubDomains: ' ', upstreamNameservers: '[]', federations: '{}' }, { stubDomains: [] }],
    ['stub domains', { stubDomains: '{"Acme.local.": ["192.0.2.1", "192.0.2.2:5353"], "10.in-addr.arpa": ["fd00::1"]}' },
      { stubDomains: [{ domain: 'acme.local', upstreams: ['192.0.2.1', '192.0.2.2:5353'] }, { domain: '10.in-addr.arpa', upstreams: ['fd00::1'] }] }],
    ['resolvers', { upstreamNameservers: '["192.0.2.1", "[fd00::1]:53"]' }, { stubDomains: [], upstreams: ['192.0.2.1', '[fd00::1]:53'] }],
  ])('reads %s', (_, data, config) => { expect(parseDnsConfig(data, 'cluster.local')).toEqual(config); });
  it.each<[string, Record<string, string>, string | RegExp]>([
    ['no JSON', { stubDomains: '{' }, /^stubDomains: .*JSON/],
    ['a list of domains', { stubDomains: '["acme.local"]' }, 'stubDomains must be an object of domains with lists of nameservers'],
    ['a nameserver without a list', { stubDomains: '{"acme.local": "192.0.2.1"}' }, 'stubDomains of acme.local must be a list of nameservers'],
    ['no nameserver', { stubDomains: '{"acme.local": []}' }, 'stubDomains of acme.local must be a list of nameservers'],
    ['every fault', { stubDomains: '{"a_b": ["192.0.2.1"], "x.cluster.local": ["192.0.2.1"], "acme.local": ["ns.acme.local", "192.0.2.1:0"]}', upstreamNameservers: '["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]' },
      'invalid domain name: "a_b"; the cluster\'s own domain is no stub domain: "x.cluster.local"; invalid nameserver: "ns.acme.local"; invalid nameserver: "192.0.2.1:0"; upstreamNameserver cannot have more than three entries'],
  ])('says what is wrong with %s', (_, data, message) => { expect(() => parseDnsConfig(data, 'cluster.local')).toThrow(message); });
});

describe('followDnsConfig', () => {
  it('goes on with what was said before when it cannot be read, and tells it on the ConfigMap', () => {
    let handler: InformerHandler<ConfigMap> = {};
    const [configs, events]: [DnsConfig[], string[]] = [[], []];
    followDnsConfig({ addHandler: (given) => { handler = given; return () => undefined; } }, {
      clusterDomain: 'cluster.local', log: silentLog, recorder: { warning: (object, reason, message) => { events.push(`${object.metadata.name} ${reason} ${message}`); } }, changed: (config) => { configs.push(config); },
    });
    const configMap = (data?: Record<string, string>): ConfigMap => ({ metadata: { name: 'kube-dns', namespace: 'kube-system' }, ...(data ? { data } : {}) } as ConfigMap);
    handler.added!(configMap({ upstreamNameservers: '["192.0.2.1"]' }));
    handler.updated!(configMap({ upstreamNameservers: '["dns"]' }), configMap());
    expect([configs, events]).toEqual([[{ upstreams: ['192.0.2.1'], stubDomains: [] }], ['kube-dns InvalidDNSConfig invalid nameserver: "dns"']]);
    handler.updated!(configMap(), configMap());
    handler.deleted!(configMap());
    expect(configs.slice(1)).toEqual([{ stubDomains: [] }, { stubDomains: [] }]);
  });
});
