// A KubeSchedulerConfiguration: what becomes of it, and how it is refused, in upstream's words.
import { plugins } from '../../../../master/scheduler/plugins/index.ts';
import { defaultConfiguration, readConfiguration } from '../../../../master/scheduler/profiles/configuration.ts';
import type { Profile } from '../../../../master/scheduler/profiles/profile.ts';

const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const read = (value: object, duplicates: string[] = []) => readConfiguration({ value: { ...head, ...value }, duplicates });
function refusal(value: object, duplicates: string[] = []): string {
  try {
    read(value, duplicates);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}
const profile = (p: object): Profile => read({ profiles: [p] }).profiles[0]!;
const names = ({ plugins: all }: Profile): string[] => all.map(({ name }) => name);
const config = (name: string, args: object): object => ({ profiles: [{ pluginConfig: [{ name, args }] }] });
const at = 'profiles[0].pluginConfig[0].args';

describe('a configuration', () => {
  it('that says nothing is the default', () => {
    const { profiles: [only], ...rest } = read({});
    expect([only!.schedulerName, only!.percentageOfNodesToScore, only!.bindsVolumes, only!.bindTimeoutSeconds, rest]).toEqual(['default-scheduler', 0, true, 600, { initialBackoffMs: 1000, maxBackoffMs: 10_000 }]);
    expect(names(only!).toSorted()).toEqual(plugins.map(({ name }) => name).toSorted());
    expect(only!.plugins.filter(({ check }) => check).map(({ name, weight }) => [name, weight])).toEqual(plugins.filter(({ check }) => check).map(({ name, weight }) => [name, weight ?? (name === 'VolumeBinding' ? 1 : undefined)]));
    expect(defaultConfiguration.profiles.map(names)).toEqual([names(only!)]);
  });
  it('names profiles, times and shares', () => {
    const made = read({ percentageOfNodesToScore: 30, podInitialBackoffSeconds: 2, podMaxBackoffSeconds: 4, profiles: [{ schedulerName: 'a' }, { schedulerName: 'b', percentageOfNodesToScore: 70, pluginConfig: [{ name: 'VolumeBinding', args: { bindTimeoutSeconds: 5 } }, { name: 'Mine', args: { any: 'thing' } }] }] });
    expect(made.profiles.map((p) => [p.schedulerName, p.percentageOfNodesToScore, p.bindTimeoutSeconds])).toEqual([['a', 30, 600], ['b', 70, 5]]);
    expect([made.initialBackoffMs, made.maxBackoffMs]).toEqual([2000, 4000]);
  });

  it.each<[string, object, string]>([
    ['another version', { apiVersion: 'kubescheduler.config.k8s.io/v1beta3' }, 'no kind "KubeSchedulerConfiguration" is registered for version "kubescheduler.config.k8s.io/v1beta3"; what is read is KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1'],
    ['no kind', { kind: undefined }, `Object 'Kind' is missing in '{"apiVersion":"kubescheduler.config.k8s.io/v1"}'`],
    ['a misspelt field', { percentageOfNodeToScore: 5 }, 'strict decoding error: unknown field "percentageOfNodeToScore"'],
    ['a misspelt field of arguments', config('NodeResourcesFit', { foo: 1 }), 'strict decoding error: decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin NodeResourcesFit: strict decoding error: unknown field "foo"'],
    ["another plugin's arguments", config('DefaultPreemption', { kind: 'InterPodAffinityArgs', apiVersion: head.apiVersion }), 'decoding .profiles[0].pluginConfig[0]: args for plugin DefaultPreemption were not of type DefaultPreemptionArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io'],
    ['no number', { parallelism: 'x' }, 'json: cannot unmarshal string into Go struct field KubeSchedulerConfiguration.parallelism of type int32'],
    ['a profile without a name', { profiles: [{}, { schedulerName: 'b' }] }, 'profiles[0].schedulerName: Required value'],
    ['one name twice', { profiles: [{ schedulerName: 'b' }, { schedulerName: 'b' }] }, 'profiles[1].schedulerName: Duplicate value: "b"'],
    ['shares beyond 100', { percentageOfNodesToScore: 101, profiles: [{ percentageOfNodesToScore: -1 }] }, '[percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100], profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]]'],
    ['no parallelism', { parallelism: 0 }, 'parallelism: Invalid value: 0: should be an integer value greater than zero'],
    ['no back-off', { podInitialBackoffSeconds: 0 }, 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
    ['a back-off that ends before it begins', { podInitialBackoffSeconds: 20 }, 'podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds'],
    ['extenders', { extenders: [{ urlPrefix: 'http://x' }] }, 'extenders: Forbidden: this scheduler has no extenders'],
    ['a lock of old', { leaderElection: { resourceLock: 'endpoints' } }, 'leaderElection.resourceLock: Invalid value: "endpoints": resourceLock value must be "leases"'],
    ['arguments twice', { profiles: [{ pluginConfig: [{ name: 'NodeAffinity' }, { name: 'NodeAffinity' }] }] }, 'profiles[0].pluginConfig[1]: Duplicate value: "NodeAffinity"'],
    ['a plugin of before', { profiles: [{ plugins: { filter: { enabled: [{ name: 'EBSLimits' }] } } }] }, 'profiles[0].plugins.filter.enabled[0]: Invalid value: "EBSLimits": was invalid in version "v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")'],
    ['DefaultPreemption beyond its range', config('DefaultPreemption', { minCandidateNodesPercentage: 900, minCandidateNodesAbsolute: -1 }), `[${at}.minCandidateNodesPercentage: Invalid value: 900: not in valid range [0, 100], ${at}.minCandidateNodesAbsolute: Invalid value: -1: not in valid range [0, inf)]`],
    ['DefaultPreemption without candidates', config('DefaultPreemption', { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }), `[${at}.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute, ${at}.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage]`],
    ['InterPodAffinity beyond its range', config('InterPodAffinity', { hardPodAffinityWeight: 101 }), `${at}.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]`],
    ['NodeAffinity that is none', config('NodeAffinity', { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] } } }), `${at}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    ['balanced weights', config('NodeResourcesBalancedAllocation', { resources: [{ name: 'cpu', weight: 2 }, { name: 'cpu' }] }), `[${at}.resources[0].weight: Invalid value: 2: must be 1, ${at}.resources[1].name: Duplicate value: "cpu"]`],
    ['an unknown strategy', config('NodeResourcesFit', { scoringStrategy: { type: 'Invalid' } }), `${at}.scoringStrategy.type: Unsupported value: "Invalid": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"`],
    ['weights beyond their range', config('NodeResourcesFit', { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 101 }, { name: 'memory', weight: -1 }] } }), `[${at}.scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100], ${at}.scoringStrategy.resources[1].weight: Invalid value: -1: resource weight of memory not in valid range (0, 100]]`],
    ['a ratio without one', config('NodeResourcesFit', { scoringStrategy: { type: 'RequestedToCapacityRatio' } }), `${at}.scoringStrategy.requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio`],
    ['a ratio without a shape', config('NodeResourcesFit', { scoringStrategy: { type: 'RequestedToCapacityRatio', requestedToCapacityRatio: {} } }), `${at}.scoringStrategy.requestedToCapacityRatio.shape: Required value: at least one point must be specified`],
    ['a ratio nobody asked for', config('NodeResourcesFit', { scoringStrategy: { type: 'LeastAllocated', requestedToCapacityRatio: { shape: [] } } }), `${at}.scoringStrategy.requestedToCapacityRatio: Forbidden: must be nil when type is not RequestedToCapacityRatio`],
    ['a shape that goes back', config('NodeResourcesFit', { scoringStrategy: { type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape: [{ utilization: 20, score: 1 }, { utilization: 10, score: 11 }] } } }), `[${at}.scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 10: values must be sorted in increasing order, ${at}.scoringStrategy.requestedToCapacityRatio.shape[1].score: Invalid value: 11: not in valid range [0, 10]]`],
    ['a group with a slash', config('NodeResourcesFit', { ignoredResourceGroups: ['example.com/gpu'] }), `${at}.ignoredResourceGroups[0]: Invalid value: "example.com/gpu": resource group name can't contain '/'`],
    ['constraints beside the system’s', config('PodTopologySpread', { defaultConstraints: [{ maxSkew: 1, topologyKey: 'key', whenUnsatisfiable: 'DoNotSchedule' }] }), `${at}.defaultingType: Invalid value: "System": when .defaultConstraints are not empty`],
    ['constraints that are none', config('PodTopologySpread', { defaultingType: 'List', defaultConstraints: [{ maxSkew: -1, topologyKey: '', whenUnsatisfiable: 'x', labelSelector: {} }, { maxSkew: 1, topologyKey: '', whenUnsatisfiable: 'x' }] }),
      `[${at}.defaultConstraints[0].maxSkew: Invalid value: -1: not in valid range (0, inf), ${at}.defaultConstraints[0].topologyKey: Required value: can not be empty, ${at}.defaultConstraints[0].whenUnsatisfiable: Unsupported value: "x": supported values: "DoNotSchedule", "ScheduleAnyway", `
      + `${at}.defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod, ${at}.defaultConstraints[1].topologyKey: Required value: can not be empty, ${at}.defaultConstraints[1].whenUnsatisfiable: Unsupported value: "x": supported values: "DoNotSchedule", "ScheduleAnyway", ${at}.defaultConstraints[1]: Duplicate value: "{, x}"]`],
    ['no end of binding', config('VolumeBinding', { bindTimeoutSeconds: -10 }), `${at}.bindTimeoutSeconds: Invalid value: -10: invalid BindTimeoutSeconds, should not be a negative value`],
    ['a plugin nobody has', { profiles: [{ plugins: { filter: { enabled: [{ name: 'Foo' }] } } }] }, 'initializing profiles: creating profile for scheduler name default-scheduler: FilterPlugin "Foo" does not exist'],
    ['a plugin nobody has, at every point', { profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Foo' }] } } }] }, 'initializing profiles: creating profile for scheduler name default-scheduler: PreFilterPlugin "Foo" does not exist'],
    ['a plugin at a point it has not', { profiles: [{ plugins: { score: { enabled: [{ name: 'NodeName' }] } } }] }, 'initializing profiles: creating profile for scheduler name default-scheduler: plugin "NodeName" does not extend ScorePlugin plugin'],
    ['a plugin twice', { profiles: [{ plugins: { score: { enabled: [{ name: 'ImageLocality' }, { name: 'ImageLocality' }] } } }] }, 'initializing profiles: creating profile for scheduler name default-scheduler: plugin "ImageLocality" already registered as "ScorePlugin"'],
    ['a plugin twice, at every point', { profiles: [{ plugins: { multiPoint: { disabled: [{ name: 'ImageLocality' }], enabled: [{ name: 'ImageLocality' }, { name: 'ImageLocality' }] } } }] }, 'initializing profiles: creating profile for scheduler name default-scheduler: plugin "ImageLocality" already registered as "ScorePlugin"'],
    ['no order', { profiles: [{ schedulerName: 'bin', plugins: { queueSort: { disabled: [{ name: '*' }] } } }] }, 'initializing profiles: creating profile for scheduler name bin: only one queue sort plugin required for profile with scheduler name "bin", but got 0'],
    ['nobody who binds', { profiles: [{ plugins: { bind: { disabled: [{ name: 'DefaultBinder' }] } } }] }, 'initializing profiles: creating profile for scheduler name default-scheduler: at least one bind plugin is needed for profile with scheduler name "default-scheduler"'],
  ])('is refused for %s', (_, value, message) => { expect(refusal(value)).toBe(message); });
  it('is refused for what stands twice', () => { expect(refusal({}, ['profiles'])).toBe('strict decoding error: duplicate field "profiles"'); });
});

describe('the plugins of a profile', () => {
  const filters = (p: Profile): string[] => p.plugins.filter(({ check }) => check).map(({ name }) => name);
  const weights = (p: Profile): Record<string, number | undefined> => Object.fromEntries(p.plugins.map(({ name, weight }) => [name, weight]));

  it('are the default ones but those disabled', () => {
    const made = profile({ plugins: { multiPoint: { disabled: [{ name: 'NodeAffinity' }, { name: 'DefaultPreemption' }] } } });
    expect(names(made)).not.toContain('NodeAffinity');
    expect(made.plugins.some(({ postFilter }) => postFilter)).toBe(false);
    expect(names(made)).toHaveLength(plugins.length - 2);
  });
  it('have the weights of the point before those of all points', () => {
    const made = profile({ plugins: { multiPoint: { enabled: [{ name: 'NodeAffinity', weight: 7 }, { name: 'ImageLocality', weight: 4 }] }, score: { enabled: [{ name: 'ImageLocality', weight: 9 }, { name: 'TaintToleration' }] } } });
    expect(weights(made)).toMatchObject({ NodeAffinity: 7, ImageLocality: 9, TaintToleration: 1, PodTopologySpread: 2 });
  });
  it('filter in the order they are named, replaced ones first, added ones last', () => {
    const made = profile({ plugins: { multiPoint: { disabled: [{ name: '*' }], enabled: [{ name: 'PrioritySort' }, { name: 'DefaultBinder' }, { name: 'NodePorts' }, { name: 'NodeName' }] }, filter: { enabled: [{ name: 'TaintToleration' }, { name: 'NodeName' }] } } });
    expect(filters(made)).toEqual(['NodeName', 'NodePorts', 'TaintToleration']);
  });
  it('score or filter alone where one of both is off', () => {
    const made = profile({ plugins: { score: { disabled: [{ name: '*' }] }, filter: { disabled: [{ name: 'InterPodAffinity' }] } } });
    const pod = { metadata: { name: 'p', labels: {} }, spec: { containers: [] } } as never;
    const snapshot = { nodes: [], related: { siblings: () => undefined }, nominated: () => [] } as never;
    expect(Object.keys(made.plugins.find(({ name }) => name === 'TaintToleration')!.check!(pod, snapshot))).toEqual(['filter']);
    expect(names(made)).not.toContain('InterPodAffinity');
    expect(names(made)).not.toContain('NodeResourcesBalancedAllocation');
  });
  it('hold nothing back and bind no volumes where they are off', () => {
    const made = profile({ plugins: { preEnqueue: { disabled: [{ name: 'SchedulingGates' }] }, preBind: { disabled: [{ name: 'VolumeBinding' }] } } });
    expect([names(made).includes('SchedulingGates'), made.bindsVolumes]).toEqual([false, false]);
  });
});
