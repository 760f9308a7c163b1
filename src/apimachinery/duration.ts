// Go durations as text ("1h2m3s", "500ms"), and the rounded ages people read in tables.
// upstream: time.ParseDuration, apimachinery/pkg/util/duration/duration.go

const nanosPer: Readonly<Record<string, number>> = { ns: 1, us: 1e3, 'µs': 1e3, 'μs': 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };

/** Milliseconds (with a fraction for finer parts) of a Go duration text; throws an Error with Go's words. */
export function parseDuration(text: string): number {
  const invalid = (why = 'invalid duration'): Error => new Error(`time: ${why} ${JSON.stringify(text)}`);
  const [, sign, rest] = /^([+-]?)(.*)$/s.exec(text) as unknown as [string, string, string];
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let nanos = 0;
  let at = 0;
  for (const [part, number, unit] of rest.matchAll(/(\d+\.?\d*|\.\d+)([^\d.]*)/gy) as Iterable<[string, string, string]>) {
    if (unit === '') throw invalid('missing unit in duration');
    const size = nanosPer[unit];
    if (size === undefined) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    nanos += Number(number) * size;
    at += part.length;
  }
  if (at !== rest.length) throw invalid();
  return (sign === '-' ? -nanos : nanos) / 1e6;
}

const trim = (value: number, digits: number): string => value.toFixed(digits).replace(/\.?0+$/, '');

/** Go's text of a duration given in milliseconds: `3723000` → `1h2m3s`, `1.5` → `1.5ms`, `0` → `0s`. */
export function formatDuration(milliseconds: number): string {
  const nanos = Math.round(Math.abs(milliseconds) * 1e6);
  const sign = milliseconds < 0 && nanos > 0 ? '-' : '';
  if (nanos === 0) return '0s';
  if (nanos < 1e3) return `${sign}${nanos}ns`;
  if (nanos < 1e6) return `${sign}${trim(nanos / 1e3, 3)}µs`;
  if (nanos < 1e9) return `${sign}${trim(nanos / 1e6, 6)}ms`;
  const hours = Math.floor(nanos / 3.6e12);
  const minutes = Math.floor((nanos % 3.6e12) / 6e10);
  const seconds = `${trim((nanos % 6e10) / 1e9, 9)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** The short form of a duration in milliseconds: two units while they tell something, one later. */
export function humanDuration(milliseconds: number): string {
  const total = Math.trunc(milliseconds / 1000);
  if (total < -1) return '<invalid>';
  if (total < 0) return '0s';
  const two = (large: number, largeUnit: string, small: number, smallUnit: string): string => (small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`);
  if (total < 120) return `${total}s`;
  const minutes = Math.floor(total / 60);
  if (minutes < 10) return two(minutes, 'm', total % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 8) return two(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

/** The age of a timestamp for a table cell; `now` in ms since the epoch. */
export const age = (time: string | null | undefined, now: number): string => (time ? humanDuration(now - Date.parse(time)) : '<unknown>');
