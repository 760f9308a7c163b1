// How long ago, as kubectl prints it. (upstream: apimachinery pkg/util/duration)
// @ts-check

/** @param {number} seconds */
export function formatDuration(seconds) {
  const s = Math.trunc(seconds);
  if (s < -1) return '<invalid>';
  if (s < 0) return '0s';
  if (s < 120) return `${s}s`;
  /** @type {(big: number, bigUnit: string, small: number, smallUnit: string) => string} */
  const two = (big, bigUnit, small, smallUnit) => (small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`);
  const minutes = Math.floor(s / 60);
  if (minutes < 10) return two(minutes, 'm', s % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return two(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  if (years < 8) return two(years, 'y', days % 365, 'd');
  return `${years}y`;
}

/**
 * @param {string | undefined} timestamp
 * @param {number} now milliseconds
 */
export const ageOf = (timestamp, now) => (timestamp ? formatDuration((now - Date.parse(timestamp)) / 1000) : '<unknown>');
