// What a benchmark hands back, and the one table everything is printed in: each figure beside its yardstick from the same run.
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'MB' | '%' | '/s' | '';
  /** The same done without Dray, in the same unit; several yardsticks are several figures. */
  readonly yardstick?: { readonly what: string; readonly value: number };
  /** `limit` bounds the value itself, or its ratio to the yardstick. */
  readonly aim?: { readonly of: 'value' | 'ratio'; readonly bound: 'at most' | 'at least'; readonly limit: number };
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** Nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
}

export function ratioOf({ value, yardstick }: Figure): number | undefined {
  return yardstick === undefined ? undefined : value / yardstick.value;
}

/** Undefined where nothing was aimed at. */
export function met(figure: Figure): boolean | undefined {
  if (!figure.aim) return undefined;
  const { of, bound, limit } = figure.aim;
  const subject = of === 'value' ? figure.value : (ratioOf(figure) ?? NaN);
  return bound === 'at most' ? subject <= limit : subject >= limit;
}

function number(value: number, unit: Figure['unit']): string {
  const digits = unit === 's' || unit === '%' ? 2 : unit === 'ms' && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`.trimEnd();
}

function cells(figure: Figure): string[] {
  const { what, value, unit, yardstick, aim } = figure;
  const ratio = ratioOf(figure);
  const verdict = met(figure);
  return [
    what, number(value, unit), yardstick ? `${yardstick.what}: ${number(yardstick.value, unit)}` : '–', ratio === undefined ? '–' : `${ratio.toFixed(2)} ×`,
    aim ? `${aim.bound === 'at most' ? '≤' : '≥'} ${aim.of === 'ratio' ? `${aim.limit} ×` : `${aim.limit} ${unit}`}` : '–', verdict === undefined ? '' : verdict ? 'met' : 'MISSED',
  ];
}

const head = ['what', 'measured', 'yardstick, same run', 'ratio', 'aim', ''];

export function table(figures: readonly Figure[]): string {
  const rows = [head, ...figures.map(cells)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  ').trimEnd(), ...rows.slice(1).map(line)].join('\n');
}
