// Evictions against the real API server with the disruption controller: granted, refused in upstream's words, and told.
import { Deployments, type Deployment } from '../../src/api/apps/deployment.ts';
import { Events } from '../../src/api/core/event.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { CustomResourceDefinitions } from '../../src/api/apiextensions/custom-resource-definition.ts';
import { PodDisruptionBudgets, type PodDisruptionBudget } from '../../src/api/policy/pod-disruption-budget.ts';
import type { StatusError } from '../../src/apimachinery/status-error.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';
import { refusal } from '../support/refusal.ts';

let plane: ControlPlane;
const start = async (options?: ControlPlaneOptions): Promise<void> => { plane = await startControlPlane(options); };
afterEach(() => plane.stop());

const namespace = 'default';
const labels = { app: 'web' };
const deploy = (replicas = 3): Promise<Deployment> => plane.client.create(Deployments, {
  metadata: { name: 'web', namespace }, spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
} as Draft<Deployment>);
const protect = (name: string, spec: Draft<PodDisruptionBudget['spec']>): Promise<PodDisruptionBudget> =>
  plane.client.create(PodDisruptionBudgets, { metadata: { name, namespace }, spec: { selector: { matchLabels: labels }, ...spec } } as Draft<PodDisruptionBudget>);
const pods = (): Pod[] => plane.informers.informer(Pods).list(namespace);
const status = (name = 'web') => plane.informers.informer(PodDisruptionBudgets).get(`default/${name}`)?.status;
const evict = (name: string, body: object = {}) => plane.client.post(Pods, { namespace, name }, 'eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, ...body });
const refused = async (name: string): Promise<StatusError['status']> => (await refusal(evict(name))).status;

it('is granted once and then refused until the Pod is replaced', async () => {
  let hold = true;
  await start({ finishes: () => !hold });
  await deploy();
  await protect('web', { minAvailable: 2 });
  await plane.until(() => status()?.disruptionsAllowed === 1);
  expect(status()).toMatchObject({ currentHealthy: 3, desiredHealthy: 2, expectedPods: 3, observedGeneration: 1, conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }] });
  const [first, second] = pods() as [Pod, Pod];
  expect(await evict(first.metadata.name)).toMatchObject({ kind: 'Status', status: 'Success' });
  const ending = await plane.client.get(Pods, { namespace, name: first.metadata.name });
  expect(ending.metadata.deletionTimestamp).toBeTruthy();
  expect(ending.status!.conditions!.find((c) => c.type === 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' });
  // At once: the grant itself has used the budget up.
  expect(await refused(second.metadata.name)).toMatchObject({
    code: 429, reason: 'TooManyRequests', message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: 'DisruptionBudget', message: expect.stringMatching(/^The disruption budget web needs 2 healthy pods and has [23] currently$/) }] },
  });
  hold = false;
  plane.nudge();
  await plane.until(() => pods().length === 3 && status()?.disruptionsAllowed === 1 && !status()!.disruptedPods);
  await evict(second.metadata.name);
});

it('several at once are granted no more often than the budget allows', async () => {
  await start({ finishes: () => false });
  await deploy(6);
  await protect('web', { minAvailable: 4 });
  await plane.until(() => status()?.disruptionsAllowed === 2);
  const answers = await Promise.allSettled(pods().map((pod) => evict(pod.metadata.name)));
  expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(2);
  const left = await plane.client.get(PodDisruptionBudgets, { namespace, name: 'web' });
  expect(left.status).toMatchObject({ disruptionsAllowed: 0, conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }] });
});

it('a dry run takes nothing, and preconditions are kept', async () => {
  await start();
  await deploy();
  await protect('web', { maxUnavailable: 1 });
  await plane.until(() => status()?.disruptionsAllowed === 1);
  const [first] = pods() as [Pod];
  await evict(first.metadata.name, { deleteOptions: { dryRun: ['All'] } });
  expect(await plane.client.get(Pods, { namespace, name: first.metadata.name })).toMatchObject({ metadata: { uid: first.metadata.uid } });
  expect((await plane.client.get(PodDisruptionBudgets, { namespace, name: 'web' })).status).toMatchObject({ disruptionsAllowed: 1 });
  await expect(evict(first.metadata.name, { deleteOptions: { preconditions: { uid: 'other' } } })).rejects.toThrow('the UID in the precondition (other) does not match');
});

it('Pods that are not ready go as the policy says', async () => {
  let healthy = true;
  await start({ healthy: () => healthy });
  await deploy(2);
  await protect('web', { minAvailable: 2 });
  await plane.until(() => status()?.currentHealthy === 2);
  healthy = false;
  plane.nudge();
  await plane.until(() => status()?.currentHealthy === 0);
  const [first] = pods() as [Pod];
  expect((await refused(first.metadata.name)).details!.causes![0]!.message).toBe('The disruption budget web needs 2 healthy pods and has 0 currently');
  await plane.client.patch(PodDisruptionBudgets, { namespace, name: 'web' }, { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } });
  await evict(first.metadata.name);
});

it('two budgets for one Pod, or one that cannot be counted, refuse', async () => {
  await start();
  await deploy();
  await protect('web', { minAvailable: 0 });
  await protect('other', { minAvailable: 0 });
  await plane.until(() => status('other')?.disruptionsAllowed === 3);
  const [first] = pods() as [Pod];
  expect(await refused(first.metadata.name)).toMatchObject({ code: 500, message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.' });

  const loose = { app: 'loose' };
  await plane.client.create(Pods, { metadata: { name: 'loose', namespace, labels: loose, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'gone', uid: 'x', controller: true }] }, spec: { containers: [{ name: 'c', image: 'i' }] } } as Draft<Pod>);
  await plane.client.create(Pods, { metadata: { name: 'bare', namespace, labels: loose }, spec: { containers: [{ name: 'c', image: 'i' }] } } as Draft<Pod>);
  await protect('loose', { selector: { matchLabels: loose }, maxUnavailable: 1 });
  await plane.until(() => status('loose')?.observedGeneration === 1 || status('loose')?.conditions);
  await plane.untilAsync(async () => (await plane.client.list(Events, { namespace })).items.some((e) => e.involvedObject.name === 'loose' && (e.reason === 'UnmanagedPods' || e.reason === 'CalculateExpectedPodCountFailed')));
});

it('a budget over Pods of a custom resource asks for its scale; kinds without one are named', async () => {
  await start();
  const definition = { metadata: { name: 'crews.example.com' }, spec: {
    group: 'example.com', scope: 'Namespaced', names: { plural: 'crews', kind: 'Crew' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } }, subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } } }],
  } };
  await plane.client.create(CustomResourceDefinitions, definition as never);
  const { transport } = plane.client;
  const path = `/apis/example.com/v1/namespaces/${namespace}/crews`;
  const crew = { apiVersion: 'example.com/v1', kind: 'Crew', metadata: { name: 'red' }, spec: { size: 5 } };
  let uid = '';
  await plane.untilAsync(async () => { uid = await transport.request({ method: 'POST', path, body: crew }).then((made) => (made as Pod).metadata.uid, () => ''); return uid; });
  const of = (labels: Record<string, string>, owner: object) => plane.client.create(Pods, { metadata: { generateName: 'p-', namespace, labels, ownerReferences: [{ controller: true, ...owner }] }, spec: { containers: [{ name: 'c', image: 'i' }] } } as Draft<Pod>);
  await of({ crew: 'red' }, { apiVersion: 'example.com/v1', kind: 'Crew', name: 'red', uid });
  await protect('red', { selector: { matchLabels: { crew: 'red' } }, maxUnavailable: 1 });
  await plane.until(() => status('red')?.expectedPods === 5 && status('red')?.desiredHealthy === 4);

  const account = await plane.client.get(ServiceAccounts, { namespace, name: 'default' });
  await of({ crew: 'blue' }, { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', uid: account.metadata.uid });
  await protect('blue', { selector: { matchLabels: { crew: 'blue' } }, maxUnavailable: 1 });
  await plane.until(() => status('blue')?.conditions);
  expect(status('blue')).toMatchObject({ disruptionsAllowed: 0, conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'serviceaccounts does not implement the scale subresource' }] });
});
