// One pull: the credentials are tried in order, what it has done so far is told now and then, and one that stands still is given up.
// upstream: pkg/kubelet/kuberuntime/kuberuntime_image.go (PullImage); containerd, image_pull_progress_timeout
import { formatDuration } from '../../src/apimachinery/duration.ts';
import type { Clock } from '../../src/util/clock.ts';
import { ImagePullError, type PullProgress, type RegistryAuth, type Runtime } from '../runtime/runtime.ts';

export interface PullOptions {
  readonly runtime: Pick<Runtime, 'pullImage'>;
  readonly clock: Clock;
  readonly reference: string;
  /** Tried in this order; without any the registry is asked as nobody. */
  readonly credentials: readonly RegistryAuth[];
  readonly signal: AbortSignal;
  /** Told while the pull goes on. */
  readonly report: (progress: PullProgress) => void;
}

const reportMs = 30_000;
const standstillMs = 5 * 60_000;

/** The image's id. @throws ImagePullError in the registry's words, several refusals as a list. */
export async function pullWith(options: PullOptions): Promise<string> {
  const { credentials, signal } = options;
  if (credentials.length === 0) return pullOnce(options, undefined);
  const refusals = new Set<string>();
  for (const auth of credentials) {
    try {
      return await pullOnce(options, auth);
    } catch (error) {
      if (signal.aborted || !(error instanceof ImagePullError)) throw error;
      refusals.add(error.message);
    }
  }
  throw new ImagePullError(refusals.size === 1 ? [...refusals][0] : `[${[...refusals].join(', ')}]`);
}

async function pullOnce({ runtime, clock, reference, signal, report }: PullOptions, auth: RegistryAuth | undefined): Promise<string> {
  const standstill = new AbortController();
  let [moved, latest, cancel]: [number, PullProgress | undefined, () => void] = [clock.monotonic(), undefined, () => undefined];
  const look = (): void => {
    if (clock.monotonic() - moved >= standstillMs) standstill.abort();
    else if (latest) report(latest);
    cancel = clock.after(reportMs, look);
  };
  cancel = clock.after(reportMs, look);
  try {
    return await runtime.pullImage(reference, auth, AbortSignal.any([signal, standstill.signal]), (progress) => {
      moved = clock.monotonic();
      latest = progress;
    });
  } catch (error) {
    if (!standstill.signal.aborted || signal.aborted) throw error;
    throw new ImagePullError(`no progress for ${formatDuration(standstillMs)}${latest ? `, last: ${progressText(latest)}` : ''}`);
  } finally {
    cancel();
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
/** `2 of 5 layers, 34.1 of 120.3 MB`: of those layers whose size is known. */
export const progressText = ({ layers, layersDone, bytes, totalBytes }: PullProgress): string => `${layersDone} of ${layers} layers, ${megabytes(bytes)} of ${megabytes(totalBytes)} MB`;
