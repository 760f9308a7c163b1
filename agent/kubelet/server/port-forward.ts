// One forwarded connection: bytes both ways, each direction ending by itself.
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PodDialer } from './pod-dialer.ts';

/** Errors after which the Pod can still be forwarded to: one of the two ends just hung up. */
const hungUp = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ABORT_ERR']);

/** @throws Error when the port cannot be reached, in the words clients know */
export async function forwardPort(dialer: Pick<PodDialer, 'connect'>, port: number, data: Duplex): Promise<void> {
  const socket = await dialer.connect(port).catch((error: Error) => {
    throw new Error(`failed to connect to localhost:${port} inside namespace of the pod: ${error.message}`, { cause: error });
  });
  const [toPod, fromPod] = await Promise.allSettled([pipeline(data, socket), pipeline(socket, data)]);
  socket.destroy();
  for (const result of [toPod, fromPod]) {
    if (result.status === 'rejected' && !hungUp.has((result.reason as NodeJS.ErrnoException).code ?? '')) throw result.reason;
  }
}
