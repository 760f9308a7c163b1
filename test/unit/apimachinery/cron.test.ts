// Cron schedules: which values match, and the words for what cannot be read.
import { isTimeZone, parseCron } from '../../../src/apimachinery/cron.ts';

const sizes = (text: string): number[] => {
  const { minutes, hours, daysOfMonth, months, daysOfWeek } = parseCron(text);
  return [minutes.size, hours.size, daysOfMonth.size, months.size, daysOfWeek.size];
};

it.each<[string, number[]]>([
  ['* * * * *', [60, 24, 31, 12, 7]],
  ['*/15 0-5 1,15 JAN-mar sun', [4, 6, 2, 3, 1]],
  ['5/20 3 ? * 1-5/2', [3, 1, 31, 12, 3]],
  ['@hourly', [1, 24, 31, 12, 7]],
  ['  0   0 * * 0 ', [1, 1, 31, 12, 1]],
])('%s', (text, expected) => {
  expect(sizes(text)).toEqual(expected);
});

it('says which days do not restrict, and other zones and steps', () => {
  expect(parseCron('0 0 1 * *')).toMatchObject({ anyDayOfMonth: false, anyDayOfWeek: true });
  expect(parseCron('0 0 */2 * *').anyDayOfMonth).toBe(false);
  expect([...parseCron('0 0 * feb mon').months, ...parseCron('0 0 * feb mon').daysOfWeek]).toEqual([2, 1]);
  expect(parseCron('TZ=Europe/Berlin 0 0 * * *').zone).toBe('Europe/Berlin');
  expect(parseCron('@every 1h30m').every).toBe(5_400_000);
});

it.each([
  ['', 'empty spec string'], ['* * *', 'expected exactly 5 fields, found 3: [* * *]'], ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'], ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'], ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
  ['*/2/3 * * * *', 'too many slashes: */2/3'], ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'], ['@often', 'unrecognized descriptor: @often'], ['TZ=Mars/Base * * * * *', 'provided bad location Mars/Base: unknown time zone Mars/Base'],
])('%s is wrong', (text, message) => {
  expect(() => parseCron(text)).toThrow(message);
});

it('time zones', () => {
  expect(['UTC', 'America/New_York', '+01:00', 'Mars/Base', ''].map(isTimeZone)).toEqual([true, true, false, false, false]);
});
