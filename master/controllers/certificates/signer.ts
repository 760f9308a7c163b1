// What signing takes of the cluster's authority, and which requests each signer takes.
// upstream: pkg/controller/certificates/signer/signer.go, pkg/apis/certificates/helpers.go
export interface RequestNames {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

/** PEM in, PEM out. */
export interface Authority {
  names(request: string): RequestNames;
  sign(request: string, usages: readonly string[], seconds: number): Promise<string>;
  /** ms since the epoch. */
  endOf(certificate: string): number;
}

const yearSeconds = 365 * 24 * 3600;
const shortestSeconds = 600;
const nodePrefix = 'system:node:';

/** The life a request gets: what it asks for, within bounds. */
export const lifeOf = (expirationSeconds: number | undefined): number => Math.min(Math.max(expirationSeconds ?? yearSeconds, shortestSeconds), yearSeconds);

function apiClientFault(usages: readonly string[]): string | undefined {
  const strange = usages.find((usage) => !['client auth', 'digital signature', 'key encipherment'].includes(usage));
  if (strange !== undefined) return `invalid usage for client certificate: ${strange}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

/** Key encipherment is for RSA keys alone, and may be left out. */
function usagesFault(usages: readonly string[], auth: 'client auth' | 'server auth'): string | undefined {
  const wanted = ['digital signature', auth];
  const given = usages.filter((usage) => usage !== 'key encipherment');
  const same = given.length === wanted.length && wanted.every((usage) => given.includes(usage));
  return same ? undefined : `usages did not match [${['digital signature', 'key encipherment', auth].sort().join(' ')}]`;
}
const notOfNodes = (names: RequestNames): string | undefined => (names.organizations.length === 1 && names.organizations[0] === 'system:nodes' ? undefined : 'subject organization is not system:nodes');
const notNode = (names: RequestNames): string | undefined => (names.commonName.startsWith(nodePrefix) ? undefined : `subject common name does not begin with ${nodePrefix}`);

function kubeletClientFault(names: RequestNames, usages: readonly string[]): string | undefined {
  return notOfNodes(names)
    ?? (names.dnsNames.length ? 'DNS subjectAltNames are not allowed' : undefined) ?? (names.emails.length ? 'Email subjectAltNames are not allowed' : undefined)
    ?? (names.ips.length ? 'IP subjectAltNames are not allowed' : undefined) ?? (names.uris.length ? 'URI subjectAltNames are not allowed' : undefined)
    ?? notNode(names) ?? usagesFault(usages, 'client auth');
}
function kubeletServingFault(names: RequestNames, usages: readonly string[]): string | undefined {
  return notOfNodes(names)
    ?? (names.dnsNames.length + names.ips.length === 0 ? 'DNS or IP subjectAltName is required' : undefined)
    ?? (names.emails.length ? 'Email subjectAltNames are not allowed' : undefined) ?? (names.uris.length ? 'URI subjectAltNames are not allowed' : undefined)
    ?? usagesFault(usages, 'server auth') ?? notNode(names);
}

/** Why a signer refuses a request; undefined when it signs. */
export const signers: Readonly<Record<string, (names: RequestNames, usages: readonly string[]) => string | undefined>> = {
  'kubernetes.io/kube-apiserver-client': (_names, usages) => apiClientFault(usages),
  'kubernetes.io/kube-apiserver-client-kubelet': kubeletClientFault,
  'kubernetes.io/kubelet-serving': kubeletServingFault,
};
