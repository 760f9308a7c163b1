// Gives the listening sockets of this worker to its successor: no connection is refused while a new version takes over.
// The old worker starts the new one (it is in the right network namespace) and sends each handle over an IPC channel.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket as UdpSocket } from 'node:dgram';
import type { Server } from 'node:net';
import type { Handles } from './worker.ts';

const handoverTimeoutMs = 10_000;

interface HandleMessage { readonly key: string }
interface AllSentMessage { readonly allSent: true }
interface ReadyMessage { readonly ready: true }

/**
 * Starts `argv` and gives it `handles`. Resolves when it says that it serves; rejects when it does not, and then this
 * process is to go on. `release` is called before the successor opens its control socket.
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
  return new Promise((resolve) => {
    const handles: Handles = new Map();
    process.on('message', (message: Partial<HandleMessage & AllSentMessage>, handle) => {
      if (message.key !== undefined) handles.set(message.key, handle as Server | UdpSocket);
      if (message.allSent) resolve(handles);
    });
    process.send!({ started: true });
  });
}

export function reportReady(): void { process.send?.({ ready: true } satisfies ReadyMessage); }
