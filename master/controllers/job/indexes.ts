// Sets of completion indexes in the form a Job's status has them: `1,3-5` as ordered intervals that never touch.
// upstream: pkg/controller/job/indexed_job_utils.go (orderedIntervals)

export interface Interval { readonly first: number; readonly last: number }
export type Indexes = readonly Interval[];

/** What cannot be read is left out, and so is what is not below `completions`. */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  const intervals = (text ?? '').split(',').flatMap((part) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined || Number(first) >= completions) return [];
    return [{ first: Number(first), last: Math.min(Number(last ?? first), completions - 1) }];
  });
  return merge(intervals);
}

/** Two neighbours are a list, three or more a range. */
export function formatIndexes(indexes: Indexes): string {
  return indexes.map(({ first, last }) => (last === first ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`)).join(',');
}

function merge(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (before && next.first <= before.last + 1) merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, next.last) };
    else merged.push(next);
  }
  return merged;
}

export const withIndexes = (indexes: Indexes, more: Iterable<number>): Indexes => merge([...indexes, ...[...more].map((index) => ({ first: index, last: index }))]);
export const union = (a: Indexes, b: Indexes): Indexes => merge([...a, ...b]);
export const total = (indexes: Indexes): number => indexes.reduce((sum, { first, last }) => sum + last - first + 1, 0);
export const hasIndex = (indexes: Indexes, index: number): boolean => indexes.some(({ first, last }) => first <= index && index <= last);
export const overlap = (a: Indexes, b: Indexes): number =>
  a.reduce((sum, x) => sum + b.reduce((inner, y) => inner + Math.max(0, Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1), 0), 0);

/** The `count` lowest indexes below `completions` that are not taken. */
export function firstFree(taken: Indexes, count: number, completions: number): number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; candidate < Math.min(first, completions) && free.length < count; candidate++) free.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return free;
}
