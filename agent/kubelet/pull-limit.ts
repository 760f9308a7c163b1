// How many images are pulled at once. upstream: pkg/kubelet/images/puller.go

/** The flags' texts. */
export interface PullFlags { readonly serializeImagePulls?: boolean; readonly maxParallelImagePulls?: string }

/** Infinity without a limit. @throws Error that names the flag and what is wrong with it */
export function parsePullLimit({ serializeImagePulls = false, maxParallelImagePulls }: PullFlags): number {
  if (maxParallelImagePulls === undefined) return serializeImagePulls ? 1 : Infinity;
  if (!/^\d+$/.test(maxParallelImagePulls) || Number(maxParallelImagePulls) < 1) throw new Error(`--max-parallel-image-pulls: ${JSON.stringify(maxParallelImagePulls)} must be a positive number`);
  if (serializeImagePulls && Number(maxParallelImagePulls) > 1) throw new Error('--max-parallel-image-pulls: cannot be larger than 1 with --serialize-image-pulls');
  return Number(maxParallelImagePulls);
}

/** Whoever waits gets a place in the order of asking; who gives up leaves the line. */
export class PullLimit {
  #free: number;
  readonly #waiting = new Set<() => void>();
  constructor(limit: number) { this.#free = limit; }

  /** Resolves when there is a place, with what gives it back. @throws the signal's reason */
  async place(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    return () => {
      const [next] = this.#waiting;
      if (!next) this.#free++;
      else {
        this.#waiting.delete(next);
        next();
      }
    };
  }
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => { signal.removeEventListener('abort', leave); resolve(); };
      const leave = (): void => { this.#waiting.delete(go); reject(signal.reason as Error); };
      this.#waiting.add(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
