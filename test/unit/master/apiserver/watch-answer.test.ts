// Events as bytes: what comes in one turn is one write, in order; a reader that takes nothing is waited for, and given up.
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { Presence } from '../../../../master/apiserver/http-request.ts';
import type { WatchItem } from '../../../../master/apiserver/request.ts';
import { sendWatch } from '../../../../master/apiserver/watch-answer.ts';
import { AsyncQueue } from '../../../../src/util/async-queue.ts';
import { turnsEnd } from '../../../../src/util/turn.ts';

/** A response whose reader takes what it has been sent when `take` is called. */
class SlowResponse extends Writable {
  readonly written: string[] = [];
  #taken: (() => void) | undefined;
  constructor(highWaterMark: number) { super({ highWaterMark }); }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk.toString());
    this.#taken = done;
  }
  take(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }
  writeHead(): this { return this; }
  flushHeaders(): void { /* no socket */ }
}
const item = (n: number, padding = 0): WatchItem => ({ type: 'ADDED', value: () => ({ n }), json: () => Buffer.from(JSON.stringify({ n, ...(padding ? { padding: 'x'.repeat(padding) } : {}) })) });
const line = (n: number): string => `{"type":"ADDED","object":{"n":${n}}}\n`;

function started(highWaterMark = 16 * 1024, stalledMs = 60_000) {
  const out = new SlowResponse(highWaterMark);
  const queue = new AsyncQueue<WatchItem>();
  const over = sendWatch(out as unknown as ServerResponse, queue, undefined, { presence: new Presence(), stalledMs }, {});
  return { out, queue, over };
}
const turns = async (count: number): Promise<void> => { for (let turn = 0; turn < count; turn++) await turnsEnd(); };

it('sends what comes in one turn in one write, and the rest in the next', async () => {
  const { out, queue, over } = started();
  for (const n of [1, 2, 3]) queue.push(item(n));
  await turns(3);
  expect(out.written).toEqual([line(1) + line(2) + line(3)]);
  out.take();
  queue.push(item(4));
  await turns(3);
  expect(out.written.slice(1)).toEqual([line(4)]);
  out.take();
  queue.push(item(5));
  queue.end();
  await turns(3);
  out.take();
  await over;
  expect(out.written.slice(2)).toEqual([line(5)]);
});
it('does not gather more than fits one write well', async () => {
  const { out, queue, over } = started(1024 * 1024);
  for (let n = 0; n < 8; n++) queue.push(item(n, 20_000));
  await turns(3);
  for (let n = 0; n < 3; n++) {
    out.take();
    await turns(2);
  }
  expect(out.written.map((text) => text.split('\n').length - 1)).toEqual([4, 4]);
  queue.end();
  await turns(2);
  out.take();
  await over;
});
it('waits for a reader that is full, and loses nothing', async () => {
  const { out, queue, over } = started(40);
  for (let n = 0; n < 4; n++) {
    queue.push(item(n));
    await turns(3);
  }
  // One is with the reader and one behind it; the others wait in the queue.
  expect(out.written).toEqual([line(0)]);
  queue.end();
  for (let n = 0; n < 8; n++) {
    out.take();
    await turns(3);
  }
  await over;
  expect(out.written.join('')).toBe([0, 1, 2, 3].map(line).join(''));
});
it('gives a reader up that takes nothing', async () => {
  const { queue, over } = started(10, 1);
  queue.push(item(1));
  await turns(3);
  queue.push(item(2));
  await expect(over).rejects.toThrow('the reader of a watch takes nothing');
});
