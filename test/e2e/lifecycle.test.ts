// The life of Pods on a real engine, as kubectl shows it: what starts, with what, when it is ready, how it ends, and what is
// said when it cannot. All Pods are made at once, so that their waits overlap.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { podsOf } from '../support/pods.ts';
import { registryAddress, registryUser, startRegistry, type TestRegistry } from '../support/registry.ts';
import { busybox, guarded, manifest, stale, unreachable } from './lifecycle-pods.ts';

let cluster: TestCluster;
let host: string;
let registry: TestRegistry | undefined;
beforeAll(async () => {
  cluster = await startCluster({ args: ['--shutdown-grace-period', '25s', '--shutdown-grace-period-critical-pods', '5s'] });
  registry = await startRegistry(cluster.hosts[0]!);
  await registry.push(busybox, 'team/app:1');
  await cluster.kubectl('create', 'secret', 'docker-registry', 'registry', `--docker-server=${registryAddress}`, `--docker-username=${registryUser.username}`, `--docker-password=${registryUser.password}`);
  host = join(cluster.dataDir, 'host');
  await cluster.hosts[0]!.docker('tag', busybox, stale);
  await cluster.kubectlInput(manifest(host), 'apply', '-f', '-');
});
afterAll(async () => {
  await registry?.stop();
  await cluster?.stop();
});

const { jsonpath, status, until, ready, inside, fails, column, described, container, groups } = podsOf(() => cluster);

/** A Pod's control groups as the kernel places its container, each with the two around it. */
const groupsOf = async (name: string): Promise<{ uid: string; cpu: readonly [string, string, string]; memory: readonly [string, string, string] }> => {
  const [uid, { pod }] = await Promise.all([jsonpath(name, '{.metadata.uid}'), groups(name)]);
  const around = (directory: string): readonly [string, string, string] => [directory, dirname(directory), dirname(dirname(directory))];
  return { uid, cpu: around(pod.cpu), memory: around(pod.memory) };
};
const kernelSays = (directory: string, file: string): string => readFileSync(join(directory, file), 'utf8').trim();

test('init containers run in order; environment and arguments hold what the spec says', async () => {
  await ready('full');
  expect(await inside('full', 'cat /work/order')).toBe('first\nsecond');
  const env = new Map((await inside('full', 'env')).split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const named = Object.fromEntries(['LITERAL', 'COLOR', 'PASSWORD', 'OPTIONAL', 'POD', 'LABEL', 'MEMORY', 'COMBINED', 'ALL_color'].map((key) => [key, env.get(key)]));
  expect(named).toEqual({ LITERAL: 'one', COLOR: 'blue', PASSWORD: 'hunter2', OPTIONAL: undefined, POD: 'full', LABEL: 'full', MEMORY: String(64 * 2 ** 20), COMBINED: 'one-blue-$(MISSING)-$(LITERAL)', ALL_color: 'blue' });
  expect(env.get('POD_IP')).toBe(await jsonpath('full', '{.status.podIP}'));
  expect(env.get('WEB_SERVICE_HOST')).toBe(await jsonpath('web', '{.spec.clusterIP}', 'service'));
  expect(await cluster.kubectl('logs', 'full')).toBe('started with one\n');
});

test('volumes: what is writable, what is not, and how it is kept', async () => {
  await ready('full');
  // A container's own mode stays through the passes that came since.
  expect(await inside('full', 'stat -c %a /work /sub; touch /work/x /sub/x && ls /work/made/for/me')).toBe('711\n711\nx');
  expect(await inside('full', 'stat -c %a /memory; grep " /memory " /proc/mounts | cut -d" " -f1,3; df -k /memory | tail -1 | tr -s " " | cut -d" " -f2')).toBe('1777\ntmpfs tmpfs\n1024');
  await inside('full', 'echo from the pod > /host/note');
  expect(readFileSync(join(host, 'note'), 'utf8')).toBe('from the pod\n');
  expect(await inside('full', 'cat /config/color /etc/one.conf /secret/password /info/note /all/color /all/deep/password; stat -L -c %a /secret/password'))
    .toBe('blueanswer = 42\nhunter2hellobluehunter2400');
  for (const path of ['/config/new', '/secret/new', '/info/new', '/all/new', '/etc/one.conf']) expect(await fails('full', `echo x >> ${path}`)).toContain('Read-only file system');
  await cluster.kubectl('patch', 'configmap', 'settings', '-p', '{"data":{"color":"green"}}');
  await eventually('the new value', async () => (await inside('full', 'cat /config/color /all/color')) === 'greengreen');
});

test('names: the host, its aliases, Services', async () => {
  await Promise.all([ready('full'), ready('web')]);
  const ip = await jsonpath('full', '{.status.podIP}');
  expect(await inside('full', 'hostname; cat /etc/hosts')).toMatch(new RegExp(`^box\n# Kubernetes-managed hosts file\\.\n[^]*\n${ip}\tbox\n[^]*10\\.9\\.8\\.7\talias-one\talias-two$`));
  for (const name of ['web', 'web.default', 'web.default.svc.cluster.local']) expect(await eventually(name, () => inside('full', `wget -qO- http://${name}/version`))).toBe('v1');
  expect(await inside('full', 'cat /etc/resolv.conf')).toMatch(/^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/);
});

test('limits reach the engine', async () => {
  await ready('full');
  const limits = await cluster.hosts[0]!.docker('inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpuQuota}}/{{.HostConfig.CpuPeriod}} {{.HostConfig.CpuShares}}', await container('full'));
  expect(limits).toBe(`${64 * 2 ** 20} ${64 * 2 ** 20} 25000/100000 102`);
});

test('each Pod has a control group below that of its class, which weighs what it is to', async () => {
  await Promise.all([ready('full'), ready('web'), ready('image-present')]);
  const [full, web, sure] = await Promise.all(['full', 'web', 'image-present'].map(groupsOf)) as [Awaited<ReturnType<typeof groupsOf>>, Awaited<ReturnType<typeof groupsOf>>, Awaited<ReturnType<typeof groupsOf>>];
  const node = web.cpu[2];
  const { name } = cluster.hosts[0]!;
  expect(node).toMatch(new RegExp(`/${name}/dray-[0-9a-f]{6}-${name}$`));
  expect([full, web, sure].map(({ cpu }) => cpu[0])).toEqual([`${node}/burstable/pod${full.uid}`, `${node}/besteffort/pod${web.uid}`, `${node}/pod${sure.uid}`]);
  const cores = Number(await jsonpath(name, '{.status.capacity.cpu}', 'node'));
  expect([node, full.cpu[1], web.cpu[1]].map((directory) => kernelSays(directory, 'cpu.shares'))).toEqual([String(cores * 1024), '102', '2']);
  const unlimited = kernelSays(web.memory[2], 'memory.limit_in_bytes');
  // An init container without limits leaves its Pod without.
  expect([full, web, sure].map(({ cpu: [cpu], memory: [memory] }) => [kernelSays(cpu, 'cpu.shares'), kernelSays(cpu, 'cpu.cfs_quota_us'), kernelSays(memory, 'memory.limit_in_bytes')]))
    .toEqual([['102', '-1', unlimited], ['2', '-1', unlimited], ['102', '10000', String(32 * 2 ** 20)]]);
});

test('kubectl patch --subresource resize changes limits in place', async () => {
  await ready('image-present');
  const [id, limits] = [await container('image-present'), { cpu: '300m', memory: '48Mi' }];
  await cluster.kubectl('patch', 'pod', 'image-present', '--subresource', 'resize', '-p', JSON.stringify({ spec: { containers: [{ name: 'main', resources: { requests: limits, limits } }] } }));
  await until('image-present', 'jsonpath={.status.containerStatuses[0].resources.limits.cpu}=300m');
  await eventually('the end of the resize', async () => !(await jsonpath('image-present', '{.status.conditions[*].type}')).includes('PodResize'));
  expect(await cluster.hosts[0]!.docker('inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuShares}} {{.RestartCount}}', id)).toBe(`${48 * 2 ** 20} ${48 * 2 ** 20} 30000 307 0`);
  const { cpu: [cpu], memory: [memory] } = await groupsOf('image-present');
  expect([kernelSays(cpu, 'cpu.cfs_quota_us'), kernelSays(cpu, 'cpu.shares'), kernelSays(memory, 'memory.limit_in_bytes')]).toEqual(['30000', '307', String(48 * 2 ** 20)]);
  expect([await container('image-present'), await jsonpath('image-present', '{.status.containerStatuses[0].allocatedResources.memory}')]).toEqual([id, '48Mi']);
});

test('probes: nothing is judged before the start-up probe, readiness comes and goes, a failed liveness probe restarts', async () => {
  await ready('web');
  await until('slow', 'jsonpath={.status.containerStatuses[0].state.running}');
  expect([await status('slow', 'started'), await status('slow', 'restartCount')]).toEqual(['false', '0']);
  await inside('slow', 'touch /tmp/go');
  await until('slow', 'jsonpath={.status.containerStatuses[0].started}=true');
  expect(await jsonpath('slow', '{.status.conditions[?(@.type=="Ready")].status}')).toBe('False');
  await inside('slow', 'touch /tmp/ready');
  await ready('slow');
  await inside('slow', 'rm /tmp/ready');
  await ready('slow', 'False');
  expect(await status('slow', 'restartCount')).toBe('0');
  await eventually('a restart', async () => Number(await status('ailing', 'restartCount')) > 0);
  await described('ailing', /Unhealthy .* Liveness probe failed: cat: can't open '\/tmp\/well': No such file or directory/, /Killing .* Container main failed liveness probe, will be restarted/);
});

test('restart policies and back-off', async () => {
  await until('never-again', 'jsonpath={.status.phase}=Failed');
  expect([await column('never-again'), await status('never-again', 'state.terminated.exitCode'), await status('never-again', 'restartCount')]).toEqual(['Error', '7', '0']);
  await until('second-try', 'jsonpath={.status.phase}=Succeeded');
  expect([await column('second-try'), await status('second-try', 'restartCount')]).toEqual(['Completed', '1']);
  await eventually('two restarts', async () => Number(await status('crash', 'restartCount')) >= 2);
  await until('crash', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff');
  expect(await column('crash')).toBe('CrashLoopBackOff');
  await described('crash', /Last State: +Terminated\n +Reason: +Error\n +Message: +last words\n+ +Exit Code: +3/, /Warning +BackOff .* Back-off restarting failed container main in pod crash_default/);
  // In back-off the run that ended last is the previous one; beside a running container it is the one before.
  expect([await cluster.kubectl('logs', 'crash'), await cluster.kubectl('logs', 'crash', '--previous')]).toEqual(['last words\n', 'last words\n']);
  await ready('ailing');
  const runs = [await cluster.kubectl('logs', 'ailing'), await cluster.kubectl('logs', 'ailing', '--previous')];
  expect(runs).toEqual([expect.stringMatching(/^run at /), expect.stringMatching(/^run at /)]);
  expect(runs[0]).not.toBe(runs[1]);
});

test('images that cannot be had say why', async () => {
  await ready('image-present');
  await until('image-never', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImageNeverPull');
  await described('image-never', /Reason: +ErrImageNeverPull/, /Warning +ErrImageNeverPull .* Container image "dray\.local\/none:1" is not present with pull policy of Never/, /Warning +Failed .* Error: ErrImageNeverPull/);
  for (const [name, image] of [['image-missing', unreachable], ['image-always', stale]] as const) {
    await until(name, 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff');
    await described(name, `Pulling image "${image}"`, `Failed to pull image "${image}": `, 'Error: ErrImagePull', `Back-off pulling image "${image}"`, 'Error: ImagePullBackOff');
  }
  await until('no-config', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError');
  expect(await column('no-config')).toBe('CreateContainerConfigError');
  expect(await status('no-config', 'state.waiting.message')).toBe("couldn't find key nothing in ConfigMap default/settings");
  expect(await column('no-volume')).toBe('ContainerCreating');
  await described('no-volume', /Warning +FailedMount .* MountVolume\.SetUp failed for volume "v" : secret "nothing" not found/);
});

test('images of a registry with users: secrets of Pods and ServiceAccounts, wrong and missing ones', async () => {
  await Promise.all(['pull-secret', 'pull-account'].map((name) => ready(name)));
  await described('pull-secret', new RegExp(`Pulled .* Successfully pulled image "${guarded}" in \\S+s \\(\\S+s including waiting\\)\\. Image size: \\d+ bytes\\.`));
  const refused = async (name: string, words: RegExp): Promise<string> => {
    await until(name, 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff');
    const told = await described(name, `Failed to pull image "${guarded}": `, 'Error: ErrImagePull', `Back-off pulling image "${guarded}"`, 'Error: ImagePullBackOff');
    expect(await status(name, 'state.waiting.message')).toMatch(words);
    return told;
  };
  const [, missing] = await Promise.all([refused('pull-wrong', /unauthorized|no basic auth credentials/), refused('pull-missing', /no basic auth credentials/)]);
  expect(missing).toContain('Unable to retrieve some image pull secrets (nothing); attempting to pull the image may not succeed.');
  await cluster.kubectl('delete', 'pod', 'pull-secret', 'pull-account', 'pull-wrong', 'pull-missing', '--wait=false');
});

test('logs: all, the last, since a time, and as they come', async () => {
  await eventually('the first lines', async () => (await cluster.kubectl('logs', 'talker')).includes('oops'));
  expect((await cluster.kubectl('logs', 'talker', '--tail=2')).split('\n').filter(Boolean)).toHaveLength(2);
  expect(await cluster.kubectl('logs', 'talker', '--since=1h')).toContain('line 1');
  const follow = cluster.spawn('kubectl', ['logs', '-f', 'talker']);
  let said = '';
  follow.stdout!.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  await eventually('what was there', async () => said.includes('line 3'));
  expect(said).not.toContain('line 4');
  await inside('talker', 'touch /tmp/go');
  await eventually('what came', async () => said.includes('line 5\n'));
  follow.kill();
  const stamped = (await cluster.kubectl('logs', 'talker', '--timestamps')).split('\n').find((line) => line.endsWith(' line 4'))!;
  const since = await cluster.kubectl('logs', 'talker', `--since-time=${stamped.split(' ')[0]}`);
  expect([since.includes('line 4\nline 5\n'), since.includes('line 3')]).toEqual([true, false]);
});

test('exec: input, output, exit code', async () => {
  await ready('full');
  expect(await cluster.kubectlInput('through and back\n', 'exec', '-i', 'full', '--', 'cat')).toBe('through and back\n');
  const { code, stdout, stderr } = await cluster.run('kubectl', ['exec', 'full', '-c', 'main', '--', 'sh', '-c', 'echo out; echo err >&2; exit 5']);
  expect([code, stdout, stderr]).toEqual([5, 'out\n', 'err\ncommand terminated with exit code 5\n']);
});

test('kubectl debug: a container beside the others that sees the processes of one, and one on the node', async () => {
  await ready('full');
  const target = await inside('full', 'cat /proc/1/cmdline | tr "\\0" " "');
  await cluster.kubectl('debug', 'full', `--image=${busybox}`, '-c', 'helper', '--target=main', '--attach=false', '--', 'sh', '-c', 'cat /proc/1/cmdline | tr "\\0" " "; hostname');
  await until('full', 'jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}=0');
  expect((await cluster.kubectl('logs', 'full', '-c', 'helper')).trimEnd()).toBe(`${target} box`);
  const told = await cluster.kubectl('debug', `node/${cluster.hosts[0]!.name}`, `--image=${busybox}`, '--attach=false', '--', 'sh', '-c', 'ls -d /host/etc; test $$ != 1 && hostname');
  const debugger_ = /node-debugger-\S+/.exec(told)![0];
  await until(debugger_, 'jsonpath={.status.phase}=Succeeded');
  expect(await cluster.kubectl('logs', debugger_)).toMatch(/^\/host\/etc\n\S+\n$/);
});

test('the end of a Pod: preStop, then the signal, then no longer than the grace period', async () => {
  await Promise.all([ready('polite'), ready('stubborn')]);
  const timed = async (name: string): Promise<number> => {
    const from = Date.now();
    await cluster.kubectl('delete', 'pod', name);
    return Date.now() - from;
  };
  const [polite, stubborn] = await Promise.all([timed('polite'), timed('stubborn')]);
  expect(readFileSync(join(host, 'polite'), 'utf8')).toBe('started\nstopping\nleaving\nstopped\n');
  // Neither has the time that is usual.
  expect(polite).toBeLessThan(30_000);
  expect(stubborn).toBeGreaterThan(1900);
  expect(stubborn).toBeLessThan(30_000);
});

test('status that others have changed is corrected, what was paused goes on, and a sandbox that was removed is made again', async () => {
  await ready('web');
  const seen = (await cluster.kubectl('patch', 'pod', 'web', '--subresource=status', '-o', 'jsonpath={.metadata.resourceVersion}', '-p', '{"status":{"conditions":[{"type":"Ready","status":"False"}]}}'));
  await eventually('Ready again', async () => {
    const [revision, value] = (await jsonpath('web', '{.metadata.resourceVersion} {.status.conditions[?(@.type=="Ready")].status}')).split(' ');
    return Number(revision) > Number(seen) && value === 'True';
  });
  const node = cluster.hosts[0]!.name;
  await cluster.kubectl('patch', 'node', node, '--subresource=status', '-p', '{"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}');
  await cluster.kubectl('wait', `node/${node}`, '--for=condition=Ready', '--timeout=150s');
  await ready('image-present');
  const engine = cluster.hosts[0]!;
  const ids = (await engine.docker('ps', '-q', '--filter', 'label=io.kubernetes.pod.name=image-present')).split('\n');
  await engine.docker('pause', ...ids);
  await eventually('nothing paused', async () => (await engine.docker('ps', '-q', '--filter', 'status=paused')) === '');
  await engine.docker('rename', ids[0]!, 'mine');
  const ip = await jsonpath('web', '{.status.podIP}');
  await cluster.hosts[0]!.docker('rm', '-f', await cluster.hosts[0]!.docker('ps', '-q', '--filter', 'name=k8s_POD_web_default'));
  await eventually('another address', async () => !['', ip].includes(await jsonpath('web', '{.status.podIP}')));
  await ready('web');
  expect(await eventually('the Service', () => inside('full', 'wget -qO- http://web/version'))).toBe('v1');
});

const taken = ['full', 'web', 'talker', 'image-present'];
const running = async (): Promise<string[]> => (await cluster.kubectl('get', 'pods', ...taken, '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].state.running.startedAt}{"\\n"}{end}')).trim().split('\n');

test('kill -9 of the agent restarts nothing', async () => {
  await Promise.all(taken.map((name) => ready(name)));
  const before = await running();
  process.kill(cluster.pid('agent'), 'SIGKILL');
  const again = await cluster.dray('up', '--detach');
  expect([again.code, again.stderr]).toEqual([0, '']);
  // The new agent works: it runs what is new, and tells what it took over.
  await cluster.kubectl('run', 'newcomer', `--image=${busybox}`, '--command', '--', 'sleep', '3600');
  await ready('newcomer');
  expect(await running()).toEqual(before);
  expect(await inside('full', 'cat /work/order')).toBe('first\nsecond');
});

test('a restart of the engine: with live-restore nothing is restarted, without it everything comes back', async () => {
  const [engine] = cluster.hosts;
  const node = `node/${engine!.name}`;
  await Promise.all(taken.map((name) => ready(name)));
  const before = await running();
  await engine!.stopEngine();
  await cluster.kubectl('wait', node, '--for=condition=Ready=False', '--timeout=150s');
  await engine!.startEngine();
  await cluster.kubectl('wait', node, '--for=condition=Ready', '--timeout=150s');
  await cluster.kubectl('run', 'after-restart', `--image=${busybox}`, '--command', '--', 'sleep', '3600');
  await ready('after-restart');
  expect(await running()).toEqual(before);
  await engine!.stopEngine();
  await engine!.startEngine('--live-restore=false');
  const counts = (lines: readonly string[]): [string, number][] => lines.map((line) => line.split(' ')).map(([name, , , count]) => [name!, Number(count)]);
  const wanted = counts(before).map(([name, count]) => [name, count + 1]);
  await eventually('every container anew', async () => JSON.stringify(counts(await running())) === JSON.stringify(wanted), 150_000);
  await Promise.all(taken.map((name) => ready(name)));
  expect(await eventually('the Service', () => inside('full', 'wget -qO- http://web/version'))).toBe('v1');
});

test('dray node shutdown: Pods end in their part of the time and say why; the node is Ready again with another agent', async () => {
  const node = `node/${cluster.hosts[0]!.name}`;
  // They do not heed the signal, and would take all the time there is.
  await cluster.kubectl('delete', 'pod', 'newcomer', 'after-restart', '--grace-period=1');
  const said = await cluster.dray('node', 'shutdown');
  expect([said.code, said.stderr, said.stdout]).toEqual([0, '', expect.stringMatching(/^\d+ Pods ended; the node is not Ready until its agent is started again\n$/)]);
  // What holds when the command returns: after it the machine goes.
  expect(await cluster.hosts[0]!.docker('ps', '-q', '--filter', 'label=io.kubernetes.docker.type=container')).toBe('');
  const message = 'Pod was terminated in response to imminent node shutdown.';
  for (const name of taken) expect(await jsonpath(name, '{.status.phase} {.status.reason} {.status.message} {.status.conditions[?(@.type=="DisruptionTarget")].reason}')).toBe(`Failed Terminated ${message} TerminationByKubelet`);
  expect(await cluster.kubectl('get', node, '-o', 'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.reason} {.message}{end}')).toBe('False KubeletNotReady node is shutting down');
  expect(await cluster.kubectl('get', 'events', '--field-selector', 'reason=Shutdown', '-o', 'jsonpath={.items[*].message}')).toBe('Shutdown manager detected shutdown event');
  process.kill(cluster.pid('agent'), 'SIGTERM');
  const again = await cluster.dray('up', '--detach');
  expect([again.code, again.stderr]).toEqual([0, '']);
  await cluster.kubectl('wait', node, '--for=condition=Ready', '--timeout=150s');
});
