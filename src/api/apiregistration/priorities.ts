// The place of each served group among the groups, and of its versions in it, where no APIService names a Service: what
// auto-registered APIServices say, and the order of discovery. (upstream: pkg/controlplane/apiserver/aggregator.go,
// pkg/controlplane/controller/crdregistration/crdregistration_controller.go)

/** Higher comes first. */
export interface Priority { readonly group: number; readonly version: number }

export const registrationGroup = 'apiregistration.k8s.io';

const stable = 15;
const groups: Readonly<Record<string, number>> = {
  // No APIService has this much: the group that tells of all others is the first.
  [registrationGroup]: 20_001, '': 18_000, apps: 17_800, 'events.k8s.io': 17_750, 'authentication.k8s.io': 17_700, 'authorization.k8s.io': 17_600, autoscaling: 17_500, batch: 17_400,
  'certificates.k8s.io': 17_300, 'networking.k8s.io': 17_200, policy: 17_100, 'rbac.authorization.k8s.io': 17_000, 'storage.k8s.io': 16_800, 'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700, 'scheduling.k8s.io': 16_600, 'coordination.k8s.io': 16_500, 'node.k8s.io': 16_300, 'discovery.k8s.io': 16_200, 'flowcontrol.apiserver.k8s.io': 16_100,
  // As metrics-server registers it.
  'metrics.k8s.io': 100,
};
const versions: Readonly<Record<string, number>> = { '/v1': 1, 'autoscaling/v2': 30, 'flowcontrol.apiserver.k8s.io/v1': 21, 'metrics.k8s.io/v1beta1': 100 };
const custom: Priority = { group: 1000, version: 100 };

/** A group that is not built in is one of CustomResourceDefinitions. */
export function priorityOf(group: string, version: string): Priority {
  if (!Object.hasOwn(groups, group)) return custom;
  return { group: groups[group]!, version: versions[`${group}/${version}`] ?? stable };
}
