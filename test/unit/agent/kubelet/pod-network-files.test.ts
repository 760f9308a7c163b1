// /etc/hosts, /etc/resolv.conf and the hostname of a Pod.
import { hostsFile, outsideResolvers, parseResolvConf, podDns, podHostname, reachableResolvConf, resolvConf } from '../../../../agent/kubelet/pod-network-files.ts';
import type { PodSpec } from '../../../../agent/kubelet/pod.ts';
import { pod } from './pods.ts';

it.each<[Partial<PodSpec>, string, string]>([
  [{}, 'web', ''], [{ hostname: 'db-0', subdomain: 'db' }, 'db-0', 'db.default.svc.cluster.local'], [{ hostname: 'db-0', subdomain: 'db', setHostnameAsFQDN: true }, 'db-0.db.default.svc.cluster.local', 'db.default.svc.cluster.local'],
  [{ hostNetwork: true }, 'node-1', ''], [{ hostname: `${'x'.repeat(62)}-y` }, 'x'.repeat(62), ''],
])('%j is called %s in %s', (spec, hostname, domain) => expect(podHostname(pod(spec), 'cluster.local', 'node-1')).toEqual({ hostname, domain }));
it('a name that is longer than the kernel takes is refused, with its domain alone', () => {
  const long = { hostname: 'x'.repeat(40), subdomain: 'db', setHostnameAsFQDN: true };
  const name = `${long.hostname}.db.default.svc.cluster.local`;
  expect(() => podHostname(pod(long), 'cluster.local', 'node-1')).toThrow(`failed to construct FQDN from pod hostname and cluster domain, FQDN ${name} is too long (64 characters is the max, ${name.length} characters requested)`);
  expect(podHostname(pod({ ...long, setHostnameAsFQDN: false }), 'cluster.local', 'node-1').hostname).toBe(long.hostname);
  expect(podHostname(pod({ ...long, hostname: 'x'.repeat(64 - 29) }), 'cluster.local', 'node-1').hostname).toHaveLength(64);
});

it('names the Pod and its aliases in /etc/hosts', () => {
  const text = hostsFile(pod({ hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }), { podIPs: ['10.42.0.5'], hostname: { hostname: 'db-0', domain: 'db.default.svc.cluster.local' }, hostFile: '' });
  expect(text).toContain('# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n');
  expect(text).toContain('10.42.0.5\tdb-0.db.default.svc.cluster.local\tdb-0\n');
  expect(text).toMatch(/# Entries added by HostAliases\.\n1\.2\.3\.4\ta\tb\n$/);
});
it('copies the host\'s own on the host network', () => {
  expect(hostsFile(pod({ hostNetwork: true }), { podIPs: [], hostname: { hostname: 'n', domain: '' }, hostFile: '127.0.0.1 x\n' })).toBe('# Kubernetes-managed hosts file (host network).\n127.0.0.1 x\n');
});

const host = parseResolvConf('# c\nnameserver 9.9.9.9\nsearch example.com\noptions timeout:2\n');
it.each<[Partial<PodSpec>, string]>([
  [{}, 'search default.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.43.0.10\noptions ndots:5\n'],
  [{ dnsPolicy: 'Default' }, 'search example.com\nnameserver 9.9.9.9\noptions timeout:2\n'],
  [{ hostNetwork: true }, 'search example.com\nnameserver 9.9.9.9\noptions timeout:2\n'],
  [{ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, 'search default.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.43.0.10\noptions ndots:5\n'],
  [{ dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches: ['x'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] } }, 'search x\nnameserver 1.1.1.1\noptions ndots:2 edns0\n'],
  [{ dnsConfig: { options: [{ name: 'ndots', value: '1' }] } } as never, 'search default.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.43.0.10\noptions ndots:1\n'],
])('%j resolves by %j', (spec, text) => expect(resolvConf(podDns(pod(spec as never), { host, clusterDNS: ['10.43.0.10'], clusterDomain: 'cluster.local' }))).toBe(text));

it('what a resolver has no room for is left out, and told', () => {
  const [many, long] = [Array.from({ length: 40 }, (_, i) => `s${i}`), 'x'.repeat(254)];
  const limited = (searches: readonly string[], nameservers: readonly string[] = ['1.1.1.1']) => podDns(pod({ dnsPolicy: 'None', dnsConfig: { nameservers, searches } } as never), { host, clusterDNS: [], clusterDomain: 'c' });
  expect(limited(['a'])).toMatchObject({ searches: ['a'], exceeded: [] });
  expect(limited(many, ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'])).toMatchObject({
    nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3'], searches: many.slice(0, 32),
    exceeded: ['Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1.1.1.1 1.1.1.2 1.1.1.3',
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${many.slice(0, 32).join(' ')}`],
  });
  expect(limited(['a', long, 'b'])).toMatchObject({ searches: ['a', 'b'], exceeded: [expect.stringMatching(/^Search Line limits .*: a b$/)] });
  const wide = Array.from({ length: 12 }, (_, i) => `${i}`.padEnd(250, 'y'));
  expect(limited(wide).searches).toEqual(wide.slice(0, 8));
});

it.each<[string, Partial<PodSpec>, string]>([
  ['the cluster\'s name server', { dnsPolicy: 'Default' }, 'search example.com\nnameserver 10.43.0.10\n'],
  ['none of it beside another', { dnsPolicy: 'Default' }, 'search example.com\nnameserver 9.9.9.9\n'],
  ['the host\'s own on the host network', { hostNetwork: true }, 'search example.com\nnameserver 127.0.0.53\n'],
  ['what the Pod says of itself', { dnsPolicy: 'None', dnsConfig: { nameservers: ['127.0.0.1'] } }, 'nameserver 127.0.0.1\n'],
])('where the host resolves through its loopback: %s', (what, spec, text) => {
  const servers = what.includes('another') ? ['127.0.0.53', '9.9.9.9'] : ['127.0.0.53'];
  expect(resolvConf(podDns(pod(spec as never), { host: { nameservers: servers, searches: ['example.com'], options: [] }, clusterDNS: ['10.43.0.10'], clusterDomain: 'cluster.local' }))).toBe(text);
});

it.each([
  [['192.0.2.1', '192.0.2.2'], ['192.0.2.9'], ['192.0.2.1', '192.0.2.2']], [['127.0.0.53'], ['192.0.2.9'], ['127.0.0.53', '192.0.2.9']], [['127.0.0.1', '192.0.2.1'], ['192.0.2.9'], ['127.0.0.1', '192.0.2.1']], [['127.0.0.1'], [], ['127.0.0.1']], [[], ['192.0.2.9'], ['192.0.2.9']],
])('a host that names %j, whose resolver asks %j, asks %j', (own, resolved, asked) => {
  expect(outsideResolvers([own, resolved].map((servers) => ({ text: servers.map((server) => `nameserver ${server}\n`).join('') })))).toEqual(asked);
});

describe('reachableResolvConf', () => {
  const text = (...servers: string[]): { text: string } => ({ text: servers.map((server) => `nameserver ${server}\n`).join('') });
  it.each([
    ['the first, when it names a server outside', [text('127.0.0.1', '192.0.2.1'), text('192.0.2.2')], 0],
    ['systemd-resolved\'s own, when the first names only it', [text('127.0.0.53'), text('192.0.2.2')], 1],
    ['the first, when no other is there', [text('127.0.0.53'), text()], 0],
    ['the first, when the other is of loopback, too', [text('::1'), text('127.0.0.1')], 0],
  ])('is %s', (_, files, index) => { expect(reachableResolvConf(files)).toBe(files[index]); });
});
