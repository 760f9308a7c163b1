// Takes out of a followed log what the engine tells twice: when it rotates a log it may read on from a place it has passed already.
// Every message carries the time it was written at, by which one that was seen before is known again.

/** `2026-01-01T00:00:00.123456789Z `, as the engine puts it before each message that is asked for with timestamps. */
const stampForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z $/;
const stampLength = 31;
const newline = 0x0a;
/** What the engine reads again is at most what it had buffered: some kilobytes. */
const remembered = 4096;

/** Of one stream: times it has told, in order but where the host's clock was set back. */
class Told {
  readonly #times = new Set<string>();
  #last = '';
  #replaying = false;

  /** The last message ended its line. */
  complete = false;

  /** Whether a message of this time was told before. Only the pieces of one long line share their time. */
  before(time: string): boolean {
    if ((time < this.#last && this.#times.has(time)) || (time === this.#last && this.complete)) this.#replaying = true;
    else if (time !== this.#last) this.#replaying = false;
    if (this.#replaying) return true;
    if (time !== this.#last) this.#remember(time);
    return false;
  }
  #remember(time: string): void {
    this.#last = time;
    this.#times.add(time);
    if (this.#times.size > remembered) this.#times.delete(this.#times.values().next().value!);
  }
}

export class ReplayFilter {
  readonly #keepStamps: boolean;
  readonly #told = { stdout: new Told(), stderr: new Told() };
  #head: Buffer = Buffer.alloc(0);
  #decided: 'pass' | 'drop' | undefined;

  constructor(options: { readonly timestamps: boolean }) { this.#keepStamps = options.timestamps; }

  /** What of a frame's piece is to be passed on; `last` ends the frame. */
  piece(stderr: boolean, payload: Buffer, last: boolean): Buffer | undefined {
    let out: Buffer | undefined;
    if (this.#decided === undefined) {
      this.#head = this.#head.length > 0 ? Buffer.concat([this.#head, payload]) : payload;
      if (this.#head.length < stampLength && !last) return undefined;
      out = this.#begin(stderr);
    } else if (this.#decided === 'pass') out = payload;
    if (last) {
      if (this.#decided === 'pass') this.#told[stderr ? 'stderr' : 'stdout'].complete = payload.at(-1) === newline;
      this.#decided = undefined;
    }
    return out;
  }

  #begin(stderr: boolean): Buffer | undefined {
    const head = this.#head;
    this.#head = Buffer.alloc(0);
    const stamp = head.toString('latin1', 0, stampLength);
    const isStamp = stampForm.test(stamp);
    this.#decided = isStamp && this.#told[stderr ? 'stderr' : 'stdout'].before(stamp) ? 'drop' : 'pass';
    if (this.#decided === 'drop') return undefined;
    return isStamp && !this.#keepStamps ? head.subarray(stampLength) : head;
  }
}
