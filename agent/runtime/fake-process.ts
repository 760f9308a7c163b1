// Programs for the fake runtime: a function stands for what a real image would run, on the clock the runtime is given.
import { PassThrough } from 'node:stream';
import type { Writable } from 'node:stream';
import type { Clock } from '../../src/util/clock.ts';
import type { LogOptions } from './runtime.ts';

export interface FakeProcess {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** The stop signal's name, once it is sent; a program that ignores it is killed when the grace period ends. */
  readonly stopped: Promise<string>;
  readonly killed: AbortSignal;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Writable;
  readonly stderr: Writable;
}
/** Resolves with the exit code. */
export type FakeProgram = (process: FakeProcess) => Promise<number>;

export const runsUntilStopped: FakeProgram = async ({ stopped }) => { await stopped; return 0; };
export const ignoresStop: FakeProgram = () => new Promise(() => {});
export const exitsAfter = (ms: number, code: number): FakeProgram => async ({ clock, killed }) => { await clock.sleep(ms, killed); return code; };
export const prints = (lines: readonly string[], then: FakeProgram = exitsAfter(0, 0)): FakeProgram => (process) => {
  for (const line of lines) process.stdout.write(`${line}\n`);
  return then(process);
};

/** Killed by SIGKILL, as a shell counts. */
const KILLED = 137;

export class RunningProgram {
  readonly stdin = new PassThrough();
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly exited: Promise<number>;
  readonly #kill = new AbortController();
  #stop: (signal: string) => void = () => {};

  constructor(program: FakeProgram, outputs: { stdout: Writable; stderr: Writable }, context: Pick<FakeProcess, 'command' | 'env' | 'clock'>) {
    this.stdout = outputs.stdout;
    this.stderr = outputs.stderr;
    const killed = new Promise<number>((resolve) => this.#kill.signal.addEventListener('abort', () => resolve((this.#kill.signal.reason as { code: number }).code), { once: true }));
    const stopped = new Promise<string>((resolve) => { this.#stop = resolve; });
    const { stdin, stdout, stderr } = this;
    const main = (async () => program({ ...context, stopped, killed: this.#kill.signal, stdin, stdout, stderr }))();
    this.exited = Promise.race([killed, main.catch((error: unknown) => {
      if (this.#kill.signal.aborted) return killed;
      throw error;
    })]);
  }
  signal(name: string): void { this.#stop(name); }
  kill(code = KILLED): void { this.#kill.abort({ code }); }
}

interface LogLine { readonly at: number; readonly stream: 'stdout' | 'stderr'; readonly text: string }
const KEPT_LINES = 10_000;

/** A container's log in memory, line by line, and whoever follows it. */
export class FakeLog {
  readonly #clock: Clock;
  readonly #lines: LogLine[] = [];
  #dropped = 0;
  #ended = false;
  #changed = wakeUp();
  constructor(clock: Clock) { this.#clock = clock; }

  output(stream: 'stdout' | 'stderr'): PassThrough {
    const output = new PassThrough();
    output.on('data', (chunk: Buffer) => {
      for (const text of chunk.toString().match(/[^\n]*\n|[^\n]+$/g) ?? []) this.#lines.push({ at: this.#clock.now(), stream, text });
      const over = this.#lines.length - KEPT_LINES;
      if (over > 0) this.#dropped += this.#lines.splice(0, over).length;
      this.#tell();
    });
    return output;
  }
  end(): void {
    this.#ended = true;
    this.#tell();
  }
  #tell(): void {
    this.#changed.resolve();
    this.#changed = wakeUp();
  }

  async *read(options: LogOptions): AsyncGenerator<Uint8Array> {
    const wanted = (line: LogLine): boolean => (options.stream === undefined || line.stream === options.stream) && line.at >= (options.sinceMs ?? 0);
    const aborted = new Promise<void>((resolve) => options.signal?.addEventListener('abort', () => resolve(), { once: true }));
    let next = this.#dropped + (options.tailLines === undefined ? 0 : Math.max(0, this.#lines.length - options.tailLines));
    let left = options.limitBytes ?? Infinity;
    for (;;) {
      while (next < this.#dropped + this.#lines.length) {
        const line = this.#lines[Math.max(0, next - this.#dropped)]!;
        next = Math.max(next, this.#dropped) + 1;
        if (!wanted(line)) continue;
        const bytes = Buffer.from((options.timestamps ? `${new Date(line.at).toISOString().slice(0, 23)}000000Z ` : '') + line.text).subarray(0, left);
        if (bytes.length > 0) yield bytes;
        left -= bytes.length;
        if (left <= 0) return;
      }
      if (!options.follow || this.#ended || options.signal?.aborted) return;
      await Promise.race([this.#changed.promise, aborted]);
    }
  }
}

function wakeUp(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((call) => { resolve = call; });
  return { promise, resolve };
}
