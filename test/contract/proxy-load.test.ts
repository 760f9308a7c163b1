// Back ends come and go under load: no request of any kind of client may fail. Clients are raw and repeat nothing.
import type { ProxyWorker } from '../../agent/proxy/worker/worker.ts';
import { httpBackend, newWorker, once, RawClient, rule, rules, type HttpBackend } from './proxy-support.ts';

const ip = '127.60.4.1';
const requests = 4_000;

async function startPod(generation: number, n: number): Promise<HttpBackend> {
  // As Node's own default has it: idle connections are closed after 5 s at most, here much sooner.
  const pod = await httpBackend(`v${generation}-${n}`, `127.60.4.${100 + n}`, undefined);
  pod.server.keepAliveTimeout = 40;
  return pod;
}

describe.each([['plain path', true], ['http-proxy', false]])('rolling changes under load through the %s', (_, plainPath) => {
  let worker: ProxyWorker;
  beforeEach(() => { worker = newWorker({ plainPath }); });
  afterEach(() => worker.close());

  it('lose no request', async () => {
    let pods = await Promise.all([0, 1, 2, 3].map((n) => startPod(0, n)));
    let revision = 0;
    const serve = (): Promise<unknown> =>
      worker.apply(rules(++revision, rule({ id: 'default/web:http', clusterIPs: [ip], internal: pods.map((pod) => pod.backend) })));
    await serve();

    let sent = 0;
    const failures: string[] = [];
    let done = false;
    const total = plainPath ? requests : requests / 4;
    const check = (body: string, method: string, size: number): void => {
      if (!new RegExp(`^v\\d+-\\d+ ${method} /x ${size}$`).test(body)) failures.push(`wrong answer ${body}`);
    };
    const loop = async (body: (i: number) => Promise<void>): Promise<void> => {
      for (let i = 0; sent < total || !done; i++) {
        sent++;
        await body(i).catch((error: unknown) => failures.push(String(error)));
        if (i % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const method = (i: number): ['GET' | 'POST', number] => (i % 3 === 0 ? ['POST', 37] : ['GET', 0]);
    const keepAlive = async (): Promise<void> => {
      const client = new RawClient(ip, 80);
      await loop(async (i) => {
        const [verb, size] = method(i);
        check((await client.request(verb, '/x', {}, 'p'.repeat(size))).body.toString(), verb, size);
      });
      client.destroy();
    };
    const each = (): Promise<void> => loop(async (i) => {
      const [verb, size] = method(i);
      check((await once(ip, 80, verb, '/x', {}, 'p'.repeat(size))).body.toString(), verb, size);
    });
    const pausing = async (): Promise<void> => {
      const client = new RawClient(ip, 80);
      await loop(async (i) => {
        await new Promise((resolve) => setTimeout(resolve, 30 + (i % 7) * 5));
        check((await client.request('POST', '/x', {}, 'abc')).body.toString(), 'POST', 3);
      });
      client.destroy();
    };
    const clients = [keepAlive(), keepAlive(), keepAlive(), each(), each(), pausing(), pausing()];

    let generation = 0;
    while (sent < total) {
      generation++;
      for (let i = 0; i < pods.length; i++) {
        const fresh = await startPod(generation, (generation * 4 + i) % 64);
        const old = pods[i]!;
        pods = pods.with(i, fresh);
        await serve();
        // What nginx does on SIGQUIT: idle connections end now, the others after their response.
        old.server.closeIdleConnections();
        const until = sent + 50;
        while (sent < until) await new Promise((resolve) => setImmediate(resolve));
        await new Promise<void>((resolve) => { old.server.close(() => resolve()); });
      }
    }
    done = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(generation).toBeGreaterThan(2);
    for (const pod of pods) await pod.close();
  });
});
