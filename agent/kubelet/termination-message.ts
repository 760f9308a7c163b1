// What a container left behind as its last words: its message file, or the end of its log when it failed without any.
// upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (getTerminationMessage), pkg/kubelet/status/status_manager.go (normalizeStatus)
import { open } from 'node:fs/promises';
import type { ContainerStatus, Runtime } from '../runtime/runtime.ts';
import { containerFacts } from './labels.ts';
import type { ContainerState, ContainerStatus as ToldStatus } from './pod.ts';
import { hasEnded } from './runtime-status.ts';

const maxFileBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;
/** What the containers of a Pod share. upstream: MaxPodTerminationMessageLogLength */
const maxPodBytes = 12 * 1024;

/** Of a long file the end, as of a log. upstream: pkg/util/tail (ReadAtMost) */
async function readEnd(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxFileBytes), 0, maxFileBytes, Math.max(0, size - maxFileBytes));
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
}

async function logTail(runtime: Runtime, id: string): Promise<string> {
  let text = Buffer.alloc(0);
  for await (const part of runtime.logs(id, { tailLines: maxLogLines })) text = Buffer.concat([text, part]).subarray(-maxLogBytes);
  return text.toString();
}

/** The status with the container's own message, where it left one. */
export async function withTerminationMessage(runtime: Runtime, status: ContainerStatus): Promise<ContainerStatus> {
  if (!hasEnded(status)) return status;
  const { terminationFile, terminationPolicy } = containerFacts(status);
  let message = terminationFile ? await readEnd(terminationFile) : '';
  if (message === '' && terminationPolicy === 'FallbackToLogsOnError' && status.exitCode !== 0) message = await logTail(runtime, status.id).catch(() => '');
  return message === '' ? status : { ...status, message };
}

/** The statuses of a Pod's containers, each with its part of what all may say. */
export function withShortMessages(statuses: readonly ToldStatus[], containers: number): ToldStatus[] {
  const most = Math.floor(maxPodBytes / Math.max(1, containers));
  const short = (state: ContainerState | undefined): ContainerState | undefined => {
    const { message } = state?.terminated ?? {};
    return message && Buffer.byteLength(message) > most ? { ...state, terminated: { ...state!.terminated!, message: Buffer.from(message).subarray(0, most).toString() } } as ContainerState : state;
  };
  return statuses.map((status) => {
    const [state, lastState] = [short(status.state), short(status.lastState)];
    return state === status.state && lastState === status.lastState ? status : { ...status, state, lastState } as ToldStatus;
  });
}
