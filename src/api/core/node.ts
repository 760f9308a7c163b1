// Node: a machine Pods run on. (upstream: pkg/registry/core/node, pkg/printers/internalversion/printers.go, printNode)
import { findCondition } from '../../apimachinery/conditions.ts';
import { index } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field } from '../../schema/schema.ts';
import { rangeWarnings } from '../address-warnings.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { nodeSpec, type NodeSpec } from './node-spec.ts';
import { nodeStatus, type NodeStatus } from './node-status.ts';
import { nodeFaults, nodeStatusFaults } from './node-validation.ts';

export { taint } from './node-spec.ts';
export type { NodeSpec, Taint } from './node-spec.ts';
export type { ContainerImage, NodeAddress, NodeCondition, NodeStatus, NodeSystemInfo } from './node-status.ts';

/** The zone a node is in. */
export const zoneLabel = 'topology.kubernetes.io/zone';
const rolePrefix = 'node-role.kubernetes.io/';

function statusText(spec: NodeSpec, status: NodeStatus | undefined): string {
  const ready = findCondition(status?.conditions, 'Ready');
  const text = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return spec.unschedulable ? `${text},SchedulingDisabled` : text;
}

function rolesText(labels: Readonly<Record<string, string>>): string {
  const roles = new Set<string>();
  for (const [name, value] of Object.entries(labels)) {
    if (name.startsWith(rolePrefix) && name.length > rolePrefix.length) roles.add(name.slice(rolePrefix.length));
    else if (name === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return [...roles].sort().join(',') || '<none>';
}

const addressText = (status: NodeStatus | undefined, type: string): string => status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';

export const Nodes = defineResource({
  group: '', version: 'v1', kind: 'Node', plural: 'nodes', shortNames: ['no'], scope: 'Cluster',
  doc: 'A machine Pods run on.',
  fields: {
    spec: field(2, nodeSpec, { written: true, doc: 'The node as it is wanted.' }),
    status: field(3, nodeStatus, { written: true, doc: 'The node as it is.' }),
  },
  statusOnCreate: true,
  subresources: { status: true, others: [{ name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'NodeProxyOptions' }] },
  selectable: { 'spec.unschedulable': (node) => String(node.spec.unschedulable ?? false) },
  prepareCreate: ({ spec, status }) => {
    delete spec.configSource;
    delete status.config;
  },
  prepareUpdate: ({ spec }, old) => { if (!old.spec.configSource) delete spec.configSource; },
  validate: (node, old) => nodeFaults(node.spec, old?.spec),
  validateStatus: (node) => nodeStatusFaults(node.status),
  warnings: ({ spec }) => [
    ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec.podCIDRs ?? []).flatMap((range, i) => rangeWarnings(index('spec.podCIDRs', i), range)),
  ],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Whether the node is ready and takes Pods.', value: ({ spec, status }) => statusText(spec, status) },
    { name: 'Roles', type: 'string', description: 'Roles the labels of the node tell.', value: ({ metadata }) => rolesText(metadata.labels ?? {}) },
    ageColumn,
    { name: 'Version', type: 'string', description: 'Version of the kubelet.', value: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '' },
    { name: 'Internal-IP', type: 'string', priority: 1, description: 'First internal address.', value: ({ status }) => addressText(status, 'InternalIP') },
    { name: 'External-IP', type: 'string', priority: 1, description: 'First external address.', value: ({ status }) => addressText(status, 'ExternalIP') },
    { name: 'OS-Image', type: 'string', priority: 1, description: 'Name of the operating system.', value: ({ status }) => status?.nodeInfo?.osImage || '<unknown>' },
    { name: 'Kernel-Version', type: 'string', priority: 1, description: 'Version of the kernel.', value: ({ status }) => status?.nodeInfo?.kernelVersion || '<unknown>' },
    { name: 'Container-Runtime', type: 'string', priority: 1, description: 'Container runtime and its version.', value: ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>' },
  ],
});
export interface Node extends ObjectOf<typeof Nodes> {}
