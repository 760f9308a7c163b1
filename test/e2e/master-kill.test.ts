// kill -9 of the master in the middle of 1,000 writes, ten times: nothing acknowledged is lost, watches resume where they were or
// are told 410, and Services go on without it.
import { ApiClient, type ApiObject } from '../support/api-client.ts';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { faultless, startLoad, verdict } from '../support/load.ts';

const rounds = 10;
const writesPerRound = 100;
const writers = 8;
const collection = '/api/v1/namespaces/kill/configmaps';
let cluster: TestCluster;
let api: ApiClient;
beforeAll(async () => {
  cluster = await startCluster();
  api = new ApiClient(cluster.kubeconfig, `https://${cluster.hosts[0]!.ip}:6443`);
});
afterAll(async () => { api?.close(); await cluster?.stop(); });

/** What the server said last of each object; `unsure` when a later write of it got no answer. */
interface Known { readonly name: string; version: string | undefined; value: string; unsure: boolean; deleted: boolean }
const acknowledged = new Set<string>();
let acks = 0;
let unanswered = 0;

/** Creates an object, changes it twice, and deletes every fourth: each a write that is answered or not. */
async function* writesTo(known: Known): AsyncGenerator<void> {
  const body = (value: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: known.name, namespace: 'kill' }, data: { value } });
  const write = async (method: string, path: string, sent: object | undefined, value: string): Promise<boolean> => {
    try {
      const { status, object } = await api.call(method, path, sent);
      if (status >= 300) throw Object.assign(new Error(`${method} ${path}: ${status} ${object.message}`), { refused: status < 500 });
      acks++;
      known.unsure = false;
      known.deleted = method === 'DELETE';
      known.value = value;
      if (known.deleted) return true;
      known.version = object.metadata.resourceVersion;
      acknowledged.add(`${known.name}@${known.version}`);
      return true;
    } catch (error) {
      if ((error as { refused?: boolean }).refused) throw error;
      unanswered++;
      known.unsure = true;
      return false;
    }
  };
  if (!await write('POST', collection, body('1'), '1')) return;
  for (const value of ['2', '3']) {
    yield;
    if (!await write('PUT', `${collection}/${known.name}`, body(value), value)) return;
  }
  yield;
  if (Number(/\d+$/.exec(known.name)![0]) % 4 === 0) await write('DELETE', `${collection}/${known.name}`, undefined, '');
}

/** A watch that is opened again where it ended, as every client of Kubernetes does. */
class Follower {
  readonly seen = new Set<string>();
  readonly deleted = new Set<string>();
  resumed = 0;
  expired = 0;
  disorder = 0;
  #version = '';
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === '') await this.#list();
        else this.resumed++;
        for await (const { type, object } of api.watch(`${collection}?watch=true&allowWatchBookmarks=true&resourceVersion=${this.#version}`, signal)) {
          if (type === 'ERROR') {
            if (object.code !== 410) throw new Error(`the watch was told ${object.code}: ${object.message}`);
            this.expired++;
            this.#version = '';
            break;
          }
          const version = object.metadata.resourceVersion;
          if (Number(version) <= Number(this.#version) && type !== 'BOOKMARK') this.disorder++;
          this.#version = version;
          if (type === 'DELETED') this.deleted.add(object.metadata.name);
          else if (type !== 'BOOKMARK') this.seen.add(`${object.metadata.name}@${version}`);
        }
      } catch (error) {
        // The master is away; what is no broken connection is a fault.
        if (!signal.aborted && !(error as NodeJS.ErrnoException).code && !/broke off|aborted|timeout/.test((error as Error).message)) throw error;
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  async #list(): Promise<void> {
    const { object } = await api.call('GET', collection);
    for (const item of object.items ?? []) this.seen.add(`${item.metadata.name}@${item.metadata.resourceVersion}`);
    this.#version = object.metadata.resourceVersion;
  }
}

test('ten deaths of the master lose nothing that was acknowledged', async () => {
  await cluster.kubectl('create', 'namespace', 'kill');
  await cluster.kubectl('create', 'deployment', 'web', '--image=dray.local/nginx:v1', '--replicas=2', '--port=80');
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  await cluster.kubectlInput('{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80}]}}', 'apply', '-f', '-');
  const [clusterIP, nodePort] = (await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}')).split(' ') as [string, string];
  for (const address of [clusterIP, `127.0.0.1:${nodePort}`]) await eventually('the Service', async () => (await cluster.run('curl', ['-sf', '--max-time', '2', `http://${address}/version`])).code === 0);
  const load = startLoad(cluster, { targets: [{ host: clusterIP, port: 80 }, { host: '127.0.0.1', port: Number(nodePort) }], expect: '^web-', keepAlive: 2, perRequest: 2, idleSeconds: [5, 10], pauseMs: 10 });
  const stop = new AbortController();
  const follower = new Follower();
  const following = follower.run(stop.signal);
  following.catch(() => undefined); // told at the end
  const all: Known[] = [];
  const containers = await cluster.hosts[0]!.docker('ps', '-q', '--no-trunc');

  for (let round = 0; round < rounds; round++) {
    const killAfter = acks + 10 + Math.floor(Math.random() * (writesPerRound - 30));
    let killed: number | undefined;
    const done = acks + unanswered + writesPerRound;
    await Promise.all(Array.from({ length: writers }, async () => {
      while (acks + unanswered < done && (killed === undefined)) {
        const known: Known = { name: `object-${all.length}`, version: undefined, value: '', unsure: false, deleted: false };
        all.push(known);
        for await (const _ of writesTo(known)) {
          if (acks < killAfter || killed !== undefined) continue;
          killed = cluster.pid('master');
          process.kill(killed, 'SIGKILL');
        }
      }
    }));
    expect(killed).toBeDefined();
    const again = await cluster.dray('up', '--detach');
    expect([again.code, again.stderr]).toEqual([0, '']);
    // The rest of the round's writes, so that each master has a history of its own to keep.
    while (acks + unanswered < done) {
      const known: Known = { name: `object-${all.length}`, version: undefined, value: '', unsure: false, deleted: false };
      all.push(known);
      for await (const _ of writesTo(known)) if (acks + unanswered >= done) break;
    }
    const { object } = await api.call('GET', collection);
    const stored = new Map((object.items ?? []).map((item) => [item.metadata.name, item]));
    expect(all.flatMap((known) => lost(known, stored.get(known.name)))).toEqual([]);
  }

  expect(acks + unanswered).toBeGreaterThanOrEqual(rounds * writesPerRound);
  expect(unanswered).toBeLessThan(rounds * writers * 2);
  if (follower.expired === 0) {
    // Every acknowledged state has passed by: a watch that resumes leaves nothing out.
    await eventually('the watch to catch up', async () => [...acknowledged].every((state) => follower.seen.has(state)));
    expect(all.filter((k) => k.deleted && !k.unsure && !follower.deleted.has(k.name))).toEqual([]);
  }
  expect(follower.disorder).toBe(0);
  expect(follower.resumed + follower.expired).toBeGreaterThanOrEqual(rounds);
  stop.abort();
  await following;
  const { total } = await load.stop();
  process.stdout.write(`${acks} acknowledged, ${unanswered} unanswered; watch resumed ${follower.resumed} times, expired ${follower.expired}; ${total.sent} requests meanwhile, ${total.failed} failed\n`);
  expect(verdict(total)).toEqual(faultless);
  expect(await cluster.hosts[0]!.docker('ps', '-q', '--no-trunc')).toBe(containers);
});

function lost(known: Known, stored: ApiObject | undefined): string[] {
  if (known.version === undefined || known.unsure) return [];
  if (known.deleted) return stored ? [`${known.name} is back after its deletion`] : [];
  if (!stored) return [`${known.name} is lost`];
  const is = `${stored.metadata.resourceVersion}=${stored.data?.['value']}`;
  return is === `${known.version}=${known.value}` ? [] : [`${known.name} was acknowledged as ${known.version}=${known.value} and is ${is}`];
}
