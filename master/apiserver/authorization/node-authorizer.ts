// What an agent may do: its own Node, Lease and Pods, the objects its Pods name, one by one, and what carrying Service traffic and
// routes between nodes takes. Whether a write is about its own objects is NodeRestriction's part.
// upstream: plugin/pkg/auth/authorizer/node/node_authorizer.go, plugin/pkg/auth/authorizer/rbac/bootstrappolicy (NodeRules, system:node-proxier)
import { parseFieldSelector } from '../../../src/apimachinery/selectors.ts';
import { localPathNode } from '../../../src/api/storage/local-path.ts';
import { nodeOf } from '../../registry/node-identity.ts';
import type { User } from '../../registry/request-context.ts';
import type { Authorizer } from '../filters/authorization.ts';
import { nameAsked, type RequestInfo } from '../request-info.ts';
import type { NodeGraph, Vertex } from './node-graph.ts';

type Verdict = true | string | undefined;
export type Graph = Pick<NodeGraph, 'reaches'>;

const read = ['get', 'list', 'watch'];
/** `group/resource[/subresource]` → verbs, the same for all nodes. An agent is kubelet, kube-proxy and network daemon in one. */
const rules: Readonly<Record<string, readonly string[]>> = {
  '/nodes': [...read, 'create', 'update', 'patch'], '/nodes/status': ['update', 'patch'],
  '/services': read, '/endpoints': read, '/namespaces': read, 'discovery.k8s.io/endpointslices': read,
  '/events': ['create', 'update', 'patch'], 'events.k8s.io/events': ['create', 'update', 'patch'],
  'node.k8s.io/runtimeclasses': read, 'storage.k8s.io/csidrivers': read,
  'certificates.k8s.io/certificatesigningrequests': ['create', ...read],
  'authentication.k8s.io/tokenreviews': ['create'], 'authorization.k8s.io/subjectaccessreviews': ['create'], 'authorization.k8s.io/localsubjectaccessreviews': ['create'],
};
/** The cluster's ranges, which every agent reads at its start, and what users say of the cluster DNS, which every agent follows. */
const published = ['kube-system/dray-cluster', 'kube-system/kube-dns'];
const leaseNamespace = 'kube-node-lease';
const ownVerbs = ['get', 'create', 'update', 'patch', 'delete'];

export interface NodeAuthorizer extends Authorizer { authorize(user: User, info: RequestInfo): Verdict }

export function nodeAuthorizer(graph: Graph): NodeAuthorizer {
  return {
    name: 'Node',
    authorize(user, info) {
      const node = nodeOf(user);
      if (node === undefined) return undefined;
      if (node === '') return `unknown node for user "${user.name}"`;
      if (!info.isResource) return info.path.startsWith('/dray/v1/') || undefined;
      return resourceVerdict(graph, node, info);
    },
    // What hangs on a graph of objects cannot be told as rules.
    rulesFor: (user) => ({ resourceRules: [], nonResourceRules: [], ...(nodeOf(user) === undefined ? {} : { incomplete: true, error: 'node authorizer does not support user rule resolution' }) }),
  };
}

function resourceVerdict(graph: Graph, node: string, info: RequestInfo): Verdict {
  const { verb, subresource, namespace } = info;
  switch (`${info.group}/${info.resource}`) {
    case '/secrets': return readObject(graph, node, 'secret', info);
    case '/configmaps': return (read.includes(verb) && published.includes(`${namespace}/${nameAsked(info)}`) && subresource === '') || readObject(graph, node, 'configmap', info);
    case '/persistentvolumeclaims': return subresource === 'status' ? updateStatus(graph, node, info) : getObject(graph, node, 'pvc', info);
    case '/persistentvolumes': return ownVolume(node, info) ?? getObject(graph, node, 'pv', info);
    case 'storage.k8s.io/volumeattachments': return getObject(graph, node, 'volumeattachment', info);
    case '/serviceaccounts':
      if (verb !== 'create' || info.name === '') return 'can only create tokens for individual service accounts';
      return subresource === 'token' ? related(graph, node, 'serviceAccount', info) : 'can only create token subresource of serviceaccount';
    case 'coordination.k8s.io/leases':
      if (!ownVerbs.includes(verb)) return 'can only get, create, update, patch, or delete a node lease';
      if (namespace !== leaseNamespace) return `can only access leases in the "${leaseNamespace}" system namespace`;
      return verb === 'create' || info.name === node || 'can only access node lease with the same name as the requesting node';
    case 'storage.k8s.io/csinodes':
      if (!ownVerbs.includes(verb)) return 'can only get, create, update, patch, or delete a CSINode';
      if (subresource !== '') return 'cannot authorize CSINode subresources';
      return verb === 'create' || info.name === node || 'can only access CSINode with the same name as the requesting node';
    case '/pods': return podVerdict(graph, node, info);
    default: return rules[`${info.group}/${info.resource}${subresource ? `/${subresource}` : ''}`]?.includes(verb) || undefined;
  }
}

function podVerdict(graph: Graph, node: string, info: RequestInfo): Verdict {
  const { verb, subresource } = info;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' || undefined;
  if (subresource === 'eviction') return verb === 'create' || undefined;
  if (subresource !== '') return undefined;
  if (verb === 'get') return getObject(graph, node, 'pod', info);
  if (verb === 'create' || verb === 'delete') return true;
  if (verb !== 'list' && verb !== 'watch') return undefined;
  if (selects(info.fieldSelector, 'spec.nodeName', node)) return true;
  return nameAsked(info) === '' ? 'can only list/watch pods with spec.nodeName field selector' : related(graph, node, 'pod', info);
}

function readObject(graph: Graph, node: string, kind: Vertex, info: RequestInfo): Verdict {
  if (!read.includes(info.verb)) return 'can only read resources of this type';
  if (info.subresource !== '') return 'cannot read subresource';
  if (info.namespace === '') return 'can only read namespaced object of this type';
  return related(graph, node, kind, info);
}
function getObject(graph: Graph, node: string, kind: Vertex, info: RequestInfo): Verdict {
  if (info.verb !== 'get') return 'can only get individual resources of this type';
  return info.subresource === '' ? related(graph, node, kind, info) : 'cannot get subresource';
}
/** An agent looks after the volumes that were made on its node, and removes what is left of them. */
function ownVolume(node: string, { verb, subresource, labelSelector }: RequestInfo): true | undefined {
  if (subresource !== '') return undefined;
  return verb === 'delete' || ((verb === 'list' || verb === 'watch') && labelSelector === `${localPathNode}=${node}`) || undefined;
}
function updateStatus(graph: Graph, node: string, info: RequestInfo): Verdict {
  return info.verb === 'update' || info.verb === 'patch' ? related(graph, node, 'pvc', info) : 'can only get/update/patch this type';
}

function related(graph: Graph, node: string, kind: Vertex, info: RequestInfo): Verdict {
  const name = nameAsked(info);
  if (name === '') return 'No Object name found';
  return graph.reaches(node, kind, info.namespace, name) || `no relationship found between node '${node}' and this object`;
}

/** A selector that cannot be read selects nothing here; what is wrong with it says the handler. */
function selects(fieldSelector: string | undefined, field: string, value: string): boolean {
  if (!fieldSelector) return false;
  try {
    return parseFieldSelector(fieldSelector).requirements.some((r) => r.field === field && r.operator === '=' && r.value === value);
  } catch {
    return false;
  }
}
