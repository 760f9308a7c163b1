// All controllers of the master, in start order.
import type { Controller } from '../../src/controller/controller.ts';
import type { ServedResources } from '../../src/schema/resource-set.ts';
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

export interface ControllerOptions {
  /** Everything the API serves, at any time: what namespaces hold and owners own. */
  readonly resources: ServedResources;
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

export function createControllers(options: ControllerOptions): Controller[] {
  const { resources, clusterCIDR, nodeMask, rootCA, authority, tokens, terminatedPodThreshold, evictionRates } = options;
  return [
    namingController,
    createDefinitionFinalizer(resources),
    createServiceAccountTokenController({ rootCA, signer: tokens }),
    serviceAccountController,
    clusterRoleAggregationController,
    createRootCAPublisher(rootCA),
    createNamespaceController(resources),
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
    createHorizontalPodAutoscalerController(resources),
    ttlAfterFinishedController,
    ...(authority ? [createCertificateApprovingController((request) => authority.names(request)), createCertificateSigningController(authority), createCertificateCleaner((certificate) => authority.endOf(certificate))] : []),
    bootstrapSigner,
    tokenCleaner,
    createDisruptionController(resources),
    staleDisruptionController,
    createGarbageCollector(resources),
    createPodGarbageCollector(terminatedPodThreshold),
    createEventTtlController(),
    createTtlController(),
  ];
}
