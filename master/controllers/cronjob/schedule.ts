// Which of a CronJob's times is due, and when the next one is, however many were missed.
// upstream: pkg/controller/cronjob/utils.go (mostRecentScheduleTime, nextScheduleTimeDuration)
import { parseCron, type CronSchedule } from '../../../src/apimachinery/cron.ts';
import { nextTime } from '../../../src/apimachinery/cron-next.ts';
import type { CronJob } from '../../../src/api/batch/cron-job.ts';

/** So many missed times are worth a warning. */
const manyMissed = 100;
/** Looked at a little late, so that a clock that is not quite even does not find the time still to come. */
const lateMs = 100;

export interface Due { readonly time?: number; readonly tooManyMissed: boolean }

export class Schedule {
  readonly #cron: CronSchedule;
  readonly #zone: string;
  /** @throws Error when the text is no schedule. `localZone` counts when neither CronJob nor schedule name one. */
  constructor({ spec }: CronJob, localZone: string) {
    this.#cron = parseCron(spec.schedule);
    this.#zone = this.#cron.zone ?? spec.timeZone ?? localZone;
  }

  /** @throws Error when the schedule never comes true */
  next(after: number): number {
    const time = nextTime(this.#cron, after, this.#zone);
    if (time === undefined) throw new Error('time difference between two schedules is less than 1 second');
    return time;
  }

  /** The last time that has come since the last one acted on; times before the deadline are as good as acted on. */
  due({ metadata, spec, status }: CronJob, now: number, withDeadline = true): Due {
    let since = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '') || 0;
    if (withDeadline && spec.startingDeadlineSeconds !== undefined) since = Math.max(since, now - spec.startingDeadlineSeconds * 1000);
    const first = this.next(since);
    if (first > now) return { tooManyMissed: false };
    const second = this.next(first);
    if (second > now) return { time: first, tooManyMissed: false };
    const interval = second - first;
    const missed = Math.floor((now - first) / interval) + 1;
    // Reckoned by the first interval, then looked up; with an uneven schedule that may be too late, so ever further back.
    // (upstream looks once, and misses the last time before a long pause)
    let time = first;
    for (let back = 2; time === first; back *= 2) {
      const from = first + Math.max(0, missed - back) * interval;
      for (let next = from === first ? first : this.next(from); next <= now; next = this.next(next)) time = next;
      if (from === first) break;
    }
    return { time, tooManyMissed: missed > manyMissed };
  }

  /** Milliseconds until it is to be looked at again. */
  wait(cronJob: CronJob, now: number): number {
    const last = Date.parse(cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp ?? '') || 0;
    return this.next(this.due(cronJob, now, false).time ?? Math.min(last, now)) + lateMs - now;
  }
}
