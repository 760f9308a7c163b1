// Reads YAML without holding up the others: what is more than small goes to a thread, one text after the other, bounded in
// time and memory. Large texts have a thread of their own, so that who sends some does not keep everybody waiting. A thread
// is started when it is needed and ends when nobody has needed it for a while.
// (upstream reads YAML in the request's goroutine; its only bound is the size of the body)
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as errors from '../../src/apimachinery/status-error.ts';
import type { ParsedBody } from './negotiation.ts';
import { parseYaml } from './yaml.ts';

/** What the thread answers: JSON text, or what is wrong with the YAML. */
export type Read = ({ readonly json: string } & Omit<ParsedBody, 'value'>) | { readonly fault: string };
/** It says once that it can read. */
export type Said = 'ready' | Read;

export interface YamlLimits {
  /** Characters: up to this a text is read at once; its worst costs some 50 ms. */
  readonly small: number;
  /** Above this it is read in the thread for large ones. */
  readonly large: number;
  /** For one text, from when the thread is there to read it: on a busy machine that takes a while. */
  readonly longestMs: number;
  readonly memoryMb: number;
  /** Characters of JSON: aliases make it longer than the YAML. */
  readonly mostJson: number;
  /** A thread without work ends after this. */
  readonly idleMs: number;
}
const limits: YamlLimits = { small: 4096, large: 128 * 1024, longestMs: 20_000, memoryMb: 512, mostJson: 6 * 1024 * 1024, idleMs: 10_000 };

/** A thread runs compiled code, also where this file is read as TypeScript, as in tests. */
const program = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../dist/master/apiserver' : '', 'yaml-thread.js');

interface Job { readonly text: string; resolve(read: Read): void; reject(error: Error): void }

export class YamlReader {
  readonly #limits: YamlLimits;
  readonly #middle: Lane;
  readonly #large: Lane;

  constructor(changed: Partial<YamlLimits> = {}) {
    this.#limits = { ...limits, ...changed };
    this.#middle = new Lane(this.#limits);
    this.#large = new Lane(this.#limits);
  }

  /** @throws SyntaxError; StatusError 413 for what takes too much */
  async read(text: string): Promise<ParsedBody> {
    const { small, large, mostJson } = this.#limits;
    if (text.length <= small) return parseYaml(text);
    const read = await (text.length <= large ? this.#middle : this.#large).read(text);
    if ('fault' in read) throw new SyntaxError(read.fault);
    if (read.json.length > mostJson) throw errors.tooLarge(`Request entity too large: the JSON of the YAML has ${read.json.length} characters, limit is ${mostJson}`);
    const { json, ...rest } = read;
    return { value: JSON.parse(json) as unknown, ...rest };
  }

  /** Ends the threads; texts that are not read yet fail. */
  close(): void {
    this.#middle.close();
    this.#large.close();
  }
}

/** One thread and who waits for it. */
class Lane {
  readonly #limits: YamlLimits;
  readonly #waiting: Job[] = [];
  #thread: Worker | undefined;
  #ready = false;
  #current: Job | undefined;
  /** Until the text under way has taken too long, or the thread has been idle for long enough. */
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: YamlLimits) { this.#limits = limits; }

  read(text: string): Promise<Read> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#next();
    });
  }

  close(): void {
    const why = new Error('the server is stopping');
    for (const { reject } of this.#waiting.splice(0)) reject(why);
    this.#drop(why);
    clearTimeout(this.#timer);
  }

  #next(): void {
    if (this.#current) return;
    clearTimeout(this.#timer);
    const job = this.#waiting.shift();
    this.#current = job;
    if (job) {
      (this.#thread ??= this.#start()).postMessage(job.text);
      if (this.#ready) this.#limit();
    } else if (this.#thread) this.#timer = setTimeout(() => this.close(), this.#limits.idleMs);
    this.#timer?.unref();
  }

  /** The time of the text under way begins. */
  #limit(): void {
    const { longestMs } = this.#limits;
    this.#timer = setTimeout(() => this.#drop(errors.tooLarge(`Request entity too large: the YAML takes longer to read than ${longestMs / 1000}s`)), longestMs);
    this.#timer.unref();
  }

  #start(): Worker {
    const thread = new Worker(program, { resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMb } });
    thread.unref();
    thread.on('message', (read: Said) => {
      if (thread !== this.#thread) return;
      if (read === 'ready') {
        this.#ready = true;
        this.#limit();
        return;
      }
      const job = this.#current;
      this.#current = undefined;
      job?.resolve(read);
      this.#next();
    });
    thread.on('error', (error: NodeJS.ErrnoException) => {
      if (thread === this.#thread) this.#drop(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? errors.tooLarge(`Request entity too large: the YAML takes more than ${this.#limits.memoryMb} MB to read`) : error);
    });
    return thread;
  }

  /** Gives up the thread, and the text under way with it; the next one gets a new thread. */
  #drop(why: Error): void {
    void this.#thread?.terminate();
    this.#thread = undefined;
    this.#ready = false;
    const job = this.#current;
    this.#current = undefined;
    job?.reject(why);
    this.#next();
  }
}

const reader = new YamlReader();
/** Of the process. @throws SyntaxError, StatusError 413 */
export const readYaml = (text: string): Promise<ParsedBody> => reader.read(text);
