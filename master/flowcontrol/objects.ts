// The FlowSchemas and priority levels every cluster has. Data only. (upstream: apiserver pkg/apis/flowcontrol/bootstrap/default.go)
import type { FlowSchema } from '../../src/api/flowcontrol/flow-schema.ts';
import { everybody, everything, mandatoryLevelSpecs, mandatorySchemaSpecs } from '../../src/api/flowcontrol/mandatory.ts';
import type { PriorityLevelConfiguration } from '../../src/api/flowcontrol/priority-level-configuration.ts';

/** `true` on objects that follow the master's build, `false` on those that somebody has taken over. */
export const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';
const metadata = (name: string) => ({ name, annotations: { [autoUpdate]: 'true' } });

interface Wanted<Spec> { readonly metadata: ReturnType<typeof metadata>; readonly spec: Spec }
export type WantedLevel = Wanted<PriorityLevelConfiguration['spec']>;
export type WantedSchema = Wanted<FlowSchema['spec']>;

const level = (name: string, nominalConcurrencyShares: number, lendablePercent: number, queues: number, handSize: number): WantedLevel => ({
  metadata: metadata(name),
  spec: { type: 'Limited', limited: { nominalConcurrencyShares, lendablePercent, limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } } } },
});

/** What the others rest on: brought back to what they are at each start. */
export const mandatoryLevels: readonly WantedLevel[] = Object.entries(mandatoryLevelSpecs).map(([name, spec]) => ({ metadata: metadata(name), spec }));
/** What an administrator may change. */
export const suggestedLevels: readonly WantedLevel[] = [
  level('system', 30, 33, 64, 6), level('node-high', 40, 25, 64, 6), level('leader-election', 10, 0, 16, 4),
  level('workload-high', 40, 50, 128, 6), level('workload-low', 100, 90, 128, 6), level('global-default', 20, 50, 128, 6),
];

type Subjects = NonNullable<FlowSchema['spec']['rules']>[number]['subjects'];
type Rules = Omit<NonNullable<FlowSchema['spec']['rules']>[number], 'subjects'>;
const groups = (...names: string[]): Subjects => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): Subjects => names.map((name) => ({ kind: 'User', user: { name } }));
const systemAccounts = (...names: string[]): Subjects => names.map((name) => ({ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } }));

const resourceRule = (verbs: string, apiGroup: string, resources: string, clusterScope: boolean) =>
  ({ verbs: verbs.split(' '), apiGroups: [apiGroup], resources: resources.split(' '), namespaces: ['*'], ...(clusterScope ? { clusterScope } : {}) });
const electing = 'get create update';

const schema = (name: string, priorityLevel: string, matchingPrecedence: number, type: 'ByUser' | 'ByNamespace' | '', subjects: Subjects, rules: Rules): WantedSchema => ({
  metadata: metadata(name),
  spec: { priorityLevelConfiguration: { name: priorityLevel }, matchingPrecedence, ...(type ? { distinguisherMethod: { type } } : {}), rules: [{ subjects, ...rules }] },
});
const [manager, scheduler, nodes] = ['system:kube-controller-manager', 'system:kube-scheduler', groups('system:nodes')];

export const mandatorySchemas: readonly WantedSchema[] = Object.entries(mandatorySchemaSpecs).map(([name, spec]) => ({ metadata: metadata(name), spec }));
export const suggestedSchemas: readonly WantedSchema[] = [
  schema('probes', 'exempt', 2, '', everybody, { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] }),
  schema('system-leader-election', 'leader-election', 100, 'ByUser', [...users(manager, scheduler), ...systemAccounts('*')], { resourceRules: [resourceRule(electing, 'coordination.k8s.io', 'leases', false)] }),
  schema('endpoint-controller', 'workload-high', 150, 'ByUser', [...users(manager), ...systemAccounts('endpoint-controller', 'endpointslicemirroring-controller')], { resourceRules: [resourceRule(electing, '', 'endpoints', false)] }),
  schema('workload-leader-election', 'leader-election', 200, 'ByUser', systemAccounts('*'), { resourceRules: [resourceRule(electing, '', 'endpoints configmaps', false), resourceRule(electing, 'coordination.k8s.io', 'leases', false)] }),
  schema('system-node-high', 'node-high', 400, 'ByUser', nodes, { resourceRules: [resourceRule('*', '', 'nodes nodes/status', true), resourceRule('*', 'coordination.k8s.io', 'leases', false)] }),
  schema('system-nodes', 'system', 500, 'ByUser', nodes, everything),
  schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', users(manager), everything),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', users(scheduler), everything),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', systemAccounts('*'), everything),
  schema('service-accounts', 'workload-low', 9000, 'ByUser', groups('system:serviceaccounts'), everything),
  schema('global-default', 'global-default', 9900, 'ByUser', everybody, everything),
];
