// All controllers of the master, in start order.
import type { Controller } from '../../src/controller/controller.ts';
import type { ServedResources } from '../../src/schema/resource-set.ts';
import type { APIService } from '../../src/api/apiregistration/api-service.ts';
import { createAutoRegisterController } from './apiservice/autoregister-controller.ts';
import { createAvailabilityController } from './apiservice/availability-controller.ts';
import { bootstrapSigner } from './bootstrap/bootstrap-signer.ts';
import { tokenCleaner } from './bootstrap/token-cleaner.ts';
import { createCertificateApprovingController } from './certificates/certificate-approving-controller.ts';
import { createCertificateCleaner } from './certificates/certificate-cleaner.ts';
import { createCertificateSigningController } from './certificates/certificate-signing-controller.ts';
import type { Authority } from './certificates/signer.ts';
import { createDefinitionFinalizer } from './customresourcedefinition/finalizer-controller.ts';
import { namingController } from './customresourcedefinition/naming-controller.ts';
import { createCronJobController } from './cronjob/cronjob-controller.ts';
import { createDaemonSetController } from './daemonset/daemonset-controller.ts';
import { createClusterAuthenticationTrustController, type AuthenticationTrust } from './clusterauthenticationtrust/cluster-authentication-trust-controller.ts';
import { clusterRoleAggregationController } from './clusterroleaggregation/clusterrole-aggregation-controller.ts';
import { deploymentController } from './deployment/deployment-controller.ts';
import { createDisruptionController } from './disruption/disruption-controller.ts';
import { staleDisruptionController } from './disruption/stale-disruption-controller.ts';
import { createEndpointsController } from './endpoints/endpoints-controller.ts';
import { createEndpointSliceController } from './endpointslice/endpointslice-controller.ts';
import { endpointSliceMirroringController } from './endpointslicemirroring/endpointslicemirroring-controller.ts';
import { ephemeralVolumeController } from './ephemeralvolume/ephemeral-volume-controller.ts';
import { createEventTtlController } from './eventttl/event-ttl-controller.ts';
import { flowSchemaController } from './flowschema/flow-schema-controller.ts';
import { createGarbageCollector } from './garbagecollector/garbage-collector.ts';
import { localPathProvisionerController } from './localpath/local-path-provisioner.ts';
import { createJobController } from './job/job-controller.ts';
import { ipAddressController } from './ipaddress/ip-address-controller.ts';
import { createNamespaceController } from './namespace/namespace-controller.ts';
import { createNodeIpamController } from './nodeipam/node-ipam-controller.ts';
import { createNodeLifecycleController } from './nodelifecycle/node-lifecycle-controller.ts';
import { createTaintEvictionController } from './nodelifecycle/taint-eviction-controller.ts';
import type { EvictionRates } from './nodelifecycle/zones.ts';
import { persistentVolumeBinder } from './persistentvolume/persistent-volume-binder.ts';
import { createHorizontalPodAutoscalerController } from './podautoscaler/horizontal-pod-autoscaler.ts';
import { createPodGarbageCollector } from './podgc/pod-garbage-collector.ts';
import { pvcProtectionController } from './pvcprotection/pvc-protection-controller.ts';
import { pvProtectionController } from './pvprotection/pv-protection-controller.ts';
import { replicaSetController } from './replicaset/replicaset-controller.ts';
import { replicationController } from './replicationcontroller/replication-controller.ts';
import { createResourceQuotaController } from './resourcequota/resource-quota-controller.ts';
import { createRootCAPublisher } from './rootca/root-ca-publisher.ts';
import { serviceController } from './service/service-controller.ts';
import { serviceAccountController } from './serviceaccount/serviceaccount-controller.ts';
import { createServiceAccountTokenController, type TokenSigner } from './serviceaccounttoken/serviceaccount-token-controller.ts';
import { createStatefulSetController } from './statefulset/statefulset-controller.ts';
import { createTtlController } from './ttl/ttl-controller.ts';
import { ttlAfterFinishedController } from './ttlafterfinished/ttl-after-finished-controller.ts';
import { policyStatusController } from './validatingadmissionpolicystatus/policy-status-controller.ts';

export interface ControllerOptions {
  /** Everything the API server has of its own, at any time. */
  readonly resources: ServedResources;
  /** Extension servers; absent: there are none. */
  readonly extensions?: Extensions;
  /** The cluster's Pod range; nodes get subnets of `nodeMask` bits (24). Absent: nodes bring their own. */
  readonly clusterCIDR?: string;
  readonly nodeMask?: number;
  /** PEM of the certificate authority Pods trust the API server by. */
  readonly rootCA: string;
  /** Signs the tokens that live in Secrets. */
  readonly tokens: TokenSigner;
  /** Signs for the cluster's own signers; absent: nobody does. */
  readonly authority?: Authority;
  readonly terminatedPodThreshold?: number;
  /** Absent: upstream's defaults. */
  readonly evictionRates?: EvictionRates;
}

export interface Extensions {
  /** What the API server and its extension servers have: what namespaces hold and owners own. */
  readonly resources: ServedResources;
  /** `group/version` of those of which nobody knows what they have. */
  readonly undiscovered: () => readonly string[];
  /** Undefined when the server behind an APIService answers, else what is wrong. */
  readonly check: (apiService: APIService) => Promise<string | undefined>;
  readonly trust: AuthenticationTrust;
}

export function createControllers(options: ControllerOptions): Controller[] {
  const { resources, clusterCIDR, nodeMask, rootCA, authority, tokens, terminatedPodThreshold, evictionRates, extensions } = options;
  const everything = extensions?.resources ?? resources;
  return [
    createAutoRegisterController(resources),
    createAvailabilityController(extensions?.check),
    ...(extensions ? [createClusterAuthenticationTrustController(extensions.trust)] : []),
    namingController,
    createDefinitionFinalizer(resources),
    createServiceAccountTokenController({ rootCA, signer: tokens }),
    serviceAccountController,
    clusterRoleAggregationController,
    createRootCAPublisher(rootCA),
    createNamespaceController(everything, extensions?.undiscovered),
    createResourceQuotaController(resources),
    ...(clusterCIDR === undefined ? [] : [createNodeIpamController({ clusterCIDR, ...(nodeMask === undefined ? {} : { nodeMask }) })]),
    createNodeLifecycleController(evictionRates),
    createTaintEvictionController(),
    createEndpointSliceController(),
    createEndpointsController(),
    endpointSliceMirroringController,
    serviceController,
    ipAddressController,
    flowSchemaController,
    policyStatusController,
    replicaSetController,
    replicationController,
    deploymentController,
    persistentVolumeBinder,
    localPathProvisionerController,
    ephemeralVolumeController,
    pvcProtectionController,
    pvProtectionController,
    createStatefulSetController(),
    createDaemonSetController(),
    createJobController(),
    createCronJobController(),
    createHorizontalPodAutoscalerController(everything),
    ttlAfterFinishedController,
    ...(authority ? [createCertificateApprovingController((request) => authority.names(request)), createCertificateSigningController(authority), createCertificateCleaner((certificate) => authority.endOf(certificate))] : []),
    bootstrapSigner,
    tokenCleaner,
    createDisruptionController(resources),
    staleDisruptionController,
    createGarbageCollector(everything),
    createPodGarbageCollector(terminatedPodThreshold),
    createEventTtlController(),
    createTtlController(),
  ];
}
