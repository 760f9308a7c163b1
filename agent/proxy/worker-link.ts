// The agent's connection to one worker process: adopts the one that runs, starts one where none does, replaces one of
// another version, starts a dead one again with back-off, and sends it the newest rules, one set at a time.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Backoff } from '../../src/util/backoff.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { ProxyOptions } from './proxy.ts';
import type { ListenError, ProxyRules, WorkerRole } from './rules.ts';
import { rulesChange } from './rules-change.ts';
import { protocolVersion, readMessages, sendMessage, type HelloMessage, type WorkerMessage } from './worker/protocol.ts';
import { drainingFile, drainingPids, hostResolversFile, logFile, rulesFile, socketFile, unfinished } from './worker/rules-file.ts';

const startPollMs = 20;
const startTimeoutMs = 15_000;
const stopTimeoutMs = 3_000;
const helloTimeoutMs = 5_000;
/** A worker that owes an acknowledgement for longer is not waited for: it is dead, or carries nothing either. */
export const lateMs = 2_000;
/** The compiled program a worker runs. */
export const workerProgram = join(import.meta.dirname, 'worker/main.js');

export class WorkerLink {
  readonly #role: WorkerRole;
  readonly #options: ProxyOptions;
  readonly #onErrors: (errors: readonly ListenError[]) => void;
  readonly #onChange: () => void;
  readonly #backoff = new Backoff<'worker'>(100, 10_000);
  #socket: Socket | undefined;
  #starting: Promise<void> | undefined;
  #last: ProxyRules | undefined;
  /** What this connection carried last: only what differs from it is sent. */
  #carried: { readonly sequence: number; readonly rules: ProxyRules } | undefined;
  /** Counts the rules given to `send`. */
  #sequence = 0;
  #acknowledged = 0;
  #inForce = 0;
  /** Rules the worker was sent and has not acknowledged. */
  #inFlight: { readonly sequence: number; readonly since: number } | undefined;
  /** Since when there are rules it has not acknowledged, sent or not. */
  #behindSince: number | undefined;
  #absentSince: number | undefined;
  #closed = false;
  #pid = 0;
  /** The worker that was asked to hand over. */
  #asked: number | undefined;

  /** `onChange` is called when rules were acknowledged, and when the worker came or went. */
  constructor(role: WorkerRole, options: ProxyOptions, onErrors: (errors: readonly ListenError[]) => void, onChange: () => void = () => undefined) {
    this.#role = role;
    this.#options = options;
    this.#onErrors = onErrors;
    this.#onChange = onChange;
  }

  /** Rules were sent once, or a worker was found. */
  get wanted(): boolean { return this.#socket !== undefined || this.#last !== undefined; }
  get pid(): number { return this.#pid; }
  get connected(): boolean { return this.#socket !== undefined; }
  /** What `send` counted last, and how far the worker has come. */
  get sequence(): number { return this.#sequence; }
  get acknowledged(): number { return this.#acknowledged; }
  /** Revision of the newest rules that were acknowledged, 0 for none. */
  get inForce(): number { return this.#inForce; }
  /** Since when (monotonic) the worker owes an acknowledgement; the time it was away before counts too. */
  get behindSince(): number | undefined {
    return this.#behindSince === undefined ? undefined : Math.min(this.#behindSince, this.#absentSince ?? Infinity);
  }

  /** Connects to the worker that runs, if one does. */
  async adopt(): Promise<boolean> {
    const found = await dial(socketFile(this.#options.dataDir, this.#role), this.#options.clock);
    if (!found) return false;
    await this.#use(found);
    return true;
  }

  /** The worker gets these rules as soon as it runs and has acted on those before; of several that wait, the newest. */
  send(rules: ProxyRules): void {
    const now = this.#options.clock.monotonic();
    this.#last = rules;
    this.#sequence++;
    this.#behindSince ??= now;
    if (!this.#socket) this.#ensure();
    // One that owes an answer for long may have lost it, not the rules.
    else if (!this.#inFlight || (now - this.#inFlight.since > lateMs && this.#socket.writableLength === 0)) this.#transmit();
  }

  #transmit(): void {
    this.#inFlight = { sequence: this.#sequence, since: this.#options.clock.monotonic() };
    const [sequence, rules, base] = [this.#sequence, this.#last!, this.#carried];
    sendMessage(this.#socket!, base ? { type: 'change', sequence, base: base.sequence, change: rulesChange(base.rules, rules) } : { type: 'rules', sequence, rules });
    this.#carried = { sequence, rules };
  }

  #ensure(): void {
    if (this.#closed || this.#starting || this.#socket) return;
    this.#absentSince ??= this.#options.clock.monotonic();
    this.#starting = this.#start().finally(() => {
      this.#starting = undefined;
      if (!this.#socket && !this.#closed) this.#options.clock.after(this.#backoff.next('worker'), () => this.#ensure());
    });
  }

  async #start(): Promise<void> {
    const { dataDir, clock, log } = this.#options;
    const path = socketFile(dataDir, this.#role);
    try {
      let found = await dial(path, clock);
      if (!found) {
        const exited = this.#spawn();
        const deadline = clock.monotonic() + startTimeoutMs;
        while (!found && clock.monotonic() < deadline && !exited()) {
          await clock.sleep(startPollMs);
          found = await dial(path, clock);
        }
      }
      if (!found) throw new Error(`no worker on ${path}; its log is ${logFile(dataDir, this.#role)}`);
      if (this.#closed) found.socket.destroy();
      else await this.#use(found);
    } catch (error) {
      log.error({ role: this.#role, error }, 'proxy worker did not start');
    }
  }

  /** Returns whether the process has ended. */
  #spawn(): () => boolean {
    const { dataDir, log } = this.#options;
    const out = openSync(logFile(dataDir, this.#role), 'a', 0o600);
    let ended = false;
    try {
      const [command, ...args] = this.#argv([...this.#options.launch[this.#role]]);
      const child = spawn(command!, args, { detached: true, stdio: ['ignore', out, out], cwd: dataDir });
      child.once('error', (error) => {
        ended = true;
        log.error({ role: this.#role, error }, 'proxy worker could not be started');
      });
      child.once('exit', () => { ended = true; });
      child.unref();
    } finally {
      closeSync(out);
    }
    return () => ended;
  }

  #argv(prefix: readonly string[]): string[] {
    const program = this.#options.program ?? [process.execPath, '--max-semi-space-size=4', workerProgram];
    return [...prefix, ...program, '--role', this.#role, '--data-dir', this.#options.dataDir, '--program-version', this.#options.version];
  }

  async #use({ socket, hello, onMessage }: Dialled): Promise<void> {
    const { log, version } = this.#options;
    const refused = hello.pid === this.#asked;
    if (refused) log.error({ role: this.#role, version: hello.version }, 'the proxy worker could not hand over, its log says why; it goes on with its own program');
    if (hello.protocol !== protocolVersion || (hello.version !== version && !refused)) {
      this.#asked = hello.pid;
      log.info({ role: this.#role, from: hello.version, to: version }, 'proxy worker of another version hands over');
      sendMessage(socket, { type: 'handover', argv: this.#argv([]) });
      await closed(socket);
      await this.#options.clock.sleep(this.#backoff.next('worker'));
      this.#ensure();
      return;
    }
    this.#socket = socket;
    this.#pid = hello.pid;
    this.#absentSince = undefined;
    // It is back, with rules of its own: from now on it is waited for again.
    if (this.#behindSince !== undefined) this.#behindSince = this.#options.clock.monotonic();
    log.info({ role: this.#role, pid: hello.pid, applied: hello.applied }, 'proxy worker connected');
    onMessage((message) => this.#onMessage(message));
    socket.once('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#inFlight = undefined;
      this.#carried = undefined;
      if (this.#closed) return;
      log.warn({ role: this.#role, pid: hello.pid }, 'proxy worker is gone, starting another');
      this.#ensure();
      this.#onChange();
    });
    // The acknowledgement of a connection that broke may be lost, and a new worker has old rules: the newest are sent again.
    if (this.#last) this.#transmit();
    this.#onChange();
  }

  #onMessage(message: WorkerMessage): void {
    if (message.type === 'hello') return;
    this.#onErrors(message.errors);
    if (message.type !== 'applied') return;
    this.#backoff.forget('worker');
    this.#acknowledged = Math.max(this.#acknowledged, message.sequence);
    this.#inForce = Math.max(this.#inForce, message.applied);
    if (this.#inFlight && message.sequence >= this.#inFlight.sequence) this.#inFlight = undefined;
    // What came meanwhile is owed from now on: a worker that answers is not late.
    this.#behindSince = this.#acknowledged < this.#sequence ? this.#options.clock.monotonic() : undefined;
    if (!this.#inFlight && this.#behindSince !== undefined && this.#socket) this.#transmit();
    this.#onChange();
  }

  /** Ends the worker that runs; another one takes its place at once, with the newest rules. */
  restart(): void { if (this.#socket) sendMessage(this.#socket, { type: 'stop' }); }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async stop(): Promise<void> {
    const { dataDir, clock } = this.#options;
    this.#closed = true;
    await this.#starting;
    const path = socketFile(dataDir, this.#role);
    this.#socket?.destroy();
    this.#socket = undefined;
    const found = await dial(path, clock);
    if (found) {
      const { socket, hello } = found;
      sendMessage(socket, { type: 'stop' });
      // It spoke just now, so the number is still its own.
      const cancel = clock.after(stopTimeoutMs, () => process.kill(hello.pid, 'SIGKILL'));
      await closed(socket);
      cancel();
    }
    for (const pid of drainingPids(dataDir, this.#role)) {
      // The kernel gives numbers out again: only a worker of this directory is ended.
      if (commandLine(pid).includes(`--data-dir\0${dataDir}\0`)) process.kill(pid, 'SIGKILL');
      rmSync(drainingFile(dataDir, this.#role, pid), { force: true });
    }
    const rules = rulesFile(dataDir, this.#role);
    for (const file of [path, rules, unfinished(rules), logFile(dataDir, this.#role), ...(this.#role === 'node' ? [hostResolversFile(dataDir)] : [])]) rmSync(file, { force: true });
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

interface Dialled { readonly socket: Socket; readonly hello: HelloMessage; readonly onMessage: (handler: (message: WorkerMessage) => void) => void }

/** Undefined when no worker listens there, or the one that does says nothing. */
function dial(path: string, clock: Clock): Promise<Dialled | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const cancel = clock.after(helloTimeoutMs, () => socket.destroy());
    let handler: ((message: WorkerMessage) => void) | undefined;
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => { cancel(); resolve(undefined); });
    socket.on('error', () => socket.destroy());
    readMessages<WorkerMessage>(socket, (message) => {
      if (handler) handler(message);
      else if (message.type === 'hello') { cancel(); resolve({ socket, hello: message, onMessage: (next) => { handler = next; } }); }
    });
  });
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => {
  if (socket.destroyed) resolve();
  else socket.once('close', () => resolve());
});
