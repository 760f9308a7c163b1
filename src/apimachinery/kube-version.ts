// The order of API versions: stable before beta before alpha, newer before older, others last by name.
// (upstream: apimachinery pkg/version/helpers.go)
const form = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const levels: Readonly<Record<string, number>> = { alpha: 0, beta: 1, '': 2 };

/** Negative when `a` comes first. */
export function compareVersions(a: string, b: string): number {
  const left = form.exec(a);
  const right = form.exec(b);
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return levels[right[2] ?? '']! - levels[left[2] ?? '']! || Number(right[1]) - Number(left[1]) || Number(right[3] ?? 0) - Number(left[3] ?? 0);
}
