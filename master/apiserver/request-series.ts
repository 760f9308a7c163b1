// Requests counted and timed by what they ask for, and the text Prometheus reads of it. Every request passes here, so that what
// it adds to is found by one key; the numbers are put into words only when somebody asks.
// (format: prometheus.io/docs/instrumenting/exposition_formats)

/** Upper bounds, in seconds; upstream's. */
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

export type Labels = Readonly<Record<string, string>>;

interface Series {
  /** `name="value",…` */
  readonly labels: string;
  /** By status code. */
  readonly answers: Map<number, number>;
  /** How many took at most the bound of the same place and more than the one before it; the last took longer than any. */
  readonly durations: number[];
  seconds: number;
}

export class RequestSeries {
  readonly #series = new Map<string, Series>();

  /** `labels` are asked for once for each `key`; `seconds` is undefined for what lasts as long as somebody listens. */
  add(key: string, labels: () => Labels, code: number, seconds: number | undefined): void {
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = { labels: labelText(labels()), answers: new Map(), durations: Array.from({ length: bounds.length + 1 }, () => 0), seconds: 0 }));
    series.answers.set(code, (series.answers.get(code) ?? 0) + 1);
    if (seconds === undefined) return;
    let at = 0;
    while (at < bounds.length && seconds > bounds[at]!) at++;
    series.durations[at]!++;
    series.seconds += seconds;
  }

  text(): string {
    const all = [...this.#series.values()];
    const timed = all.filter(({ durations }) => durations.some((count) => count > 0));
    return [
      ...family('apiserver_request_total', 'counter', 'Requests answered, by verb, resource and code.'),
      ...all.flatMap(({ labels, answers }) => [...answers].map(([code, count]) => `apiserver_request_total{${labels},code="${code}"} ${count}`)),
      '',
      ...family('apiserver_request_duration_seconds', 'histogram', 'Time from a request to the end of its answer, watches and streams left out.'),
      ...timed.flatMap(durationLines),
      '',
    ].join('\n');
  }
}

const family = (name: string, type: string, help: string): string[] => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];

function durationLines({ labels, durations, seconds }: Series): string[] {
  const name = 'apiserver_request_duration_seconds';
  let count = 0;
  const buckets = durations.map((more, at) => `${name}_bucket{${labels},le="${bounds[at] ?? '+Inf'}"} ${(count += more)}`);
  return [...buckets, `${name}_sum{${labels}} ${seconds}`, `${name}_count{${labels}} ${count}`];
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
const labelText = (labels: Labels): string => Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`).join(',');
