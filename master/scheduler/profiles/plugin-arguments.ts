// The arguments of plugins as a file has them: what is left out filled in, judged, and turned into what the plugins take. Pure.
// upstream: pkg/scheduler/apis/config/v1/defaults.go, apis/config/validation/validation_pluginargs.go
import { child, duplicate, forbidden, index, invalid, notSupported, required, type Fault } from '../../../src/apimachinery/fault.ts';
import { labelNameFaults, nodeAffinity } from '../../../src/api/core/affinity.ts';
import { validateValue } from '../../../src/schema/validation.ts';
import type { PluginArguments } from '../plugins/index.ts';
import { cpuAndMemory, type ResourceWeight, type ScoringStrategy, type ShapePoint } from '../plugins/node-resources-scoring.ts';
import type { RawArguments } from './configuration-types.ts';

/** What a plugin, or whoever binds volumes, is told; and what is wrong with it. */
interface Read<T> { readonly args: T; readonly faults: readonly Fault[] }
type Reader<K extends keyof RawArguments, T> = (raw: RawArguments[K], path: string) => Read<T>;

const between = (path: string, value: number, least: number, most: number, words = `not in valid range [${least}, ${most}]`): Fault[] => (value < least || value > most ? [invalid(path, value, words)] : []);
const weighed = (resources: readonly { readonly name: string; readonly weight?: number }[] | undefined): readonly ResourceWeight[] =>
  (resources?.length ? resources.map(({ name, weight }) => ({ name, weight: weight || 1 })) : cpuAndMemory);

const preemption: Reader<'DefaultPreemption', PluginArguments['DefaultPreemption']> = ({ minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 }, path) => {
  const [percentage, absolute] = [child(path, 'minCandidateNodesPercentage'), child(path, 'minCandidateNodesAbsolute')];
  const faults = [...between(percentage, minCandidateNodesPercentage, 0, 100), ...between(absolute, minCandidateNodesAbsolute, 0, Infinity, 'not in valid range [0, inf)')];
  if (minCandidateNodesPercentage === 0 && minCandidateNodesAbsolute === 0) {
    faults.push(invalid(percentage, 0, 'cannot be zero at the same time as minCandidateNodesAbsolute'), invalid(absolute, 0, 'cannot be zero at the same time as minCandidateNodesPercentage'));
  }
  return { args: { minCandidateNodesPercentage, minCandidateNodesAbsolute }, faults };
};

const podAffinity: Reader<'InterPodAffinity', PluginArguments['InterPodAffinity']> = ({ hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods }, path) =>
  ({ args: { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods }, faults: between(child(path, 'hardPodAffinityWeight'), hardPodAffinityWeight, 0, 100) });

const addedAffinity: Reader<'NodeAffinity', PluginArguments['NodeAffinity']> = ({ addedAffinity: added }, path) =>
  ({ args: added ? { addedAffinity: added } : {}, faults: added ? validateValue(nodeAffinity, added, child(path, 'addedAffinity')) : [] });

const balanced: Reader<'NodeResourcesBalancedAllocation', PluginArguments['NodeResourcesBalancedAllocation']> = ({ resources }, path) => {
  const all = weighed(resources);
  const faults = all.flatMap(({ name, weight }, i) => {
    const at = index(child(path, 'resources'), i);
    return [...(all.findIndex((other) => other.name === name) < i ? [duplicate(child(at, 'name'), name)] : []), ...(weight === 1 ? [] : [invalid(child(at, 'weight'), weight, 'must be 1')])];
  });
  return { args: { resources: all.map(({ name }) => name) }, faults };
};

function shapeFaults(shape: readonly ShapePoint[], path: string): Fault[] {
  if (!shape.length) return [required(path, 'at least one point must be specified')];
  const unsorted = shape.findIndex(({ utilization }, i) => i > 0 && shape[i - 1]!.utilization >= utilization);
  return [
    ...(unsorted < 0 ? [] : [invalid(child(index(path, unsorted), 'utilization'), shape[unsorted]!.utilization, 'values must be sorted in increasing order')]),
    ...shape.flatMap(({ utilization, score }, i) => [...between(child(index(path, i), 'utilization'), utilization, 0, 100), ...between(child(index(path, i), 'score'), score, 0, 10)]),
  ];
}

const strategies = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];
const fit: Reader<'NodeResourcesFit', PluginArguments['NodeResourcesFit']> = ({ ignoredResources = [], ignoredResourceGroups = [], scoringStrategy: given }, path) => {
  const { type, resources, requestedToCapacityRatio: ratio } = given ?? { type: 'LeastAllocated' };
  const at = child(path, 'scoringStrategy');
  const weights = weighed(resources);
  const ratioAt = child(at, 'requestedToCapacityRatio');
  const faults = [
    ...ignoredResources.flatMap((name, i) => labelNameFaults(name, index(child(path, 'ignoredResources'), i))),
    ...ignoredResourceGroups.flatMap((group, i) => {
      const groupAt = index(child(path, 'ignoredResourceGroups'), i);
      return [...(group.includes('/') ? [invalid(groupAt, group, "resource group name can't contain '/'")] : []), ...labelNameFaults(group, groupAt)];
    }),
    ...(strategies.includes(type) ? [] : [notSupported(child(at, 'type'), type, strategies)]),
    ...weights.flatMap(({ name, weight }, i) => between(child(index(child(at, 'resources'), i), 'weight'), weight, 1, 100, `resource weight of ${name} not in valid range (0, 100]`)),
  ];
  if (type === 'RequestedToCapacityRatio') faults.push(...(ratio ? shapeFaults(ratio.shape ?? [], child(ratioAt, 'shape')) : [required(ratioAt, 'must be specified when type is RequestedToCapacityRatio')]));
  else if (ratio) faults.push(forbidden(ratioAt, 'must be nil when type is not RequestedToCapacityRatio'));
  const scoringStrategy = { type, resources: weights, ...(type === 'RequestedToCapacityRatio' ? { shape: ratio?.shape ?? [] } : {}) } as ScoringStrategy;
  return { args: { ignoredResources, ignoredResourceGroups, scoringStrategy }, faults };
};

const actions = ['DoNotSchedule', 'ScheduleAnyway'];
const spread: Reader<'PodTopologySpread', PluginArguments['PodTopologySpread']> = ({ defaultConstraints = [], defaultingType = 'System' }, path) => {
  const typeAt = child(path, 'defaultingType');
  const faults: Fault[] = [];
  if (defaultingType !== 'System' && defaultingType !== 'List') faults.push(notSupported(typeAt, defaultingType, ['System', 'List'], 'given'));
  if (defaultingType === 'System' && defaultConstraints.length) faults.push(invalid(typeAt, defaultingType, 'when .defaultConstraints are not empty'));
  for (const [i, { maxSkew, topologyKey, whenUnsatisfiable: action, labelSelector }] of defaultConstraints.entries()) {
    const at = index(child(path, 'defaultConstraints'), i);
    const [keyAt, actionAt] = [child(at, 'topologyKey'), child(at, 'whenUnsatisfiable')];
    if (maxSkew <= 0) faults.push(invalid(child(at, 'maxSkew'), maxSkew, 'not in valid range (0, inf)'));
    faults.push(...(topologyKey ? labelNameFaults(topologyKey, keyAt) : [required(keyAt, 'can not be empty')]));
    if (!action) faults.push(required(actionAt, 'can not be empty'));
    else if (!actions.includes(action)) faults.push(notSupported(actionAt, action, actions));
    if (labelSelector) faults.push(forbidden(child(at, 'labelSelector'), 'constraint must not define a selector, as they deduced for each pod'));
    if (defaultConstraints.findIndex((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === action) < i) faults.push(duplicate(at, `{${topologyKey}, ${action}}`));
  }
  return { args: { defaultConstraints, defaultingType: defaultingType as 'System' | 'List' }, faults };
};

const volumeBinding: Reader<'VolumeBinding', { readonly bindTimeoutSeconds: number }> = ({ bindTimeoutSeconds = 600, shape }, path) => ({
  args: { bindTimeoutSeconds },
  faults: [
    ...between(child(path, 'bindTimeoutSeconds'), bindTimeoutSeconds, 0, Infinity, 'invalid BindTimeoutSeconds, should not be a negative value'),
    ...(shape ? [invalid(child(path, 'shape'), shape, 'unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring')] : []),
  ],
});

export const argumentReaders = {
  DefaultPreemption: preemption, InterPodAffinity: podAffinity, NodeAffinity: addedAffinity, NodeResourcesBalancedAllocation: balanced, NodeResourcesFit: fit, PodTopologySpread: spread, VolumeBinding: volumeBinding,
};
