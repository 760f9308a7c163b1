// Brings a container's image onto the node by its pull policy, with back-off and the events that tell about it.
// upstream: pkg/kubelet/images/image_manager.go
import { formatDuration } from '../../src/apimachinery/duration.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Image, PullProgress, RegistryAuth, Runtime } from '../runtime/runtime.ts';
import { progressText, pullWith } from './image-pull.ts';
import type { PullLimit } from './pull-limit.ts';
import { quoted, type Container, type Pod } from './pod.ts';
import type { PulledImages } from './pulled-images.ts';
import { KeyedBackoff } from './restart-backoff.ts';

export type ImageReason = 'ErrImagePull' | 'ImagePullBackOff' | 'ErrImageNeverPull' | 'InvalidImageName' | 'ImageInspectError';
/** The image is not there; `reason` is the container's waiting reason. */
export class ImageError extends Error {
  readonly reason: ImageReason;
  /** Milliseconds until another try makes sense. */
  readonly retryAfter: number | undefined;
  constructor(reason: ImageReason, message: string, retryAfter?: number) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

export interface ContainerEvents {
  normal(pod: Pod, container: Container | undefined, reason: string, message: string): void;
  warning(pod: Pod, container: Container | undefined, reason: string, message: string, annotations?: Readonly<Record<string, string>>): void;
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const domain = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?';
const referencePattern = new RegExp(`^(?:${domain}/)?${component}(?:/${component})*(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`);
const idPattern = /^(?:sha256:)?[0-9a-f]{64}$/;

/** The reference with `:latest` when it names neither tag nor digest. @throws ImageError for what is no reference. */
export function imageReference(image: string): string {
  if (idPattern.test(image)) return image;
  if (!referencePattern.test(image)) {
    const why = image !== image.toLowerCase() && referencePattern.test(image.toLowerCase()) ? `invalid reference format: repository name (${image.replace(/[:@].*$/, '')}) must be lowercase` : 'invalid reference format';
    throw new ImageError('InvalidImageName', `Failed to apply default image tag ${quoted(image)}: couldn't parse image name ${quoted(image)}: ${why}`);
  }
  const name = image.slice(image.lastIndexOf('/') + 1);
  return name.includes(':') || name.includes('@') ? image : `${image}:latest`;
}

export class ImageManager {
  readonly #runtime: Runtime;
  readonly #events: ContainerEvents;
  readonly #clock: Clock;
  readonly #pulled: Pick<PulledImages, 'note'>;
  readonly #limit: PullLimit;
  readonly #backoff: KeyedBackoff;
  readonly #lastError = new Map<string, string>();

  constructor(options: { runtime: Runtime; events: ContainerEvents; clock: Clock; pulled: Pick<PulledImages, 'note'>; pulls: PullLimit }) {
    this.#runtime = options.runtime;
    this.#events = options.events;
    this.#clock = options.clock;
    this.#pulled = options.pulled;
    this.#limit = options.pulls;
    this.#backoff = new KeyedBackoff(options.clock);
  }

  /** @throws ImageError with the waiting reason. `credentials` are asked for only when something is pulled. */
  async ensure(pod: Pod, container: Container, credentials: () => Promise<readonly RegistryAuth[]>, signal: AbortSignal): Promise<Image> {
    const name = container.image ?? '';
    const shown = quoted(name);
    const reference = this.#judge(pod, container, name);
    const present = await this.#inspect(pod, container, reference);
    const policy = container.imagePullPolicy ?? 'IfNotPresent';
    if (policy === 'Never' || (policy === 'IfNotPresent' && present)) {
      if (present) {
        this.#events.normal(pod, container, 'Pulled', `Container image ${shown} already present on machine`);
        return present;
      }
      const message = `Container image ${shown} is not present with pull policy of Never`;
      this.#events.warning(pod, container, 'ErrImageNeverPull', message);
      throw new ImageError('ErrImageNeverPull', message);
    }
    const key = `${pod.metadata.uid}_${name}`;
    const wait = this.#backoff.remaining(key);
    if (wait > 0) {
      this.#events.normal(pod, container, 'BackOff', `Back-off pulling image ${shown}`);
      const before = this.#lastError.get(key);
      throw new ImageError('ImagePullBackOff', `Back-off pulling image ${shown}${before ? `: ErrImagePull: ${before}` : ''}`, wait);
    }
    this.#events.normal(pod, container, 'Pulling', `Pulling image ${shown}`);
    const from = this.#clock.now();
    const leave = await this.#limit.place(signal);
    const begun = this.#clock.now();
    try {
      const before = await this.#runtime.listImages();
      const report = (progress: PullProgress): void => this.#events.normal(pod, container, 'Pulling', `Pulling image ${shown}: ${progressText(progress)}`);
      const id = await pullWith({ runtime: this.#runtime, clock: this.#clock, reference, credentials: await credentials(), signal, report });
      const image = (await this.#runtime.imageStatus(reference)) ?? (await this.#runtime.imageStatus(id));
      if (!image) throw new Error(`image ${shown} is not in the store after it was pulled`);
      await this.#pulled.note(before, image);
      this.#backoff.forget(key);
      this.#lastError.delete(key);
      const since = (ms: number): string => formatDuration(Math.max(1, this.#clock.now() - ms));
      this.#events.normal(pod, container, 'Pulled', `Successfully pulled image ${shown} in ${since(begun)} (${since(from)} including waiting). Image size: ${image.size} bytes.`);
      return image;
    } catch (error) {
      if (signal.aborted) throw error;
      const message = (error as Error).message;
      this.#events.warning(pod, container, 'Failed', `Failed to pull image ${shown}: ${message}`);
      this.#lastError.set(key, message);
      throw new ImageError('ErrImagePull', message, this.#backoff.next(key));
    } finally {
      leave();
    }
  }

  /** Forgets the back-off of a Pod that is gone. */
  forget(uid: string): void {
    this.#backoff.forgetPrefix(`${uid}_`);
    for (const key of this.#lastError.keys()) if (key.startsWith(`${uid}_`)) this.#lastError.delete(key);
  }

  #judge(pod: Pod, container: Container, name: string): string {
    try {
      return imageReference(name);
    } catch (error) {
      this.#events.warning(pod, container, 'InspectFailed', (error as Error).message);
      throw error;
    }
  }
  async #inspect(pod: Pod, container: Container, reference: string): Promise<Image | undefined> {
    try {
      return await this.#runtime.imageStatus(reference);
    } catch (error) {
      const message = `Failed to inspect image ${quoted(container.image ?? '')}: ${(error as Error).message}`;
      this.#events.warning(pod, container, 'InspectFailed', message);
      throw new ImageError('ImageInspectError', message);
    }
  }
}
