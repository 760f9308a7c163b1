// Connects to ports on the loopback of a Pod's network namespace, where `kubectl port-forward` must arrive: programs that listen
// on 127.0.0.1 only, or trust only it, are reached too. A small process enters the namespace, connects, and hands the open
// socket back; the bytes flow through this process alone.
import { spawn, type ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Clock } from '../../../src/util/clock.ts';

/** The process costs some 40 MB while it lives: it ends when no connection was asked for this long. */
const idleMs = 10_000;
const loopbacks = ['127.0.0.1', '::1'];

/** Runs inside the namespace. Paused sockets: not one byte may be read before they are handed over. */
const helper = `
const { connect } = require('node:net');
process.on('disconnect', () => process.exit());
process.on('message', ({ id, port }) => {
  const attempt = ([host, ...others], first) => {
    const socket = connect({ host, port, allowHalfOpen: true }).pause();
    const failed = (error) => others.length > 0 ? attempt(others, first ?? error) : process.send({ id, error: (first ?? error).message });
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed).on('error', () => {});
      process.send({ id }, socket);
    });
  };
  attempt(${JSON.stringify(loopbacks)});
});
`;

interface Answer { readonly id: number; readonly error?: string }
interface Waiting { readonly helper: ChildProcess; resolve(socket: Socket): void; reject(error: Error): void }

export class PodDialer {
  readonly #sandboxPid: () => Promise<number>;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #helper: ChildProcess | undefined;
  #cancelIdle = (): void => {};
  #sequence = 0;
  #closed = false;

  /** `sandboxPid` is asked before a namespace is entered: a process id is worth something only while its process lives. */
  constructor(sandboxPid: () => Promise<number>, clock: Clock) {
    this.#sandboxPid = sandboxPid;
    this.#clock = clock;
  }

  /** @throws Error when nothing listens there or the sandbox does not run */
  async connect(port: number): Promise<Socket> {
    if (!this.#helper) {
      const pid = await this.#sandboxPid();
      if (pid <= 0) throw new Error('the sandbox is not running');
      if (namespaceOf(String(pid)) === namespaceOf('self')) return connectLoopback(port);
      if (this.#closed) throw new Error('the client has gone');
      this.#helper ??= this.#enter(pid);
    }
    const entered = this.#helper;
    const id = ++this.#sequence;
    this.#cancelIdle();
    this.#cancelIdle = this.#clock.after(idleMs, () => this.#leave(entered));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { helper: entered, resolve, reject });
      entered.send({ id, port }, (error) => { if (error) this.#fail(id, error); });
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelIdle();
    if (this.#helper) this.#leave(this.#helper);
  }

  #enter(pid: number): ChildProcess {
    const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, '--', process.execPath, '--input-type=commonjs', '-e', helper], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: { PATH: process.env['PATH'] },
    });
    child.on('message', (message, socket) => {
      const { id, error } = message as Answer;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (!socket || !waiting) {
        waiting?.reject(new Error(error ?? 'the connection broke'));
        (socket as Socket | undefined)?.destroy();
        return;
      }
      (socket as Socket).allowHalfOpen = true;
      waiting.resolve(socket as Socket);
    });
    const ended = (reason: string): void => {
      if (this.#helper === child) this.#helper = undefined;
      for (const [id, waiting] of this.#waiting) if (waiting.helper === child) this.#fail(id, new Error(`the Pod's network namespace cannot be entered: ${reason}`));
    };
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => ended(`the helper ended with ${signal ?? `code ${code}`}`));
    // Neither the process nor its channel keeps this one alive.
    child.unref();
    child.channel?.unref();
    return child;
  }

  #leave(child: ChildProcess): void {
    if (this.#helper === child) this.#helper = undefined;
    if (child.connected) child.disconnect();
  }
  #fail(id: number, error: Error): void {
    this.#waiting.get(id)?.reject(error);
    this.#waiting.delete(id);
  }
}

const namespaceOf = (pid: string): string => readlinkSync(`/proc/${pid}/ns/net`);

/** A Pod on the host's network: its loopback is the one this process has. */
async function connectLoopback(port: number): Promise<Socket> {
  let first: Error | undefined;
  for (const host of loopbacks) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = connectTcp({ host, port, allowHalfOpen: true });
        socket.once('error', reject);
        socket.once('connect', () => { socket.off('error', reject); resolve(socket); });
      });
    } catch (error) {
      first ??= error as Error;
    }
  }
  throw first!;
}
