// Carries one TCP connection to one back end, byte for byte: half-closes, aborts and back-pressure pass both ways.
import type { Socket } from 'node:net';
import { connectToBackend, type Connected } from './connect.ts';
import type { PortState, Side } from './port-state.ts';

/**
 * `head` goes to the back end first: what was read from the client already. Without a back end the client sees what it
 * would see without the relay, a refused connection, unless `refuse` says it otherwise.
 */
export async function relay(client: Socket, port: PortState, side: Side, head?: Buffer, refuse?: (error: Error) => void): Promise<void> {
  let closed = client.destroyed;
  const onClose = (): void => { closed = true; };
  const onError = (): void => { closed = true; };
  client.on('close', onClose);
  client.on('error', onError);
  let connected: Connected;
  try {
    connected = await connectToBackend(port, side, client.remoteAddress ?? '', { cancelled: () => closed });
  } catch (error) {
    if (refuse && !closed) refuse(error as Error);
    else client.resetAndDestroy();
    return;
  }
  client.off('close', onClose);
  client.off('error', onError);
  if (head?.length) connected.socket.write(head);
  join(client, connected.socket, () => { connected.backend.inFlight--; });
}

/** Joins two sockets until both have ended; `done` is called once, when both are closed. */
export function join(a: Socket, b: Socket, done: () => void): void {
  let open = 2;
  const bind = (from: Socket, to: Socket): void => {
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => {
      // Closed without an end: the other side must not take it for a complete stream.
      if (!from.readableEnded && !to.destroyed) to.resetAndDestroy();
      if (--open === 0) done();
    });
    from.pipe(to);
  };
  bind(a, b);
  bind(b, a);
}
