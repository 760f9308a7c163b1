// The texts of a Pod's /etc/hosts and /etc/resolv.conf, and its hostname. Pure.
// upstream: pkg/kubelet/kubelet_pods.go (nodeHostsFileContent, GeneratePodHostNameAndDomain), pkg/kubelet/network/dns/dns.go
import { isHostNetwork, type Pod } from './pod.ts';

const header = '# Kubernetes-managed hosts file.\n';
const headerHostNetwork = '# Kubernetes-managed hosts file (host network).\n';

export interface PodHostname { /** Name of the host as processes see it. */ readonly hostname: string; readonly domain: string }

/** What the kernel has room for. */
const longestName = 64;

/** The first 63 characters of spec.hostname or the Pod's name; the domain is that of its subdomain, if any. @throws Error when both are to be the name and are too long for it */
export function podHostname(pod: Pod, clusterDomain: string, nodeName: string): PodHostname {
  const truncated = (pod.spec.hostname || pod.metadata.name).slice(0, 63).replace(/[-.]+$/, '');
  const domain = pod.spec.subdomain ? `${pod.spec.subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '';
  if (isHostNetwork(pod)) return { hostname: nodeName, domain };
  if (!pod.spec.setHostnameAsFQDN || !domain) return { hostname: truncated, domain };
  const hostname = `${truncated}.${domain}`;
  // upstream: pkg/kubelet/util/util.go (GetNodenameForKernel)
  if (hostname.length > longestName) throw new Error(`failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname} is too long (${longestName} characters is the max, ${hostname.length} characters requested)`);
  return { hostname, domain };
}

export function hostsFile(pod: Pod, options: { podIPs: readonly string[]; hostname: PodHostname; hostFile: string }): string {
  const aliases = pod.spec.hostAliases ?? [];
  const extra = aliases.length ? `\n# Entries added by HostAliases.\n${aliases.map((a) => `${a.ip}\t${(a.hostnames ?? []).join('\t')}\n`).join('')}` : '';
  if (isHostNetwork(pod)) return `${headerHostNetwork}${options.hostFile}${extra}`;
  const { hostname, domain } = options.hostname;
  const short = hostname.split('.')[0] ?? hostname;
  const names = domain ? `${short}.${domain}\t${short}` : short;
  return [
    header, '127.0.0.1\tlocalhost\n', '::1\tlocalhost ip6-localhost ip6-loopback\n', 'fe00::0\tip6-localnet\n', 'fe00::0\tip6-mcastprefix\n',
    'fe00::1\tip6-allnodes\n', 'fe00::2\tip6-allrouters\n', ...options.podIPs.map((ip) => `${ip}\t${names}\n`), extra,
  ].join('');
}

export interface DnsConfig { readonly nameservers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] }

export function parseResolvConf(text: string): DnsConfig {
  const nameservers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.replace(/[#;].*$/, '').trim().split(/\s+/);
    if (word === 'nameserver' && rest[0]) nameservers.push(rest[0]);
    else if (word === 'search') searches = rest;
    else if (word === 'options') options = rest;
  }
  return { nameservers, searches, options };
}

/**
 * Of the host's resolver files the first that names a server reachable from a namespace that is not the host's; the first of all where
 * none does. (upstream: kubeadm points the kubelet to systemd-resolved's own file)
 */
export function reachableResolvConf<F extends { readonly text: string }>(files: readonly F[]): F {
  return files.find(({ text }) => parseResolvConf(text).nameservers.some((server) => !isLoopback(server))) ?? files[0]!;
}
const isLoopback = (server: string): boolean => server.startsWith('127.') || server === '::1';

/** Whom the cluster's name server asks for names outside: whom the host asks, and where it asks itself alone whom that asks, after it. */
export const outsideResolvers = (files: readonly { readonly text: string }[]): string[] => [...new Set([files[0]!, reachableResolvConf(files)].flatMap(({ text }) => parseResolvConf(text).nameservers))];

/** The host's loopback is not the Pod's: where the host asks nobody else, the cluster's name server asks for the Pod. */
function reachable(nameservers: readonly string[], clusterDNS: readonly string[]): readonly string[] {
  const outside = nameservers.filter((server) => !isLoopback(server));
  return outside.length > 0 || nameservers.length === 0 ? outside : clusterDNS;
}

const maxNameservers = 3;
const maxSearches = 32;
const maxSearchLength = 253;
const maxSearchLine = 2048;

export interface PodDns extends DnsConfig { /** What had to be left out: the words of DNSConfigForming events. */ readonly exceeded: readonly string[] }

/** upstream: formDNSNameserversFitsLimits, formDNSSearchFitsLimits */
function withinLimits({ nameservers, searches, options }: DnsConfig): PodDns {
  const servers = nameservers.slice(0, maxNameservers);
  const fitting = searches.slice(0, maxSearches).filter((search) => search.length <= maxSearchLength);
  while (fitting.join(' ').length > maxSearchLine) fitting.pop();
  return {
    nameservers: servers, searches: fitting, options,
    exceeded: [
      ...(servers.length < nameservers.length ? [`Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`] : []),
      ...(fitting.length < searches.length ? [`Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${fitting.join(' ')}`] : []),
    ],
  };
}

/** What the Pod's resolver is told. `clusterDNS` is empty when the cluster has no DNS: then ClusterFirst is Default. */
export function podDns(pod: Pod, options: { host: DnsConfig; clusterDNS: readonly string[]; clusterDomain: string }): PodDns {
  const { host, clusterDNS, clusterDomain } = options;
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  let base: DnsConfig = isHostNetwork(pod) ? host : { ...host, nameservers: reachable(host.nameservers, clusterDNS) };
  if (policy === 'None') base = { nameservers: [], searches: [], options: [] };
  else if ((policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isHostNetwork(pod))) && clusterDNS.length) {
    const searches = [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain, ...host.searches];
    base = { nameservers: clusterDNS, searches, options: ['ndots:5'] };
  }
  const config = pod.spec.dnsConfig;
  const named = new Map(base.options.map((o) => [o.split(':')[0], o]));
  for (const { name = '', value } of config?.options ?? []) named.set(name, value ? `${name}:${value}` : name);
  return withinLimits({
    nameservers: [...new Set([...base.nameservers, ...(config?.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(config?.searches ?? [])])],
    options: [...named.values()],
  });
}

export const resolvConf = ({ nameservers, searches, options }: DnsConfig): string => [
  ...(searches.length ? [`search ${searches.join(' ')}\n`] : []),
  ...nameservers.map((n) => `nameserver ${n}\n`),
  ...(options.length ? [`options ${options.join(' ')}\n`] : []),
].join('');
