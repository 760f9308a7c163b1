// One exec or attach: the client's session on one side, the runtime's on the other, until the process or the client has ended.
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { exitStatus, failureStatus, type RemoteCommandStatus } from '../../../src/streams/remote-command-status.ts';
import type { RemoteCommandSession, TerminalSize } from '../../../src/streams/remote-command.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { SessionClosed, type ExecSession } from '../../runtime/runtime.ts';

export interface RemoteCommandContext { readonly verb: 'exec' | 'attach'; readonly clock: Clock; readonly log: Log }

export async function runRemoteCommand(session: RemoteCommandSession, open: () => Promise<ExecSession>, context: RemoteCommandContext): Promise<void> {
  const failed = (error: unknown): RemoteCommandStatus =>
    failureStatus(`error ${context.verb === 'exec' ? 'executing command in' : 'attaching to'} container: ${(error as Error).message}`);
  let process: ExecSession;
  try {
    process = await open();
  } catch (error) {
    await session.close(failed(error));
    return;
  }
  const leave = (): void => process.close();
  session.gone.addEventListener('abort', leave, { once: true });
  if (session.gone.aborted) leave();
  followSize(session, process, context);
  if (session.stdin && process.stdin) feed(session.stdin, process.stdin);
  let status: RemoteCommandStatus;
  try {
    const ended = process.wait();
    ended.catch((error: unknown) => { if (session.gone.aborted && !(error instanceof SessionClosed)) context.log.info({ error, verb: context.verb }, 'what a client left behind could not be told that its terminal is gone'); });
    const [exitCode] = await Promise.all([ended, copy(process.stdout, session.stdout), copy(process.stderr, session.stderr)]);
    status = exitStatus(exitCode);
  } catch (error) {
    if (!session.gone.aborted) context.log.info({ error, verb: context.verb }, 'a remote command broke off');
    status = failed(error);
  }
  await session.close(status);
}

/** An end of the input, or of the client, is an end for the process; input the process does not take is read and dropped. */
function feed(from: Readable, to: NodeJS.WritableStream): void {
  from.pipe(to);
  const drop = (): void => { from.unpipe().resume(); };
  to.on('error', drop);
  to.once('close', drop);
  from.once('close', () => to.end());
}

/** Output nobody asked for is read as well: an unread one stops the other. */
async function copy(from: AsyncIterable<Uint8Array>, to: Writable | undefined): Promise<void> {
  for await (const chunk of from) {
    if (!to || to.destroyed || to.write(chunk)) continue;
    const waiting = new AbortController();
    await Promise.race([once(to, 'drain', waiting), once(to, 'close', waiting)]).finally(() => waiting.abort());
  }
}

const resizeTries = 20;
const resizeRetryMs = 50;

/** Keeps the terminal at the client's newest size. The engine refuses a size until the process runs, so it is offered again. */
function followSize(session: RemoteCommandSession, process: ExecSession, { clock, log }: RemoteCommandContext): void {
  let wanted: TerminalSize | undefined;
  let busy = false;
  const apply = async (): Promise<void> => {
    for (let tries = 0; wanted && !session.gone.aborted; tries++) {
      const size: TerminalSize = wanted;
      wanted = undefined;
      try {
        await process.resize(size.columns, size.rows);
        tries = 0;
      } catch (error) {
        if (tries >= resizeTries) {
          log.debug({ error }, 'a terminal was not resized');
          return;
        }
        wanted ??= size;
        await clock.sleep(resizeRetryMs);
      }
    }
  };
  session.onResize((size) => {
    wanted = size;
    if (busy) return;
    busy = true;
    void apply().finally(() => { busy = false; });
  });
}
