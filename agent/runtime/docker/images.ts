// The engine's image store: pull with progress, load, look up, remove.
import type Docker from 'dockerode';
import { ImagePullError, RuntimeNotFound, RuntimeUnavailable, RuntimeError } from '../runtime.ts';
import type { Image, PullProgress, RegistryAuth } from '../runtime.ts';
import { jsonLines } from './engine-stream.ts';
import { engineCall, engineMessage, idempotent, statusOf, translate } from './errors.ts';
import { inspectedImage } from './status.ts';

interface EngineProgress {
  readonly id?: string; readonly status?: string; readonly error?: string; readonly errorDetail?: { readonly message?: string };
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

/** Sums up the lines of a pull; a layer is done when the engine says it has it. */
export class PullTracker {
  readonly #layers = new Map<string, { current: number; total: number; done: boolean }>();
  #status = '';
  add(line: EngineProgress): void {
    this.#status = line.status ?? this.#status;
    if (line.id === undefined || line.status?.startsWith('Pulling from')) return;
    const layer = this.#layers.get(line.id) ?? { current: 0, total: 0, done: false };
    this.#layers.set(line.id, layer);
    if (line.status === 'Downloading') {
      layer.current = line.progressDetail?.current ?? layer.current;
      layer.total = line.progressDetail?.total ?? layer.total;
    } else if (line.status === 'Download complete') {
      layer.current = layer.total;
    } else if (line.status === 'Pull complete' || line.status === 'Already exists') {
      layer.current = layer.total;
      layer.done = true;
    }
  }
  get progress(): PullProgress {
    const layers = [...this.#layers.values()];
    const sum = (of: (layer: { current: number; total: number }) => number): number => layers.reduce((total, layer) => total + of(layer), 0);
    return { status: this.#status, layers: layers.length, layersDone: layers.filter((layer) => layer.done).length, bytes: sum((l) => l.current), totalBytes: sum((l) => l.total) };
  }
}

export async function pullImage(docker: Docker, reference: string, auth: RegistryAuth | undefined, signal: AbortSignal | undefined, onProgress: ((progress: PullProgress) => void) | undefined): Promise<string> {
  const credentials = auth && { username: auth.username, password: auth.password, identitytoken: auth.identityToken, serveraddress: auth.serverAddress };
  const tracker = new PullTracker();
  try {
    // Without a tag dockerode asks for `latest`; the engine would fetch every tag.
    const stream = await docker.pull(reference, { ...(credentials ? { authconfig: credentials } : {}), ...(signal ? { abortSignal: signal } : {}) });
    for await (const line of jsonLines<EngineProgress>(stream as AsyncIterable<Buffer>, signal)) {
      if (line.error !== undefined) throw new ImagePullError(line.errorDetail?.message ?? line.error);
      tracker.add(line);
      onProgress?.(tracker.progress);
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof ImagePullError) throw error;
    const ours = translate(error);
    throw ours instanceof RuntimeUnavailable ? ours : new ImagePullError(engineMessage(error));
  }
  const image = await findImage(docker, reference);
  if (!image) throw new ImagePullError(`the engine pulled "${reference}" and does not have it`);
  return image.id;
}

export async function findImage(docker: Docker, reference: string): Promise<Image | undefined> {
  try {
    return inspectedImage(await docker.getImage(reference).inspect());
  } catch (error) {
    const ours = translate(error);
    if (ours instanceof RuntimeNotFound) return undefined;
    throw ours;
  }
}

export async function loadImage(docker: Docker, archive: Uint8Array): Promise<void> {
  const stream = await engineCall(() => docker.loadImage(archive as unknown as string, { quiet: true }));
  for await (const line of jsonLines<EngineProgress>(stream as AsyncIterable<Buffer>, undefined)) {
    if (line.error !== undefined) throw new RuntimeError(line.errorDetail?.message ?? line.error);
  }
}

/** By id, with every name it has; an image that a container uses stays. */
export async function removeImage(docker: Docker, id: string): Promise<void> {
  const image = await findImage(docker, id);
  if (!image) return;
  const references = image.repoTags.length > 1 ? image.repoTags : [id];
  for (const reference of references) await idempotent(() => docker.getImage(reference).remove(), [404]);
}

/** Docker's `409 … is being used by running container` is an answer, not a missing image. */
export const isMissingImage = (error: unknown): boolean => statusOf(error) === 404 && /no such image/i.test(engineMessage(error));
