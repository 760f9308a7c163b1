// CronJobs: which time is due, what concurrency and deadlines make of it, and what is remembered and forgotten.
import fc from 'fast-check';
import { jobName, newCronJobJob, planCronJob, referenceTo, type CronPlan, type CronState } from '../../../../master/controllers/cronjob/plan.ts';
import type { CronJob } from '../../../../src/api/batch/cron-job.ts';
import type { Job } from '../../../../src/api/batch/job.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { at, cronJob, job, t0 } from './objects.ts';

const minute = 60_000;
const plan = (c: CronJob, seconds: number, jobs: readonly Job[] = [], more: Partial<CronState> = {}): CronPlan => planCronJob({ cronJob: c, jobs, now: t0 + seconds * 1000, localZone: 'UTC', ...more });
const startOf = (made: CronPlan): string | undefined => (made.start ? at((made.start.time - t0) / 1000) : undefined);
const reasons = ({ events }: CronPlan): string[] => events.map(({ reason }) => reason);
const child = (name: string, end?: 'Complete' | 'Failed', seconds = 0): Job => job({ metadata: { name }, status: { startTime: at(seconds), ...(end ? { conditions: [{ type: end, status: 'True' }], ...(end === 'Complete' ? { completionTime: at(seconds + 5) } : {}) } : {}) } as never });
const active = (...jobs: Job[]): Draft<CronJob['status']> => ({ active: jobs.map(referenceTo) });

describe('the time that is due', () => {
  it.each<[string, Draft<CronJob>, number, string | undefined]>([
    ['none yet', {}, 59, undefined],
    ['the first', {}, 60, at(60)],
    ['only the last of those missed', {}, 600, at(600)],
    ['none twice', { status: { lastScheduleTime: at(600) } }, 630, undefined],
    ['the next', { status: { lastScheduleTime: at(600) } }, 661, at(660)],
    ['none beyond the deadline', { spec: { schedule: '0 * * * *', startingDeadlineSeconds: 30 } }, 3640, undefined],
    ['one within the deadline', { spec: { schedule: '0 * * * *', startingDeadlineSeconds: 60 } }, 3640, at(3600)],
    ['none while suspended', { spec: { suspend: true } }, 600, undefined],
    ['none when it is deleted', { metadata: { deletionTimestamp: at(1) } }, 600, undefined],
    ['in its zone', { spec: { schedule: '0 9 * * *', timeZone: 'Europe/Berlin' } }, 9 * 3600, at(8 * 3600)],
    ['an uneven schedule', { spec: { schedule: '30 6-16/4 * * 1-5' } }, 5 * 86400, at(4 * 86400 + 14 * 3600 + 1800)],
  ])('%s', (_, draft, seconds, expected) => { expect(startOf(plan(cronJob(draft), seconds))).toBe(expected); });
  it('is looked at again just after the next', () => {
    expect(plan(cronJob(), 30).requeueAfter).toBe(30_100);
    expect(plan(cronJob({ status: { lastScheduleTime: at(600) } }), 630).requeueAfter).toBe(30_100);
    expect(plan(cronJob({ spec: { suspend: true } }), 30).requeueAfter).toBeUndefined();
  });
  it('is warned about when there were more than a hundred', () => {
    expect(reasons(plan(cronJob(), 101 * 60))).toEqual(['TooManyMissedTimes']);
    expect(reasons(plan(cronJob(), 100 * 60))).toEqual([]);
  });
  it('does not count when the schedule was another when it passed', () => {
    const made = plan(cronJob(), 600, [], { rescheduled: true });
    expect([startOf(made), made.requeueAfter]).toEqual([undefined, 60_100]);
  });
  it.each<[Draft<CronJob['spec']>, string]>([
    [{ schedule: 'x * * * *' }, 'UnparseableSchedule: unparseable schedule: "x * * * *" : failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    [{ schedule: '0 0 31 2 *' }, 'InvalidSchedule: invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second'],
    [{ timeZone: 'Mars/Base' }, 'UnknownTimeZone: invalid timeZone: "Mars/Base": unknown time zone Mars/Base'],
  ])('%j is told', (spec, expected) => {
    const made = plan(cronJob({ spec }), 600);
    expect(made.events.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([expected]);
    expect(made.start).toBeUndefined();
  });
});

describe('a Job that still runs', () => {
  const running = child('old');
  const cron = (concurrencyPolicy: string): CronJob => cronJob({ spec: { concurrencyPolicy }, status: active(running) });
  it('does not matter with Allow', () => { expect(plan(cron('Allow'), 60, [running]).start).toEqual({ time: t0 + minute, replace: [] }); });
  it('holds the next back with Forbid', () => {
    const made = plan(cron('Forbid'), 60, [running]);
    expect([made.start, reasons(made)]).toEqual([undefined, ['JobAlreadyActive']]);
  });
  it('makes way with Replace', () => { expect(plan(cron('Replace'), 60, [running]).start).toEqual({ time: t0 + minute, replace: [referenceTo(running)] }); });
});

describe('the status', () => {
  const [running, done, broken] = [child('running'), child('done', 'Complete', 30), child('broken', 'Failed')];
  it('drops Jobs that have ended or are gone, and knows the last success', () => {
    const made = plan(cronJob({ status: { ...active(running, done, child('gone')), lastSuccessfulTime: at(1) } as never }), 30, [running, done, broken]);
    expect(made.status).toEqual({ active: [referenceTo(running)], lastSuccessfulTime: at(35) });
    expect(made.events.map(({ message }) => message)).toEqual(['Saw completed job: done, condition: Complete', 'Active job went missing: gone']);
  });
  it('tells of a Job somebody else made of it', () => { expect(reasons(plan(cronJob(), 30, [running]))).toEqual(['UnexpectedJob']); });
  it('forgets the oldest that ended', () => {
    const jobs = [child('a', 'Complete', 1), child('c', 'Complete', 3), child('b', 'Complete', 2), child('e', 'Failed', 2), child('d', 'Failed', 1)];
    const made = plan(cronJob({ spec: { successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 0 } }), 30, jobs);
    expect(made.forget.map((j) => j.metadata.name)).toEqual(['a', 'd', 'e']);
  });
});

it('the Job is named after its time, and carries it in its zone', () => {
  const made = newCronJobJob(cronJob({ spec: { timeZone: 'America/St_Johns' } }), t0 + minute);
  expect(made).toMatchObject({ metadata: { name: `tick-${t0 / minute + 1}`, labels: { app: 'tick' }, annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2025-12-31T20:31:00-03:30' }, ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true }] } });
  expect(newCronJobJob(cronJob(), t0).metadata!.annotations).toEqual({ 'batch.kubernetes.io/cronjob-scheduled-timestamp': at(0) });
});

it('makes each Job once, keeps to its policy and misses no time but those it sleeps through', () => {
  const scenario = fc.record({ policy: fc.constantFrom('Allow', 'Forbid', 'Replace'), schedule: fc.constantFrom('* * * * *', '*/5 * * * *', '7-59/13 * * * *'), limit: fc.nat(2), luck: fc.array(fc.nat(99), { minLength: 30, maxLength: 30 }) });
  fc.assert(fc.property(scenario, ({ policy, schedule, limit, luck }) => {
    let current = cronJob({ spec: { concurrencyPolicy: policy, schedule, successfulJobsHistoryLimit: limit } });
    const world = new Map<string, Job>();
    const made = new Set<string>();
    for (let now = t0, pass = 0; pass < 150; pass++) {
      const todo = planCronJob({ cronJob: current, jobs: [...world.values()], now, localZone: 'UTC' });
      for (const old of todo.forget) world.delete(old.metadata.name);
      let { status } = todo;
      if (todo.start) {
        for (const old of todo.start.replace) world.delete(old.name!);
        const name = jobName(current, todo.start.time);
        expect(made.has(name)).toBe(false);
        expect(now - todo.start.time).toBeLessThan(4 * 60 * minute);
        made.add(name);
        const fresh = child(name, undefined, (now - t0) / 1000);
        world.set(name, fresh);
        const rest = (status.active ?? []).filter(({ name: old }) => !todo.start!.replace.some((r) => r.name === old));
        status = { ...status, active: [...rest, referenceTo(fresh)], lastScheduleTime: new Date(todo.start.time).toISOString() } as never;
      }
      current = { ...current, status } as CronJob;
      if (policy !== 'Allow') expect([...world.values()].filter((j) => !j.status?.conditions).length).toBeLessThanOrEqual(1);
      expect([...world.values()].filter((j) => j.status?.conditions).length).toBeLessThanOrEqual(limit + 3);
      const dice = luck[pass % luck.length]!;
      for (const j of [...world.values()]) if (!j.status?.conditions && dice < 40) world.set(j.metadata.name, child(j.metadata.name, 'Complete', Date.parse(j.status!.startTime!) / 1000 - t0 / 1000));
      // Now and then it sleeps for hours.
      now += dice > 96 ? 3 * 60 * minute : Math.max(1, todo.requeueAfter!);
    }
    expect(made.size).toBeGreaterThan(10);
  }), { numRuns: 40 });
});
