// The slices that say what a person's Endpoints say: one for each set of ports and each address family, as far as it goes. Pure.
// upstream: pkg/controller/endpointslicemirroring/reconciler.go, utils.go
import { ipVersion } from '../../../src/apimachinery/names.ts';
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import { Endpoints, type EndpointAddress, type EndpointPort } from '../../../src/api/core/endpoints.ts';
import { managedByLabel, serviceNameLabel, type Endpoint, type EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';
import type { Draft } from '../../../src/client/client.ts';
import { equalJson } from '../../../src/util/json.ts';

export const managedBy = 'endpointslicemirroring-controller.k8s.io';
/** Addresses of a subset beyond this many are left out. */
export const maxAddresses = 1000;
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
/** Endpoints were once what leaders elected themselves by. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
/** What is the writer's own affair, or changes with every write. */
const privateAnnotations = ['endpoints.kubernetes.io/last-change-trigger-time', 'kubectl.kubernetes.io/last-applied-configuration'];

export interface MirrorPlan {
  readonly create: readonly Draft<EndpointSlice>[]; readonly update: readonly EndpointSlice[]; readonly remove: readonly EndpointSlice[];
  /** Addresses that are no IP addresses, and all that were left out. */
  readonly invalid: number; readonly skipped: number;
}

export const isMirrored = ({ metadata: { labels, annotations } }: Endpoints): boolean => labels?.[skipLabel] !== 'true' && annotations?.[leaderAnnotation] === undefined;

interface Wanted { readonly addressType: 'IPv4' | 'IPv6'; readonly ports: readonly EndpointPort[]; readonly endpoints: Map<string, Endpoint> }

const portsKey = (ports: readonly { name?: string; protocol?: string; port?: number; appProtocol?: string }[] | undefined | null): string =>
  JSON.stringify((ports ?? []).map((p) => JSON.stringify([p.name ?? '', p.protocol ?? 'TCP', p.port ?? 0, p.appProtocol ?? ''])).sort());

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return { addresses: [ip], conditions: { ready }, ...(hostname ? { hostname } : {}), ...(targetRef ? { targetRef } : {}), ...(nodeName ? { nodeName } : {}) } as Endpoint;
}
/** Who it is, beside its state. */
const identity = ({ addresses, hostname, nodeName, targetRef }: Endpoint): string => JSON.stringify([addresses, hostname, nodeName, targetRef?.namespace, targetRef?.name, targetRef?.uid]);

function wantedSlices({ subsets = [] }: Endpoints): { wanted: Map<string, Wanted>; invalid: number; skipped: number } {
  const wanted = new Map<string, Wanted>();
  let [invalid, skipped] = [0, 0];
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    let added = 0;
    for (const [list, ready] of [[addresses, true], [notReadyAddresses, false]] as const) {
      for (const address of list) {
        if (added >= maxAddresses) break;
        const version = ipVersion(address.ip);
        if (!version) {
          invalid++;
          continue;
        }
        const addressType = version === 6 ? 'IPv6' : 'IPv4';
        const key = addressType + portsKey(ports);
        const slice = wanted.get(key) ?? { addressType, ports, endpoints: new Map<string, Endpoint>() };
        wanted.set(key, slice);
        const endpoint = endpointOf(address, ready);
        slice.endpoints.set(identity(endpoint), endpoint);
        added++;
      }
    }
    skipped += addresses.length + notReadyAddresses.length - added;
  }
  return { wanted, invalid, skipped };
}

const without = (from: Readonly<Record<string, string>> | undefined, ...keys: readonly string[]): Record<string, string> => Object.fromEntries(Object.entries(from ?? {}).filter(([key]) => !keys.includes(key)));

/** `existing` are the slices made of these Endpoints before. */
export function planMirror(endpoints: Endpoints, existing: readonly EndpointSlice[]): MirrorPlan {
  const { name, namespace } = endpoints.metadata;
  const { wanted, invalid, skipped } = wantedSlices(endpoints);
  const labels = { ...endpoints.metadata.labels, [serviceNameLabel]: name, [managedByLabel]: managedBy };
  const annotations = without(endpoints.metadata.annotations, ...privateAnnotations);
  const content = ({ ports, endpoints: those }: Wanted): Pick<EndpointSlice, 'ports' | 'endpoints'> => ({
    ports: ports.map((port) => ({ ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' })) as never, endpoints: [...those.values()].slice(0, maxAddresses),
  });
  const create: Wanted[] = [];
  const update: EndpointSlice[] = [];
  const remove = existing.filter((slice) => !wanted.has(slice.addressType + portsKey(slice.ports)));
  const rewritten = (slice: EndpointSlice, by: Wanted): EndpointSlice => ({ ...slice, metadata: { ...slice.metadata, labels, annotations }, ...content(by) });
  for (const [key, slice] of wanted) {
    const [first, ...others] = existing.filter((other) => other.addressType + portsKey(other.ports) === key);
    remove.push(...others);
    if (!first) create.push(slice);
    else if (!sameEndpoints(first, slice) || !equalJson({ ...first.metadata.labels }, labels) || !equalJson({ ...first.metadata.annotations }, annotations)) update.push(rewritten(first, slice));
  }
  // Of the same family one that is not wanted any more becomes one that is.
  for (const slice of create.splice(0)) {
    const at = remove.findIndex(({ addressType }) => addressType === slice.addressType);
    if (at >= 0) update.push(rewritten(remove.splice(at, 1)[0]!, slice));
    else create.push(slice);
  }
  const drafts = endpoints.metadata.deletionTimestamp ? [] : create.map((slice) => ({
    metadata: { generateName: `${name}-`, namespace, labels, annotations, ownerReferences: [newControllerRef(endpoints, Endpoints)] }, addressType: slice.addressType, ...content(slice),
  }) as Draft<EndpointSlice>);
  return { create: drafts, update, remove, invalid, skipped };
}

function sameEndpoints({ endpoints }: EndpointSlice, wanted: Wanted): boolean {
  const here = endpoints ?? [];
  const plain = (endpoint: Endpoint): unknown => JSON.parse(JSON.stringify(endpoint));
  return here.length === Math.min(wanted.endpoints.size, maxAddresses) && here.every((endpoint) => {
    const other = wanted.endpoints.get(identity(endpoint));
    return other !== undefined && equalJson(plain(endpoint), plain(other));
  });
}
