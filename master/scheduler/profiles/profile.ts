// A profile: how the Pods that name it are placed. One scheduler serves several of them, from one queue.
// upstream: pkg/scheduler/profile/profile.go
import type { Plugin, PodCheck } from '../framework.ts';
import { defaultArguments, pluginsWith, type PluginArguments } from '../plugins/index.ts';
import { resolvePlugins, type PluginSets, type ResolvedPlugins } from './plugin-sets.ts';

export const defaultSchedulerName = 'default-scheduler';

export interface Profile {
  readonly schedulerName: string;
  /** In the order their filters are asked; those that do not filter come last. */
  readonly plugins: readonly Plugin[];
  /** The share of nodes that is looked for; 0 stands for one that falls with the cluster's size. */
  readonly percentageOfNodesToScore: number;
  /** Whether volumes are bound before the Pod is, and how long that may take. */
  readonly bindsVolumes: boolean;
  readonly bindTimeoutSeconds: number;
}

export interface ProfileOptions {
  readonly schedulerName?: string;
  readonly plugins?: PluginSets;
  readonly args?: Partial<PluginArguments>;
  readonly percentageOfNodesToScore?: number;
  readonly bindTimeoutSeconds?: number;
}

function onlyPart({ filter, changed, only, ...scoring }: PodCheck, filters: boolean, scores: boolean): PodCheck {
  return {
    ...(filters ? { ...(filter ? { filter } : {}), ...(changed ? { changed } : {}), ...(only ? { only } : {}) } : {}),
    ...(scores ? scoring : {}),
  };
}

/** The plugin as far as the profile lets it work; undefined when it has nothing to do there. */
function limited({ holdsBack, check, postFilter, weight: _, ...rest }: Plugin, { at, weights }: ResolvedPlugins): Plugin | undefined {
  const [filters, scores] = [at.filter.includes(rest.name), at.score.includes(rest.name)];
  const weight = weights.get(rest.name);
  const parts: Omit<Plugin, 'name' | 'curedBy'> = {
    ...(holdsBack && at.preEnqueue.includes(rest.name) ? { holdsBack } : {}),
    ...(check && (filters || scores) ? { check: filters && scores ? check : (pod, snapshot) => onlyPart(check(pod, snapshot), filters, scores) } : {}),
    ...(postFilter && at.postFilter.includes(rest.name) ? { postFilter } : {}),
  };
  return Object.keys(parts).length ? { ...rest, ...(weight === undefined ? {} : { weight }), ...parts } : undefined;
}

/** @throws Error in upstream's words when no scheduler could be made of it */
export function profileOf({ schedulerName = defaultSchedulerName, plugins = {}, args, percentageOfNodesToScore = 0, bindTimeoutSeconds = 600 }: ProfileOptions = {}): Profile {
  const resolved = resolvePlugins(schedulerName, plugins);
  const made = new Map(pluginsWith({ ...defaultArguments, ...args }).map((plugin) => [plugin.name, plugin]));
  const ordered = [...new Set([...resolved.at.filter, ...made.keys()])];
  return {
    schedulerName, percentageOfNodesToScore, bindTimeoutSeconds,
    plugins: ordered.flatMap((name) => limited(made.get(name)!, resolved) ?? []),
    bindsVolumes: resolved.at.reserve.includes('VolumeBinding') && resolved.at.preBind.includes('VolumeBinding'),
  };
}
