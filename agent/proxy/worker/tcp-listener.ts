// One open TCP port of a Service: hands each connection to the HTTP path or to the relay, as its rule says when it comes; later
// changes of the rule move its requests, not its ways.
import { createServer, type Server, type Socket } from 'node:net';
import { admits, type Listen } from '../rules.ts';
import type { HttpService } from './http/service.ts';
import type { Origin, PortState, Side } from './port-state.ts';
import { relay } from './relay.ts';

/** How client connections are accepted; a server that another process handed over has to be told. */
export const acceptOptions = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

export class TcpListener implements Origin {
  readonly listen: Listen;
  port: PortState;
  readonly server: Server;
  readonly #http: HttpService;
  readonly #sockets: Set<Socket>;

  /** `sockets` collects every open client connection of the worker. */
  constructor(listen: Listen, port: PortState, http: HttpService, sockets: Set<Socket>, adopted?: Server) {
    this.listen = listen;
    this.port = port;
    this.#http = http;
    this.#sockets = sockets;
    this.server = adopted ?? createServer(acceptOptions);
    this.server.on('connection', this.#onConnection);
    // Accepting may fail for want of file descriptors; the port stays open.
    this.server.on('error', () => {});
  }

  get side(): Side { return this.listen.side; }

  open(): Promise<void> {
    if (this.server.listening) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: this.listen.address, port: this.listen.port, backlog: 4096, exclusive: true }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
  }

  #onConnection = (socket: Socket): void => {
    // Whoever comes new to a Service without a back end is refused, as in Kubernetes; on a connection that is open 503 says so.
    if (!this.port.hasBackends(this.listen.side) || !admits(this.port.rule, this.listen, socket.remoteAddress ?? '')) {
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.port.rule.mode === 'http') this.#http.accept(socket, this);
    else void relay(socket, this.port, this.listen.side);
  };

  /** Stops accepting; connections that exist go on. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      // `close` waits for every connection; the port itself is free at once.
      this.server.close();
      resolve();
    });
  }
}
