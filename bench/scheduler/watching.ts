// What the benchmark sees of the cluster from outside: a count of bound Pods as the watch tells of them, and how long small requests
// take meanwhile.
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import { percentile } from '../report.ts';
import { requestBytes, TlsConnection } from '../api/tls-connection.ts';

const host = 'bench';
/** Nothing for this long is an end that never comes. */
const patienceMs = 120_000;

/** Follows the Pods that have a node. A watch that falls behind is ended by the server, and begun anew. */
export class BoundPods {
  /** Milliseconds of the clock at the first and the last binding seen since `reset`. */
  firstAt = 0;
  lastAt = 0;
  /** How often the watch fell behind. */
  expired = 0;
  readonly #names = new Set<string>();
  /** All that was there when the watch began has been told. */
  #whole = false;
  readonly #access: ClusterAccess;
  readonly #request: Buffer;
  #connection: TlsConnection | undefined;
  #tell: (() => void) | undefined;

  private constructor(access: ClusterAccess, namespace: string) {
    this.#access = access;
    this.#request = requestBytes('GET', `/api/v1/namespaces/${namespace}/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=spec.nodeName!=`, host);
  }
  static async follow(access: ClusterAccess, namespace: string): Promise<BoundPods> {
    const bound = new BoundPods(access, namespace);
    await bound.#watch();
    return bound;
  }
  get count(): number { return this.#names.size; }

  async #watch(): Promise<void> {
    const connection = this.#connection = await TlsConnection.open(this.#access);
    this.#names.clear();
    this.#whole = false;
    let rest = '';
    await connection.stream(this.#request, (chunk) => {
      if (connection !== this.#connection) return;
      const text = rest + chunk.toString('latin1');
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      for (const line of text.slice(0, end).split('\n')) {
        if (line.startsWith('{"type":"ERROR"')) {
          this.expired++;
          connection.close();
          void this.#watch();
          return;
        }
        if (line.startsWith('{"type":"BOOKMARK"')) this.#whole = true;
        else this.#take(line);
      }
      this.#tell?.();
    });
  }
  #take(line: string): void {
    const [, type, first] = /^\{"type":"(ADDED|DELETED)".*?"metadata":\{(?:"resourceVersion":"\d+",)?(?:"name":"([^"]+)")?/.exec(line) ?? [];
    if (type === undefined) return;
    // A name that was made for a Pod stands further behind.
    const name = first ?? (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name;
    if (type === 'DELETED') this.#names.delete(name);
    else if (!this.#names.has(name)) {
      this.#names.add(name);
      this.lastAt = performance.now();
      this.firstAt ||= this.lastAt;
    }
  }
  reset(): void { this.firstAt = this.lastAt = 0; }
  /** Until this many Pods have a node. @throws when nothing changes for two minutes */
  async until(count: number): Promise<void> {
    while (!this.#whole || this.count !== count) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${this.count} of ${count} Pods have a node, and nothing happens`)), patienceMs);
        this.#tell = () => { clearTimeout(timer); resolve(); };
      });
    }
  }
  close(): void { this.#connection?.close(); }
}

/** Small requests one after another, a read and a write in turn, with a pause between. */
export class Probe {
  readonly #times: number[] = [];
  #ended = false;
  #running: Promise<void> | undefined;

  static async start(access: ClusterAccess, namespace: string): Promise<Probe> {
    const probe = new Probe();
    const connection = await TlsConnection.open(access);
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    await connection.request(requestBytes('POST', path, host, '{"metadata":{"name":"probe"},"data":{"n":"0"}}'));
    probe.#running = (async () => {
      for (let n = 0; !probe.#ended; n++) {
        const begun = performance.now();
        const { status } = await connection.request(n % 2 ? requestBytes('GET', `${path}/probe`, host) : requestBytes('PUT', `${path}/probe`, host, `{"metadata":{"name":"probe"},"data":{"n":"${n}"}}`));
        if (status !== 200) throw new Error(`the probe was answered ${status}`);
        probe.#times.push(performance.now() - begun);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      connection.close();
    })();
    return probe;
  }
  /** The 99th percentile in ms since the last call. */
  p99(): number { return percentile(this.#times.splice(0), 99); }
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }
}
