// The fields of a KubeSchedulerConfiguration, so that what is misspelt is refused and not passed over.
// upstream: staging/src/k8s.io/kube-scheduler/config/v1/types.go, types_pluginargs.go, component-base/config/v1alpha1/types.go
import { nodeAffinity } from '../../../src/api/core/affinity.ts';
import { topologySpreadConstraint } from '../../../src/api/core/topology-spread.ts';
import { any, array, boolean, double, duration, field, int32, int64, object, string, types, type FieldsValue, type ObjectType } from '../../../src/schema/schema.ts';
import { extensionPoints } from './extension-points.ts';

const head = { apiVersion: string(0), kind: string(0) };
const plugin = object('Plugin', { name: string(0, { written: true }), weight: int32(0) });
const pluginSet = object('PluginSet', { enabled: array(0, plugin), disabled: array(0, plugin) });
const plugins = object('Plugins', Object.fromEntries([...extensionPoints, 'multiPoint'].map((point) => [point, field(0, pluginSet)])));
const pluginConfig = object('PluginConfig', { name: string(0, { written: true }), args: any(0) });

const profile = object('KubeSchedulerProfile', {
  schedulerName: string(0, { pointer: true }), percentageOfNodesToScore: int32(0, { pointer: true }), plugins: field(0, plugins), pluginConfig: array(0, pluginConfig),
});
export type ProfileConfiguration = FieldsValue<typeof profile.fields>;

const leaderElection = object('LeaderElectionConfiguration', {
  leaderElect: boolean(0, { pointer: true }), leaseDuration: duration(0), renewDeadline: duration(0), retryPeriod: duration(0), resourceLock: string(0), resourceName: string(0), resourceNamespace: string(0),
});
const clientConnection = object('ClientConnectionConfiguration', { kubeconfig: string(0), acceptContentTypes: string(0), contentType: string(0), qps: double(0), burst: int32(0) });

export const configuration = object('KubeSchedulerConfiguration', {
  ...head,
  parallelism: int32(0, { pointer: true }), leaderElection: field(0, leaderElection), clientConnection: field(0, clientConnection),
  enableProfiling: boolean(0, { pointer: true }), enableContentionProfiling: boolean(0, { pointer: true }), delayCacheUntilActive: boolean(0),
  percentageOfNodesToScore: int32(0, { pointer: true }), podInitialBackoffSeconds: int64(0, { pointer: true }), podMaxBackoffSeconds: int64(0, { pointer: true }),
  profiles: array(0, profile), extenders: array(0, types.any),
});
export type Configuration = FieldsValue<typeof configuration.fields>;

const resourceSpec = object('ResourceSpec', { name: string(0, { written: true }), weight: int64(0) });
const shapePoint = object('UtilizationShapePoint', { utilization: int32(0, { written: true }), score: int32(0, { written: true }) });
const scoringStrategy = object('ScoringStrategy', {
  type: string(0, { written: true }), resources: array(0, resourceSpec), requestedToCapacityRatio: field(0, object('RequestedToCapacityRatioParam', { shape: array(0, shapePoint) })),
});

const defaultPreemptionArgs = object('DefaultPreemptionArgs', { ...head, minCandidateNodesPercentage: int32(0, { pointer: true }), minCandidateNodesAbsolute: int32(0, { pointer: true }) });
const interPodAffinityArgs = object('InterPodAffinityArgs', { ...head, hardPodAffinityWeight: int32(0, { pointer: true }), ignorePreferredTermsOfExistingPods: boolean(0, { written: true }) });
const nodeAffinityArgs = object('NodeAffinityArgs', { ...head, addedAffinity: field(0, nodeAffinity) });
const balancedArgs = object('NodeResourcesBalancedAllocationArgs', { ...head, resources: array(0, resourceSpec) });
const fitArgs = object('NodeResourcesFitArgs', { ...head, ignoredResources: array(0, types.string), ignoredResourceGroups: array(0, types.string), scoringStrategy: field(0, scoringStrategy) });
const spreadArgs = object('PodTopologySpreadArgs', { ...head, defaultConstraints: array(0, topologySpreadConstraint), defaultingType: string(0) });
const volumeBindingArgs = object('VolumeBindingArgs', { ...head, bindTimeoutSeconds: int64(0, { pointer: true }), shape: array(0, shapePoint) });

/** By the plugin's name. */
export const argumentTypes = {
  DefaultPreemption: defaultPreemptionArgs, InterPodAffinity: interPodAffinityArgs, NodeAffinity: nodeAffinityArgs, NodeResourcesBalancedAllocation: balancedArgs,
  NodeResourcesFit: fitArgs, PodTopologySpread: spreadArgs, VolumeBinding: volumeBindingArgs,
} satisfies Readonly<Record<string, ObjectType>>;
export type Configurable = keyof typeof argumentTypes;
/** Arguments as they are written in a file. */
export type RawArguments = { [K in Configurable]: FieldsValue<(typeof argumentTypes)[K]['fields']> };
