// All resources in discovery order: groups by their priority, kinds by plural name within a version.
// upstream: the priorities of pkg/controlplane/apiserver/aggregator.go
import type { ResourceDefinition } from '../schema/resource.ts';
import { MutatingWebhookConfigurations } from './admissionregistration/mutating-webhook-configuration.ts';
import { ValidatingAdmissionPolicyBindings } from './admissionregistration/validating-admission-policy-binding.ts';
import { ValidatingAdmissionPolicies } from './admissionregistration/validating-admission-policy.ts';
import { ValidatingWebhookConfigurations } from './admissionregistration/validating-webhook-configuration.ts';
import { CustomResourceDefinitions } from './apiextensions/custom-resource-definition.ts';
import { APIServices } from './apiregistration/api-service.ts';
import { ControllerRevisions } from './apps/controller-revision.ts';
import { DaemonSets } from './apps/daemon-set.ts';
import { Deployments } from './apps/deployment.ts';
import { ReplicaSets } from './apps/replica-set.ts';
import { StatefulSets } from './apps/stateful-set.ts';
import { SelfSubjectReviews } from './authentication/self-subject-review.ts';
import { TokenReviews } from './authentication/token-review.ts';
import { LocalSubjectAccessReviews } from './authorization/local-subject-access-review.ts';
import { SelfSubjectAccessReviews } from './authorization/self-subject-access-review.ts';
import { SelfSubjectRulesReviews } from './authorization/self-subject-rules-review.ts';
import { SubjectAccessReviews } from './authorization/subject-access-review.ts';
import { HorizontalPodAutoscalersV1 } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
import { HorizontalPodAutoscalers } from './autoscaling/horizontal-pod-autoscaler.ts';
import { CronJobs } from './batch/cron-job.ts';
import { Jobs } from './batch/job.ts';
import { CertificateSigningRequests } from './certificates/certificate-signing-request.ts';
import { Leases } from './coordination/lease.ts';
import { Bindings } from './core/binding.ts';
import { ComponentStatuses } from './core/component-status.ts';
import { ConfigMaps } from './core/config-map.ts';
import { Endpoints } from './core/endpoints.ts';
import { Events as CoreEvents } from './core/event.ts';
import { LimitRanges } from './core/limit-range.ts';
import { Namespaces } from './core/namespace.ts';
import { Nodes } from './core/node.ts';
import { PersistentVolumeClaims } from './core/persistent-volume-claim.ts';
import { PersistentVolumes } from './core/persistent-volume.ts';
import { PodTemplates } from './core/pod-template.ts';
import { Pods } from './core/pod.ts';
import { ReplicationControllers } from './core/replication-controller.ts';
import { ResourceQuotas } from './core/resource-quota.ts';
import { Secrets } from './core/secret.ts';
import { ServiceAccounts } from './core/service-account.ts';
import { Services } from './core/service.ts';
import { EndpointSlices } from './discovery/endpoint-slice.ts';
import { Events } from './events/event.ts';
import { FlowSchemas } from './flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations } from './flowcontrol/priority-level-configuration.ts';
import { NodeMetricses } from './metrics/node-metrics.ts';
import { PodMetricses } from './metrics/pod-metrics.ts';
import { IngressClasses } from './networking/ingress-class.ts';
import { Ingresses } from './networking/ingress.ts';
import { IPAddresses } from './networking/ip-address.ts';
import { NetworkPolicies } from './networking/network-policy.ts';
import { ServiceCIDRs } from './networking/service-cidr.ts';
import { RuntimeClasses } from './node/runtime-class.ts';
import { PodDisruptionBudgets } from './policy/pod-disruption-budget.ts';
import { ClusterRoleBindings } from './rbac/cluster-role-binding.ts';
import { ClusterRoles } from './rbac/cluster-role.ts';
import { RoleBindings } from './rbac/role-binding.ts';
import { Roles } from './rbac/role.ts';
import { PriorityClasses } from './scheduling/priority-class.ts';
import { CSIDrivers } from './storage/csi-driver.ts';
import { CSINodes } from './storage/csi-node.ts';
import { CSIStorageCapacities } from './storage/csi-storage-capacity.ts';
import { StorageClasses } from './storage/storage-class.ts';
import { VolumeAttachments } from './storage/volume-attachment.ts';

export const allResources: readonly ResourceDefinition[] = [
  APIServices,
  Bindings, ComponentStatuses, ConfigMaps, Endpoints, CoreEvents, LimitRanges, Namespaces, Nodes, PersistentVolumeClaims, PersistentVolumes, Pods, PodTemplates,
  ReplicationControllers, ResourceQuotas, Secrets, ServiceAccounts, Services,
  ControllerRevisions, DaemonSets, Deployments, ReplicaSets, StatefulSets,
  Events,
  SelfSubjectReviews, TokenReviews,
  LocalSubjectAccessReviews, SelfSubjectAccessReviews, SelfSubjectRulesReviews, SubjectAccessReviews,
  HorizontalPodAutoscalers, HorizontalPodAutoscalersV1,
  CronJobs, Jobs,
  CertificateSigningRequests,
  IPAddresses, IngressClasses, Ingresses, NetworkPolicies, ServiceCIDRs,
  PodDisruptionBudgets,
  ClusterRoleBindings, ClusterRoles, RoleBindings, Roles,
  CSIDrivers, CSINodes, CSIStorageCapacities, StorageClasses, VolumeAttachments,
  CustomResourceDefinitions,
  MutatingWebhookConfigurations, ValidatingAdmissionPolicies, ValidatingAdmissionPolicyBindings, ValidatingWebhookConfigurations,
  PriorityClasses,
  Leases,
  RuntimeClasses,
  EndpointSlices,
  FlowSchemas, PriorityLevelConfigurations,
  NodeMetricses, PodMetricses,
];
