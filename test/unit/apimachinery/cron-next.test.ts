// When schedules are due next, over the ends of months and years and through clock changes.
import fc from 'fast-check';
import { nextTime, zoneOffset } from '../../../src/apimachinery/cron-next.ts';
import { parseCron } from '../../../src/apimachinery/cron.ts';

const next = (text: string, after: string, zone = 'UTC'): string | undefined => {
  const time = nextTime(parseCron(text), Date.parse(after), zone);
  return time === undefined ? undefined : new Date(time).toISOString().replace(':00.000Z', 'Z');
};

it.each<[string, string, string]>([
  ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01Z'],
  ['* * * * *', '2026-01-01T00:00:59.999Z', '2026-01-01T00:01Z'],
  ['*/15 * * * *', '2026-01-01T00:50:00Z', '2026-01-01T01:00Z'],
  ['0 3 * * *', '2026-01-01T03:00:00Z', '2026-01-02T03:00Z'],
  ['0 0 31 * *', '2026-04-01T00:00:00Z', '2026-05-31T00:00Z'],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00Z'],
  ['30 6-16/4 * * 1-5', '2026-01-02T14:30:00Z', '2026-01-05T06:30Z'],
  ['0 0 13 * fri', '2026-01-03T00:00:00Z', '2026-01-09T00:00Z'],
  ['@yearly', '2026-12-31T23:59:00Z', '2027-01-01T00:00Z'],
  ['@every 90s', '2026-01-01T00:00:10.5Z', '2026-01-01T00:01:40.000Z'],
])('%s after %s', (text, after, expected) => { expect(next(text, after)).toBe(expected); });

it('never, when no year has the day', () => { expect(next('0 0 31 2 *', '2026-01-01T00:00:00Z')).toBeUndefined(); });

it.each<[string, string, string, string]>([
  ['0 9 * * *', 'Europe/Berlin', '2026-01-01T07:00:00Z', '2026-01-01T08:00Z'],
  ['0 9 * * *', 'Europe/Berlin', '2026-07-01T00:00:00Z', '2026-07-01T07:00Z'],
  ['0 0 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z', '2026-01-01T18:30Z'],
  // 02:30 does not exist on 29 March, and exists twice on 25 October.
  ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-30T00:30Z'],
  ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-25T00:30Z'],
  ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T01:30Z'],
  ['30 2 * * *', 'Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-26T01:30Z'],
  ['*/30 * * * *', 'America/New_York', '2026-11-01T05:30:00Z', '2026-11-01T06:00Z'],
])('%s in %s after %s', (text, zone, after, expected) => { expect(next(text, after, zone)).toBe(expected); });

it('is the first minute that matches, whatever the zone', () => {
  const schedule = fc.constantFrom('*/7 3 * * *', '0 0-4/2 * * *', '15 1,2,23 * * 0', '59 * 29 3 *', '0 2 25 10 *', '*/20 * * * *');
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata');
  const around = fc.constantFrom('2026-03-28T20:00:00Z', '2026-10-24T20:00:00Z', '2026-10-31T20:00:00Z', '2026-04-04T10:00:00Z', '2026-03-08T00:00:00Z');
  fc.assert(fc.property(schedule, zone, around, fc.nat(1440), (text, name, day, minute) => {
    const cron = parseCron(text);
    const after = Date.parse(day) + minute * 60_000;
    const found = nextTime(cron, after, name)!;
    const matches = (time: number): boolean => {
      const local = new Date(time + zoneOffset(name, time));
      const days = [cron.daysOfMonth.has(local.getUTCDate()), cron.daysOfWeek.has(local.getUTCDay())];
      return cron.minutes.has(local.getUTCMinutes()) && cron.hours.has(local.getUTCHours()) && cron.months.has(local.getUTCMonth() + 1) && days.every(Boolean);
    };
    expect(found).toBeGreaterThan(after);
    expect(matches(found)).toBe(true);
    for (let time = after + 60_000; time < Math.min(found, after + 3000 * 60_000); time += 60_000) if (matches(time)) throw new Error(`${text} in ${name}: ${new Date(time).toISOString()} comes before ${new Date(found).toISOString()}`);
  }), { numRuns: 40 });
});
