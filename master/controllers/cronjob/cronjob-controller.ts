// The CronJob controller: makes a Job whenever the schedule says so, and keeps the last ones that ended.
// upstream: pkg/controller/cronjob/cronjob_controllerv2.go
import { controlledBy } from '../../../src/apimachinery/owners.ts';
import { isAlreadyExists, isNotFound } from '../../../src/apimachinery/status-error.ts';
import { CronJobs, type CronJob, type CronJobStatus } from '../../../src/api/batch/cron-job.ts';
import { Jobs, type Job } from '../../../src/api/batch/job.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { equalJson } from '../../../src/util/json.ts';
import { isEndingNamespace } from '../pod-control.ts';
import { newCronJobJob, planCronJob, referenceTo, type CronPlan } from './plan.ts';

/** The zone of schedules that name none: that of this process, as with upstream. */
const ownZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

export function createCronJobController(localZone = ownZone()): Controller {
  const schedules = new Map<string, string>();
  return {
    name: 'cronjob-controller',
    for: CronJobs,
    owns: [Jobs],
    reconcile: (context, key) => reconcile(context, key, localZone, schedules),
  };
}

async function reconcile(context: ControllerContext, key: string, localZone: string, schedules: Map<string, string>): Promise<ReconcileResult | void> {
  const cronJob = context.cached(CronJobs).get(key);
  if (!cronJob) {
    schedules.delete(key);
    return undefined;
  }
  const schedule = JSON.stringify([cronJob.spec.schedule, cronJob.spec.timeZone]);
  const before = schedules.get(key);
  schedules.set(key, schedule);
  const jobs = context.cached(Jobs).byIndex('owner', cronJob.metadata.uid).filter((job) => controlledBy(job, cronJob));
  const now = context.clock.now();
  const plan = planCronJob({ cronJob, jobs, now, localZone, rescheduled: before !== undefined && before !== schedule });
  for (const { type, reason, message } of plan.events) context.events[type === 'Normal' ? 'normal' : 'warning'](cronJob, reason, message);

  for (const job of plan.forget) await deleteJob(context, cronJob, job.metadata);
  let { status } = plan;
  try {
    if (plan.start) status = await start(context, cronJob, plan.start, status);
  } finally {
    // What is known to have ended is written even when the next Job could not be made.
    if (!equalJson(cronJob.status ?? {}, status)) await context.client.updateStatus(CronJobs, { ...cronJob, status } as Draft<CronJob>);
  }
  return plan.requeueAfter === undefined ? undefined : { requeueAfter: plan.requeueAfter };
}

/** Makes the Job and returns the status with it. */
async function start(context: ControllerContext, cronJob: CronJob, { time, replace }: NonNullable<CronPlan['start']>, status: CronJobStatus): Promise<CronJobStatus> {
  const { client, events } = context;
  for (const active of replace) await deleteJob(context, cronJob, { name: active.name!, namespace: active.namespace!, uid: active.uid! });
  const draft = newCronJobJob(cronJob, time);
  let job: Job;
  try {
    job = await client.create(Jobs, draft);
    events.normal(cronJob, 'SuccessfulCreate', `Created job ${job.metadata.name}`);
  } catch (error) {
    if (!isAlreadyExists(error)) {
      if (!isEndingNamespace(error)) events.warning(cronJob, 'FailedCreate', `Error creating job: ${(error as Error).message}`);
      throw error;
    }
    // Made by a former pass that did not come to write the status, or somebody else's.
    job = await client.get<Job>(Jobs, { name: draft.metadata!.name!, namespace: cronJob.metadata.namespace });
    if (!controlledBy(job, cronJob)) return status;
  }
  const active = (status.active ?? []).filter(({ uid }) => uid !== job.metadata.uid && !replace.some((old) => old.uid === uid));
  return { ...status, active: [...active, referenceTo(job)], lastScheduleTime: timestamp(time) };
}

async function deleteJob({ client, events }: ControllerContext, cronJob: CronJob, { name, namespace, uid }: { name: string; namespace?: string; uid: string }): Promise<void> {
  try {
    await client.delete(Jobs, { name, namespace }, { propagationPolicy: 'Background', preconditions: { uid } });
    events.normal(cronJob, 'SuccessfulDelete', `Deleted job ${name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    events.warning(cronJob, 'FailedDelete', `Deleted job: ${(error as Error).message}`);
    throw error;
  }
}
