// The pure part of the CronJob controller: which Job to make now, which to end, and what the status says.
// upstream: pkg/controller/cronjob/cronjob_controllerv2.go (syncCronJob, cleanupFinishedJobs)
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import { zoneOffset } from '../../../src/apimachinery/cron-next.ts';
import { isTimeZone } from '../../../src/apimachinery/cron.ts';
import { CronJobs, type CronJob, type CronJobStatus } from '../../../src/api/batch/cron-job.ts';
import { Jobs, type Job } from '../../../src/api/batch/job.ts';
import type { Draft } from '../../../src/client/client.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { Schedule } from './schedule.ts';

type ActiveJob = NonNullable<CronJobStatus['active']>[number];
export interface CronEvent { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }

export interface CronState {
  readonly cronJob: CronJob;
  readonly jobs: readonly Job[];
  readonly now: number;
  readonly localZone: string;
  /** The schedule is another than when it was last looked at: times that passed before are not made up for. */
  readonly rescheduled?: boolean;
}

export interface CronPlan {
  /** Without the Job that is to start. */
  readonly status: CronJobStatus;
  readonly events: readonly CronEvent[];
  /** Finished Jobs beyond the history limits. */
  readonly forget: readonly Job[];
  readonly start?: { readonly time: number; readonly replace: readonly ActiveJob[] };
  readonly requeueAfter?: number;
}

const finishedType = ({ status }: Job): string | undefined => status?.conditions?.find(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True')?.type;
const started = ({ status }: Job): number => (status?.startTime ? Date.parse(status.startTime) : Infinity);

export const jobName = ({ metadata }: CronJob, time: number): string => `${metadata.name}-${Math.floor(time / 60_000)}`;

export function planCronJob(state: CronState): CronPlan {
  const { cronJob, jobs } = state;
  const events: CronEvent[] = [];
  const status = currentStatus(cronJob, jobs, events);
  const forget = [...surplus(jobs, 'Complete', cronJob.spec.successfulJobsHistoryLimit), ...surplus(jobs, 'Failed', cronJob.spec.failedJobsHistoryLimit)];
  return { status, events, forget, ...planStart({ ...state, cronJob: { ...cronJob, status } }, events) };
}

function surplus(jobs: readonly Job[], type: string, limit: number | undefined): Job[] {
  if (limit === undefined) return [];
  const finished = jobs.filter((job) => finishedType(job) === type).sort((a, b) => (started(a) - started(b) || 0) || (a.metadata.name < b.metadata.name ? -1 : 1));
  return finished.slice(0, Math.max(0, finished.length - limit)).filter((job) => !job.metadata.deletionTimestamp);
}

/** The list of active Jobs without those that have ended or are gone, and the last success. */
function currentStatus({ status }: CronJob, jobs: readonly Job[], events: CronEvent[]): CronJobStatus {
  let active = [...(status?.active ?? [])];
  let lastSuccessfulTime = status?.lastSuccessfulTime;
  for (const job of jobs) {
    const listed = active.some(({ uid }) => uid === job.metadata.uid);
    const end = finishedType(job);
    if (!listed && !end) events.push({ type: 'Warning', reason: 'UnexpectedJob', message: `Saw a job that the controller did not create or forgot: ${job.metadata.name}` });
    if (listed && end) {
      active = active.filter(({ uid }) => uid !== job.metadata.uid);
      events.push({ type: 'Normal', reason: 'SawCompletedJob', message: `Saw completed job: ${job.metadata.name}, condition: ${end}` });
    }
    const completed = end === 'Complete' ? job.status?.completionTime : undefined;
    if (completed && (!lastSuccessfulTime || Date.parse(completed) > Date.parse(lastSuccessfulTime))) lastSuccessfulTime = completed;
  }
  const known = new Set(jobs.map((job) => job.metadata.uid));
  for (const { name, uid } of active) if (!known.has(uid!)) events.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` });
  active = active.filter(({ uid }) => known.has(uid!));
  return { ...(active.length ? { active } : {}), ...(status?.lastScheduleTime ? { lastScheduleTime: status.lastScheduleTime } : {}), ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}) };
}

function planStart({ cronJob, now, localZone, rescheduled }: CronState, events: CronEvent[]): Pick<CronPlan, 'start' | 'requeueAfter'> {
  const { spec, status, metadata } = cronJob;
  if (metadata.deletionTimestamp) return {};
  if (spec.timeZone !== undefined && !isTimeZone(spec.timeZone)) {
    events.push({ type: 'Warning', reason: 'UnknownTimeZone', message: `invalid timeZone: ${JSON.stringify(spec.timeZone)}: unknown time zone ${spec.timeZone}` });
    return {};
  }
  if (spec.suspend) return {};
  if (spec.schedule.includes('TZ')) {
    events.push({ type: 'Warning', reason: 'UnsupportedSchedule', message: `CRON_TZ or TZ used in schedule ${JSON.stringify(spec.schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details` });
  }
  let schedule: Schedule;
  try {
    schedule = new Schedule(cronJob, localZone);
  } catch (error) {
    events.push({ type: 'Warning', reason: 'UnparseableSchedule', message: `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${(error as Error).message}` });
    return {};
  }
  try {
    const again = { requeueAfter: schedule.wait(cronJob, now) };
    const { time, tooManyMissed } = schedule.due(cronJob, now);
    if (time === undefined || rescheduled) return again;
    if (tooManyMissed) events.push({ type: 'Warning', reason: 'TooManyMissedTimes', message: 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew' });
    if (spec.startingDeadlineSeconds !== undefined && time + spec.startingDeadlineSeconds * 1000 < now) {
      events.push({ type: 'Warning', reason: 'MissSchedule', message: `Missed scheduled time to start a job: ${new Date(time).toUTCString().replace('GMT', '+0000')}` });
      return again;
    }
    const isDone = status?.active?.some(({ name }) => name === jobName(cronJob, time)) || (status?.lastScheduleTime && Date.parse(status.lastScheduleTime) === time);
    if (isDone) return again;
    if (spec.concurrencyPolicy === 'Forbid' && status?.active?.length) {
      events.push({ type: 'Normal', reason: 'JobAlreadyActive', message: 'Not starting job because prior execution is running and concurrency policy is Forbid' });
      return again;
    }
    return { start: { time, replace: spec.concurrencyPolicy === 'Replace' ? status?.active ?? [] : [] }, ...again };
  } catch (error) {
    events.push({ type: 'Warning', reason: 'InvalidSchedule', message: `invalid schedule: ${spec.schedule} : ${(error as Error).message}` });
    return {};
  }
}

/** RFC 3339 in the CronJob's zone; in UTC when it has none. */
function scheduledText({ spec }: CronJob, time: number): string {
  const minutes = zoneOffset(spec.timeZone ?? 'UTC', time) / 60_000;
  if (minutes === 0) return timestamp(time);
  const two = (n: number): string => String(n).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${timestamp(time + minutes * 60_000).slice(0, -1)}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Named after its time, so that one time makes one Job however often it is tried. */
export function newCronJobJob(cronJob: CronJob, time: number): Draft<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    metadata: {
      name: jobName(cronJob, time), namespace: cronJob.metadata.namespace, labels: metadata?.labels,
      annotations: { ...metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': scheduledText(cronJob, time) },
      ownerReferences: [newControllerRef(cronJob, CronJobs)],
    },
    spec,
  } as Draft<Job>;
}

export const referenceTo = ({ metadata: { name, namespace, uid, resourceVersion } }: Job): ActiveJob =>
  ({ apiVersion: Jobs.apiVersion, kind: Jobs.kind, name, namespace, uid, resourceVersion }) as ActiveJob;
