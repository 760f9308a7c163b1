// One HorizontalPodAutoscaler through both of its versions.
import { HorizontalPodAutoscalersV1 } from '../../src/api/autoscaling/horizontal-pod-autoscaler-v1.ts';
import { HorizontalPodAutoscalers } from '../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

let api: TestApi;
beforeAll(async () => { api = await startTestApi(); });
afterAll(() => api.stop());

const key = (name: string) => ({ namespace: 'default', name });
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const cpu = (averageUtilization: number) => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } });
const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } };
const metrics = 'autoscaling.alpha.kubernetes.io/metrics';

it('autoscaling/v2 is the preferred version', async () => {
  const group = (await api.client.transport.request({ method: 'GET', path: '/apis/autoscaling' })) as { versions: { version: string }[]; preferredVersion: { version: string } };
  expect([group.versions.map((v) => v.version), group.preferredVersion.version]).toEqual([['v2', 'v1'], 'v2']);
});

it('made in v2 it has its cpu in a field of v1 and the rest in annotations, and comes back unchanged', async () => {
  const made = await api.client.create(HorizontalPodAutoscalers, { metadata: key('two'), spec: { scaleTargetRef, maxReplicas: 4, metrics: [cpu(60), memory], behavior: { scaleDown: { stabilizationWindowSeconds: 7 } } } } as never);
  const old = await api.client.get(HorizontalPodAutoscalersV1, key('two'));
  expect(old.metadata.uid).toBe(made.metadata.uid);
  expect(old.spec).toEqual({ scaleTargetRef, minReplicas: 1, maxReplicas: 4, targetCPUUtilizationPercentage: 60 });
  expect(JSON.parse(old.metadata.annotations![metrics]!)).toEqual([{ type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } }]);
  expect(Object.keys(old.metadata.annotations!)).toContain('autoscaling.alpha.kubernetes.io/behavior');
  await api.client.update(HorizontalPodAutoscalersV1, { ...old, spec: { ...old.spec, maxReplicas: 5 } } as never);
  const { spec, metadata } = await api.client.get(HorizontalPodAutoscalers, key('two'));
  expect(metadata.annotations).toBeUndefined();
  expect(spec).toMatchObject({ ...made.spec, maxReplicas: 5, metrics: expect.arrayContaining([cpu(60), memory]) as unknown[] });
});

it('made in v1 it aims at 80 % unless it says otherwise', async () => {
  await api.client.create(HorizontalPodAutoscalersV1, { metadata: key('one'), spec: { scaleTargetRef, maxReplicas: 3 } } as never);
  expect((await api.client.get(HorizontalPodAutoscalers, key('one'))).spec.metrics).toEqual([cpu(80)]);
});

it('v2 has no notes of v1', async () => {
  const made = await api.client.create(HorizontalPodAutoscalers, { metadata: { ...key('noted'), annotations: { [metrics]: '[]', a: 'b' } }, spec: { scaleTargetRef, maxReplicas: 3 } } as never);
  expect(made.metadata.annotations).toEqual({ a: 'b' });
});
