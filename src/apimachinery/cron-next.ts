// When a cron schedule is due next: the first minute after a time whose date and clock, in the schedule's zone, it names. An hour
// that a clock change skips has no such minute; one that comes twice has it twice. (upstream: github.com/robfig/cron/v3 spec.go)
import type { CronSchedule } from './cron.ts';

const dayMs = 86_400_000;
/** A schedule that names no day of so many years names none at all (the 31st of February). */
const searchedDays = 5 * 366;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds the zone's clock is ahead of UTC at a time. */
export function zoneOffset(zone: string, time: number): number {
  if (zone === 'UTC') return 0;
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(parts['year']!, parts['month']! - 1, parts['day'], parts['hour'], parts['minute'], parts['second']);
  return local - Math.floor(time / 1000) * 1000;
}

function dayMatches({ months, daysOfMonth, daysOfWeek, anyDayOfMonth, anyDayOfWeek }: CronSchedule, date: Date): boolean {
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const [ofMonth, ofWeek] = [daysOfMonth.has(date.getUTCDate()), daysOfWeek.has(date.getUTCDay())];
  return anyDayOfMonth || anyDayOfWeek ? ofMonth && ofWeek : ofMonth || ofWeek;
}

/** Times in ms since the epoch; undefined when there is none. `zone` is an IANA name. */
export function nextTime(schedule: CronSchedule, after: number, zone: string): number | undefined {
  if (schedule.every !== undefined) return Math.floor(after / 1000) * 1000 + Math.max(1000, Math.floor(schedule.every / 1000) * 1000);
  const [hours, minutes] = [schedule.hours, schedule.minutes].map((set) => [...set].sort((a, b) => a - b)) as [number[], number[]];
  const first = Math.floor((after + zoneOffset(zone, after)) / dayMs) * dayMs;
  for (let day = first, left = searchedDays; left > 0; day += dayMs, left--) {
    if (!dayMatches(schedule, new Date(day))) continue;
    const due = firstOfDay(day, hours, minutes, after, zone);
    if (due !== undefined) return due;
  }
  return undefined;
}

/** `day` is the local midnight as if it were UTC. A zone has two offsets on one day at most. */
function firstOfDay(day: number, hours: readonly number[], minutes: readonly number[], after: number, zone: string): number | undefined {
  const offsets = [...new Set([zoneOffset(zone, day - dayMs / 2), zoneOffset(zone, day + dayMs * 1.5)])];
  let due: number | undefined;
  for (const hour of hours) {
    for (const minute of minutes) {
      for (const offset of offsets) {
        const time = day + hour * 3_600_000 + minute * 60_000 - offset;
        if (time > after && (due === undefined || time < due) && (offsets.length === 1 || zoneOffset(zone, time) === offset)) due = time;
      }
      // With one offset the clock only goes forward.
      if (due !== undefined && offsets.length === 1) return due;
    }
  }
  return due;
}
