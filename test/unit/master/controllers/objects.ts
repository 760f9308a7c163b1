// Objects for table tests: only what the rule under test looks at is given, the rest is filled in plainly.
import type { Deployment } from '../../../../src/api/apps/deployment.ts';
import type { ReplicaSet } from '../../../../src/api/apps/replica-set.ts';
import type { DaemonSet } from '../../../../src/api/apps/daemon-set.ts';
import type { StatefulSet } from '../../../../src/api/apps/stateful-set.ts';
import type { CronJob } from '../../../../src/api/batch/cron-job.ts';
import type { Job } from '../../../../src/api/batch/job.ts';
import type { Node } from '../../../../src/api/core/node.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Service } from '../../../../src/api/core/service.ts';
import type { PodDisruptionBudget } from '../../../../src/api/policy/pod-disruption-budget.ts';
import type { Draft } from '../../../../src/client/client.ts';

export const t0 = Date.parse('2026-01-01T00:00:00Z');
export const at = (seconds: number): string => new Date(t0 + seconds * 1000).toISOString().replace('.000', '');

const head = (apiVersion: string, kind: string, metadata: object | undefined) =>
  ({ apiVersion, kind, metadata: { name: 'x', uid: `uid-${(metadata as { name?: string } | undefined)?.name ?? 'x'}`, resourceVersion: '1', creationTimestamp: at(0), ...metadata } });
const namespaced = (metadata: object | undefined): object => ({ namespace: 'default', ...metadata });

/** `ready` is the second the Pod became ready, undefined when it is not. */
export function pod(draft: Draft<Pod> & { ready?: number } = {}): Pod {
  const { ready, metadata, spec, status } = draft;
  const conditions = [...(status?.conditions ?? []), ...(ready === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: at(ready) }])];
  return { ...head('v1', 'Pod', namespaced(metadata)), spec: { containers: [{ name: 'c', image: 'i' }], ...spec }, status: { phase: 'Running', ...status, conditions } } as unknown as Pod;
}
export const node = ({ metadata, spec, status }: Draft<Node> = {}): Node => ({ ...head('v1', 'Node', metadata), spec: { ...spec }, status: { ...status } }) as unknown as Node;
export const service = ({ metadata, spec }: Draft<Service> = {}): Service =>
  ({ ...head('v1', 'Service', namespaced({ name: 'web', ...metadata })), spec: { clusterIP: '10.43.0.9', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], ...spec }, status: {} }) as unknown as Service;
export const deployment = ({ metadata, spec, status }: Draft<Deployment> = {}): Deployment => ({
  ...head('apps/v1', 'Deployment', namespaced({ name: 'web', generation: 1, ...metadata })),
  spec: {
    replicas: 3, selector: { matchLabels: { app: 'web' } }, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } }, progressDeadlineSeconds: 600,
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }, ...spec,
  },
  status: { ...status },
}) as unknown as Deployment;
export const replicaSet = ({ metadata, spec, status }: Draft<ReplicaSet> = {}): ReplicaSet =>
  ({ ...head('apps/v1', 'ReplicaSet', namespaced(metadata)), spec: { replicas: 0, ...spec }, status: { replicas: 0, ...status } }) as unknown as ReplicaSet;
export const statefulSet = ({ metadata, spec, status }: Draft<StatefulSet> = {}): StatefulSet => ({
  ...head('apps/v1', 'StatefulSet', namespaced({ name: 'db', generation: 1, ...metadata })),
  spec: {
    replicas: 3, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }, ...spec,
  },
  status: { ...status },
}) as unknown as StatefulSet;
export const job = ({ metadata, spec, status }: Draft<Job> = {}): Job => ({
  ...head('batch/v1', 'Job', namespaced({ name: 'work', generation: 1, ...metadata })),
  spec: {
    parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed',
    template: { metadata: { labels: { 'job-name': 'work' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, ...spec,
  },
  status: { ...status },
}) as unknown as Job;
export const daemonSet = ({ metadata, spec, status }: Draft<DaemonSet> = {}): DaemonSet => ({
  ...head('apps/v1', 'DaemonSet', namespaced({ name: 'logs', generation: 1, annotations: { 'deprecated.daemonset.template.generation': '1' }, ...metadata })),
  spec: {
    selector: { matchLabels: { app: 'logs' } }, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    template: { metadata: { labels: { app: 'logs' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }, ...spec,
  },
  status: { ...status },
}) as unknown as DaemonSet;
export const cronJob = ({ metadata, spec, status }: Draft<CronJob> = {}): CronJob => ({
  ...head('batch/v1', 'CronJob', namespaced({ name: 'tick', generation: 1, ...metadata })),
  spec: {
    schedule: '* * * * *', concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1,
    jobTemplate: { metadata: { labels: { app: 'tick' } }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } }, ...spec,
  },
  status: { ...status },
}) as unknown as CronJob;
export const budget = ({ metadata, spec, status }: Draft<PodDisruptionBudget> = {}): PodDisruptionBudget =>
  ({ ...head('policy/v1', 'PodDisruptionBudget', namespaced({ name: 'web', generation: 1, ...metadata })), spec: { selector: { matchLabels: { app: 'web' } }, ...spec }, status: { ...status } }) as unknown as PodDisruptionBudget;
