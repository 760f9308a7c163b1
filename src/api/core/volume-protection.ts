// The finalizers of claims and volumes that are in use. (upstream: pkg/volume/util/finalizer.go)
export const claimProtection = 'kubernetes.io/pvc-protection';
export const volumeProtection = 'kubernetes.io/pv-protection';
