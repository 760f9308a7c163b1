// The objects every cluster starts with: the system's namespaces and the `kubernetes` Service that leads to the API server.
// (upstream: pkg/controlplane/controller)
import { isAlreadyExists, isConflict, isNotFound } from '../src/apimachinery/status-error.ts';
import { findCondition } from '../src/apimachinery/conditions.ts';
import { clusterInfo, clusterInfoKey } from '../src/api/core/bootstrap-token.ts';
import { ConfigMaps, type ConfigMap } from '../src/api/core/config-map.ts';
import { Endpoints } from '../src/api/core/endpoints.ts';
import { Namespaces } from '../src/api/core/namespace.ts';
import { Services } from '../src/api/core/service.ts';
import { ServiceCIDRs } from '../src/api/networking/service-cidr.ts';
import { EndpointSlices } from '../src/api/discovery/endpoint-slice.ts';
import { PriorityClasses } from '../src/api/scheduling/priority-class.ts';
import { localPathStorageClass } from '../src/api/storage/local-path.ts';
import { StorageClasses } from '../src/api/storage/storage-class.ts';
import type { Client } from '../src/client/client.ts';
import { publicKubeconfig } from '../src/client/kubeconfig.ts';
import { noted, removedNodes } from './apiserver/removed-nodes.ts';

const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

export interface ApiEndpoint { readonly address: string; readonly port: number; /** First address of the service range. */ readonly serviceIP: string }

async function ensure(create: Promise<unknown>): Promise<void> {
  try {
    await create;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

export async function bootstrapNamespaces(client: Client): Promise<void> {
  for (const name of systemNamespaces) await ensure(client.create(Namespaces, { metadata: { name } }));
}

/** The classes of Pods the cluster itself cannot do without. (upstream: pkg/apis/scheduling/v1/helpers.go) */
const systemPriorities = [
  { metadata: { name: 'system-cluster-critical' }, value: 2_000_000_000, description: 'For Pods the cluster needs, on whichever node.' },
  { metadata: { name: 'system-node-critical' }, value: 2_000_001_000, description: 'For Pods a node needs, which cannot go to another.' },
];
export async function bootstrapPriorityClasses(client: Client): Promise<void> {
  for (const priorityClass of systemPriorities) await ensure(client.create(PriorityClasses, priorityClass));
}

/** The default StorageClass of a new cluster; who removes it or makes another the default is left alone. */
export async function bootstrapStorageClass(client: Client): Promise<void> {
  const { items } = await client.list(StorageClasses, { limit: 1 });
  if (items.length === 0) await ensure(client.create(StorageClasses, localPathStorageClass));
}

/** The range the cluster was made with, as an object. (upstream: pkg/controlplane/controller/defaultservicecidr) */
export async function bootstrapServiceCIDR(client: Client, cidr: string, now: string): Promise<void> {
  const key = { name: 'kubernetes' };
  await ensure(client.create(ServiceCIDRs, { metadata: key, spec: { cidrs: [cidr] } }));
  const { status } = await client.get(ServiceCIDRs, key);
  if (findCondition(status?.conditions, 'Ready')) return;
  const ready = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes default Service CIDR is ready', lastTransitionTime: now };
  await client.patch(ServiceCIDRs, key, { status: { conditions: [ready] } }, { subresource: 'status' });
}

/** Since when uses of tokens in Secrets are noted: one without a note has not been used since. (upstream: pkg/controlplane/controller/legacytokentracking) */
export async function bootstrapTokenTracking(client: Client, now: string): Promise<void> {
  const key = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };
  const data = { since: now.slice(0, 10) };
  await ensure(client.create(ConfigMaps, { metadata: key, data }));
  const known = await client.get(ConfigMaps, key);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(known.data?.['since'] ?? '')) await client.patch(ConfigMaps, key, { data });
}

/** Makes the `kubernetes` Service and points it at this API server, also after its address has changed. */
export async function bootstrapService(client: Client, endpoint: ApiEndpoint): Promise<void> {
  const key = { namespace: 'default', name: 'kubernetes' };
  const ports = [{ name: 'https', port: endpoint.port, protocol: 'TCP' as const }];
  await ensure(client.create(Services, {
    metadata: { ...key, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: { type: 'ClusterIP', clusterIP: endpoint.serviceIP, clusterIPs: [endpoint.serviceIP], ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: endpoint.port }], sessionAffinity: 'None' },
  } as never));
  // A host without a network has no address a Pod could reach it at.
  if (endpoint.address.startsWith('127.')) return;
  const mirrored = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  const subsets = [{ addresses: [{ ip: endpoint.address }], ports }];
  await createOrPatch(() => client.patch(Endpoints, key, { subsets }), () => client.create(Endpoints, { metadata: { ...key, labels: mirrored }, subsets } as never));
  const slice = { addressType: 'IPv4', endpoints: [{ addresses: [endpoint.address], conditions: { ready: true } }], ports };
  await createOrPatch(() => client.patch(EndpointSlices, key, { endpoints: slice.endpoints, ports }), () => client.create(EndpointSlices, { metadata: { ...key, labels: { 'kubernetes.io/service-name': 'kubernetes' } }, ...slice } as never));
}

/** What agents have to know of the cluster and cannot choose themselves. */
export async function bootstrapClusterInfo(client: Client, ranges: { readonly podCIDR: string; readonly serviceCIDR: string; readonly vxlanPort: number; readonly nodePortRange: string }): Promise<void> {
  const key = { namespace: 'kube-system', name: 'dray-cluster' };
  const data = { ...ranges, vxlanPort: String(ranges.vxlanPort), clusterDomain: 'cluster.local' };
  await createOrPatch(() => client.patch(ConfigMaps, key, { data }), () => client.create(ConfigMaps, { metadata: key, data }));
}

/** What hosts that want to join read before they trust anybody; tokens sign it. (upstream: cmd/kubeadm/app/phases/bootstraptoken/clusterinfo) */
export async function bootstrapDiscovery(client: Client, access: { readonly server: string; readonly ca: string }): Promise<void> {
  const data = { [clusterInfoKey]: publicKubeconfig(access) };
  await createOrPatch(() => client.patch(ConfigMaps, clusterInfo, { data }), () => client.create(ConfigMaps, { metadata: clusterInfo, data }));
}

/** From now on the certificates this node has had are refused. */
export async function noteRemovedNode(client: Client, node: string, now: number): Promise<void> {
  for (;;) {
    const old = await client.get<ConfigMap>(ConfigMaps, removedNodes).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
    const data = noted(old?.data ?? {}, node, now);
    try {
      await (old ? client.update(ConfigMaps, { ...old, data }) : client.create(ConfigMaps, { metadata: removedNodes, data }));
      return;
    } catch (error) {
      // Somebody else has written meanwhile: both nodes are noted.
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
    }
  }
}

async function createOrPatch(patch: () => Promise<unknown>, create: () => Promise<unknown>): Promise<void> {
  try {
    await patch();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await create();
  }
}
