// A watch as bytes on an HTTP response whose reader may be slow.
import type { ServerResponse } from 'node:http';
import { turnsEnd } from '../../src/util/turn.ts';
import { protobufType, type ProtobufAnswers } from './protobuf.ts';
import { drained, type Reader } from './reader.ts';
import type { WatchItem } from './request.ts';

/** Frames of a turn are joined up to this size. */
const joinedBytes = 64 * 1024;

/** One line per event; frames are built once for all watchers of an event. */
const frames = new WeakMap<Uint8Array, Buffer>();
export function frameOf(item: WatchItem): Buffer {
  const object = item.json();
  let frame = frames.get(object);
  if (!frame) frames.set(object, (frame = Buffer.concat([Buffer.from(`{"type":"${item.type}","object":`), object, Buffer.from('}\n')])));
  return frame;
}

/** Frames on their way: those of one turn of the event loop leave in one write, after whatever else the turn has to do. */
class Frames {
  readonly #out: ServerResponse;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  /** The reader has not taken what was written. */
  full = false;

  constructor(out: ServerResponse) {
    this.#out = out;
    out.on('drain', () => { this.full = false; });
  }
  add(frame: Uint8Array): void {
    this.#waiting.push(frame);
    this.#bytes += frame.length;
    if (this.#bytes >= joinedBytes) this.flush();
    else if (this.#waiting.length === 1) void turnsEnd().then(() => this.flush());
  }
  flush(): void {
    if (!this.#waiting.length || this.#out.destroyed) return;
    const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting, this.#bytes);
    this.#waiting = [];
    this.#bytes = 0;
    this.full = !this.#out.write(bytes);
  }
}

/** Resolves when the watch is over. @throws Error when its reader takes nothing for `stalledMs` */
export async function sendWatch(out: ServerResponse, items: AsyncIterable<WatchItem>, protobuf: ProtobufAnswers | undefined, { presence: { signal: gone }, stalledMs }: Reader, common: Record<string, string>): Promise<void> {
  out.writeHead(200, { ...common, 'content-type': protobuf ? `${protobufType};stream=watch` : 'application/json' });
  out.flushHeaders();
  const leaving = new Frames(out);
  for await (const item of items) {
    if (out.destroyed) return;
    leaving.add(protobuf ? protobuf.frame(item) : frameOf(item));
    // What a stalled reader leaves waits in the watch's queue, which has an end; then the reader's time is over too.
    if (leaving.full && !(await drained(out, gone, stalledMs))) throw new Error('the reader of a watch takes nothing');
  }
  leaving.flush();
  out.end();
}
