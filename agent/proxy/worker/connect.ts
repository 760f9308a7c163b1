// Opens a connection to a back end of a port: 250 ms per try, then the next back end.
import { connect as netConnect, type Socket } from 'node:net';
import type { BackendState, PortState, Side } from './port-state.ts';

/** A SYN to an address that has vanished gets no answer: this is how long one try may take. */
export const connectTimeoutMs = 250;
/** When every back end was silent, one of them gets the time of two SYN retransmissions. */
const patientTimeoutMs = 3_200;

export class NoBackendError extends Error {}
export class ConnectTimeoutError extends Error {}
/** The client went away while a connection was being opened. */
export class CancelledError extends Error {}

export interface Connected { readonly backend: BackendState; readonly socket: Socket }

export interface ConnectOptions {
  /** Chosen already by the caller. */
  readonly first?: BackendState;
  /** Back ends not to begin with; they are tried again only when nothing else is left. */
  readonly tried?: ReadonlySet<BackendState>;
  readonly cancelled?: () => boolean;
}

/** The back end's `inFlight` counts the caller's use from now on; the caller counts it down. */
export async function connectToBackend(port: PortState, side: Side, client: string, options: ConnectOptions = {}): Promise<Connected> {
  const tried = new Set(options.tried);
  const attempt = async (backend: BackendState, timeoutMs: number): Promise<Connected> => {
    backend.inFlight++;
    try {
      const socket = await open(backend, timeoutMs);
      if (options.cancelled?.()) {
        socket.destroy();
        throw new CancelledError('client closed the connection');
      }
      return { backend, socket };
    } catch (error) {
      backend.inFlight--;
      throw error;
    }
  };
  let failure: Error | undefined;
  let silent: BackendState | undefined;
  for (let { first } = options; ; first = undefined) {
    const backend = first ?? port.choose(side, client, tried);
    if (!backend) break;
    tried.add(backend);
    try {
      return await attempt(backend, connectTimeoutMs);
    } catch (error) {
      if (error instanceof CancelledError || options.cancelled?.()) throw error;
      failure = error as Error;
      if (error instanceof ConnectTimeoutError) silent = backend;
      port.avoid(backend);
    }
  }
  if (silent && !silent.gone) return attempt(silent, patientTimeoutMs);
  if (!failure && options.tried && port.hasBackends(side)) return connectToBackend(port, side, client, { ...options, tried: new Set() });
  throw failure ?? new NoBackendError('no ready back end');
}

function open(backend: BackendState, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = netConnect({ host: backend.address, port: backend.port, noDelay: true, allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
    const timer = setTimeout(() => fail(new ConnectTimeoutError(`connect to ${backend.address}:${backend.port} timed out`)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', ignoreLateError);
      socket.destroy();
      reject(error);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** A destroyed socket may still report why: it has been judged already. */
function ignoreLateError(): void {}
