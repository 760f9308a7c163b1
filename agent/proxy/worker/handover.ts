// Gives the listening sockets of this worker to its successor: no connection is refused while a new version takes over.
// The old worker starts the new one (it is in the right network namespace) and sends each handle over an IPC channel.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket as UdpSocket } from 'node:dgram';
import { Server } from 'node:net';
import { acceptOptions } from './tcp-listener.ts';
import type { Handles } from './worker.ts';

const handoverTimeoutMs = 10_000;

interface HandleMessage { readonly key: string }
interface AllSentMessage { readonly allSent: true }
interface ReadyMessage { readonly ready: true }

/**
 * Starts `argv` and gives it `handles`. Resolves when it says that it serves; rejects when it does not, and then this
 * process is to go on. `release` is called before the successor opens its control socket, and is to free the socket file.
 */
export function handOver(argv: readonly string[], handles: Handles, release: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const [command, ...args] = argv;
    const child = spawn(command!, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const timer = setTimeout(() => fail(new Error('the new worker did not become ready')), handoverTimeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(error);
    };
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`the new worker exited with code ${code}`)));
    child.on('message', (message) => {
      if ((message as Partial<ReadyMessage>).ready) {
        clearTimeout(timer);
        child.removeAllListeners('exit');
        child.disconnect();
        child.unref();
        resolve();
      } else {
        void sendAll(child, handles).then(() => {
          release();
          child.send({ allSent: true } satisfies AllSentMessage);
        }, fail);
      }
    });
  });
}

async function sendAll(child: ChildProcess, handles: Handles): Promise<void> {
  for (const [key, handle] of handles) {
    await new Promise<void>((resolve, reject) => {
      // Accepting goes on here as well until the successor serves.
      child.send({ key } satisfies HandleMessage, handle as Server, { keepOpen: true }, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** In the successor: the handles its predecessor sends. Undefined when it was not started by a worker. */
export function receiveHandles(): Promise<Handles> | undefined {
  if (!process.send) return undefined;
  return new Promise((resolve, reject) => {
    const handles: Handles = new Map();
    const lost = (): void => reject(new Error('the worker before this one ended during the handover'));
    process.once('disconnect', lost);
    process.on('message', (message: Partial<HandleMessage & AllSentMessage>, handle) => {
      if (message.key !== undefined) handles.set(message.key, keepUntilHeard(message.key, handle as Server | UdpSocket));
      if (!message.allSent) return;
      process.off('disconnect', lost);
      resolve(handles);
    });
    process.send!({ started: true });
  });
}

/** A handle accepts from the moment it arrives: what comes in before somebody listens is given to the first who does. */
function keepUntilHeard<T extends Server | UdpSocket>(key: string, handle: T): T {
  if (key.startsWith('TCP/')) Object.assign(handle, acceptOptions);
  const event = handle instanceof Server ? 'connection' : 'message';
  const early: unknown[][] = [];
  const keep = (...values: unknown[]): void => { early.push(values); };
  const heard = (name: string, listener: (...values: unknown[]) => void): void => {
    if (name !== event) return;
    handle.off('newListener', heard);
    handle.off(event, keep);
    process.nextTick(() => { for (const values of early) listener(...values); });
  };
  handle.on(event, keep);
  handle.on('newListener', heard);
  return handle;
}

export function reportReady(): void { process.send?.({ ready: true } satisfies ReadyMessage); }
