// A CronJob through some minutes of fake time: Jobs made on time, remembered, forgotten, and replaced.
import { CronJobs, type CronJob } from '../../src/api/batch/cron-job.ts';
import { Jobs, type Job } from '../../src/api/batch/job.ts';
import { Events } from '../../src/api/core/event.ts';
import { Pods } from '../../src/api/core/pod.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../support/control-plane.ts';

let plane: ControlPlane;
const start = async (options?: ControlPlaneOptions): Promise<void> => { plane = await startControlPlane(options); };
afterEach(() => plane.stop());

const namespace = 'default';
const key = { namespace, name: 'tick' };
const jobTemplate = { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } };
const create = (spec: Draft<CronJob['spec']> = {}): Promise<CronJob> => plane.client.create(CronJobs, { metadata: { name: 'tick', namespace }, spec: { schedule: '* * * * *', jobTemplate, ...spec } } as Draft<CronJob>);
const jobs = (): Job[] => plane.informers.informer(Jobs).list(namespace);
const current = (): CronJob | undefined => plane.informers.informer(CronJobs).get('default/tick');
const messages = async (): Promise<string[]> => (await plane.client.list(Events, { namespace })).items.map((e) => `${e.reason}: ${e.message}`);

it('makes a Job each minute, and keeps the last that succeeded', async () => {
  await start({ exits: () => 0 });
  await create({ successfulJobsHistoryLimit: 2 });
  await plane.until(() => jobs().length === 1, 'the first Job', 61_000);
  const first = jobs()[0]!;
  const scheduled = Math.floor(plane.clock.now() / 60_000);
  expect(first.metadata.name).toBe(`tick-${scheduled}`);
  await plane.until(() => current()!.status.lastSuccessfulTime && !current()!.status.active);
  expect(Date.parse(current()!.status.lastScheduleTime!)).toBe(scheduled * 60_000);
  await plane.until(() => jobs().some((job) => job.metadata.name === `tick-${scheduled + 3}`) && jobs().length <= 3, 'further Jobs', 200_000);
  await plane.until(() => jobs().map((job) => job.metadata.name).sort().join() === `tick-${scheduled + 2},tick-${scheduled + 3}`);
  await plane.untilAsync(async () => {
    const told = await messages();
    return told.includes(`SuccessfulCreate: Created job ${first.metadata.name}`) && told.includes(`SawCompletedJob: Saw completed job: ${first.metadata.name}, condition: Complete`) && told.includes(`SuccessfulDelete: Deleted job ${first.metadata.name}`);
  });
  await plane.client.patch(CronJobs, key, { spec: { suspend: true } });
  await plane.clock.advance(130_000);
  expect(jobs()).toHaveLength(2);
  await plane.client.delete(CronJobs, key, { propagationPolicy: 'Background' });
  await plane.until(() => jobs().length === 0 && plane.informers.informer(Pods).list(namespace).length === 0);
});

it('with Replace ends the Job that still runs, with Forbid lets it go on', async () => {
  await start();
  await create({ concurrencyPolicy: 'Replace' });
  await plane.until(() => current()?.status.active?.length === 1, 'the first Job', 61_000);
  const [first] = jobs();
  await plane.until(() => !jobs().some((job) => job.metadata.uid === first!.metadata.uid) && jobs().length === 1, 'the replacement', 61_000);
  await plane.client.patch(CronJobs, key, { spec: { concurrencyPolicy: 'Forbid' } });
  const [second] = jobs();
  await plane.clock.advance(130_000);
  expect(jobs().map((job) => job.metadata.uid)).toEqual([second!.metadata.uid]);
  await plane.untilAsync(async () => (await messages()).includes('JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid'));
  // As `kubectl create job --from` does: a Job of ours that we did not make.
  await plane.client.create(Jobs, { metadata: { name: 'by-hand', namespace, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: current()!.metadata.uid, controller: true }] }, spec: jobTemplate.spec } as Draft<Job>);
  await plane.untilAsync(async () => (await messages()).includes('UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand'));
});
