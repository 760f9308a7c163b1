// Which plugins run where in a profile, from the sets a configuration enables and disables, laid over the default ones. Pure.
// upstream: pkg/scheduler/apis/config/v1/default_plugins.go (mergePluginSet), framework/runtime/framework.go (expandMultiPointPlugins)
import { extensionPoints, knownPlugins, pluginType, type ExtensionPoint } from './extension-points.ts';

export interface PluginEntry { readonly name: string; readonly weight?: number }
export interface PluginSet { readonly enabled?: readonly PluginEntry[]; readonly disabled?: readonly PluginEntry[] }
export type PluginSets = Readonly<Partial<Record<ExtensionPoint | 'multiPoint', PluginSet>>>;

export interface ResolvedPlugins {
  /** Names at each point, in the order they are asked. */
  readonly at: Readonly<Record<ExtensionPoint, readonly string[]>>;
  readonly weights: ReadonlyMap<string, number>;
}

/** The largest sum of weighted scores. (upstream: MaxTotalScore, an int64) */
const maxTotal = 2 ** 63;
const maxNodeScore = 100;

const defaultMultiPoint: readonly PluginEntry[] = Object.entries(knownPlugins).map(([name, { weight }]) => ({ name, ...(weight === undefined ? {} : { weight }) }));

/** What everything is enabled at once: the defaults without the disabled ones, those configured anew in their places, then the others. */
function mergedMultiPoint({ enabled = [], disabled = [] }: PluginSet): PluginEntry[] {
  const off = new Set(disabled.map(({ name }) => name));
  const kept = off.has('*') ? [] : defaultMultiPoint.filter(({ name }) => !off.has(name));
  const anew = new Map(enabled.map((entry, i) => [entry.name, i]));
  const replaced = new Set(kept.flatMap(({ name }) => (anew.has(name) ? [anew.get(name)!] : [])));
  return [...kept.map((entry) => (anew.has(entry.name) ? enabled[anew.get(entry.name)!]! : entry)), ...enabled.filter((_, i) => !replaced.has(i))];
}

function pluginsAt(point: ExtensionPoint, { enabled = [], disabled = [] }: PluginSet, everywhere: readonly PluginEntry[]): string[] {
  const type = pluginType(point);
  const extending = ({ name }: PluginEntry): boolean => {
    if (!Object.hasOwn(knownPlugins, name)) throw new Error(`${type} ${JSON.stringify(name)} does not exist`);
    return knownPlugins[name]!.points.includes(point);
  };
  const here = new Set<string>();
  for (const entry of enabled) {
    if (!extending(entry)) throw new Error(`plugin ${JSON.stringify(entry.name)} does not extend ${type} plugin`);
    if (here.has(entry.name)) throw new Error(`plugin ${JSON.stringify(entry.name)} already registered as ${JSON.stringify(type)}`);
    here.add(entry.name);
  }
  const off = new Set(disabled.map(({ name }) => name));
  if (off.has('*')) return [...here];
  const fromEverywhere = new Set<string>();
  const overridden = new Set<string>();
  for (const entry of everywhere) {
    if (!extending(entry) || off.has(entry.name)) continue;
    if (here.has(entry.name)) overridden.add(entry.name);
    else if (fromEverywhere.has(entry.name)) throw new Error(`plugin ${JSON.stringify(entry.name)} already registered as ${JSON.stringify(type)}`);
    else fromEverywhere.add(entry.name);
  }
  // What is set at this point itself comes first where it replaces something, and last where it is added.
  return [...[...here].filter((name) => overridden.has(name)), ...fromEverywhere, ...[...here].filter((name) => !overridden.has(name))];
}

function weightsOf(entries: readonly PluginEntry[]): Map<string, number> {
  const weights = new Map<string, number>();
  let total = 0;
  for (const { name, weight } of entries) {
    if (weights.has(name) || !knownPlugins[name]!.points.includes('score')) continue;
    weights.set(name, weight || 1);
    total += weights.get(name)! * maxNodeScore;
    if (total > maxTotal) throw new Error('total score of Score plugins could overflow');
  }
  return weights;
}

/** @throws Error in upstream's words when no scheduler could be made of it */
export function resolvePlugins(schedulerName: string, sets: PluginSets): ResolvedPlugins {
  const everywhere = mergedMultiPoint(sets.multiPoint ?? {});
  const at = Object.fromEntries(extensionPoints.map((point) => [point, pluginsAt(point, sets[point] ?? {}, everywhere)])) as Record<ExtensionPoint, string[]>;
  const sorts = at.queueSort.length;
  if (sorts !== 1) throw new Error(`only one queue sort plugin required for profile with scheduler name ${JSON.stringify(schedulerName)}, but got ${sorts}`);
  if (!at.bind.length) throw new Error(`at least one bind plugin is needed for profile with scheduler name ${JSON.stringify(schedulerName)}`);
  return { at, weights: weightsOf([...(sets.score?.enabled ?? []), ...everywhere]) };
}
