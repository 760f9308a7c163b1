// Watches over kept-alive connections that note when each object arrives, and whether anything came out of order.
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import { requestBytes, TlsConnection } from './tls-connection.ts';

export class Watchers {
  readonly #open: TlsConnection[] = [];
  /** Milliseconds of the last watcher to see an object, by its name; the number of watchers that have. */
  readonly seen = new Map<string, { count: number; at: number }>();
  outOfOrder = 0;
  ended = 0;
  #arrived: (() => void) | undefined;

  static async start(access: ClusterAccess, count: number, path: string, host: string): Promise<Watchers> {
    const watchers = new Watchers();
    for (let i = 0; i < count; i++) await watchers.#add(access, path, host);
    return watchers;
  }

  async #add(access: ClusterAccess, path: string, host: string): Promise<void> {
    const connection = await TlsConnection.open(access);
    this.#open.push(connection);
    let rest = '';
    let last = 0;
    await connection.stream(requestBytes('GET', path, host), (chunk) => {
      const text = rest + chunk.toString('latin1');
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      for (const line of text.slice(0, end).split('\n')) {
        if (line.startsWith('{"type":"ERROR"')) this.ended++;
        const name = /"name":"([^"]+)"/.exec(line)?.[1];
        const revision = Number(/"resourceVersion":"(\d+)"/.exec(line)?.[1]);
        if (!line.startsWith('{"type":"ADDED"') || name === undefined) continue;
        if (revision <= last) this.outOfOrder++;
        last = revision;
        const entry = this.seen.get(name) ?? { count: 0, at: 0 };
        entry.count++;
        entry.at = performance.now();
        this.seen.set(name, entry);
      }
      this.#arrived?.();
    });
  }

  /** Until every watcher has seen every one of `names`, or has been ended. */
  async untilSeen(names: readonly string[]): Promise<void> {
    const wanted = (): boolean => names.every((name) => (this.seen.get(name)?.count ?? 0) >= this.#open.length - this.ended);
    while (!wanted()) await new Promise<void>((resolve) => { this.#arrived = resolve; });
  }

  close(): void { for (const connection of this.#open) connection.close(); }
}
