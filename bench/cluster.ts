// A cluster to measure: the compiled `dray` as a person starts it, in a data directory of its own that is gone afterwards.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Pods, type Pod } from '../src/api/core/pod.ts';
import { Cluster } from '../src/cli/cluster.ts';
import { Client, type ObjectKey } from '../src/client/client.ts';
import { HttpTransport } from '../src/client/http-transport.ts';
import { readKubeconfig } from '../src/client/kubeconfig.ts';
import type { ObjectHead, ResourceDefinition } from '../src/schema/resource.ts';

const execute = promisify(execFile);
const program = join(import.meta.dirname, '..', 'bin', 'dray.js');
const patienceMs = 180_000;

export class BenchCluster {
  readonly dataDir: string;
  readonly client: Client;
  /** Milliseconds from the command to its end, the node being Ready. */
  readonly upMs: number;
  readonly #transport: HttpTransport;

  private constructor(dataDir: string, upMs: number) {
    this.dataDir = dataDir;
    this.upMs = upMs;
    this.#transport = new HttpTransport({ access: readKubeconfig(join(dataDir, 'admin.kubeconfig')), userAgent: 'dray-bench' });
    this.client = new Client(this.#transport);
  }

  /** `dray up --detach` with a data directory nobody has used. */
  static async up(dockerHost: string | undefined): Promise<BenchCluster> {
    const dataDir = mkdtempSync(join(tmpdir(), 'dray-bench-'));
    const port = await freePort();
    const start = performance.now();
    try {
      await execute(process.execPath, [program, 'up', '--detach', '--data-dir', dataDir, '--port', String(port), ...(dockerHost ? ['--docker-host', dockerHost] : [])]);
    } catch (error) {
      // There may be nothing to purge; what went wrong first is what to tell.
      await purge(dataDir).catch(() => undefined);
      throw error;
    }
    return new BenchCluster(dataDir, performance.now() - start);
  }
  async down(): Promise<void> {
    await this.#transport.close();
    await purge(this.dataDir);
  }

  get dockerHost(): string { return new Cluster(this.dataDir).record()!.dockerHost; }
  pid(role: 'master' | 'agent'): number { return Number(readFileSync(join(this.dataDir, `${role}.pid`), 'utf8')); }

  /** Follows one object until `done` holds. @throws when that takes too long */
  async until<T extends ObjectHead>(resource: ResourceDefinition<T>, key: ObjectKey, done: (object: T) => boolean): Promise<T> {
    const signal = AbortSignal.timeout(patienceMs);
    while (!signal.aborted) {
      const current = await this.client.get(resource, key);
      if (done(current)) return current;
      const events = this.client.watch(resource, { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}`, resourceVersion: current.metadata.resourceVersion, signal });
      for await (const { object } of events) if (done(object)) return object;
    }
    throw new Error(`${resource.kind} ${key.name}: not what the benchmark waits for within ${patienceMs / 1000} s`);
  }

  /** Follows the namespace until `count` objects have been `done`; `each` is told of every one, once. */
  async untilEach<T extends ObjectHead>(resource: ResourceDefinition<T>, namespace: string, count: number, done: (object: T) => boolean, each: () => void): Promise<void> {
    const signal = AbortSignal.timeout(patienceMs);
    const seen = new Set<string>();
    const look = (object: T): void => {
      if (seen.has(object.metadata.uid) || !done(object)) return;
      seen.add(object.metadata.uid);
      each();
    };
    while (seen.size < count) {
      const { items, metadata } = await this.client.list<T>(resource, { namespace });
      items.forEach(look);
      if (seen.size >= count) return;
      for await (const { object } of this.client.watch<T>(resource, { namespace, resourceVersion: metadata.resourceVersion, signal })) {
        look(object);
        if (seen.size >= count) return;
      }
      signal.throwIfAborted();
    }
  }

  /** Until the namespace has no Pod left. */
  async untilNoPods(namespace: string): Promise<void> {
    const signal = AbortSignal.timeout(patienceMs);
    for (;;) {
      const { items, metadata } = await this.client.list<Pod>(Pods, { namespace });
      const left = new Set(items.map((p) => p.metadata.uid));
      if (left.size === 0) return;
      for await (const { type, object } of this.client.watch<Pod>(Pods, { namespace, resourceVersion: metadata.resourceVersion, signal })) {
        if (type === 'ADDED') left.add(object.metadata.uid);
        if (type === 'DELETED') left.delete(object.metadata.uid);
        if (left.size === 0) break;
      }
      signal.throwIfAborted();
    }
  }
}

async function purge(dataDir: string): Promise<void> {
  await execute(process.execPath, [program, 'down', '--purge', '--data-dir', dataDir]);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** A container as every benchmark starts it, and as the bare calls do. */
export const podOf = (image: string, name: string, labels: Record<string, string> = {}): { metadata: object; spec: object } => ({
  metadata: { namespace: 'default', name, labels },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'nginx', image }] },
});
