// Runs programs without a shell: arguments are a list, input is text, a failure carries what it wrote to stderr.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class CommandError extends Error {
  readonly command: string;
  /** Undefined when it never started or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stderr: string;
  /** ENOENT and the like when it never started. */
  readonly code: string | undefined;
  constructor(command: string, exitCode: number | undefined, stderr: string, code: string | undefined) {
    super(`${command}: ${stderr.trim() || (code ?? `exit code ${exitCode ?? 'none'}`)}`);
    this.command = command;
    this.exitCode = exitCode;
    this.stderr = stderr;
    this.code = code;
  }
}

/** Resolves with stdout. @throws CommandError when the program is missing or ends with another code than 0. */
export type Run = (command: string, args: readonly string[], options?: { readonly input?: string }) => Promise<string>;
/** Lines of a program that runs on, until the signal aborts. @throws CommandError when it cannot start or ends by itself. */
export type Follow = (command: string, args: readonly string[], signal: AbortSignal) => AsyncIterable<string>;
export interface Commands { readonly run: Run; readonly follow: Follow }

export const run: Run = (command, args, options = {}) => new Promise((resolve, reject) => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const line = [command, ...args].join(' ');
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A program that ends without reading its input breaks the pipe; its exit code says what happened.
  child.stdin.on('error', () => undefined);
  child.on('error', (error: NodeJS.ErrnoException) => reject(new CommandError(line, undefined, '', error.code ?? error.message)));
  child.on('close', (exitCode) => {
    if (exitCode === 0) resolve(Buffer.concat(out).toString());
    else reject(new CommandError(line, exitCode ?? undefined, Buffer.concat(err).toString(), undefined));
  });
  child.stdin.end(options.input ?? '');
});

/** The kernel ends the program with the thread that started it, so none is left behind by a kill -9. */
const endWithParent = ['--pdeathsig', 'KILL', '--'];

export async function* follow(command: string, args: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  if (signal.aborted) return;
  const child = spawn('setpriv', [...endWithParent, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout });
  // Closing the reader too: a grandchild may hold the pipe open.
  const stop = (): void => { child.kill('SIGKILL'); lines.close(); child.stdout.destroy(); };
  signal.addEventListener('abort', stop, { once: true });
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<CommandError>((resolve) => {
    const failed = (exitCode: number | null, code?: string): void => resolve(new CommandError([command, ...args].join(' '), exitCode ?? undefined, Buffer.concat(err).toString(), code));
    child.on('error', (error: NodeJS.ErrnoException) => failed(null, error.code ?? error.message));
    child.on('close', (exitCode) => failed(exitCode));
  });
  try {
    yield* lines;
    if (!signal.aborted) throw await ended;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

export const commands: Commands = { run, follow };

/** The same, inside the network namespace bound at `path`. */
export const commandsInNetworkNamespace = (path: string, outer: Commands = commands): Commands => ({
  run: (command, args, options) => outer.run('nsenter', [`--net=${path}`, command, ...args], options),
  follow: (command, args, signal) => outer.follow('nsenter', [`--net=${path}`, command, ...args], signal),
});
