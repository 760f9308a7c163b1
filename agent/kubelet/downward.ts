// Values of the downward API: a Pod's fields and its containers' resources as text.
// upstream: pkg/fieldpath/fieldpath.go, pkg/api/v1/resource/helpers.go
import { goQuoted } from '../../src/apimachinery/go-text.ts';
import { parseQuantity } from '../../src/apimachinery/quantity.ts';
import type { Container, Pod } from './pod.ts';

/** Addresses known when a container is made; they are not in the Pod's status yet. */
export interface PodAddresses { readonly hostIPs: readonly string[]; readonly podIPs: readonly string[] }
/** What a container without a limit may use. */
export interface NodeAllocatable { readonly cpu: string; readonly memory: string; readonly 'ephemeral-storage': string }

/** `key="value"` lines, sorted; values are quoted as Go quotes them. */
const formatMap = (entries: Readonly<Record<string, string>> | undefined): string =>
  Object.keys(entries ?? {}).sort().map((key) => `${key}=${goQuoted(entries![key]!)}`).join('\n');

/** The text of a field; '' when it is not set. @throws Error when the path is not supported. */
export function fieldValue(pod: Pod, fieldPath: string, addresses: PodAddresses): string {
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/s.exec(fieldPath);
  if (subscript) return (subscript[1] === 'metadata.labels' ? pod.metadata.labels : pod.metadata.annotations)?.[subscript[2] ?? ''] ?? '';
  switch (fieldPath) {
    case 'metadata.name': return pod.metadata.name;
    case 'metadata.namespace': return pod.metadata.namespace ?? '';
    case 'metadata.uid': return pod.metadata.uid;
    case 'metadata.labels': return formatMap(pod.metadata.labels);
    case 'metadata.annotations': return formatMap(pod.metadata.annotations);
    case 'spec.nodeName': return pod.spec.nodeName ?? '';
    case 'spec.serviceAccountName': return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP': return addresses.hostIPs[0] ?? '';
    case 'status.hostIPs': return addresses.hostIPs.join(',');
    case 'status.podIP': return addresses.podIPs[0] ?? '';
    case 'status.podIPs': return addresses.podIPs.join(',');
    default: throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

/** `limits.cpu` and the like in units of `divisor`, rounded up; a limit that is not set is what the node can give. */
export function resourceFieldValue(container: Container, resource: string, divisor: string | undefined, allocatable: NodeAllocatable): string {
  const [list, ...rest] = resource.split('.');
  const name = rest.join('.');
  const given = list === 'limits' ? container.resources?.limits : container.resources?.requests;
  const fallback = list === 'limits' ? allocatable[name as keyof NodeAllocatable] ?? '0' : '0';
  const value = parseQuantity(given?.[name] ?? fallback).nanos;
  const unit = divisor ? parseQuantity(divisor).nanos : 0n;
  const by = unit > 0n ? unit : 1_000_000_000n;
  return String((value + by - 1n) / by);
}
