// What a container left behind as its last words: its message file, or the end of its log when it failed without any.
// upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (getTerminationMessage)
import { open } from 'node:fs/promises';
import type { ContainerStatus, Runtime } from '../runtime/runtime.ts';
import { containerFacts } from './labels.ts';
import { hasEnded } from './runtime-status.ts';

const maxFileBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;

async function readStart(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxFileBytes), 0, maxFileBytes, 0);
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
  let message = terminationFile ? await readStart(terminationFile) : '';
  if (message === '' && terminationPolicy === 'FallbackToLogsOnError' && status.exitCode !== 0) message = await logTail(runtime, status.id).catch(() => '');
  return message === '' ? status : { ...status, message };
}
