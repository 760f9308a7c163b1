// Exec and attach seen from the container's side: one session, whether the client speaks WebSocket channels or SPDY streams.
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../util/clock.ts';
import { acceptSpdySession } from './remote-command-spdy.ts';
import type { RemoteCommandStatus } from './remote-command-status.ts';
import { acceptWebSocketSession } from './remote-command-websocket.ts';
import { refuseUpgrade, upgradeOf, type UpgradeRequest } from './upgrade.ts';

/** The streams the client asks for. */
export interface RemoteCommandOptions { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean; readonly tty: boolean }
export interface TerminalSize { readonly columns: number; readonly rows: number }

export interface RemoteCommandSession {
  readonly protocol: string;
  /** Ends when the client has no more input; breaks off when the client goes away. */
  readonly stdin: Readable | undefined;
  /** Writes wait for the client to read. */
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Aborted when the client has gone. */
  readonly gone: AbortSignal;
  /** Calls with each size of the client's terminal, first with the one that came before this call. */
  onResize(call: (size: TerminalSize) => void): void;
  /** Sends what was written, then the status, and ends the session; resolves when the connection is closed. */
  close(status: RemoteCommandStatus): Promise<void>;
}

/** Query parameters of exec and attach: only the absence of a value, `false` and `0` mean no. upstream: apimachinery pkg/runtime/converter.go */
export function remoteCommandOptions(query: URLSearchParams): RemoteCommandOptions {
  const asked = (name: string): boolean => {
    const value = query.get(name)?.toLowerCase();
    return value !== undefined && value !== 'false' && value !== '0';
  };
  const tty = asked('tty');
  // A terminal has one output.
  return { stdin: asked('stdin'), stdout: asked('stdout'), stderr: asked('stderr') && !tty, tty };
}

/** Undefined when the request was refused or the client left before its streams were there. */
export async function acceptRemoteCommand(upgrade: UpgradeRequest, options: RemoteCommandOptions, clock: Clock): Promise<RemoteCommandSession | undefined> {
  if (!options.stdin && !options.stdout && !options.stderr) {
    refuseUpgrade(upgrade.socket, 400, 'you must specify at least 1 of stdin, stdout, stderr');
    return undefined;
  }
  const protocol = upgradeOf(upgrade.request);
  if (protocol === 'websocket') return acceptWebSocketSession(upgrade, options);
  if (protocol === 'spdy/3.1') return acceptSpdySession(upgrade, options, clock);
  refuseUpgrade(upgrade.socket, 400, 'unable to upgrade: unsupported upgrade protocol');
  return undefined;
}
