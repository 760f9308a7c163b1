// Whole messages to a WebSocket whose reader may be slow.
import type { WebSocket } from 'ws';

/** Resolves when the connection has taken the message: true; false when it is closed, or took nothing for `stalledMs`, which ends it. */
export function sendMessage(webSocket: WebSocket, message: Uint8Array, { binary, stalledMs }: { readonly binary: boolean; readonly stalledMs: number }): Promise<boolean> {
  if (webSocket.readyState !== webSocket.OPEN) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => webSocket.terminate(), stalledMs);
    timer.unref();
    webSocket.send(message, { binary }, (error) => {
      clearTimeout(timer);
      resolve(!error);
    });
  });
}
