// A process for store-embedded.test.ts: opens a store and writes, one line on stdout per acknowledged write.
//   store-child.ts DIR write [compact]   16 writers until it is killed: "put KEY REVISION VALUE" and "delete KEY REVISION"
//   store-child.ts DIR fill              until writes fail: "put …", "failed ERROR"; each line on stdin makes it try again
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openEmbeddedStore } from '../../master/storage/embedded/embedded-store.ts';
import { StorageUnavailable } from '../../master/storage/store.ts';

const [dir, mode, compact] = process.argv.slice(2) as [string, string, string | undefined];
const pause = new Int32Array(new SharedArrayBuffer(4));
/** Returns when the line is out: a reader that is busy leaves no room in the pipe for a while. */
function say(line: string): void {
  for (let bytes = Buffer.from(`${line}\n`); bytes.length > 0;) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

const store = await openEmbeddedStore(dir).catch((error: Error) => {
  say(`cannot open: ${error.message}`);
  process.exit(2);
});

if (mode === 'write') {
  await Promise.all(Array.from({ length: 16 }, async (_, w) => {
    for (let i = 0; ; i++) {
      const key = `/k/${process.pid}/${w}/${i % 10}`;
      const value = `${process.pid} ${i} ${'v'.repeat(i % 3000)}`;
      const now = await store.get(key);
      if (!now) say(`put ${key} ${await store.create(key, Buffer.from(value))} ${value}`);
      else if (i % 7 === 0) say(`delete ${key} ${await store.delete(key, now.revision)}`);
      else say(`put ${key} ${await store.update(key, Buffer.from(value), now.revision)} ${value}`);
      if (compact && w === 0 && i % 20 === 0) await store.compact((await store.revision()) - 50);
    }
  }));
}

if (mode === 'fill') {
  let n = 0;
  const value = 'f'.repeat(3000);
  const fill = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let failures = 0; failures < 3;) {
        const key = `/f/${n++}`;
        try {
          say(`put ${key} ${await store.create(key, Buffer.from(value))} ${value}`);
        } catch (error) {
          failures++;
          say(`failed ${error instanceof StorageUnavailable} ${(error as Error).message}`);
        }
        // What is there is read while nothing can be written.
        if (!(await store.get('/f/0'))) throw new Error('/f/0 cannot be read');
        if (n % 400 === 0) return;
      }
    }));
    say(`paused at ${n}`);
  };
  await fill();
  for await (const line of createInterface(process.stdin)) {
    if (line === 'end') break;
    await fill();
  }
  await store.close();
}
