// Prometheus' text format, written from values that are read at this moment: families of samples that may carry the time they were
// taken at, which a registry of counters has no place for. Pure.

export interface MetricSample { readonly labels?: Readonly<Record<string, string>>; readonly value: number; /** Milliseconds since the epoch. */ readonly at?: number }
export interface MetricFamily { readonly name: string; readonly help: string; readonly type: 'counter' | 'gauge'; readonly samples: readonly MetricSample[] }

export const metricContentType = 'text/plain; version=0.0.4; charset=utf-8';

const escapedLabel = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
const escapedHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const numberText = (value: number): string => (Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf');

function line(name: string, { labels = {}, value, at }: MetricSample): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, text]) => `${key}="${escapedLabel(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${numberText(value)}${at === undefined ? '' : ` ${Math.round(at)}`}`;
}

/** Families without samples are left out. */
export const metricText = (families: readonly MetricFamily[]): string =>
  families.filter(({ samples }) => samples.length > 0).map(({ name, help, type, samples }) => `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n${samples.map((sample) => `${line(name, sample)}\n`).join('')}`).join('');
