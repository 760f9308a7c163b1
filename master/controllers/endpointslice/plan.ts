// The slices a Service should have, and the fewest writes that lead there from the slices it has.
// upstream: staging/src/k8s.io/endpointslice/reconciler.go, utils.go
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import { ipVersion } from '../../../src/apimachinery/names.ts';
import { zoneLabel, type Node } from '../../../src/api/core/node.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { Services, type Service } from '../../../src/api/core/service.ts';
import { managedByLabel, serviceNameLabel, type Endpoint, type EndpointPort, type EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';
import type { Draft } from '../../../src/client/client.ts';
import { addressesOf, headlessLabel, hostnameOf, lacksClusterIP, targetPortIn } from '../service-pods.ts';
import { equalJson } from '../../../src/util/json.ts';
import { hinted, wantsTopologyHints, type ZoneRatios } from './topology-hints.ts';

const maxEndpointsPerSlice = 100;
export const managedBy = 'endpointslice-controller.k8s.io';

type AddressType = 'IPv4' | 'IPv6';
export interface SlicePlan { readonly create: readonly Draft<EndpointSlice>[]; readonly update: readonly EndpointSlice[]; readonly remove: readonly EndpointSlice[] }
/** With whether there are topology-aware hints then, and what is to be told of them. */
export interface HintedPlan extends SlicePlan { readonly hints: boolean; readonly events: readonly HintEvent[] }
export interface HintEvent { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }
/** With those slices that stay as they are. */
interface WholePlan extends SlicePlan { readonly keep: readonly EndpointSlice[] }

/** Ports differ between Pods only by what named target ports mean in them. */
function portsFor(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPortIn(pod, port);
    if (number === undefined) return [];
    return [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) } as EndpointPort];
  });
}

/** A Pod that ends is terminating and not ready, whatever its probes say; it serves as long as they succeed. */
function endpointFor(service: Service, pod: Pod, node: Node | undefined, addresses: string[]): Endpoint {
  const serving = isPodReady(pod);
  const terminating = Boolean(pod.metadata.deletionTimestamp);
  const zone = node?.metadata.labels?.[zoneLabel];
  const hostname = hostnameOf(pod, service);
  const ready = Boolean(service.spec.publishNotReadyAddresses) || (serving && !terminating);
  // upstream: staging/src/k8s.io/endpointslice/trafficdist
  const near = ready && zone && service.spec.trafficDistribution === 'PreferClose' && !wantsTopologyHints(service);
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(near ? { hints: { forZones: [{ name: zone }] } } : {}),
  } as Endpoint;
}

export function labelsFor(service: Service): Record<string, string> {
  const { [serviceNameLabel]: _name, [managedByLabel]: _by, [headlessLabel]: _headless, ...own } = service.metadata.labels ?? {};
  return { ...own, [serviceNameLabel]: service.metadata.name, [managedByLabel]: managedBy, ...(lacksClusterIP(service) ? { [headlessLabel]: '' } : {}) };
}

/**
 * All writes for a Service. `existing` are its slices made by this controller, `ratios` the zones' parts of all processors. `hadHints` is whether it had
 * topology-aware hints when it was last planned; where nobody knows, those that are there are of that kind if it asks for them now.
 */
export function planSlices(service: Service, pods: readonly Pod[], nodeOf: (name: string) => Node | undefined, existing: readonly EndpointSlice[], ratios: () => ZoneRatios, hadHints?: boolean): HintedPlan {
  const families = (service.spec.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4']) as AddressType[];
  const live = existing.filter((slice) => !slice.metadata.deletionTimestamp);
  const wanted = wantsTopologyHints(service);
  const plans = families.map((family) => {
    const plan = planFamily(service, family, pods, nodeOf, live.filter((slice) => slice.addressType === family));
    return wanted ? withTopologyHints(plan, ratios()) : plan;
  });
  const had = hadHints ?? (wanted && live.some((slice) => slice.endpoints?.some((endpoint) => endpoint.hints !== undefined)));
  const disabled = plans.map((plan) => (plan as TopologyPlan).disabled);
  return {
    create: plans.flatMap((p) => p.create), update: plans.flatMap((p) => p.update),
    remove: [...live.filter((slice) => !families.includes(slice.addressType as AddressType)), ...plans.flatMap((p) => p.remove)],
    hints: wanted && disabled.includes(undefined),
    events: wanted ? hintEvents(families, disabled, had) : had ? [hintEvent('Warning', 'Topology Aware Hints has been disabled', families[0]!)] : [],
  };
}

/** `disabled`: why there are no hints. */
interface TopologyPlan extends SlicePlan { readonly disabled: string | undefined }
function withTopologyHints({ create, update, keep, remove }: WholePlan, ratios: ZoneRatios): TopologyPlan {
  const { written, rewritten, disabled } = hinted({ written: [...create, ...update] as (Draft<EndpointSlice> & { endpoints?: Endpoint[] })[], kept: keep }, ratios);
  return { create: written.slice(0, create.length), update: [...(written.slice(create.length) as EndpointSlice[]), ...rewritten], remove, disabled };
}

const hintEvent = (type: HintEvent['type'], words: string, family: AddressType): HintEvent => (
  { type, reason: type === 'Normal' ? 'TopologyAwareHintsEnabled' : 'TopologyAwareHintsDisabled', message: `${words}, addressType: ${family}` });
/** Why there are none is told of each kind of address, that there are of the first that has them. upstream: hintsPopulatedByService is one for all */
function hintEvents(families: readonly AddressType[], disabled: readonly (string | undefined)[], had: boolean): HintEvent[] {
  const first = had ? -1 : disabled.indexOf(undefined);
  return families.flatMap((family, i) => {
    const why = disabled[i];
    if (why !== undefined) return [hintEvent('Warning', why, family)];
    return i === first ? [hintEvent('Normal', 'Topology Aware Hints has been enabled', family)] : [];
  });
}

interface Group { readonly ports: EndpointPort[]; readonly endpoints: Map<string, Endpoint>; readonly existing: EndpointSlice[] }
const portsKey = (ports: readonly EndpointPort[] | undefined | null): string =>
  JSON.stringify((ports ?? []).map((p) => [p.name ?? '', p.protocol ?? 'TCP', p.port ?? 0, p.appProtocol ?? '']).sort((a, b) => (String(a) < String(b) ? -1 : 1)));
const endpointKey = ({ addresses, targetRef }: Endpoint): string => targetRef?.uid ?? addresses.join();

function planFamily(service: Service, family: AddressType, pods: readonly Pod[], nodeOf: (name: string) => Node | undefined, existing: readonly EndpointSlice[]): WholePlan {
  const groups = new Map<string, Group>();
  const group = (ports: EndpointPort[]): Group => {
    const key = portsKey(ports);
    let found = groups.get(key);
    if (!found) groups.set(key, (found = { ports, endpoints: new Map(), existing: [] }));
    return found;
  };
  for (const pod of pods) {
    const addresses = addressesOf(pod).filter((ip) => ipVersion(ip) === (family === 'IPv6' ? 6 : 4));
    if (!addresses.length) continue;
    group(portsFor(service, pod)).endpoints.set(pod.metadata.uid, endpointFor(service, pod, pod.spec.nodeName ? nodeOf(pod.spec.nodeName) : undefined, addresses));
  }
  const unwanted: EndpointSlice[] = [];
  for (const slice of existing) {
    const wanted = groups.get(portsKey(slice.ports));
    if (wanted) wanted.existing.push(slice);
    else unwanted.push(slice);
  }
  const labels = labelsFor(service);
  const plans = [...groups.values()].map((g) => planGroup(service, family, g, labels));
  // A Service without endpoints keeps one empty slice, which shows that the controller has seen it.
  if (plans.every((p) => p.create.length === 0 && p.update.length + p.keep.length === 0)) {
    const kept = unwanted.find((slice) => !slice.ports?.length && !slice.endpoints?.length && equalJson(slice.metadata.labels, labels));
    return kept
      ? { create: [], update: [], remove: [...unwanted.filter((slice) => slice !== kept), ...plans.flatMap((p) => p.remove)], keep: [kept] }
      : { ...recycle([draft(service, family, labels, [], [])], [], [...plans.flatMap((p) => p.remove), ...unwanted]), keep: [] };
  }
  return { ...recycle(plans.flatMap((p) => p.create), plans.flatMap((p) => p.update), [...unwanted, ...plans.flatMap((p) => p.remove)]), keep: plans.flatMap((p) => p.keep) };
}

function planGroup(service: Service, family: AddressType, { ports, endpoints, existing }: Group, labels: Record<string, string>): WholePlan {
  const same = sameEndpoint(wantsTopologyHints(service));
  const left = new Map(endpoints);
  const update: EndpointSlice[] = [];
  const keep: EndpointSlice[] = [];
  const remove: EndpointSlice[] = [];
  for (const slice of existing) {
    const old = slice.endpoints ?? [];
    const next = old.flatMap((endpoint) => {
      const wanted = left.get(endpointKey(endpoint));
      if (!wanted) return [];
      left.delete(endpointKey(endpoint));
      return [same(endpoint, wanted) ? endpoint : wanted];
    });
    if (next.length === 0) remove.push(slice);
    else if (next.length !== old.length || next.some((endpoint, i) => endpoint !== old[i]) || !equalJson({ ...slice.metadata.labels }, labels)) update.push(withContent(slice, labels, ports, next));
    else keep.push(slice);
  }
  const fill = (slice: EndpointSlice): EndpointSlice => {
    const room = [...left].slice(0, maxEndpointsPerSlice - (slice.endpoints?.length ?? 0));
    for (const [key] of room) left.delete(key);
    return withContent(slice, labels, ports, [...(slice.endpoints ?? []), ...room.map(([, endpoint]) => endpoint)]);
  };
  // Slices that are written anyway take new endpoints first; then the fullest other one with room for all of them; then new ones.
  for (const [i, slice] of update.entries()) if (left.size) update[i] = fill(slice);
  const fullest = keep.filter((s) => s.endpoints!.length + left.size <= maxEndpointsPerSlice).sort((a, b) => b.endpoints!.length - a.endpoints!.length)[0];
  if (left.size && fullest) {
    keep.splice(keep.indexOf(fullest), 1);
    update.push(fill(fullest));
  }
  const create: Draft<EndpointSlice>[] = [];
  while (left.size) create.push(draft(service, family, labels, ports, take(left, maxEndpointsPerSlice)));
  return { create, update, remove, keep };
}

function take(left: Map<string, Endpoint>, count: number): Endpoint[] {
  const taken = [...left].slice(0, count);
  for (const [key] of taken) left.delete(key);
  return taken.map(([, endpoint]) => endpoint);
}

/** One slice rewritten costs every watcher less than one deleted and one created. */
function recycle(create: readonly Draft<EndpointSlice>[], update: readonly EndpointSlice[], remove: readonly EndpointSlice[]): SlicePlan {
  const reused = Math.min(create.length, remove.length);
  const rewritten = remove.slice(0, reused).map((slice, i) => {
    const next = create[i]!;
    return withContent(slice, next.metadata!.labels as Record<string, string>, next.ports as EndpointPort[], next.endpoints as Endpoint[]);
  });
  return { create: create.slice(reused), update: [...update, ...rewritten], remove: remove.slice(reused) };
}

/** Frozen and thawed, with and without explicit false: what is compared is the content. Topology-aware hints are told later. */
const sameEndpoint = (hintsLater: boolean) => (a: Endpoint, b: Endpoint): boolean => {
  const plain = (endpoint: Endpoint): unknown => JSON.parse(JSON.stringify(hintsLater ? { ...endpoint, hints: undefined } : endpoint));
  return equalJson(plain(a), plain(b));
};
const withContent = (slice: EndpointSlice, labels: Record<string, string>, ports: EndpointPort[], endpoints: Endpoint[]): EndpointSlice => ({ ...slice, metadata: { ...slice.metadata, labels }, ports, endpoints });
const draft = (service: Service, addressType: AddressType, labels: Record<string, string>, ports: EndpointPort[], endpoints: Endpoint[]): Draft<EndpointSlice> => ({
  metadata: { generateName: `${service.metadata.name}-`, namespace: service.metadata.namespace, labels, ownerReferences: [newControllerRef(service, Services)] },
  addressType, ports, endpoints,
} as Draft<EndpointSlice>);
