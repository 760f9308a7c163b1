// What the benchmark sees of the cluster from outside: a count of bound Pods as the watch tells of them, and how long small requests
// take meanwhile.
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import { percentile } from '../report.ts';
import { requestBytes, TlsConnection } from '../api/tls-connection.ts';

const host = 'bench';
/** Nothing for this long is an end that never comes. */
const patienceMs = 120_000;

/** Follows the Pods that have a node. */
export class BoundPods {
  count = 0;
  /** Milliseconds of the clock at the first and the last binding seen since `reset`. */
  firstAt = 0;
  lastAt = 0;
  #connection: TlsConnection | undefined;
  #tell: (() => void) | undefined;

  static async follow(access: ClusterAccess, namespace: string): Promise<BoundPods> {
    const bound = new BoundPods();
    bound.#connection = await TlsConnection.open(access);
    let rest = '';
    await bound.#connection.stream(requestBytes('GET', `/api/v1/namespaces/${namespace}/pods?watch=1&resourceVersion=0&fieldSelector=spec.nodeName!=`, host), (chunk) => {
      const text = rest + chunk.toString('latin1');
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      for (const line of text.slice(0, end).split('\n')) {
        const by = line.startsWith('{"type":"ADDED"') ? 1 : line.startsWith('{"type":"DELETED"') ? -1 : 0;
        if (line.startsWith('{"type":"ERROR"')) throw new Error(line);
        bound.count += by;
        if (by > 0) {
          bound.lastAt = performance.now();
          bound.firstAt ||= bound.lastAt;
        }
      }
      bound.#tell?.();
    });
    return bound;
  }
  reset(): void { this.firstAt = this.lastAt = 0; }
  /** Until this many Pods have a node. @throws when nothing changes for two minutes */
  async until(count: number): Promise<void> {
    while (this.count !== count) {
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
