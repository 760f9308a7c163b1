// PodSpec: what a Pod runs and how. Its rules that span containers and volumes stand in pod-spec-validation.ts.
// upstream: staging/src/k8s.io/api/core/v1/types.go; pkg/apis/core/v1/defaults.go, SetDefaults_PodSpec
import { child, forbidden, invalid, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { validateLabels } from '../../schema/metadata-validation.ts';
import { array, boolean, field, int32, int64, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { affinity } from './affinity.ts';
import { container, ephemeralContainer } from './container.ts';
import { hostAlias, podDNSConfig } from './pod-dns.ts';
import { podSpecFaults } from './pod-spec-validation.ts';
import { localObjectReference } from './references.ts';
import { dropOffPodFields } from './pod-off.ts';
import { containerResourceNameFaults, resourceRequirementFaults, resourceRequirements } from './resources.ts';
import { podSecurityContext } from './security-context.ts';
import { podReadinessGate, podSchedulingGate, toleration } from './toleration.ts';
import { duplicateSpreadFaults, topologySpreadConstraint } from './topology-spread.ts';
import { duplicateVolumeNames, volume } from './volume.ts';

export const podOS = object('PodOS', {
  name: string(1, { required: true, unchecked: true, doc: 'linux or windows.' }),
}, {
  doc: 'Operating system of the containers.',
  validate: ({ name }, path) => {
    if (!name) return [required(child(path, 'name'), 'cannot be empty')];
    return name === 'linux' || name === 'windows' ? [] : [notSupported(path, name, ['linux', 'windows'])];
  },
});

export const podResourceClaim = object('PodResourceClaim', {
  name: string(1, { required: true, format: 'dns1123Label', doc: 'Name containers refer to.' }),
  resourceClaimName: string(3, { pointer: true, format: 'dns1123Subdomain', doc: 'Existing ResourceClaim in the same namespace.' }),
  resourceClaimTemplateName: string(4, { pointer: true, format: 'dns1123Subdomain', doc: 'ResourceClaimTemplate a claim is made from.' }),
}, {
  doc: 'A claim on devices; one of its two names is given.',
  validate: (claim, path) => {
    const both = claim.resourceClaimName !== undefined && claim.resourceClaimTemplateName !== undefined;
    if (both) return [invalid(path, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified')];
    const neither = claim.resourceClaimName === undefined && claim.resourceClaimTemplateName === undefined;
    return neither ? [invalid(path, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`')] : [];
  },
});

const podResourceNames = ['cpu', 'hugepages-', 'memory'];
/** Pods as a whole can only limit cpu, memory and huge pages. */
function podResourceFaults(resources: { limits?: Record<string, string>; requests?: Record<string, string>; claims?: unknown[] }, path: string): Fault[] {
  return [
    ...(resources.claims?.length ? [forbidden(child(path, 'claims'), 'claims may not be set for Resources at pod-level')] : []),
    ...resourceRequirementFaults({ ...(resources.limits && { limits: resources.limits }), ...(resources.requests && { requests: resources.requests }) }, path, (name, namePath) => [
      ...containerResourceNameFaults(name, namePath),
      ...(name === 'cpu' || name === 'memory' || name.startsWith('hugepages-') ? [] : [notSupported(namePath, name, podResourceNames)]),
    ]),
  ];
}

/** The old and the new name of the service account stand for each other; the new one wins. */
function copyServiceAccount(spec: Record<string, any>): void {
  const name = spec['serviceAccountName'] || spec['serviceAccount'];
  if (name) spec['serviceAccountName'] = spec['serviceAccount'] = name;
}

const namedList = { listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' } as const;

export const podSpec = object('PodSpec', {
  volumes: array(1, volume, {
    listType: 'map', keys: ['name'], patchStrategy: 'merge,retainKeys', patchMergeKey: 'name', validate: duplicateVolumeNames, doc: 'Volumes containers can mount.',
  }),
  initContainers: array(20, container, { ...namedList, doc: 'Containers that run one after the other before the regular ones; sidecars run on.' }),
  containers: array(2, container, { required: true, ...namedList, doc: 'The containers of the Pod, at least one.' }),
  ephemeralContainers: array(34, ephemeralContainer, { ...namedList, doc: 'Containers added for debugging, through the ephemeralcontainers subresource.' }),
  restartPolicy: string(3, { default: 'Always', enum: ['Always', 'OnFailure', 'Never'], doc: 'When ended containers are started again: Always, OnFailure or Never.' }),
  terminationGracePeriodSeconds: int64(4, { pointer: true, default: 30, doc: 'Seconds between the stop signal and the kill signal.' }),
  activeDeadlineSeconds: int64(5, { pointer: true, doc: 'Seconds after its start at which the Pod is failed.' }),
  dnsPolicy: string(6, {
    default: 'ClusterFirst', enum: ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'],
    doc: 'Where names are resolved: ClusterFirst, ClusterFirstWithHostNet, Default (as the node) or None (dnsConfig alone).',
  }),
  nodeSelector: map(7, types.string, { mapType: 'atomic', validate: validateLabels, doc: 'Labels the node must have.' }),
  serviceAccountName: string(8, { format: 'dns1123Subdomain', doc: 'ServiceAccount the Pod acts as.' }),
  serviceAccount: string(9, { doc: 'Old name of serviceAccountName.' }),
  automountServiceAccountToken: boolean(21, { pointer: true, doc: 'False keeps the service account\'s token out of the containers.' }),
  nodeName: string(10, { format: 'dns1123Subdomain', doc: 'Node the Pod is on; set by the scheduler.' }),
  hostNetwork: boolean(11, { doc: 'Uses the node\'s network instead of its own.' }),
  hostPID: boolean(12, { doc: 'Sees the node\'s processes.' }),
  hostIPC: boolean(13, { doc: 'Uses the node\'s IPC namespace.' }),
  shareProcessNamespace: boolean(27, { pointer: true, doc: 'Containers see each other\'s processes.' }),
  securityContext: field(14, podSecurityContext, { default: {}, doc: 'Security settings of all containers.' }),
  imagePullSecrets: array(15, localObjectReference, { ...namedList, doc: 'Secrets with credentials of image registries.' }),
  hostname: string(16, { format: 'dns1123Label', doc: 'Host name; the Pod\'s name when empty.' }),
  subdomain: string(17, { format: 'dns1123Label', doc: 'With a headless Service of this name the Pod gets the DNS name <hostname>.<subdomain>.' }),
  affinity: field(18, affinity, { doc: 'Scheduling rules on nodes and other Pods.' }),
  schedulerName: string(19, { default: 'default-scheduler', doc: 'Scheduler that places the Pod.' }),
  tolerations: array(22, toleration, { listType: 'atomic', doc: 'Taints the Pod bears.' }),
  hostAliases: array(23, hostAlias, { listType: 'map', keys: ['ip'], patchStrategy: 'merge', patchMergeKey: 'ip', doc: 'Entries of the Pod\'s hosts file.' }),
  priorityClassName: string(24, { format: 'dns1123Subdomain', doc: 'PriorityClass of the Pod.' }),
  priority: int32(25, { pointer: true, doc: 'Priority, from its class; higher is placed first.' }),
  dnsConfig: field(26, podDNSConfig, { doc: 'Resolver settings beside those of dnsPolicy.' }),
  readinessGates: array(28, podReadinessGate, { listType: 'atomic', doc: 'Conditions that must be True for the Pod to be ready.' }),
  runtimeClassName: string(29, { pointer: true, format: 'dns1123Subdomain', doc: 'RuntimeClass that runs the Pod.' }),
  enableServiceLinks: boolean(30, { pointer: true, doc: 'Sets variables with the addresses of Services; true for Pods by default.' }),
  preemptionPolicy: string(31, { pointer: true, enum: ['PreemptLowerPriority', 'Never'], doc: 'Whether Pods of lower priority make room: PreemptLowerPriority or Never.' }),
  overhead: map(32, types.quantity, { doc: 'Resources the runtime itself needs; from the RuntimeClass.', validate: (overhead, path) => resourceRequirementFaults({ limits: overhead }, path) }),
  topologySpreadConstraints: array(33, topologySpreadConstraint, {
    listType: 'map', keys: ['topologyKey', 'whenUnsatisfiable'], patchStrategy: 'merge', patchMergeKey: 'topologyKey', validate: duplicateSpreadFaults,
    doc: 'How Pods are spread over groups of nodes; all must hold.',
  }),
  setHostnameAsFQDN: boolean(35, { pointer: true, doc: 'Sets the host name to the full DNS name.' }),
  os: field(36, podOS, { doc: 'Operating system of the containers.' }),
  hostUsers: boolean(37, { pointer: true, doc: 'False gives the Pod a user namespace of its own.' }),
  schedulingGates: array(38, podSchedulingGate, { ...namedList, doc: 'Gates that must be gone before the Pod is scheduled.' }),
  resourceClaims: array(39, podResourceClaim, { ...namedList, patchStrategy: 'merge,retainKeys', doc: 'Claims on devices.' }),
  resources: field(40, resourceRequirements, { validate: podResourceFaults, doc: 'Compute resources of the Pod as a whole.' }),
}, {
  doc: 'What a Pod runs and how.', defaults: copyServiceAccount, dropOff: dropOffPodFields,
  validate: (spec, path) => [
    ...(spec.terminationGracePeriodSeconds === undefined ? [required(child(path, 'terminationGracePeriodSeconds'))] : []),
    ...podSpecFaults(spec, path),
  ],
});
export interface PodSpec extends FieldsValue<typeof podSpec.fields> {}
