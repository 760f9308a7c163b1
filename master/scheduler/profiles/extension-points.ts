// Where plugins can be switched on and off, and which of them do anything there. Some of what upstream spreads over several points is
// one here: a plugin that filters or scores prepares itself for it, so its preFilter and preScore count for nothing of their own.
// upstream: pkg/scheduler/framework/interface.go, the plugins' type assertions
export const extensionPoints = ['preFilter', 'filter', 'postFilter', 'reserve', 'preScore', 'score', 'preBind', 'bind', 'postBind', 'permit', 'preEnqueue', 'queueSort'] as const;
export type ExtensionPoint = (typeof extensionPoints)[number];

/** `filter` is `FilterPlugin`, as errors call it. */
export const pluginType = (point: ExtensionPoint): string => `${point[0]!.toUpperCase()}${point.slice(1)}Plugin`;

const filtering = ['preFilter', 'filter'] as const;
const scoring = ['preScore', 'score'] as const;

/** In the order of upstream's default profile, with the weights of their scores there. */
export const knownPlugins: Readonly<Record<string, { readonly points: readonly ExtensionPoint[]; readonly weight?: number }>> = {
  SchedulingGates: { points: ['preEnqueue'] },
  PrioritySort: { points: ['queueSort'] },
  NodeUnschedulable: { points: ['filter'] },
  NodeName: { points: ['filter'] },
  TaintToleration: { points: ['filter', ...scoring], weight: 3 },
  NodeAffinity: { points: [...filtering, ...scoring], weight: 2 },
  NodePorts: { points: filtering },
  NodeResourcesFit: { points: [...filtering, ...scoring], weight: 1 },
  VolumeRestrictions: { points: filtering },
  NodeVolumeLimits: { points: filtering },
  VolumeBinding: { points: [...filtering, ...scoring, 'reserve', 'preBind'] },
  VolumeZone: { points: filtering },
  PodTopologySpread: { points: [...filtering, ...scoring], weight: 2 },
  InterPodAffinity: { points: [...filtering, ...scoring], weight: 2 },
  DefaultPreemption: { points: ['preEnqueue', 'postFilter'] },
  NodeResourcesBalancedAllocation: { points: scoring, weight: 1 },
  ImageLocality: { points: ['score'], weight: 1 },
  DefaultBinder: { points: ['bind'] },
};
