// Hints of Services that ask for topology-aware routing: each zone gets a part of the ready endpoints that goes with its part of the
// cluster's processors, first of its own, and no zone so few that they carry more than a fifth above their share. Pure.
// upstream: staging/src/k8s.io/endpointslice/topologycache (topologycache.go, sliceinfo.go, utils.go)
import { zoneLabel, type Node } from '../../../src/api/core/node.ts';
import type { Service } from '../../../src/api/core/service.ts';
import type { Endpoint } from '../../../src/api/discovery/endpoint-slice.ts';
import { findCondition } from '../../../src/apimachinery/conditions.ts';
import { milliValue } from '../../../src/apimachinery/quantity.ts';
import { equalJson } from '../../../src/util/json.ts';

const modeAnnotations = ['service.kubernetes.io/topology-mode', 'service.kubernetes.io/topology-aware-hints'];
/** Whether a Service asks for it. The older annotation counts where the other is not there. */
export function wantsTopologyHints({ metadata: { annotations } }: Pick<Service, 'metadata'>): boolean {
  const mode = modeAnnotations.map((name) => annotations?.[name]).find((value) => value !== undefined);
  return mode === 'Auto' || mode === 'auto';
}

/** By zone, its part of all processors; undefined when that cannot be told, or when there is nothing to choose from. */
export type ZoneRatios = ReadonlyMap<string, number> | undefined;

const outsideLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
export function zoneRatios(nodes: readonly Node[]): ZoneRatios {
  const cpus = new Map<string, number>();
  for (const { metadata: { labels = {} }, status } of nodes) {
    if (outsideLabels.some((label) => label in labels) || findCondition(status?.conditions as never, 'Ready')?.status !== 'True') continue;
    const zone = labels[zoneLabel];
    const cpu = milliValue(((status?.allocatable ?? {}) as Readonly<Record<string, string>>)['cpu'] ?? '0');
    if (!zone || cpu === 0) return undefined;
    cpus.set(zone, (cpus.get(zone) ?? 0) + cpu);
  }
  const total = [...cpus.values()].reduce((sum, cpu) => sum + cpu, 0);
  return cpus.size < 2 ? undefined : new Map([...cpus].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, cpu]) => [zone, cpu / total]));
}

interface Allocation { readonly desired: number; readonly maximum: number }
type Allocations = ReadonlyMap<string, Allocation>;
/** upstream: overloadThreshold */
const overload = 0.2;

/** How many endpoints each zone is to have; a text why that cannot be. */
export function allocationsFor(count: number, ratios: ZoneRatios): Allocations | string {
  if (!ratios) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const numbers = `(${count} endpoints, ${ratios.size} zones)`;
  if (ratios.size > count) return `Insufficient number of endpoints ${numbers}`;
  const minimum = new Map([...ratios].map(([zone, ratio]) => [zone, Math.ceil((ratio * count) / (1 + overload))]));
  const spare = count - [...minimum.values()].reduce((sum, n) => sum + n, 0);
  if (spare < 0) return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${numbers}`;
  return new Map([...minimum].map(([zone, least]) => [zone, { desired: Math.max(ratios.get(zone)! * count, least), maximum: least + spare }]));
}

/** How many hints zones have too many, and how many others lack. */
function exchanges(allocations: Allocations, hints: ReadonlyMap<string, number>): { giving: Map<string, number>; receiving: Map<string, number> } {
  const [surplus, lack] = [new Map<string, number>(), new Map<string, number>()];
  for (const [zone, { desired }] of allocations) {
    const difference = (hints.get(zone) ?? 0) - desired;
    if (difference > 0) surplus.set(zone, difference);
    else if (difference < 0) lack.set(zone, -difference);
  }
  const most = (zones: ReadonlyMap<string, number>): [string, number] => [...zones].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0]);
  const add = (zones: Map<string, number>, zone: string, n: number): void => { zones.set(zone, (zones.get(zone) ?? 0) + n); };
  const [giving, receiving] = [new Map<string, number>(), new Map<string, number>()];
  for (;;) {
    const [[from, gives], [to, takes]] = [most(surplus), most(lack)];
    // Neither has a whole endpoint to move, or one not even half of it.
    if (from === '' || to === '' || (gives < 1 && takes < 1) || gives < 0.5 || takes < 0.5) return { giving, receiving };
    add(giving, from, 1);
    add(receiving, to, 1);
    add(surplus, from, -1);
    add(lack, to, -1);
  }
}

interface HasEndpoints { readonly endpoints?: readonly Endpoint[] | null }
export interface Hinted<Written extends HasEndpoints, Kept extends HasEndpoints> {
  readonly written: Written[];
  /** Of those that were to stay: some have to be written all the same. */
  readonly rewritten: Kept[];
  readonly kept: Kept[];
  /** Why there are no hints. */
  readonly disabled?: string;
}
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready === true;
const readyOf = ({ endpoints }: HasEndpoints): Endpoint[] => (endpoints ?? []).filter(isReady);
const zonesOf = ({ hints }: Endpoint): string[] => (hints?.forZones ?? []).map(({ name }) => name);
const withHints = (endpoint: Endpoint, zone: string | undefined): Endpoint => {
  const { hints: _hints, ...rest } = endpoint;
  return (zone === undefined ? rest : { ...rest, hints: { forZones: [{ name: zone }] } }) as Endpoint;
};
const mapped = <T extends HasEndpoints>(slice: T, change: (endpoint: Endpoint) => Endpoint): T => ({ ...slice, endpoints: (slice.endpoints ?? []).map(change) });

/** Slices (of one address type) that are written anyway, and those that are kept as they are, with the hints a Service that wants them gets. */
export function hinted<Written extends HasEndpoints, Kept extends HasEndpoints>(slices: { readonly written: readonly Written[]; readonly kept: readonly Kept[] }, ratios: ZoneRatios): Hinted<Written, Kept> {
  const allocations = allocationsFor([...slices.written, ...slices.kept].reduce((sum, slice) => sum + readyOf(slice).length, 0), ratios);
  if (typeof allocations === 'string') return { ...unhinted(slices), disabled: allocations };
  const counts = new Map<string, number>();
  const count = (zone: string, n: number): void => { counts.set(zone, (counts.get(zone) ?? 0) + n); };
  // Hints that may stay are not moved about.
  const [kept, stale]: [Kept[], Kept[]] = [[], []];
  for (const slice of slices.kept) {
    const own = hintsThatFit(slice, allocations, counts);
    (own ? kept : stale).push(slice);
    for (const [zone, n] of own ?? []) count(zone, n);
  }
  const open = [...slices.written, ...stale].flatMap(readyOf);
  if (open.some(({ zone }) => !zone)) return { ...unhinted(slices), disabled: 'One or more endpoints do not have a zone specified' };
  for (const { zone } of open) count(zone!, 1);
  const { giving, receiving } = exchanges(allocations, counts);
  const change = (endpoint: Endpoint): Endpoint => {
    if (!isReady(endpoint)) return withHints(endpoint, undefined);
    const own = endpoint.zone!;
    const other = (giving.get(own) ?? 0) > 0 ? [...receiving].find(([, n]) => n > 0)?.[0] : undefined;
    if (other === undefined) return withHints(endpoint, own);
    giving.set(own, giving.get(own)! - 1);
    receiving.set(other, receiving.get(other)! - 1);
    return withHints(endpoint, other);
  };
  const written = slices.written.map((slice) => mapped(slice, change));
  const again = stale.map((slice) => [slice, mapped(slice, change)] as const);
  // Shares that cannot be met to the half of an endpoint stay as they are.
  const differs = ([before, after]: (typeof again)[number]): boolean => !equalJson((before.endpoints ?? []).map(zonesOf), (after.endpoints ?? []).map(zonesOf));
  return { written, rewritten: again.filter(differs).map(([, after]) => after), kept: [...kept, ...again.filter((pair) => !differs(pair)).map(([before]) => before)] };
}

/** By zone, the hints of a slice; undefined when it has to be written anew. */
function hintsThatFit(slice: HasEndpoints, allocations: Allocations, before: ReadonlyMap<string, number>): Map<string, number> | undefined {
  const own = new Map<string, number>();
  for (const endpoint of readyOf(slice)) {
    const zones = zonesOf(endpoint);
    if (zones.length === 0 || zones.some((zone) => !allocations.has(zone))) return undefined;
    for (const zone of zones) own.set(zone, (own.get(zone) ?? 0) + 1);
  }
  return [...own].some(([zone, n]) => n + (before.get(zone) ?? 0) > allocations.get(zone)!.maximum) ? undefined : own;
}

/** The slices of a Service that has no hints. */
export function unhinted<Written extends HasEndpoints, Kept extends HasEndpoints>({ written, kept }: { readonly written: readonly Written[]; readonly kept: readonly Kept[] }): Hinted<Written, Kept> {
  const has = (slice: HasEndpoints): boolean => (slice.endpoints ?? []).some((endpoint) => endpoint.hints !== undefined);
  const without = <T extends HasEndpoints>(slice: T): T => mapped(slice, (endpoint) => withHints(endpoint, undefined));
  return { written: written.map(without), rewritten: kept.filter(has).map(without), kept: kept.filter((slice) => !has(slice)) };
}
