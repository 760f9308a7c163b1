// The HorizontalPodAutoscaler controller against the real API server, with metrics the test gives: it scales Deployments by their
// scale subresource, keeps its bounds, and says in conditions and Events what it does and why it cannot.
import { Deployments } from '../../src/api/apps/deployment.ts';
import { HorizontalPodAutoscalers, type HorizontalPodAutoscaler } from '../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import { Events } from '../../src/api/core/event.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { Client } from '../../src/client/client.ts';
import { InformerFactory } from '../../src/client/informer.ts';
import type { Transport } from '../../src/client/transport.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { ControllerRunner } from '../../src/controller/runner.ts';
import { FakeClock, timestamp } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { createHorizontalPodAutoscalerController, syncMs } from '../../master/controllers/podautoscaler/horizontal-pod-autoscaler.ts';
import { controllerUser } from '../../master/identities.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

const namespace = 'default';
const key = { namespace, name: 'web' };
let api: TestApi;
let clock: FakeClock;
let stop: AbortController;
let running: Promise<void>;
/** Milli-cpu of each Pod; undefined: nothing is measured. */
let usage: number[] | undefined;

/** By path and query, what an adapter of metrics answers; undefined: there is none. */
let adapter: Record<string, object[]> | undefined;
let asked: string[];

/** What the agents would measure, and adapters; all else is the real server's. */
const withMetrics = (transport: Transport): Transport => ({
  request: (request) => {
    if (adapter && /^\/apis\/(custom|external)\.metrics\.k8s\.io/.test(request.path)) {
      if (request.path === '/apis/custom.metrics.k8s.io') return Promise.resolve({ versions: [{ version: 'v1beta1' }, { version: 'v1beta2' }] });
      const path = decodeURIComponent(`${request.path.replace('/apis/', '')}?${new URLSearchParams(Object.entries(request.query ?? {}).filter(([, value]) => value !== undefined) as [string, string][]).toString()}`);
      asked.push(path);
      const items = adapter[path];
      return items ? Promise.resolve({ items: items.map((item) => ({ timestamp: timestamp(clock.now()), ...item })) }) : Promise.reject(new StatusError(404, 'NotFound', `the adapter knows no ${path}`));
    }
    if (!request.path.startsWith('/apis/metrics.k8s.io/')) return transport.request(request);
    const items = (usage ?? []).map((cpu, i) => ({ metadata: { name: `web-${i}`, namespace }, timestamp: timestamp(clock.now()), window: '1s', containers: [{ name: 'c', usage: { cpu: `${cpu}m` } }] }));
    return Promise.resolve({ metadata: { resourceVersion: '' }, items });
  },
  watch: (request) => transport.watch(request),
  close: () => transport.close(),
});

beforeEach(async () => {
  clock = new FakeClock();
  api = await startTestApi({ clock, policy: true });
  await api.client.create(ServiceAccounts, { metadata: { namespace, name: 'default' } });
  stop = new AbortController();
  usage = undefined;
  adapter = undefined;
  asked = [];
  const { name, groups } = controllerUser('horizontal-pod-autoscaler');
  const client = new Client(withMetrics(api.as(name, ...groups).transport));
  const informers = new InformerFactory(client, { clock, log: silentLog });
  const runner = new ControllerRunner(createHorizontalPodAutoscalerController(api.registry.served), { client, informers, events: Events, clock, log: silentLog });
  running = runner.run(stop.signal);
  informers.start(stop.signal);
  await informers.synced(stop.signal);
});
afterEach(async () => {
  stop.abort(new Error('stopped'));
  await Promise.allSettled([running]);
  await api.stop();
});

async function deployment(replicas: number): Promise<void> {
  const labels = { app: 'web' };
  const container = { name: 'c', image: 'i', resources: { requests: { cpu: '1' } } };
  await api.client.create(Deployments, { metadata: key, spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } } } as never);
  for (let i = 0; i < replicas; i++) {
    const pod = await api.client.create(Pods, { metadata: { namespace, name: `web-${i}`, labels }, spec: { containers: [container] } } as never);
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(clock.now() - 3_000_000) }];
    await api.client.updateStatus(Pods, { ...pod, status: { phase: 'Running', startTime: timestamp(clock.now() - 3_600_000), conditions } } as never);
  }
}
const autoscaler = (spec: object = {}, name = 'web') => api.client.create(HorizontalPodAutoscalers, { metadata: { namespace, name }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 6, ...spec } } as never);
const current = (name = 'web'): Promise<HorizontalPodAutoscaler> => api.client.get(HorizontalPodAutoscalers, { namespace, name });
const replicas = async (): Promise<number> => (await api.client.get(Deployments, key)).spec.replicas!;
const events = async (): Promise<string[]> => (await api.client.list(Events, { namespace })).items.map(({ reason, message }) => `${reason}: ${message}`);

/** Lets time go on until the check holds; the real time it takes is that of the work. */
async function until(check: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`did not come true: ${check.toString()}\n${JSON.stringify((await current()).status, null, 1)}`);
    await clock.advance(1_000);
    await new Promise((resolve) => { setImmediate(resolve); });
  }
}
const condition = async (type: string, name = 'web') => (await current(name)).status.conditions?.find((c) => c.type === type);
const becomes = (type: string, reason: string, name = 'web') => until(async () => (await condition(type, name))?.reason === reason);

it('scales up by what is used, no faster than it may, and down only when that lasts', async () => {
  await deployment(2);
  usage = [1600, 1600];
  await autoscaler();
  await until(async () => (await replicas()) === 4);
  await until(async () => (await current()).status.desiredReplicas === 4);
  const { status } = await current();
  expect(status).toMatchObject({ currentReplicas: 2, lastScaleTime: expect.any(String), currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 160, averageValue: '1600m' } } }] });
  expect(status.conditions).toMatchObject([
    { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message: 'the HPA controller was able to update the target scale to 4' },
    { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: 'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)' },
    { type: 'ScalingLimited', status: 'False', reason: 'DesiredWithinRange' },
  ]);
  expect(await events()).toContain('SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target');

  usage = [50, 50];
  await becomes('AbleToScale', 'ScaleDownStabilized');
  expect(await replicas()).toBe(4);
  const before = clock.now();
  await until(async () => (await replicas()) === 2);
  expect(clock.now() - before).toBeGreaterThan(200_000);
  expect(await events()).toContain('SuccessfulRescale: New size: 2; reason: All metrics below target');
  await becomes('ScalingLimited', 'TooFewReplicas');
});

it('keeps the bounds without any metric, and lets alone what was scaled to nothing', async () => {
  await deployment(1);
  await autoscaler({ minReplicas: 3 });
  await until(async () => (await replicas()) === 3);
  await api.client.patch(HorizontalPodAutoscalers, key, { spec: { minReplicas: 1, maxReplicas: 2 } });
  await until(async () => (await replicas()) === 2);
  expect(await events()).toEqual(expect.arrayContaining(['SuccessfulRescale: New size: 3; reason: Current number of replicas below Spec.MinReplicas', 'SuccessfulRescale: New size: 2; reason: Current number of replicas above Spec.MaxReplicas']));
  await api.client.patch(Deployments, key, { spec: { replicas: 0 } });
  await becomes('ScalingActive', 'ScalingDisabled');
  await clock.advance(3 * syncMs);
  expect(await replicas()).toBe(0);
});

const cpu = (averageUtilization: number) => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } });
const queue = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } } };

it('says what it cannot measure; what it can may still add Pods, but takes none away', async () => {
  await deployment(3);
  await autoscaler({ metrics: [cpu(50)] });
  const why = 'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API';
  await becomes('ScalingActive', 'FailedGetResourceMetric');
  expect(await condition('ScalingActive')).toMatchObject({ status: 'False', message: `the HPA was unable to compute the replica count: ${why}` });
  await until(async () => (await events()).includes(`FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`));
  expect(await events()).toContain(`FailedGetResourceMetric: ${why}`);

  usage = [100, 100, 100];
  await api.client.patch(HorizontalPodAutoscalers, key, { spec: { metrics: [queue, cpu(50)] } });
  await becomes('ScalingActive', 'FailedGetExternalMetric');
  await clock.advance(2 * syncMs);
  expect(await replicas()).toBe(3);
  usage = [800, 800, 800];
  await until(async () => (await replicas()) === 5);
  await becomes('ScalingActive', 'ValidMetricFound');
  expect((await current()).status.currentMetrics).toMatchObject([{ type: '' }, { type: 'Resource' }]);
});

it('names a target that is not there, a kind nobody serves, and Pods that two autoscalers want', async () => {
  await deployment(2);
  usage = [900, 900];
  await autoscaler({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' } }, 'absent');
  await autoscaler({ scaleTargetRef: { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x' } }, 'unknown');
  await becomes('AbleToScale', 'FailedGetScale', 'absent');
  await becomes('AbleToScale', 'FailedGetScale', 'unknown');
  const words = "the HPA controller was unable to get the target's current scale:";
  expect([(await condition('AbleToScale', 'absent'))!.message, (await condition('AbleToScale', 'unknown'))!.message]).toEqual([`${words} deployments/scale.apps "none" not found`, `${words} no matches for kind "Thing" in group "example.com"`]);

  await autoscaler({ behavior: { scaleUp: { selectPolicy: 'Disabled', policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }] } } });
  await becomes('ScalingLimited', 'ScaleUpLimit');
  await autoscaler({}, 'other');
  await becomes('ScalingActive', 'AmbiguousSelector');
  expect((await condition('ScalingActive'))!.message).toMatch(/^pods by selector app=web are controlled by multiple HPAs: \[default\/\w+ default\/\w+\]$/);
  expect(await replicas()).toBe(2);
  await api.client.delete(HorizontalPodAutoscalers, { namespace, name: 'other' });
  await becomes('ScalingActive', 'ValidMetricFound');
});

const described = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' };
const series = { matchLabels: { verb: 'GET' } };
it.each<[string, object, Record<string, object[]>, number, string, object]>([
  ['of Pods', { type: 'Pods', pods: { metric: { name: 'requests', selector: series }, target: { type: 'AverageValue', averageValue: '10' } } },
    { 'custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/requests?labelSelector=app=web&metricLabelSelector=verb=GET': [{ describedObject: { name: 'web-0' }, value: '15' }, { describedObject: { name: 'web-1' }, value: '25' }] },
    4, 'pods metric requests', { type: 'Pods', pods: { metric: { name: 'requests', selector: series }, current: { averageValue: '20' } } }],
  ['of an object, as a whole', { type: 'Object', object: { describedObject: described, metric: { name: 'hits' }, target: { type: 'Value', value: '100' } } },
    { 'custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/main/hits?': [{ value: '150500m' }] },
    4, 'Ingress metric hits', { type: 'Object', object: { describedObject: described, metric: { name: 'hits' }, current: { value: '150500m' } } }],
  ['of an object, for each Pod', { type: 'Object', object: { describedObject: described, metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '50' } } },
    { 'custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/main/hits?': [{ value: '150' }] },
    3, 'external metric hits(nil)', { type: 'Object', object: { current: { averageValue: '75' } } }],
  ['of the namespace', { type: 'Object', object: { describedObject: { apiVersion: 'v1', kind: 'Namespace', name: 'other' }, metric: { name: 'jobs' }, target: { type: 'Value', value: '1' } } },
    { 'custom.metrics.k8s.io/v1beta2/namespaces/default/metrics/jobs?': [{ value: '2' }] }, 4, 'Namespace metric jobs', { type: 'Object', object: { current: { value: '2' } } }],
  ['from outside, as a whole', { type: 'External', external: { metric: { name: 'queue', selector: series }, target: { type: 'Value', value: '30' } } },
    { 'external.metrics.k8s.io/v1beta1/namespaces/default/queue?labelSelector=verb=GET': [{ value: '20' }, { value: '40' }] },
    4, 'external metric queue(&LabelSelector{MatchLabels:map[string]string{verb: GET,},MatchExpressions:[]LabelSelectorRequirement{},})', { type: 'External', external: { metric: { name: 'queue', selector: series }, current: { value: '60' } } }],
  ['from outside, for each Pod', queue, { 'external.metrics.k8s.io/v1beta1/namespaces/default/queue?': [{ value: '24' }] }, 5, 'external metric queue(nil)', { type: 'External', external: { current: { averageValue: '12' } } }],
])('asks adapters for a metric %s', async (_, metric, answers, wanted, name, status) => {
  adapter = answers;
  await deployment(2);
  const made = await api.client.get(Deployments, key);
  await api.client.updateStatus(Deployments, { ...made, status: { ...made.status, replicas: 2 } });
  await autoscaler({ metrics: [metric] });
  await until(async () => (await replicas()) === wanted);
  await becomes('ScalingActive', 'ValidMetricFound');
  expect((await condition('ScalingActive'))!.message).toBe(`the HPA was able to successfully calculate a replica count from ${name}`);
  await until(async () => (await current()).status.currentMetrics !== undefined);
  expect((await current()).status.currentMetrics).toMatchObject([status]);
  expect(new Set(asked)).toEqual(new Set(Object.keys(answers)));
});

it.each<[string, Record<string, object[]> | undefined, object, string, string]>([
  ['nobody serves the API', undefined, { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1' } } }, 'FailedGetPodsMetric', 'unable to get metric m: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered'],
  ['nobody serves the other API', undefined, queue, 'FailedGetExternalMetric', 'failed to get queue external metric: unable to get external metric default/queue/<none>: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)'],
  ['the adapter refuses', {}, queue, 'FailedGetExternalMetric', 'failed to get queue external metric: unable to get external metric default/queue/<none>: unable to fetch metrics from external metrics API: the adapter knows no external.metrics.k8s.io/v1beta1/namespaces/default/queue?'],
  ['there is nothing', { 'external.metrics.k8s.io/v1beta1/namespaces/default/queue?': [] }, queue, 'FailedGetExternalMetric', 'failed to get queue external metric: unable to get external metric default/queue/<none>: no metrics returned from external metrics API'],
  ['one is asked for and two come', { 'custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/main/hits?': [{ value: '1' }, { value: '2' }] },
    { type: 'Object', object: { describedObject: described, metric: { name: 'hits' }, target: { type: 'Value', value: '100' } } }, 'FailedGetObjectMetric',
    'unable to get metric hits: Ingress on default main/unable to fetch metrics from custom metrics API: the custom metrics API server returned 2 results when we asked for exactly one'],
  ['the kind is unknown', {}, { type: 'Object', object: { describedObject: { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x' }, metric: { name: 'hits' }, target: { type: 'Value', value: '100' } } }, 'FailedGetObjectMetric',
    'unable to get metric hits: Thing on default x/unable to fetch metrics from custom metrics API: unable to map kind Thing.example.com to resource: no matches for kind "Thing" in group "example.com"'],
])('says why it cannot: %s', async (_, answers, metric, reason, why) => {
  adapter = answers;
  await deployment(2);
  await autoscaler({ metrics: [metric] });
  await becomes('ScalingActive', reason);
  expect((await condition('ScalingActive'))!.message).toBe(`the HPA was unable to compute the replica count: ${why}`);
});
