// Which labels of Kubernetes' own prefixes an agent says of its node.
// upstream: staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go

/** Sorted. */
export const kubeletLabels: readonly string[] = [
  'beta.kubernetes.io/arch', 'beta.kubernetes.io/instance-type', 'beta.kubernetes.io/os', 'failure-domain.beta.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch', 'kubernetes.io/hostname', 'kubernetes.io/os', 'node.kubernetes.io/instance-type', 'topology.kubernetes.io/region', 'topology.kubernetes.io/zone',
];
/** And all below these, sorted. */
export const kubeletPrefixes: readonly string[] = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

const prefixOf = (label: string): string => (label.includes('/') ? label.slice(0, label.indexOf('/')) : '');
/** Whether a label's prefix is the domain, or one below it. */
export function labelUnder(label: string, domain: string): boolean {
  const prefix = prefixOf(label);
  return prefix === domain || prefix.endsWith(`.${domain}`);
}
export const isKubernetesLabel = (label: string): boolean => labelUnder(label, 'kubernetes.io') || labelUnder(label, 'k8s.io');
export const isKubeletLabel = (label: string): boolean => kubeletLabels.includes(label) || kubeletPrefixes.some((prefix) => labelUnder(label, prefix));
