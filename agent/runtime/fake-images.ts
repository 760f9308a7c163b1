// The images of the runtime in memory: what its store holds, what a registry would give, and how containers of them behave.
import type { Clock } from '../../src/util/clock.ts';
import type { FakeProgram } from './fake-process.ts';
import { ImagePullError, RuntimeError, type Image, type RegistryAuth } from './runtime.ts';

export interface FakeImage {
  /** What a container runs; by its command when this is a function of it. */
  readonly main?: FakeProgram;
  /** What an exec runs; without one every command is found and ends with 0. */
  readonly exec?: FakeProgram;
  readonly startDelayMs?: number;
  /** The start is refused with these words, for every command or for those this accepts. */
  readonly startError?: { readonly message: string; readonly exitCode: number; readonly when?: (command: readonly string[]) => boolean };
  /** Not in the store until it is pulled. */
  readonly remote?: { readonly delayMs?: number; readonly error?: string; /** Whom the registry lets in; everybody without it. */ readonly login?: { readonly username: string; readonly password: string } };
  readonly user?: string;
  readonly size?: number;
  readonly stopSignal?: string;
}

export class FakeImages {
  readonly #clock: Clock;
  readonly #known = new Map<string, FakeImage>();
  /** By every name. */
  readonly #store = new Map<string, Image>();
  readonly #elsewhere = new Set<string>();

  constructor(clock: Clock, images: Readonly<Record<string, FakeImage>>) {
    this.#clock = clock;
    for (const [reference, image] of Object.entries(images)) {
      this.#known.set(reference, image);
      if (!image.remote) this.#keep(reference, image);
    }
  }

  tag(reference: string, name: string): void {
    const stored = this.find(reference)!;
    const tagged = { ...stored, repoTags: [...stored.repoTags, name] };
    for (const key of tagged.repoTags) this.#store.set(key, tagged);
  }
  useElsewhere(reference: string): void { this.#elsewhere.add(this.find(reference)!.id); }
  /** Ids of images that containers of someone else are made from. */
  get usedElsewhere(): ReadonlySet<string> { return this.#elsewhere; }

  list(): Image[] { return [...new Set(this.#store.values())]; }
  /** By name or id. */
  find(reference: string): Image | undefined { return this.#store.get(reference) ?? [...this.#store.values()].find((image) => image.id === reference); }
  /** How containers of an image of the store behave. */
  behaviourOf(reference: string): FakeImage { return this.#known.get(reference) ?? this.#known.get(this.find(reference)?.repoTags[0] ?? '') ?? {}; }

  /** @throws ImagePullError */
  async pull(reference: string, auth: RegistryAuth | undefined, signal: AbortSignal | undefined): Promise<string> {
    const image = this.#known.get(reference);
    if (!image) throw new ImagePullError(`pull access denied for ${reference}, repository does not exist or may require 'docker login'`);
    if (image.remote?.delayMs) await this.#clock.sleep(image.remote.delayMs, signal);
    const login = image.remote?.login;
    if (login && (auth?.username !== login.username || auth.password !== login.password)) throw new ImagePullError(auth ? 'unauthorized: authentication required' : 'no basic auth credentials');
    if (image.remote?.error !== undefined) throw new ImagePullError(image.remote.error);
    return this.#keep(reference, image).id;
  }
  #keep(reference: string, image: FakeImage): Image {
    const stored: Image = { id: `sha256:fake-${reference}`, repoTags: [reference], repoDigests: [], size: image.size ?? 1_000_000, user: image.user ?? '', createdAt: this.#clock.now() };
    this.#store.set(reference, stored);
    return stored;
  }

  /** `users`: ids of containers by the ids of their images. @throws RuntimeError for an image in use */
  remove(id: string, users: ReadonlyMap<string, string>): void {
    const image = this.find(id);
    if (!image) return;
    const user = users.get(image.id);
    if (user !== undefined || this.#elsewhere.has(image.id)) throw new RuntimeError(`conflict: unable to delete ${id} - image is being used by container ${user ?? 'of someone else'}`);
    for (const [reference, stored] of this.#store) if (stored.id === image.id) this.#store.delete(reference);
  }
}
