// Which images this agent has brought onto the host: only they may be removed again. What someone built, loaded, pulled or gave
// another name is theirs. Kept in a file, because the engine does not tell who pulled an image.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../src/util/log.ts';
import { replaceFile } from '../../src/util/replace-file.ts';
import type { Image } from '../runtime/runtime.ts';

export class PulledImages {
  readonly #path: string;
  readonly #log: Log;
  /** By image id: the names it has from pulls of this agent. */
  readonly #names: Map<string, readonly string[]>;
  #writing: Promise<void> = Promise.resolve();

  constructor(dataDir: string, log: Log) {
    this.#path = join(dataDir, 'pulled-images.json');
    this.#log = log;
    this.#names = this.#read();
  }

  /** `image` is what a pull has led to, `before` what the store held when it began. */
  async note(before: readonly Image[], image: Image): Promise<void> {
    const known = this.#names.get(image.id);
    const there = before.find(({ id }) => id === image.id);
    // It was on the host already, by someone else.
    if (there && !known) return;
    const added = image.repoTags.filter((name) => !there?.repoTags.includes(name));
    await this.#set(image.id, [...new Set([...(known ?? []), ...added])]);
  }
  /** Whether nobody but this agent has a claim to it. One that has lost its names to a newer image stays what it was. */
  owns({ id, repoTags }: Image): boolean {
    const names = this.#names.get(id);
    return names !== undefined && repoTags.every((name) => names.includes(name));
  }
  /** Forgets what the store does not hold any more: whoever brings it back is its owner. */
  async keepOnly(present: readonly Image[]): Promise<void> {
    const ids = new Set(present.map(({ id }) => id));
    const gone = [...this.#names.keys()].filter((id) => !ids.has(id));
    for (const id of gone) this.#names.delete(id);
    if (gone.length) await this.#write();
  }

  async #set(id: string, names: readonly string[]): Promise<void> {
    const known = this.#names.get(id);
    if (known?.length === names.length) return;
    this.#names.set(id, names);
    await this.#write();
  }
  #write(): Promise<void> {
    return (this.#writing = this.#writing.then(async () => {
      await replaceFile(this.#path, `${JSON.stringify(Object.fromEntries(this.#names), undefined, 1)}\n`);
    }).catch((error: unknown) => this.#log.warn({ error }, 'which images were pulled could not be written down; they stay on the host')));
  }
  /** What cannot be read makes nothing removable. */
  #read(): Map<string, readonly string[]> {
    try {
      return new Map(Object.entries(JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, string[]>));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#log.warn({ error, path: this.#path }, 'which images were pulled cannot be read; those on the host stay');
      return new Map();
    }
  }
}
