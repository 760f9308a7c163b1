// What streams between a person and Pods on a real engine: cp, attach, logs, terminals, forwarded ports; much of it, with kubectl of
// several ages, and what is left when one of them is killed. All Pods are made at once. Beside them, what the node says and does for itself.
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { describeKubectls } from '../support/kubectl.ts';
import { controlGroups, ownMB } from '../support/node-leaks.ts';
import { podsOf } from '../support/pods.ts';
import { hungry, manifest } from './pod-streams-pods.ts';

let cluster: TestCluster;
let directory: string;
let leases: Talk;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dray-streams-'));
  cluster = await startCluster({ args: [
    '--system-reserved', 'cpu=250m,memory=256Mi,ephemeral-storage=1Gi', '--kube-reserved', 'cpu=100m,memory=128Mi', '--eviction-hard', 'memory.available<100Mi',
    '--node-labels', 'team=streams,topology.kubernetes.io/zone=here', '--register-with-taints', 'dedicated=streams:PreferNoSchedule',
  ] });
  await cluster.kubectlInput(manifest, 'apply', '-f', '-');
  // As long as the file takes.
  leases = talk('kubectl', 'get', 'lease', '-n', 'kube-node-lease', cluster.hosts[0]!.name, '--watch', '-o', 'jsonpath={.spec.renewTime}{"\\n"}');
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const { jsonpath, ready, until, inside } = podsOf(() => cluster);
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

interface Talk { readonly child: ChildProcess; /** What it has said so far. */ said(): string; hears(what: string | RegExp): Promise<string>; ended(): Promise<{ code: number | null; said: string }> }
/** A program that goes on, and what it says. */
function talk(command: string, ...args: string[]): Talk {
  const child = cluster.spawn(command, args);
  let said = '';
  for (const output of [child.stdout!, child.stderr!]) output.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const closed = once(child, 'close');
  return {
    child, said: () => said,
    hears: (what) => eventually(String(what), async () => { const found = typeof what === 'string' ? said.includes(what) && what : what.exec(said)?.[0]; return found; }).catch((error: Error) => { throw new Error(`${error.message}; said was ${JSON.stringify(said.slice(-2000))}`); }),
    ended: async () => ({ code: (await closed as [number | null])[0], said }),
  };
}
/** kubectl in a terminal of this size; the second is its device. */
async function inTerminal(rows: number, columns: number, ...args: string[]): Promise<Talk & { readonly device: string }> {
  const talking = talk('script', '-qec', `echo "on $(tty)"; stty rows ${rows} cols ${columns}; exec kubectl ${args.join(' ')}`, '/dev/null');
  return { ...talking, device: (await talking.hears(/on \/dev\/pts\/\d+/)).slice(3) };
}
/** A port on loopback that leads to one of a Pod. */
async function forwarded(kubectl: string, pod: string, port: number, env: NodeJS.ProcessEnv = {}): Promise<Talk & { readonly url: string }> {
  const talking = talk('env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), kubectl, 'port-forward', `pod/${pod}`, `:${port}`);
  return { ...talking, url: `http://${(await talking.hears(/127\.0\.0\.1:\d+/))}` };
}
const curl = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster.run('curl', ['-sS', '--max-time', '100', ...args]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};

test('cp carries a directory and a large file, both ways', async () => {
  await ready('box');
  const [from, back] = [join(directory, 'from'), join(directory, 'back')];
  mkdirSync(join(from, 'deep/er'), { recursive: true });
  writeFileSync(join(from, 'large'), randomBytes(40 * 2 ** 20 + 1));
  writeFileSync(join(from, 'deep/er/a b'), 'small\n', { mode: 0o755 });
  writeFileSync(join(from, 'empty'), '');
  await cluster.kubectl('cp', from, 'box:/tmp/there');
  expect(await inside('box', 'cd /tmp/there; find . -type f | sort; stat -c %a "deep/er/a b"; sha256sum < large')).toBe(`./deep/er/a b\n./empty\n./large\n755\n${sha256(readFileSync(join(from, 'large')))}  -`);
  await cluster.kubectl('cp', 'box:/tmp/there', back);
  expect(readdirSync(back, { recursive: true }).map(String).sort()).toEqual(['deep', 'deep/er', 'deep/er/a b', 'empty', 'large']);
  expect([sha256(readFileSync(join(back, 'large'))), readFileSync(join(back, 'deep/er/a b'), 'utf8')]).toEqual([sha256(readFileSync(join(from, 'large'))), 'small\n']);
});

test('attach: without input, with input, for one client only, in a terminal', async () => {
  await Promise.all(['echoer', 'once', 'terminal'].map((name) => ready(name)));
  const watcher = talk('kubectl', 'attach', 'echoer');
  const speaker = talk('kubectl', 'attach', '-i', 'echoer');
  // Whoever has attached hears what comes from then on.
  await eventually('both to have attached', async () => { speaker.child.stdin!.write('hello\n'); return watcher.said().includes('heard hello') && speaker.said().includes('heard hello'); });
  speaker.child.kill('SIGKILL');
  const next = talk('kubectl', 'attach', '-i', 'echoer');
  await eventually('the next client', async () => { next.child.stdin!.write('again\n'); return next.said().includes('heard again'); });
  await watcher.hears('heard again');
  next.child.kill();
  watcher.child.kill();
  expect(await cluster.kubectl('logs', 'echoer')).toMatch(/^started\n(heard hello\n)+(heard again\n)+$/);
  const only = talk('kubectl', 'attach', '-i', 'once');
  only.child.stdin!.write('for one\n');
  await only.hears('for one\n');
  only.child.stdin!.end();
  await only.hears('no more');
  only.child.kill();
  const terminal = await inTerminal(31, 97, 'attach', '-it', 'terminal');
  await terminal.hears('size 31 97');
  await cluster.run('stty', ['-F', terminal.device, 'rows', '43', 'cols', '111']);
  await terminal.hears('size 43 111');
  terminal.child.stdin!.write('typed\n');
  await terminal.hears('heard typed');
  terminal.child.kill();
});

test('logs of what has ended, of all containers, with prefixes, within bounds, of the run before', async () => {
  await until('ended', 'jsonpath={.status.phase}=Succeeded');
  const lines = async (...args: string[]): Promise<string[]> => (await cluster.kubectl('logs', ...args)).trimEnd().split('\n');
  expect((await lines('ended', '--all-containers')).sort()).toEqual(['main 1', 'main 2', 'main 3', 'set up', 'side', 'side error']);
  expect((await lines('ended', '--all-containers', '--prefix')).sort()).toEqual(['[pod/ended/main] main 1', '[pod/ended/main] main 2', '[pod/ended/main] main 3', '[pod/ended/setup] set up', '[pod/ended/side] side', '[pod/ended/side] side error']);
  expect(await cluster.kubectl('logs', 'ended', '-c', 'main', '--limit-bytes=10')).toBe('main 1\nmai');
  expect(await lines('ended', '-c', 'main', '--tail=1', '--timestamps')).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z main 3$/)]);
  expect(await lines('ended')).toContain('main 1');
  await until('again', 'jsonpath={.status.containerStatuses[0].restartCount}=1');
  await ready('again');
  expect([await lines('again'), await lines('again', '-p')]).toEqual([['second'], ['first']]);
  await expect(cluster.kubectl('logs', 'box', '-p')).rejects.toThrow('previous terminated container "main" in pod "box" not found');
});

test('exec -it: the terminal follows the size of the window', async () => {
  await ready('box');
  const terminal = await inTerminal(33, 91, 'exec', '-it', 'box', '--', 'sh', '-c', '\'until [ -e /tmp/enough ]; do stty size; sleep 0.1; done; echo over; exit 5\'');
  await terminal.hears('33 91');
  await cluster.run('stty', ['-F', terminal.device, 'rows', '50', 'cols', '120']);
  await terminal.hears('50 120');
  await inside('box', 'touch /tmp/enough');
  expect(await terminal.ended()).toEqual({ code: 5, said: expect.stringContaining('over') });
});

test('hundreds of megabytes in each direction pass in little memory, and wait for who reads slowly', async () => {
  await Promise.all([ready('box'), ready('loopback')]);
  const size = 120 * 2 ** 20;
  const file = join(directory, 'much');
  writeFileSync(file, '');
  truncateSync(file, size);
  const pids = (['master', 'agent'] as const).map((role) => cluster.pid(role));
  const before = pids.map(ownMB);
  const most = [...before];
  const look = (): void => pids.forEach((pid, i) => { most[i] = Math.max(most[i]!, ownMB(pid)); });
  const watching = setInterval(look, 50);
  const took: string[] = [];
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    took.push(`${what} ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return result;
  };
  try {
    const count = async (child: ChildProcess, first: () => Promise<unknown> = () => Promise.resolve()): Promise<number> => {
      await first();
      let bytes = 0;
      for await (const chunk of child.stdout!) bytes += (chunk as Buffer).length;
      return bytes;
    };
    expect(await timed('exec out', () => count(cluster.spawn('kubectl', ['exec', 'box', '--', 'head', '-c', String(size), '/dev/zero']), async () => {
      // Nobody reads yet: the process in the container comes to a stop.
      const written = (): Promise<string> => inside('box', 'grep -h wchar /proc/$(pidof head)/io');
      let last = '';
      let same = 0;
      await eventually('the writer to wait', async () => { const now = await written(); same = now === last ? same + 1 : 0; last = now; return same > 2; });
      expect(Number(last.split(' ')[1])).toBeLessThan(size / 4);
    }))).toBe(size);
    expect(await timed('exec in', async () => (await cluster.run('sh', ['-c', `cat ${file} | kubectl exec -i box -- wc -c`])).stdout.trim())).toBe(String(size));
    const forward = await forwarded('kubectl', 'loopback', 8080);
    expect(await timed('forward out', () => curl(`${forward.url}/large`, '-o', '/dev/null', '-w', '%{size_download}'))).toBe(String(size));
    expect(await timed('forward in', async () => (await curl('-H', 'Expect:', '-X', 'POST', '-T', file, `${forward.url}/cgi-bin/count`)).trim())).toBe(String(size));
    forward.child.kill();
  } finally {
    clearInterval(watching);
  }
  const grown = most.map((mb, i) => Math.round(mb - before[i]!));
  process.stdout.write(`${took.join(', ')}; master grew by at most ${grown[0]} MB, the agent by ${grown[1]} MB\n`);
  for (const mb of grown) expect(mb).toBeLessThan(100);
});

describeKubectls(['1.27', '1.30', '1.33'], (version, kubectl) => {
  const webSockets = Number(version.slice(2)) > 30;
  const ways: [string, NodeJS.ProcessEnv][] = webSockets ? [['WebSockets', {}], ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }]] : [['SPDY', {}]];
  test.each(ways)('exec, attach, cp and port-forward over %s', async (way, env) => {
    await Promise.all(['box', 'echoer', 'loopback'].map((name) => ready(name)));
    const [from, back] = ['from', 'back'].map((name) => join(directory, `${name}-${version}-${way}`)) as [string, string];
    writeFileSync(from, randomBytes(2 ** 20 + 1));
    const run = (args: string[], input = ''): ReturnType<TestCluster['run']> => cluster.run(kubectl, args, { env, input });
    const attached = talk('env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), kubectl, 'attach', '-i', 'echoer');
    const [exec, forward] = await Promise.all([
      run(['exec', '-i', 'box', '--', 'sh', '-c', 'cat; echo err >&2; exit 7'], 'in\n'), forwarded(kubectl, 'loopback', 8080, env),
      run(['cp', from, `box:/tmp/${version}-${way}`]).then(() => run(['cp', `box:/tmp/${version}-${way}`, back])),
      eventually('an echo', async () => { attached.child.stdin!.write(`${version} ${way}\n`); return attached.said().includes(`heard ${version} ${way}`); }),
    ]);
    attached.child.kill();
    expect(exec).toEqual({ code: 7, stdout: 'in\n', stderr: 'err\ncommand terminated with exit code 7\n' });
    expect(await curl(`${forward.url}/page`)).toBe('only here\n');
    forward.child.kill();
    expect(sha256(readFileSync(back))).toBe(sha256(readFileSync(from)));
  });
});

test('clients that are killed leave nothing behind', async () => {
  await Promise.all(['box', 'talker', 'loopback'].map((name) => ready(name)));
  const pids = { master: cluster.pid('master'), agent: cluster.pid('agent') };
  const descriptors = (): Record<string, number> => Object.fromEntries(Object.entries(pids).map(([role, pid]) => [role, readdirSync(`/proc/${pid}/fd`).length]));
  const processes = (): Promise<string> => inside('box', 'for d in /proc/[0-9]*; do tr "\\0" " " < $d/cmdline 2> /dev/null | grep -e "^sleep 7" -e "^cat -u"; done; true');
  await eventually('what came before to be over', async () => (await processes()) === '');
  const before = descriptors();
  const count = 5;
  const clients: Talk[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(await inTerminal(24, 80, 'exec', '-it', 'box', '--', 'sh', '-c', `'sleep 7${i}00; true'`), talk('kubectl', 'exec', '-i', 'box', '--', 'cat', '-u'), talk('kubectl', 'logs', '-f', 'talker'));
    const forward = await forwarded('kubectl', 'loopback', 8080);
    // Connections that are open and idle.
    clients.push(forward, talk('sh', '-c', `exec nc 127.0.0.1 ${new URL(forward.url).port}`));
  }
  await eventually('all to be there', async () => (await processes()).split('\n').length === 2 * count && clients.filter((_, i) => i % 5 === 2).every((client) => client.said().includes('line')));
  expect(Object.values(descriptors()).every((open, i) => open > Object.values(before)[i]! + count)).toBe(true);
  const seen = { held: descriptors() };
  await cluster.run('sh', ['-c', `for pid in $(pgrep -f 'kubectl (exec|logs|port-forward)'); do grep -qs -- '${cluster.kubeconfig}' /proc/$pid/environ && kill -9 $pid; done; true`]);
  await eventually('no process to be left', async () => (await processes()) === '').catch(async (error: Error) => { throw new Error(`${error.message}: ${await processes()}`); });
  await eventually('no descriptor to be left', async () => Object.entries(descriptors()).every(([role, open]) => open <= before[role]!)).catch((error: Error) => { throw new Error(`${error.message}: ${JSON.stringify({ before, ...seen, after: descriptors() })}`); });
  expect(await jsonpath('box', '{.status.containerStatuses[0].restartCount}')).toBe('0');
});

test('a node keeps back what is reserved, is registered as it was told, and shows itself to who may see it, on its own connection alone', async () => {
  const { name } = cluster.hosts[0]!;
  const node = (path: string): Promise<string> => jsonpath(name, path, 'node');
  const has = JSON.parse(await node('{.status}')) as { capacity: Record<string, string>; allocatable: Record<string, string>; daemonEndpoints: object };
  const kibi = (text: string): number => Number(/^(\d+)Ki$/.exec(text)![1]);
  const memory = kibi(has.capacity['memory']!);
  expect(has.allocatable).toEqual({ ...has.capacity, cpu: `${Number(has.capacity['cpu']) * 1000 - 350}m`, memory: `${memory - (256 + 128 + 100) * 1024}Ki`, 'ephemeral-storage': String((kibi(has.capacity['ephemeral-storage']!) - 1024 * 1024) * 1024) });
  const [group] = controlGroups(name).filter((path) => new RegExp(`/memory/.*/dray-[0-9a-f]{6}-${name}$`).test(path));
  expect(readFileSync(join(group!, 'memory.limit_in_bytes'), 'utf8').trim()).toBe(String((memory - (256 + 128) * 1024) * 1024));
  expect([await node('{.metadata.labels.team} {.metadata.labels.topology\\.kubernetes\\.io/zone}'), JSON.parse(await node('{.spec.taints}'))]).toEqual(['streams here', [{ key: 'dedicated', value: 'streams', effect: 'PreferNoSchedule' }]]);
  const path = `/api/v1/nodes/${name}/proxy/metrics`;
  const server = (await cluster.kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}')).trim();
  expect(await curl('-k', '-o', '/dev/null', '-w', '%{http_code}', `${server}${path}`)).toMatch(/^40[13]$/);
  await expect(cluster.kubectl('--as=nobody', 'get', '--raw', path)).rejects.toThrow(`nodes "${name}" is forbidden: User "nobody" cannot get resource "nodes/proxy"`);
  expect(await cluster.kubectl('get', '--raw', path)).toContain('kubelet_running_pods');
  expect(has.daemonEndpoints).toEqual({ kubeletEndpoint: { Port: 0 } });
  const listeners = (await cluster.run('ss', ['-Hltnp'])).stdout.split('\n');
  const listens = (role: 'master' | 'agent'): string[] => listeners.filter((line) => line.includes(`pid=${cluster.pid(role)},`)).map((line) => line.split(/\s+/)[3]!.split(':').at(-1)!);
  // The health of the node's proxy is where kube-proxy tells it.
  expect([listens('master'), listens('agent')]).toEqual([[new URL(server).port], ['10256']]);
});

test('the Lease of a node is renewed every ten seconds', async () => {
  const times = await eventually('three renewals', async () => { const all = leases.said().split('\n').filter(Boolean).map((text) => Date.parse(text)); return all.length > 3 && all; });
  const gaps = times.slice(1).map((time, i) => (time - times[i]!) / 1000);
  for (const gap of gaps) expect(gap).toBeGreaterThan(9.9);
  expect((times.at(-1)! - times[0]!) / 1000 / gaps.length).toBeLessThan(13);
});

test('short of memory: the node says so and keeps others away, and evicts by use above request, priority and amount', async () => {
  const { name } = cluster.hosts[0]!;
  await cluster.kubectl('delete', 'pods', '--all', '--grace-period=0', '--force', '--wait=false');
  await cluster.kubectlInput(hungry, 'apply', '-f', '-');
  const all = ['hog', 'smaller', 'important', 'modest'];
  await Promise.all(all.map((pod) => ready(pod)));
  const capacity = Number((await jsonpath(name, '{.status.capacity.memory}', 'node')).replace('Ki', ''));
  expect((await cluster.dray('down')).code).toBe(0);
  // All but what is reserved: it is always crossed.
  const up = await cluster.dray('up', '--detach', '--eviction-hard', `memory.available<${capacity - 448 * 1024}Ki,pid.available<99.99%`);
  expect([up.code, up.stderr]).toEqual([0, '']);
  for (const pod of all) await until(pod, 'jsonpath={.status.reason}=Evicted');
  // Who goes is told before it goes: an end that takes long is not waited for.
  const told = await cluster.kubectl('get', 'events', '--field-selector', 'reason=Evicted,involvedObject.kind=Pod', '-o', 'jsonpath={range .items[*]}{.metadata.resourceVersion} {.involvedObject.name}{"\\n"}{end}');
  expect(told.split('\n').filter(Boolean).map((line) => line.split(' ')).sort(([a], [b]) => Number(a) - Number(b)).map(([, pod]) => pod)).toEqual(all);
  for (const pod of all) expect(await jsonpath(pod, '{.status.conditions[?(@.type=="DisruptionTarget")].reason}')).toBe('TerminationByKubelet');
  expect(await jsonpath('hog', '{.status.phase} {.status.message}')).toMatch(/^Failed The node was low on resource: memory\. Threshold quantity: \S+, available: \S+\. Container main was using 2\d{5}Ki, request is 0, has larger consumption of memory\. $/);
  await eventually('taints', async () => { const keys = await jsonpath(name, '{.spec.taints[*].key}', 'node'); return ['memory-pressure', 'pid-pressure'].every((taint) => keys.includes(`node.kubernetes.io/${taint}`)); });
  expect(await jsonpath(name, '{range .status.conditions[*]}{.type}={.status} {end}', 'node')).toBe('MemoryPressure=True DiskPressure=False PIDPressure=True Ready=True ');
});
