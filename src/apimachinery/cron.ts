// Cron schedules of five fields, and the names for some of them. (upstream: github.com/robfig/cron/v3 parser.go)
import { parseDuration } from './duration.ts';

/** The values that match, field by field; `every` is set instead for `@every 5m`. */
export interface CronSchedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly daysOfWeek: ReadonlySet<number>;
  /** A field written as `*` does not restrict: with both days restricted, one of them has to match. */
  readonly anyDayOfMonth: boolean;
  readonly anyDayOfWeek: boolean;
  /** Milliseconds. */
  readonly every?: number;
  /** A zone the text itself names, as `TZ=…` or `CRON_TZ=…`. */
  readonly zone?: string;
}

interface Bounds { readonly low: number; readonly high: number; readonly names: readonly string[] }
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const bounds: readonly Bounds[] = [{ low: 0, high: 59, names: [] }, { low: 0, high: 23, names: [] }, { low: 1, high: 31, names: [] }, { low: 1, high: 12, names: months }, { low: 0, high: 6, names: days }];

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};

/** Whether the system knows a time zone. */
export function isTimeZone(name: string): boolean {
  if (name === 'UTC') return true;
  try {
    // Go knows zones by their file name: offsets and abbreviations that only Intl knows are none.
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** @throws Error with the words of upstream's parser */
export function parseCron(text: string): CronSchedule {
  if (text === '') throw new Error('empty spec string');
  const zoned = /^(?:CRON_TZ|TZ)=(\S*)\s*(.*)$/s.exec(text);
  const zone = zoned?.[1];
  if (zone !== undefined && !isTimeZone(zone)) throw new Error(`provided bad location ${zone}: unknown time zone ${zone}`);
  const spec = (zoned?.[2] ?? text).trim();
  const whole = spec.startsWith('@') ? descriptor(spec) : fields(spec);
  return zone === undefined ? whole : { ...whole, zone };
}

function descriptor(spec: string): CronSchedule {
  const known = descriptors[spec];
  if (known !== undefined) return fields(known);
  if (!spec.startsWith('@every ')) throw new Error(`unrecognized descriptor: ${spec}`);
  try {
    return { ...fields('* * * * *'), every: parseDuration(spec.slice('@every '.length)) };
  } catch (error) {
    throw new Error(`failed to parse duration ${spec}: ${(error as Error).message}`, { cause: error });
  }
}

function fields(spec: string): CronSchedule {
  const parts = spec.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== bounds.length) throw new Error(`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`);
  const [minutes, hours, daysOfMonth, monthsOf, daysOfWeek] = parts.map((part, i) => list(part, bounds[i]!)) as [Field, Field, Field, Field, Field];
  return { minutes: minutes.values, hours: hours.values, daysOfMonth: daysOfMonth.values, months: monthsOf.values, daysOfWeek: daysOfWeek.values, anyDayOfMonth: daysOfMonth.any, anyDayOfWeek: daysOfWeek.any };
}

interface Field { readonly values: Set<number>; readonly any: boolean }

function list(part: string, of: Bounds): Field {
  const values = new Set<number>();
  let any = false;
  for (const expression of part.split(',').filter((item) => item !== '')) any = range(expression, of, values) || any;
  return { values, any };
}

/** `number | number-number | *` with an optional `/step`; says whether it is a star that does not restrict. */
function range(expression: string, { low, high, names }: Bounds, into: Set<number>): boolean {
  const [span = '', ...steps] = expression.split('/');
  const [first = '', ...rest] = span.split('-');
  const star = first === '*' || first === '?';
  let start = low;
  let end = high;
  if (!star) {
    start = value(first, names);
    if (rest.length > 1) throw new Error(`too many hyphens: ${expression}`);
    end = rest.length === 1 ? value(rest[0]!, names) : start;
  }
  if (steps.length > 1) throw new Error(`too many slashes: ${expression}`);
  const step = steps.length === 1 ? integer(steps[0]!) : 1;
  // `N/step` means from N on.
  if (steps.length === 1 && !star && rest.length === 0) end = high;
  if (start < low) throw new Error(`beginning of range (${start}) below minimum (${low}): ${expression}`);
  if (end > high) throw new Error(`end of range (${end}) above maximum (${high}): ${expression}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${expression}`);
  for (let at = start; at <= end; at += step) into.add(at);
  return star && step <= 1;
}

function value(text: string, names: readonly string[]): number {
  const named = names.indexOf(text.toLowerCase());
  if (named < 0) return integer(text);
  return names.length === months.length ? named + 1 : named;
}

function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
  if (number < 0) throw new Error(`negative number (${number}) not allowed: ${text}`);
  return number;
}
