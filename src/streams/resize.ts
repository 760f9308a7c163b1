// Sizes of the client's terminal. They come as JSON values one after the other, and may come before anybody can use them.
import type { TerminalSize } from './remote-command.ts';

const longestSize = 1024;

export class ResizeEvents {
  #text = '';
  #latest: TerminalSize | undefined;
  #call: ((size: TerminalSize) => void) | undefined;

  receive(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes).toString();
    for (let end = this.#text.indexOf('}'); end >= 0; end = this.#text.indexOf('}')) {
      const size = parseSize(this.#text.slice(0, end + 1));
      this.#text = this.#text.slice(end + 1);
      if (!size) continue;
      this.#latest = size;
      this.#call?.(size);
    }
    if (this.#text.length > longestSize) this.#text = '';
  }

  onResize(call: (size: TerminalSize) => void): void {
    this.#call = call;
    if (this.#latest) call(this.#latest);
  }
}

/** `{"Width":80,"Height":24}`; undefined when it is none. upstream: client-go tools/remotecommand/resize.go */
function parseSize(text: string): TerminalSize | undefined {
  let value: { Width?: unknown; Height?: unknown };
  try {
    value = JSON.parse(text) as { Width?: unknown; Height?: unknown };
  } catch {
    return undefined;
  }
  const { Width: columns, Height: rows } = value;
  const isSize = (number: unknown): number is number => Number.isInteger(number) && (number as number) > 0 && (number as number) <= 0xffff;
  return isSize(columns) && isSize(rows) ? { columns, rows } : undefined;
}
