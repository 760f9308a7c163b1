// An agent writes only its own Node, its own Pods, its own Lease, and of a Node only what a node may say of itself.
// upstream: plugin/pkg/admission/noderestriction/admission.go
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { isKubeletLabel, isKubernetesLabel, labelUnder } from '../../../src/api/core/kubelet-labels.ts';
import type { PersistentVolume } from '../../../src/api/core/persistent-volume.ts';
import { isLocalPathGarbage, localPathNode } from '../../../src/api/storage/local-path.ts';
import { equalJson } from '../../../src/util/json.ts';
import { nodeOf } from '../node-identity.ts';
import { mirrorAnnotation, podReferences } from '../pod-references.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

const restrictedPrefix = 'node-restriction.kubernetes.io';
const leaseNamespace = 'kube-node-lease';

/** Which changed labels a node may not set, sorted. */
function forbiddenLabels(labels: Readonly<Record<string, string>> = {}, old: Readonly<Record<string, string>> = {}): string[] {
  const changed = [...new Set([...Object.keys(labels), ...Object.keys(old)])].filter((key) => labels[key] !== old[key]);
  return changed.filter((key) => labelUnder(key, restrictedPrefix) || (isKubernetesLabel(key) && !isKubeletLabel(key))).sort();
}

const boundTo = (pod: ApiObject | undefined): string | undefined => (pod?.['spec'] as { nodeName?: string } | undefined)?.nodeName;

export function nodeRestriction(registry: Registry): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    validate(request) {
      const { user } = request.context;
      const node = nodeOf(user);
      if (node === undefined) return;
      const why = node === '' ? `could not determine node from user "${user.name}"` : refusal(registry, node, request);
      if (why !== undefined) throw errors.forbidden({ group: request.resource.group, resource: request.resource.plural }, request.name, why);
    },
  };
}

function refusal(registry: Registry, node: string, request: AdmissionRequest): string | undefined {
  const { resource, operation, subresource, namespace, name } = request;
  switch (`${resource.group}/${resource.plural}`) {
    case '/pods':
      if (subresource === '') return operation === 'CREATE' ? podCreation(registry, node, request.object!) : podDeletion(node, request);
      if (subresource === 'status') return podStatus(node, request);
      return `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`;
    case '/nodes': return name === node ? ownNode(node, request) : `node "${node}" is not allowed to modify node "${name}"`;
    case '/persistentvolumeclaims': return subresource === 'status' ? claimStatus(node, request) : 'may only update PVC status';
    case '/persistentvolumes': return operation === 'DELETE' && request.old?.metadata.labels?.[localPathNode] === node && isLocalPathGarbage(request.old as unknown as PersistentVolume) ? undefined : `node "${node}" can only delete volumes of its own that are released`;
    case '/serviceaccounts': return subresource === 'token' && operation === 'CREATE' ? tokenRequest(registry, node, request) : undefined;
    case 'coordination.k8s.io/leases':
      if (namespace !== leaseNamespace) return `can only access leases in the "${leaseNamespace}" system namespace`;
      return name === node ? undefined : 'can only access node lease with the same name as the requesting node';
    case 'storage.k8s.io/csinodes': return name === node ? undefined : 'can only access CSINode with the same name as the requesting node';
    default: return undefined;
  }
}

function podDeletion(node: string, { operation, old }: AdmissionRequest): string | undefined {
  if (operation !== 'DELETE') return `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`;
  return boundTo(old) === node ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`;
}

/** Only the mirror of a Pod of the node's own, which names nothing else of the API. */
function podCreation(registry: Registry, node: string, pod: ApiObject): string | undefined {
  const { annotations, ownerReferences = [] } = pod.metadata;
  if (annotations?.[mirrorAnnotation] === undefined) return `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`;
  if (boundTo(pod) !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`;
  if (ownerReferences.length > 1) return `node "${node}" can only create pods with a single owner reference set to itself`;
  const [owner] = ownerReferences;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) return `node "${node}" can only create pods with an owner reference set to itself`;
  if (!owner.controller) return `node "${node}" can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) return `node "${node}" must not set blockOwnerDeletion on an owner reference`;
  const found = registry.find('', 'v1', 'nodes')?.find(undefined, node);
  if (!found) throw errors.notFound({ group: '', resource: 'nodes' }, node);
  const { uid } = found.object.metadata;
  if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
  const { serviceAccount, secrets, configMaps, claims, clusterTrustBundles } = podReferences(pod);
  const named = serviceAccount !== undefined ? 'a service account' : secrets.size ? 'secrets' : configMaps.size ? 'configmaps' : clusterTrustBundles ? 'clustertrustbundles' : claims.size ? 'persistentvolumeclaims' : undefined;
  return named && `node "${node}" can not create pods that reference ${named}`;
}

function podStatus(node: string, { object, old, operation }: AdmissionRequest): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`;
  if (boundTo(old) !== node) return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  if (!equalJson(object!.metadata.labels ?? {}, old!.metadata.labels ?? {})) return `node "${node}" cannot update labels through pod status`;
  const claims = (pod: ApiObject): unknown => (pod['status'] as { resourceClaimStatuses?: unknown[] } | undefined)?.resourceClaimStatuses ?? [];
  return equalJson(claims(object!), claims(old!)) ? undefined : `node "${node}" cannot update resource claim statues`;
}

/** Taints and labels steer where others' workloads go: a node must not draw them to itself. */
function ownNode(node: string, { object, old, operation }: AdmissionRequest): string | undefined {
  if (operation === 'CREATE') {
    const forbidden = forbiddenLabels(object!.metadata.labels);
    return forbidden.length ? `node "${node}" is not allowed to set the following labels: ${forbidden.join(', ')}` : undefined;
  }
  if (operation !== 'UPDATE') return undefined;
  const taints = (o: ApiObject): unknown => (o['spec'] as { taints?: unknown[] } | undefined)?.taints ?? [];
  if (!equalJson(taints(object!), taints(old!))) return `node "${node}" is not allowed to modify taints`;
  const forbidden = forbiddenLabels(object!.metadata.labels, old!.metadata.labels);
  return forbidden.length ? `is not allowed to modify labels: ${forbidden.join(', ')}` : undefined;
}

function claimStatus(node: string, { object, old, operation }: AdmissionRequest): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`;
  const rest = (claim: ApiObject): unknown => {
    const { resourceVersion: _revision, managedFields: _fields, ...metadata } = claim.metadata;
    const { capacity: _a, conditions: _b, allocatedResourceStatuses: _c, allocatedResources: _d, ...status } = (claim['status'] ?? {}) as Record<string, unknown>;
    return { ...claim, metadata, status };
  };
  return equalJson(rest(object!), rest(old!)) ? undefined : `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`;
}

/** A token a node asks for dies with a Pod that runs there. `object` is the TokenRequest. */
function tokenRequest(registry: Registry, node: string, { object, namespace }: AdmissionRequest): string | undefined {
  const bound = (object?.['spec'] as { boundObjectRef?: { apiVersion?: string; kind?: string; name?: string; uid?: string } } | undefined)?.boundObjectRef;
  if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) return 'node requested token not bound to a pod';
  if (!bound.uid) return 'node requested token with a pod binding without a uid';
  const pod = registry.find('', 'v1', 'pods')?.find(namespace, bound.name)?.object;
  if (!pod) throw errors.notFound({ group: '', resource: 'pods' }, bound.name);
  if (pod.metadata.uid !== bound.uid) return `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  return boundTo(pod) === node ? undefined : 'node requested token bound to a pod scheduled on a different node';
}
