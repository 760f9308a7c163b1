// What a node refuses of the Pods that are bound to it, with upstream's reasons and words.
import { admissionFailure } from '../../../../agent/kubelet/admission.ts';
import { allowedSysctls, dottedSysctl, forbiddenSysctl, unsafeOf } from '../../../../agent/kubelet/sysctls.ts';
import type { Pod, PodSpec } from '../../../../agent/kubelet/pod.ts';
import type { Node } from '../../../../src/api/core/node.ts';
import { container, pod } from './pods.ts';

const asks = (cpu?: string, memory?: string, more: object = {}) => container('a', { resources: { requests: { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}), ...more } } } as never);
const on = (hostPort: number, more: object = {}) => container('a', { ports: [{ containerPort: 80, hostPort, ...more }] } as never);
const sysctls = (...names: string[]): Partial<PodSpec> => ({ securityContext: { sysctls: names.map((name) => ({ name, value: '1' })) } } as never);
const other = (spec: Partial<PodSpec>): Pod => pod(spec, { metadata: { name: 'other', uid: 'uid-2' } });
const node = ({ labels = {}, taints = [], allocatable = {} }: { labels?: object; taints?: object[]; allocatable?: object } = {}): Node => ({
  metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux', ...labels } }, spec: { taints },
  status: { allocatable: { cpu: '2', memory: '1Gi', 'ephemeral-storage': '10Gi', pods: '3', ...allocatable } },
}) as unknown as Node;

interface Row { spec?: Partial<PodSpec>; metadata?: object; others?: Partial<PodSpec>[]; node?: Node | undefined; appArmor?: boolean; unsafe?: string }
const judged = ({ spec = {}, metadata = {}, others = [], appArmor = true, unsafe, ...row }: Row) => admissionFailure(pod(spec, { metadata }), {
  node: 'node' in row ? row.node : node(), others: others.map(other), sysctls: allowedSysctls(unsafe), appArmor,
});
const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }] } } } as never;
const profile = (type: string) => ({ appArmorProfile: { type } }) as never;

it.each<[string, Row]>([
  ['one that asks for nothing', {}],
  ['one that fits exactly', { spec: { containers: [asks('500m', '256Mi')] }, others: [{ containers: [asks('1500m', '768Mi')] }] }],
  ['one of this system', { spec: { os: { name: 'linux' } } as never, metadata: { labels: { 'kubernetes.io/os': 'linux' } } }],
  ['one whose affinity the node meets', { spec: { affinity }, node: node({ labels: { disk: 'ssd' } }) }],
  ['one that tolerates what ends others', { spec: { tolerations: [{ operator: 'Exists' }] } as never, node: node({ taints: [{ key: 'k', effect: 'NoExecute' }] }) }],
  ['a taint that concerns scheduling alone', { node: node({ taints: [{ key: 'k', effect: 'NoSchedule' }] }) }],
  ['a static Pod on a tainted node', { metadata: { resourceVersion: '' }, node: node({ taints: [{ key: 'k', effect: 'NoExecute' }] }) }],
  ['a critical Pod for which there is no room', { spec: { priority: 2_000_000_000, containers: [asks('3')] } }],
  ['another port, protocol or address', { spec: { containers: [on(80)] }, others: [{ containers: [on(81)] }, { containers: [on(80, { protocol: 'UDP' })] }] }],
  ['a port of one address beside that of another', { spec: { containers: [on(80, { hostIP: '10.0.0.1' })] }, others: [{ containers: [on(80, { hostIP: '10.0.0.2' })] }] }],
  ['a resource that is counted elsewhere', { spec: { containers: [asks('1', undefined, { 'example.com/far': '5' })] } }],
  ['a profile where the kernel enforces them', { spec: { securityContext: profile('RuntimeDefault') } }],
  ['no profile at all where it does not', { spec: { securityContext: profile('Unconfined') }, appArmor: false }],
  ['anything of a node that is not known yet', { spec: { nodeSelector: { disk: 'ssd' }, containers: [asks('99')] } as never, node: undefined }],
  ['groups of the Pod alone, a first one among them', { spec: { securityContext: { supplementalGroupsPolicy: 'Strict', runAsGroup: 0 } } as never }],
  ['safe sysctls, in either way of writing', { spec: sysctls('kernel.shm_rmid_forced', 'net/ipv4/tcp_syncookies') }],
  ['a sysctl that is allowed by its beginning', { spec: sysctls('kernel.msgmax'), unsafe: 'kernel.msg*, net.core.somaxconn' }],
])('takes in %s', (_, row) => expect(judged(row)).toBeUndefined());

const short = (name: string, requested: number, used: number, capacity: number) => [`OutOf${name}`, `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`];
it.each<[string, Row, string, string]>([
  ['another system', { spec: { os: { name: 'windows' } } as never }, 'PodOSNotSupported', "Failed to admit pod as the OS field doesn't match node OS"],
  ['the label of another system', { metadata: { labels: { 'kubernetes.io/os': 'windows' } } }, 'PodOSSelectorNodeLabelDoesNotMatch', "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"],
  ['groups of the Pod alone, without a first one', { spec: { securityContext: { supplementalGroupsPolicy: 'Strict' } } as never }, 'SupplementalGroupsPolicyNotSupported', 'SupplementalGroupsPolicy=Strict is not supported in this node'],
  ['a node selector', { spec: { nodeSelector: { disk: 'ssd' } } as never }, 'NodeAffinity', "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"],
  ['node affinity', { spec: { affinity } }, 'NodeAffinity', "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"],
  ['a critical Pod on the wrong node', { spec: { priority: 2_000_000_000, affinity } }, 'NodeAffinity', "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"],
  ['cpu', { spec: { containers: [asks('600m')] }, others: [{ containers: [asks('1')] }, { containers: [asks('500m')] }] }, ...short('cpu', 600, 1500, 2000) as [string, string]],
  ['memory', { spec: { containers: [asks('100m', '2Gi')] } }, ...short('memory', 2 ** 31, 0, 2 ** 30) as [string, string]],
  ['room on the disk', { spec: { containers: [asks(undefined, undefined, { 'ephemeral-storage': '11Gi' })] } }, ...short('ephemeral-storage', 11 * 2 ** 30, 0, 10 * 2 ** 30) as [string, string]],
  ['devices', { spec: { containers: [asks(undefined, undefined, { 'example.com/gpu': '1' })] }, node: node({ allocatable: { 'example.com/gpu': '1' } }), others: [{ containers: [asks(undefined, undefined, { 'example.com/gpu': '1' })] }] }, ...short('example.com/gpu', 1, 1, 1) as [string, string]],
  ['places', { others: [{}, {}, {}] }, ...short('pods', 1, 3, 3) as [string, string]],
  ['what a RuntimeClass adds', { spec: { overhead: { cpu: '1500m' }, containers: [asks('600m')] } as never }, ...short('cpu', 2100, 0, 2000) as [string, string]],
  ['a host port', { spec: { containers: [on(80)] }, others: [{ containers: [on(80, { hostIP: '10.0.0.1' })] }] }, 'NodePorts', "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"],
  ['no toleration', { node: node({ taints: [{ key: 'k', effect: 'NoExecute' }] }) }, 'TaintToleration', "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"],
  ['a profile of a container', { spec: { containers: [container('a', { securityContext: profile('RuntimeDefault') })] }, appArmor: false }, 'AppArmor', 'Cannot enforce AppArmor: AppArmor is not enabled on the host'],
  ['a sysctl of the host', { spec: sysctls('net.ipv4.tcp_syncookies', 'kernel.msgmax') }, 'SysctlForbidden', 'forbidden sysctl: "kernel.msgmax" not allowlisted'],
  ['a sysctl of a network that is the host\'s', { spec: { hostNetwork: true, ...sysctls('net.ipv4.tcp_syncookies') } }, 'SysctlForbidden', 'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled'],
  ['a sysctl of the host\'s IPC', { spec: { hostIPC: true, ...sysctls('kernel/shm_rmid_forced') } as never }, 'SysctlForbidden', 'forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled'],
])('refuses for want of, or because of, %s', (_, row, reason, message) => expect(judged(row)).toEqual({ reason, message }));

it.each([['kernel.shm_rmid_forced', 'kernel.shm_rmid_forced'], ['kernel/shm_rmid_forced', 'kernel.shm_rmid_forced'], ['net/ipv4/conf/eth0.100/rp_filter', 'net.ipv4.conf.eth0/100.rp_filter'], ['net.ipv4.conf.eth0/100.rp_filter', 'net.ipv4.conf.eth0/100.rp_filter'], ['', '']])(
  'the sysctl %s is %s', (name, dotted) => expect(dottedSysctl(name)).toBe(dotted));

it('allows only what the kernel keeps for each namespace', () => {
  expect(unsafeOf(allowedSysctls('kernel.sem,kernel.shm*,fs/mqueue/*, net.*'))).toEqual(['kernel.sem', 'kernel.shm*', 'fs.mqueue.*', 'net.*']);
  expect(unsafeOf(allowedSysctls(undefined))).toEqual([]);
  expect(forbiddenSysctl(pod(sysctls('kernel.sem')), allowedSysctls('kernel.sem'))).toBeUndefined();
  for (const name of ['vm.swappiness', 'kernel.*', '*', 'kernel.semantics']) expect(() => allowedSysctls(name)).toThrow('--allowed-unsafe-sysctls: ');
});
