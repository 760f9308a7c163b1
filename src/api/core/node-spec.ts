// What is wanted of a Node: its pod ranges, whether it takes Pods, and its taints.
// upstream: staging/src/k8s.io/api/core/v1/types.go, pkg/apis/core/v1/conversion.go (podCIDR and podCIDRs)
import { array, boolean, field, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';

export const taint = object('Taint', {
  key: string(1, { required: true, unchecked: true, doc: 'Key of the taint.' }),
  value: string(2, { doc: 'Value that goes with the key.' }),
  effect: string(3, { required: true, unchecked: true, doc: 'NoSchedule, PreferNoSchedule or NoExecute: what happens to Pods that do not tolerate it.' }),
  timeAdded: time(4, { pointer: true, doc: 'When a NoExecute taint was put on.' }),
}, { doc: 'Keeps Pods off the node unless they tolerate it.' });
export interface Taint extends FieldsValue<typeof taint.fields> {}

export const configMapNodeConfigSource = object('ConfigMapNodeConfigSource', {
  namespace: string(1, { required: true, unchecked: true, doc: 'Namespace of the ConfigMap.' }),
  name: string(2, { required: true, unchecked: true, doc: 'Name of the ConfigMap.' }),
  uid: string(3, { doc: 'UID of the ConfigMap; only in a status.' }),
  resourceVersion: string(4, { doc: 'Version of the ConfigMap; only in a status.' }),
  kubeletConfigKey: string(5, { required: true, unchecked: true, doc: 'Entry that holds the configuration.' }),
}, { doc: 'No longer used: a ConfigMap with the configuration of a kubelet.' });

export const nodeConfigSource = object('NodeConfigSource', {
  configMap: field(2, configMapNodeConfigSource, { doc: 'A ConfigMap with the configuration.' }),
}, { doc: 'No longer used: where a kubelet takes its configuration from.' });
export interface NodeConfigSource extends FieldsValue<typeof nodeConfigSource.fields> {}

/** The old single field and the list say the same; the list leads once both are there and agree. */
function syncPodCIDRs(value: Record<string, any>): void {
  const spec = value as { podCIDR?: string; podCIDRs?: string[] };
  if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  else if (!spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
}

export const nodeSpec = object('NodeSpec', {
  podCIDR: string(1, { doc: 'Range the addresses of the Pods on this node come from.' }),
  podCIDRs: array(7, types.string, { listType: 'set', patchStrategy: 'merge', doc: 'All such ranges, at most one per family, the first equal to podCIDR.' }),
  providerID: string(3, { doc: 'Identity the cloud provider knows the node by.' }),
  unschedulable: boolean(4, { doc: 'True keeps new Pods off the node.' }),
  taints: array(5, taint, { listType: 'atomic', doc: 'Taints of the node.' }),
  configSource: field(6, nodeConfigSource, { doc: 'No longer used.' }),
  externalID: string(2, { doc: 'No longer used.' }),
}, { doc: 'The node as it is wanted.', defaults: syncPodCIDRs });
export interface NodeSpec extends FieldsValue<typeof nodeSpec.fields> {}
