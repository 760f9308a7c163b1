// The worker as a process: it outlives who started it, serves saved rules at once, is started again when it dies, and hands
// its sockets to a successor. Needs the compiled program; skipped, with a line, where it has not been built.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DnsTable } from '../../agent/dns/table.ts';
import { Proxy, type ProxyOptions } from '../../agent/proxy/proxy.ts';
import type { ListenError, ProxyRules } from '../../agent/proxy/rules.ts';
import { WorkerLink } from '../../agent/proxy/worker-link.ts';
import { loadRules, rulesFile } from '../../agent/proxy/worker/rules-file.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { describeCompiled, workerProgram } from '../support/compiled.ts';
import { backend, httpBackend, once, RawClient, rule, rules, type HttpBackend } from '../contract/proxy-support.ts';

const main = workerProgram;
const version = '1';
const ip = '127.60.7.1';
// Outside the range clients take their own ports from: a connection to a closed port of that range can meet itself.
const nodePort = 20_872;

describeCompiled(main, 'proxy worker processes', () => {
  let dataDir: string;
  let pod: HttpBackend;
  let proxies: Proxy[];
  let errors: readonly ListenError[] | undefined;

  const options = (own = version): ProxyOptions => ({
    dataDir, clock: realClock, log: silentLog, version: own, launch: { service: [], node: [] }, program: [process.execPath, main], onErrors: (found) => { errors = found; },
  });
  const newProxy = (): Proxy => {
    const proxy = new Proxy(options());
    proxies.push(proxy);
    return proxy;
  };
  const web = (revision: number, fields = {}) => rules(revision, rule({ id: 'default/web:http', clusterIPs: [ip], internal: [pod.backend], ...fields }));
  async function pidOf(role: 'service' | 'node', own = version): Promise<number> {
    const link = new WorkerLink(role, options(own), () => {});
    await link.adopt();
    link.close();
    return link.pid;
  }
  async function untilServed(): Promise<string> {
    for (;;) {
      const reply = await once(ip, 80).catch(() => undefined); // refused as long as it does not listen
      if (reply) return reply.body.toString();
      await realClock.sleep(10);
    }
  }

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'dray-proxy-'));
    pod = await httpBackend('pod', '127.60.7.100');
    proxies = [];
    errors = undefined;
  });
  afterEach(async () => {
    for (const proxy of proxies) proxy.close();
    await new Proxy(options()).stopWorkers();
    await pod.close();
    rmSync(dataDir, { recursive: true });
  });

  it('serve on after their agent, are adopted by the next one, and stop when told', async () => {
    const first = newProxy();
    await first.start();
    expect(await first.apply(web(3, { nodePort }))).toBe(3);
    expect(first.applied).toBe(3);
    const pids = [await pidOf('service'), await pidOf('node')];
    const client = new RawClient(ip, 80);
    await client.request('GET', '/');
    first.close();
    expect((await client.request('GET', '/')).body.toString()).toBe('pod GET / 0');
    expect((await once('127.0.0.1', nodePort)).status).toBe(200);
    const second = newProxy();
    await second.start();
    expect(await second.apply(web(4, { nodePort }))).toBe(4);
    expect(await second.waitFor(4, 0)).toBe(true);
    expect(await second.waitFor(5, 1)).toBe(false);
    expect([await pidOf('service'), await pidOf('node')]).toEqual(pids);
    client.destroy();
    await second.stopWorkers();
    await expect(once(ip, 80)).rejects.toThrow('ECONNREFUSED');
  });

  it('start again with the saved rules when they die', async () => {
    const proxy = newProxy();
    await proxy.start();
    await proxy.apply(web(1));
    const pid = await pidOf('service');
    process.kill(pid, 'SIGKILL');
    expect(await untilServed()).toBe('pod GET / 0');
    expect(await pidOf('service')).not.toBe(pid);
    expect(await proxy.apply(web(2))).toBe(2);
    // Without any agent: the program alone serves what was saved, which is after it was put into force.
    proxy.close();
    const next = await pidOf('service');
    while ((await loadRules(rulesFile(dataDir, 'service')))?.revision !== 2) await realClock.sleep(5);
    process.kill(next, 'SIGKILL');
    spawn(process.execPath, [main, '--role', 'service', '--data-dir', dataDir], { detached: true, stdio: 'ignore' }).unref();
    expect(await untilServed()).toBe('pod GET / 0');
  });

  it('report a port in use', async () => {
    const blocker = await httpBackend('blocker', '0.0.0.0', undefined, nodePort);
    const proxy = newProxy();
    await proxy.apply(web(1, { nodePort }));
    expect(errors).toEqual([{ id: 'default/web:http', address: '0.0.0.0', port: nodePort, message: `port 0.0.0.0:${nodePort}/TCP is in use by another process` }]);
    await blocker.close();
    await proxy.apply(web(2, { nodePort }));
    expect(errors).toEqual([]);
  });

  it('go on with their own program when the next one cannot start', async () => {
    const first = newProxy();
    await first.apply(web(1));
    const pid = await pidOf('service');
    first.close();
    const newer = new Proxy({ ...options('2'), program: ['/bin/false'] });
    proxies.push(newer);
    await newer.start();
    expect(await newer.apply(web(2))).toBe(2);
    expect(await untilServed()).toBe('pod GET / 0');
    expect(await pidOf('service')).toBe(pid);
  });

  it('end when they are stopped, even those that handed over and still carry a connection', async () => {
    const relayed = (revision: number) => web(revision, { mode: 'relay' });
    const first = newProxy();
    await first.apply(relayed(1));
    const pid = await pidOf('service');
    const client = new RawClient(ip, 80);
    await client.request('GET', '/');
    first.close();
    const newer = new Proxy(options('2'));
    proxies.push(newer);
    await newer.start();
    await newer.apply(relayed(2));
    const next = await pidOf('service', '2');
    expect(next).not.toBe(pid);
    expect((await client.request('GET', '/')).status).toBe(200);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await newer.stopWorkers();
    await expect(client.request('GET', '/')).rejects.toThrow();
    while ([pid, next].some((number) => existsSync(`/proc/${number}`))) await realClock.sleep(10);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('hand over to another version without a failed request', async () => {
    const dns: DnsTable = {
      addresses: [ip], port: 5399, domain: 'cluster.local', upstreams: [], namespaces: ['default'],
      services: [{ namespace: 'default', name: 'web', addresses: ['10.96.0.10'], ports: [] }],
    };
    const resolver = new Resolver();
    resolver.setServers([`${ip}:5399`]);
    const echo = createSocket('udp4');
    echo.on('message', (message, from) => echo.send(message, from.port, from.address));
    await new Promise<void>((resolve) => { echo.bind(0, '127.60.7.101', resolve); });
    const udp = rule({ id: 'default/echo:', protocol: 'UDP', mode: 'relay', clusterIPs: [ip], port: 7, internal: [backend('127.60.7.101', echo.address().port)] });
    const both = (revision: number): ProxyRules => ({ revision, ports: [...web(revision, { nodePort }).ports, udp], dns });
    const first = newProxy();
    await first.apply(both(1));
    expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual(['10.96.0.10']);
    const pids = [await pidOf('service'), await pidOf('node')];
    first.close();
    const failures: string[] = [];
    let sent = 0;
    let done = false;
    const loop = async (port: number, address: string, keep: boolean): Promise<void> => {
      let client: RawClient | undefined;
      while (!done) {
        client ??= new RawClient(address, port);
        sent++;
        try {
          const reply = await client.request('POST', '/x', {}, 'abc');
          if (reply.body.toString() !== 'pod POST /x 3') failures.push(reply.head);
          if (keep && !/connection: close/i.test(reply.head)) continue;
        } catch (error) {
          failures.push(String(error));
        }
        client.destroy();
        client = undefined;
      }
      client?.destroy();
    };
    const clients = [loop(80, ip, true), loop(80, ip, false), loop(nodePort, '127.0.0.1', true), loop(nodePort, '127.0.0.1', false)];
    const newer = new Proxy(options('2'));
    proxies.push(newer);
    await newer.start();
    await newer.apply(both(2));
    expect(errors ?? []).toEqual([]);
    const next = [await pidOf('service', '2'), await pidOf('node', '2')];
    expect(next.filter((pid) => pids.includes(pid))).toEqual([]);
    const at = sent;
    while (sent < at + 200) await realClock.sleep(5);
    done = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual(['10.96.0.10']);
    const client = createSocket('udp4');
    const reply = new Promise<string>((resolve) => { client.on('message', (message) => resolve(String(message))); });
    // As UDP clients do: a packet may have gone to the old process as it ended.
    const again = setInterval(() => client.send('hello', 7, ip), 100);
    expect(await reply).toBe('hello');
    clearInterval(again);
    client.close();
    echo.close();
    // The old processes end with their last connection.
    while (pids.some((pid) => existsSync(`/proc/${pid}`))) await realClock.sleep(10);
  });
});
