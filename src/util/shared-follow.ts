// One program that runs on for all who follow it: each gets every line from when it asked.
import { AsyncQueue } from './async-queue.ts';
import type { Follow } from './run.ts';

/** The same as `follow`, but of one command line one program runs at a time. It ends with the last of those who follow it; when it ends by itself, each of them gets its error. */
export function sharedFollow(follow: Follow): Follow {
  const running = new Map<string, { readonly readers: Set<AsyncQueue<string>>; readonly stop: AbortController }>();

  const start = (key: string, command: string, args: readonly string[]): Set<AsyncQueue<string>> => {
    const program = { readers: new Set<AsyncQueue<string>>(), stop: new AbortController() };
    running.set(key, program);
    const over = (error?: Error): void => {
      if (running.get(key) === program) running.delete(key);
      for (const reader of program.readers) reader.end(error);
    };
    void (async () => {
      for await (const line of follow(command, args, program.stop.signal)) for (const reader of program.readers) reader.push(line);
    })().then(() => over(), over);
    return program.readers;
  };

  return async function* (command, args, signal) {
    if (signal.aborted) return;
    const key = JSON.stringify([command, ...args]);
    const readers = running.get(key)?.readers ?? start(key, command, args);
    const lines = new AsyncQueue<string>();
    readers.add(lines);
    const leave = (): void => {
      lines.end();
      readers.delete(lines);
      const program = running.get(key);
      if (readers.size > 0 || program?.readers !== readers) return;
      running.delete(key);
      program.stop.abort();
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      yield* lines;
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  };
}
