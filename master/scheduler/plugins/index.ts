// The scheduler's plugins in the order their filters are asked: the first that says no gives the reason.
// upstream: pkg/scheduler/apis/config/v1/default_plugins.go
import type { Plugin } from '../framework.ts';
import type { DefaultPreemptionArgs } from '../preemption.ts';
import { defaultPreemptionDefaults, defaultPreemptionWith } from './default-preemption.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinityDefaults, interPodAffinityWith, type InterPodAffinityArgs } from './inter-pod-affinity.ts';
import { nodeAffinityWith, type NodeAffinityArgs } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesBalancedAllocationDefaults, nodeResourcesBalancedAllocationWith, type NodeResourcesBalancedAllocationArgs } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFitDefaults, nodeResourcesFitWith, type NodeResourcesFitArgs } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';
import { podTopologySpreadDefaults, podTopologySpreadWith, type PodTopologySpreadArgs } from './pod-topology-spread.ts';
import { schedulingGates } from './scheduling-gates.ts';
import { taintToleration } from './taint-toleration.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';

/** What plugins are told of how to work, by their names; those not named have nothing to be told. */
export interface PluginArguments {
  readonly DefaultPreemption: DefaultPreemptionArgs;
  readonly InterPodAffinity: InterPodAffinityArgs;
  readonly NodeAffinity: NodeAffinityArgs;
  readonly NodeResourcesBalancedAllocation: NodeResourcesBalancedAllocationArgs;
  readonly NodeResourcesFit: NodeResourcesFitArgs;
  readonly PodTopologySpread: PodTopologySpreadArgs;
}
export const defaultArguments: PluginArguments = {
  DefaultPreemption: defaultPreemptionDefaults, InterPodAffinity: interPodAffinityDefaults, NodeAffinity: {}, NodeResourcesBalancedAllocation: nodeResourcesBalancedAllocationDefaults,
  NodeResourcesFit: nodeResourcesFitDefaults, PodTopologySpread: podTopologySpreadDefaults,
};

export const pluginsWith = (args: PluginArguments): readonly Plugin[] => [
  schedulingGates, nodeUnschedulable, nodeName, taintToleration, nodeAffinityWith(args.NodeAffinity), nodePorts, nodeResourcesFitWith(args.NodeResourcesFit), volumeRestrictions, nodeVolumeLimits, volumeBinding,
  volumeZone, podTopologySpreadWith(args.PodTopologySpread), interPodAffinityWith(args.InterPodAffinity), defaultPreemptionWith(args.DefaultPreemption),
  nodeResourcesBalancedAllocationWith(args.NodeResourcesBalancedAllocation), imageLocality,
];
export const plugins = pluginsWith(defaultArguments);
