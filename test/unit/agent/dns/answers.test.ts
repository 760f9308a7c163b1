// Which names exist and what each answers.
import { DnsIndex } from '../../../../agent/dns/answers.ts';
import { buildDnsTable } from '../../../../agent/dns/build-table.ts';
import type { DnsService } from '../../../../agent/dns/table.ts';
import type { Service } from '../../../../src/api/core/service.ts';
import type { Endpoint, EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';

const service = (name: string, spec: object, namespace = 'default'): Service => ({ metadata: { name, namespace }, spec } as unknown as Service);
const slice = (name: string, endpoints: Endpoint[], ports: object[] = [{ name: 'peer', protocol: 'TCP', port: 7000 }], addressType = 'IPv4'): EndpointSlice => ({
  metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } }, addressType, ports, endpoints,
} as unknown as EndpointSlice);
const table = buildDnsTable({
  services: [
    service('web', { type: 'ClusterIP', clusterIP: '10.96.0.10', ports: [{ name: 'http', port: 80 }, { name: 'm', protocol: 'UDP', port: 9 }] }),
    service('db', { type: 'ClusterIP', clusterIP: 'None', ports: [{ name: 'peer', port: 7000 }] }),
    service('early', { type: 'ClusterIP', clusterIP: 'None', publishNotReadyAddresses: true, ports: [] }),
    service('none', { type: 'ClusterIP', clusterIP: 'None', ports: [] }),
    service('out', { type: 'ExternalName', externalName: 'example.org.' }),
    service('in', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
    service('loop', { type: 'ExternalName', externalName: 'loop.default.svc.cluster.local' }),
    service('lost', { type: 'ExternalName', externalName: 'nothing.default.svc.cluster.local' }),
    service('number', { type: 'ExternalName', externalName: '192.0.2.1' }),
    service('dual', { type: 'ClusterIP', clusterIP: '10.96.0.11', clusterIPs: ['10.96.0.11', 'fd00::11'], ports: [{ port: 80 }] }),
    service('six', { type: 'ClusterIP', clusterIP: 'None', ports: [{ name: 'peer', port: 7000 }] }),
    service('api', { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [] }, 'kube-system'),
  ],
  endpointSlices: [
    slice('db', [
      { addresses: ['10.1.0.4'], hostname: 'db-0', conditions: { ready: true } }, { addresses: ['10.1.0.5'], conditions: { ready: true } },
      { addresses: ['10.1.0.6'], hostname: 'db-2', conditions: { ready: false } },
    ]),
    slice('web', [{ addresses: ['10.1.0.4'], hostname: 'Web-0', conditions: { ready: true } }, { addresses: ['10.1.0.9'], conditions: { ready: true } }], [{ name: 'http', protocol: 'TCP', port: 8080 }]),
    slice('six', [{ addresses: ['FD00:0:0::4'], conditions: { ready: true } }], [], 'IPv6'),
    slice('early', [{ addresses: ['10.1.0.7'], hostname: 'e-0', conditions: { ready: false } }]),
  ],
  namespaces: ['empty'], addresses: ['10.96.0.2'], upstreams: ['192.0.2.53'],
});
const index = new DnsIndex(table, 7);
const svc = (name: string): string => `${name}.svc.cluster.local`;
const ask = (name: string, type = 'A'): string => {
  const answer = index.answer(name, type);
  if (!answer) return 'forward';
  const data = answer.answers.map((record) => `${record.type} ${typeof record.data === 'string' ? record.data : JSON.stringify(record.data)}`);
  return [answer.rcode, ...data, ...(answer.follow ? [`follow ${answer.follow}`] : []), ...answer.authorities.map((record) => record.type)].join(' ');
};

describe('the cluster\'s names', () => {
  it.each<[string, string, string]>([
    [svc('web.default'), 'A', 'NOERROR A 10.96.0.10'],
    [`${svc('WEB.Default')}.`, 'A', 'NOERROR A 10.96.0.10'],
    [svc('web.default'), 'AAAA', 'NOERROR SOA'],
    [svc('web.other'), 'A', 'NXDOMAIN SOA'],
    [svc('nothing.default'), 'A', 'NXDOMAIN SOA'],
    [svc('default'), 'A', 'NOERROR SOA'],
    [svc('empty'), 'A', 'NOERROR SOA'],
    [svc('missing'), 'A', 'NXDOMAIN SOA'],
    ['svc.cluster.local', 'A', 'NOERROR SOA'],
    ['cluster.local', 'A', 'NOERROR SOA'],
    ['cluster.local', 'NS', 'NOERROR NS ns.dns.cluster.local'],
    ['ns.dns.cluster.local', 'A', 'NOERROR A 10.96.0.2'],
    ['dns-version.cluster.local', 'TXT', 'NOERROR TXT 1.1.0'],
    [svc('db.default'), 'A', 'NOERROR A 10.1.0.4 A 10.1.0.5'],
    [svc('db-0.db.default'), 'A', 'NOERROR A 10.1.0.4'],
    [svc('10-1-0-5.db.default'), 'A', 'NOERROR A 10.1.0.5'],
    [svc('db-2.db.default'), 'A', 'NXDOMAIN SOA'],
    [svc('e-0.early.default'), 'A', 'NOERROR A 10.1.0.7'],
    [svc('10-1-0-6.db.default'), 'A', 'NXDOMAIN SOA'],
    [svc('none.default'), 'A', 'NXDOMAIN SOA'],
    [svc('db.default'), 'AAAA', 'NOERROR SOA'],
    [svc('db.default'), 'MX', 'NOERROR SOA'],
    [svc('x.y.z.db.default'), 'A', 'NXDOMAIN SOA'],
    // Hosts of a Service with a cluster address have names, too.
    [svc('web-0.web.default'), 'A', 'NOERROR A 10.1.0.4'],
    [svc('10-1-0-9.web.default'), 'A', 'NOERROR A 10.1.0.9'],
    [svc('dual.default'), 'A', 'NOERROR A 10.96.0.11'],
    [svc('dual.default'), 'AAAA', 'NOERROR AAAA fd00::11'],
    [svc('six.default'), 'AAAA', 'NOERROR AAAA FD00:0:0::4'],
    [svc('FD00-0-0--4.six.default'), 'AAAA', 'NOERROR AAAA FD00:0:0::4'],
    [svc('_http._tcp.web.default'), 'SRV', `NOERROR SRV {"priority":0,"weight":100,"port":80,"target":"${svc('web.default')}"}`],
    [svc('_m._udp.web.default'), 'SRV', `NOERROR SRV {"priority":0,"weight":100,"port":9,"target":"${svc('web.default')}"}`],
    [svc('_tcp.web.default'), 'SRV', 'NOERROR SOA'],
    [svc('_sctp.web.default'), 'SRV', 'NXDOMAIN SOA'],
    [svc('_HTTP._TCP.web.default'), 'A', 'NOERROR A 10.96.0.10'],
    [svc('_._tcp.dual.default'), 'SRV', 'NXDOMAIN SOA'],
    [svc('dual.default'), 'SRV', `NOERROR SRV {"priority":0,"weight":50,"port":80,"target":"${svc('dual.default')}"}`],
    [svc('db-0.db.default'), 'SRV', `NOERROR SRV {"priority":0,"weight":100,"port":7000,"target":"${svc('db-0.db.default')}"}`],
    [svc('early.default'), 'SRV', `NOERROR SRV {"priority":0,"weight":100,"port":7000,"target":"${svc('e-0.early.default')}"}`],
    [svc('six.default'), 'SRV', 'NOERROR SOA'],
    [svc('_x._tcp.web.default'), 'SRV', 'NXDOMAIN SOA'],
    [svc('_peer._tcp.db.default'), 'SRV', `NOERROR SRV {"priority":0,"weight":50,"port":7000,"target":"${svc('db-0.db.default')}"} SRV {"priority":0,"weight":50,"port":7000,"target":"${svc('10-1-0-5.db.default')}"}`],
    [svc('out.default'), 'A', 'NOERROR CNAME example.org follow example.org'],
    [svc('out.default'), 'CNAME', 'NOERROR CNAME example.org'],
    [svc('in.default'), 'A', `NOERROR CNAME ${svc('web.default')} A 10.96.0.10`],
    [svc('in.default'), 'AAAA', 'NOERROR SOA'],
    [svc('loop.default'), 'A', 'NOERROR SOA'],
    [svc('lost.default'), 'A', 'NOERROR SOA'],
    [svc('number.default'), 'A', 'NXDOMAIN SOA'],
    [svc('x.out.default'), 'A', 'NXDOMAIN SOA'],
    [svc('out.default'), 'AAAA', 'NOERROR CNAME example.org follow example.org'],
    [svc('web.default'), 'CNAME', 'NOERROR SOA'],
    [svc('web.default'), 'AXFR', 'REFUSED'],
    ['fd00--4.default.pod.cluster.local', 'AAAA', 'NOERROR AAAA fd00::4'],
    ['x.10-1-0-4.default.pod.cluster.local', 'A', 'NXDOMAIN SOA'],
    ['default.pod.cluster.local', 'A', 'NOERROR SOA'],
    ['10-1-0-4.default.pod.cluster.local', 'A', 'NOERROR A 10.1.0.4'],
    ['10-1-0-400.default.pod.cluster.local', 'A', 'NXDOMAIN SOA'],
    ['10-1-0-4.missing.pod.cluster.local', 'A', 'NXDOMAIN SOA'],
    ['10.0.96.10.in-addr.arpa', 'PTR', `NOERROR PTR ${svc('web.default')}`],
    ['1.0.96.10.in-addr.arpa', 'PTR', `NOERROR PTR ${svc('api.kube-system')}`],
    ['4.0.1.10.in-addr.arpa', 'PTR', `NOERROR PTR ${svc('db-0.db.default')} PTR ${svc('web-0.web.default')}`],
    [`1.1.${'0.'.repeat(26)}0.0.d.f.ip6.arpa`, 'PTR', `NOERROR PTR ${svc('dual.default')}`],
    [`4.0.${'0.'.repeat(26)}0.0.D.F.ip6.arpa`, 'PTR', `NOERROR PTR ${svc('fd00-0-0--4.six.default')}`],
    ['10.0.96.10.in-addr.arpa', 'A', 'NOERROR SOA'],
    ['0.96.10.in-addr.arpa', 'PTR', 'forward'],
    ['9.9.9.9.in-addr.arpa', 'PTR', 'forward'],
    // The name server itself, by the name programs look for.
    [svc('kube-dns.kube-system'), 'A', 'NOERROR A 10.96.0.2'],
    [svc('_dns-tcp._tcp.kube-dns.kube-system'), 'SRV', `NOERROR SRV {"priority":0,"weight":100,"port":53,"target":"${svc('kube-dns.kube-system')}"}`],
    ['2.0.96.10.in-addr.arpa', 'PTR', `NOERROR PTR ${svc('kube-dns.kube-system')}`],
    ['example.org', 'A', 'forward'],
    ['xcluster.local', 'A', 'forward'],
  ])('%s %s → %s', (name, type, expected) => { expect(ask(name, type)).toBe(expected); });

  it('adds the addresses of SRV targets, and the SOA says how long absence may be kept', () => {
    expect(index.answer(svc('_peer._tcp.db.default'), 'SRV')!.additionals.map((record) => [record.name, record.data])).toEqual([
      [svc('db-0.db.default'), '10.1.0.4'], [svc('10-1-0-5.db.default'), '10.1.0.5'],
    ]);
    expect(index.answer('nothing.cluster.local', 'A')!.authorities[0]).toMatchObject({ name: 'cluster.local', type: 'SOA', data: { serial: 7, minimum: 5, mname: 'ns.dns.cluster.local' } });
  });
});

it('an index that was changed answers as one that is new', () => {
  const random = (below: number): number => Math.floor(Math.random() * below);
  const named = (n: number): DnsService => ({ namespace: n % 7 === 0 ? 'kube-system' : 'default', name: n === 0 ? 'kube-dns' : `s${n}`, addresses: [`10.96.1.${random(250)}`], ports: [] });
  const answers = (of: DnsIndex): unknown => Array.from({ length: 12 }, (_, n) => named(n)).map(({ name, namespace }) => of.answer(svc(`${name}.${namespace}`), 'A')!.answers);
  let services: DnsService[] = [];
  let changed = new DnsIndex({ ...table, services }, 1);
  for (let round = 0; round < 500; round++) {
    services = services.filter(() => random(10) > 0).map((service) => (random(10) === 0 ? { ...service, addresses: [`10.96.2.${random(250)}`] } : service));
    for (const n of [random(12), random(12)]) if (!services.some(({ name }) => name === named(n).name)) services.splice(random(services.length + 1), 0, named(n));
    changed = new DnsIndex({ ...table, services }, 1, changed);
    expect(answers(changed)).toEqual(answers(new DnsIndex({ ...table, services }, 1)));
  }
});
