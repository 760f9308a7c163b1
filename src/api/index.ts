// All resources in discovery order: groups by their priority, kinds by plural name within a version.
import type { ResourceDefinition } from '../schema/resource.ts';
import { ControllerRevisions } from './apps/controller-revision.ts';
import { Deployments } from './apps/deployment.ts';
import { ReplicaSets } from './apps/replica-set.ts';
import { Leases } from './coordination/lease.ts';
import { ConfigMaps } from './core/config-map.ts';
import { Endpoints } from './core/endpoints.ts';
import { Events as CoreEvents } from './core/event.ts';
import { Namespaces } from './core/namespace.ts';
import { Nodes } from './core/node.ts';
import { PodTemplates } from './core/pod-template.ts';
import { Pods } from './core/pod.ts';
import { ReplicationControllers } from './core/replication-controller.ts';
import { Secrets } from './core/secret.ts';
import { Services } from './core/service.ts';
import { ServiceAccounts } from './core/service-account.ts';
import { EndpointSlices } from './discovery/endpoint-slice.ts';
import { Events } from './events/event.ts';

export const allResources: readonly ResourceDefinition[] = [
  ConfigMaps, Endpoints, CoreEvents, Namespaces, Nodes, Pods, PodTemplates, ReplicationControllers, Secrets, ServiceAccounts, Services,
  ControllerRevisions, Deployments, ReplicaSets,
  Events,
  Leases,
  EndpointSlices,
];
