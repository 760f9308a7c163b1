// What a Pod's spec asks a node for, on a real engine: as the kernel has it, as its processes see it, and what is said where it cannot be
// had. All Pods are made at once, so that their waits overlap.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/util/run.ts';
import { eventually, execute, startCluster, type TestCluster } from '../support/cluster.ts';
import { startPlugin } from '../support/device-plugin.ts';
import { podsOf } from '../support/pods.ts';
import { testWhere } from '../support/test-where.ts';
import { busybox, hostPorts, longName, manifest, manySearches, noMkdir, otherRuntime, userImage } from './pod-spec-pods.ts';

/** Whether this machine gives out block devices for files. */
const hasLoops = spawnSync('losetup', ['--find']).status === 0;
let cluster: TestCluster;
let disk: string | undefined;
const plugins = mkdtempSync(join(tmpdir(), 'dray-plugins-'));
beforeAll(async () => {
  cluster = await startCluster({
    args: ['--device-plugins-dir', plugins],
    daemonArgs: ['--add-runtime', `${otherRuntime}=/usr/sbin/runc`],
    before: async ({ dataDir, hosts: [host] }) => {
      await host!.docker('run', '--name', 'template', '--network', 'none', busybox, 'sh', '-c', 'echo more:x:5000:www-data >> /etc/group');
      await host!.docker('commit', '--change', 'USER www-data:adm', 'template', userImage);
      await host!.docker('rm', 'template');
      mkdirSync(join(dataDir, 'seccomp'));
      writeFileSync(join(dataDir, 'seccomp/no-mkdir.json'), JSON.stringify(noMkdir));
    },
  });
  if (hasLoops) {
    const file = join(cluster.dataDir, 'disk.img');
    writeFileSync(file, 'from the disk\n'.padEnd(2 ** 20, '\0'));
    disk = (await run('losetup', ['--find', '--show', file])).trim();
  }
  await cluster.kubectlInput(manifest(cluster.hosts[0]!.name, disk), 'apply', '-f', '-');
});
afterAll(async () => {
  await cluster?.stop();
  if (disk !== undefined) await run('losetup', ['--detach', disk]);
  rmSync(plugins, { recursive: true, force: true });
});

const { jsonpath, status, until, ready, inside, column, described, container, groups } = podsOf(() => cluster);
const within = async (name: string, of: string, script: string): Promise<string> => (await cluster.kubectl('exec', name, '-c', of, '--', 'sh', '-c', script)).trimEnd();
const resize = (name: string, resources: object): Promise<string> => cluster.kubectl('patch', 'pod', name, '--subresource', 'resize', '-p', JSON.stringify({ spec: { containers: [{ name: 'main', resources }] } }));
const kernelSays = (directory: string, file: string): string => readFileSync(join(directory, file), 'utf8').trim();

test('environment: prefixes, divisors, what is escaped and what is expanded', async () => {
  await ready('names');
  const env = new Map((await inside('names', 'env')).split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const named = Object.fromEntries(['HOSTNAME', 'CM_color', 'CM_size', 'SEC_password', 'MILLIS', 'CORES', 'MEGABYTES', 'OTHERS', 'ESCAPED', 'LATER'].map((key) => [key, env.get(key)]));
  expect(named).toEqual({ HOSTNAME: 'short.sub.default.svc.cluster.local', CM_color: 'blue', CM_size: 'big', SEC_password: 'hunter2', MILLIS: '250', CORES: '1', MEGABYTES: '33', OTHERS: '20', ESCAPED: '$(CM_color) blue $$ $(NONE) $(LATER)', LATER: 'hunter2' });
  // enableServiceLinks: false leaves the API server's alone.
  expect([...env.keys()].filter((key) => key.endsWith('_SERVICE_HOST'))).toEqual(['KUBERNETES_SERVICE_HOST']);
  expect(await inside('shared', 'env')).toContain(`LINKED_SERVICE_HOST=${await jsonpath('linked', '{.spec.clusterIP}', 'service')}`);
  expect(await cluster.kubectl('logs', 'names', '-c', 'main')).toBe('blue is $(NONE) | $(CM_color) costs $$ | /tmp\n');
});

test('names: the full one as host name, and resolvers as the Pod asks for them', async () => {
  await Promise.all(['names', 'host', 'dns-default'].map((name) => ready(name)));
  const ip = await jsonpath('names', '{.status.podIP}');
  expect(await within('names', 'main', 'hostname; cat /etc/hosts; echo; cat /etc/resolv.conf')).toMatch(
    new RegExp(`^short\\.sub\\.default\\.svc\\.cluster\\.local\n[^]*\n${ip}\tshort\\.sub\\.default\\.svc\\.cluster\\.local\tshort\n\nsearch one\\.example two\\.example\nnameserver 10\\.1\\.2\\.3\nnameserver 10\\.1\\.2\\.4\noptions ndots:2 edns0$`));
  expect(await inside('host', 'cat /etc/resolv.conf')).toMatch(/^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local.*\nnameserver \S+\noptions ndots:5$/);
  expect(await eventually('the name of a Pod', () => inside('host', 'nslookup short.sub.default.svc.cluster.local'))).toContain(`Address: ${ip}`);
  const own = await inside('dns-default', 'cat /etc/resolv.conf');
  expect(own).toMatch(/^search (.* )?more\.example$/m);
  expect(own).not.toMatch(/cluster\.local|ndots/);
  for (const [line, server] of readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver (\S+)$/gm)) if (!/^(127\.|::1$)/.test(server!)) expect(own).toContain(line);
});

test('a name that is too long for the kernel is refused, and what is too much for a resolver left out', async () => {
  const most = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', ...(/^search\s+(.*)$/m.exec(readFileSync('/etc/resolv.conf', 'utf8'))?.[1] ?? '').split(/\s+/).filter(Boolean), ...manySearches].slice(0, 32).join(' ');
  await described('terminal', 'DNSConfigForming', `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${most}`);
  const name = `${longName}.sub.default.svc.cluster.local`;
  await described('names-long', `Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN ${name} is too long (64 characters is the max, ${name.length} characters requested)`);
  expect(await column('names-long')).toBe('ContainerCreating');
});

test('host ports: TCP, UDP, and on one address alone', async () => {
  await ready('ports');
  const [{ ip, docker }] = cluster.hosts as [typeof cluster.hosts[0] & object];
  const get = (address: string, port: number): string[] => ['-sS', '--max-time', '20', `http://${address}:${port}/version`];
  // The machine is another host on the LAN.
  expect((await eventually('the port', async () => { const answer = await execute('curl', get(ip, hostPorts.tcp)); return answer.code === 0 && answer; })).stdout).toBe('v1\n');
  expect(await execute('curl', get(ip, hostPorts.loopback))).toMatchObject({ code: 7 });
  expect((await cluster.run('curl', get('127.0.0.1', hostPorts.loopback))).stdout).toBe('v1\n');
  // nginx answers no datagrams: a server beside it, in the Pod's network.
  const pid = await docker('inspect', '-f', '{{.State.Pid}}', await container('ports'));
  const echo = cluster.spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', "const s = require('node:dgram').createSocket('udp4'); s.on('message', (m, from) => s.send('pod heard ' + m, from.port, from.address)).bind(5353, () => console.log('ready'));"]);
  await new Promise((resolve) => { echo.stdout!.once('data', resolve); });
  const ask = `const s = require('node:dgram').createSocket('udp4'); s.on('message', (m) => { console.log(String(m)); process.exit(); }); setTimeout(() => process.exit(1), 5000); s.send('a datagram', ${hostPorts.udp}, '${ip}');`;
  expect(await eventually('an answer', async () => { const { code, stdout } = await execute(process.execPath, ['-e', ask]); return code === 0 && stdout; })).toBe('pod heard a datagram\n');
  echo.kill();
});

test('the host\'s namespaces, and those of a Pod that its containers share', async () => {
  await Promise.all(['host', 'shared', 'names'].map((name) => ready(name)));
  const [{ ip, netns }] = cluster.hosts as [typeof cluster.hosts[0] & object];
  expect(await inside('host', 'for n in net pid ipc; do readlink /proc/self/ns/$n; done')).toBe([`net:[${statSync(netns).ino}]`, readlinkSync('/proc/self/ns/pid'), readlinkSync('/proc/self/ns/ipc')].join('\n'));
  expect(await inside('host', `tr '\\0' ' ' < /proc/${cluster.pid('agent')}/cmdline`)).toContain('agent');
  expect([await jsonpath('host', '{.status.podIP}'), await jsonpath('host', '{.spec.containers[0].ports[0].hostPort}')]).toEqual([ip, String(hostPorts.onHost)]);
  expect((await execute('curl', ['-sS', '--max-time', '20', `http://${ip}:${hostPorts.onHost}/`])).stdout).toBe('on the host\n');
  expect(await within('names', 'beside', 'cat /proc/1/comm')).toBe('sleep');
  expect(await within('shared', 'beside', 'cat /proc/1/comm; pidof sleep | wc -w')).toBe('pause\n2');
  await within('shared', 'beside', 'for p in $(pidof sleep); do grep -q 3661 /proc/$p/cmdline && kill $p; done');
  await until('shared', 'jsonpath={.status.containerStatuses[?(@.name=="main")].restartCount}=1');
  expect(await jsonpath('shared', '{.status.containerStatuses[?(@.name=="beside")].restartCount}')).toBe('0');
});

/** What Docker gives a container that asks for nothing. */
const usual = 0xa80425fbn;
const [CHOWN, NET_ADMIN, SYS_TIME, MKNOD] = [0n, 12n, 25n, 27n];
const hex = (bits: bigint): string => bits.toString(16).padStart(16, '0');
const rights = (name: string, of: string): Promise<string> => within(name, of, "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/1/status | tr -s '\\t\\n' ' '");

test('users, groups, capabilities, system calls and kernel parameters', async () => {
  await ready('secure');
  expect((await within('secure', 'main', 'id -u; id -g; id -G')).split('\n').map((line) => line.split(' ').map(Number).sort((a, b) => a - b))).toEqual([[1000], [3000], [2000, 3000, 4000]]);
  expect(await Promise.all(['main', 'able', 'own-profile'].map((of) => rights('secure', of)))).toEqual([
    `CapEff: ${hex(0n)} NoNewPrivs: 1 Seccomp: 2`, `CapEff: ${hex((usual | 1n << NET_ADMIN | 1n << SYS_TIME) & ~(1n << CHOWN | 1n << MKNOD))} NoNewPrivs: 0 Seccomp: 0`, `CapEff: ${hex(usual)} NoNewPrivs: 0 Seccomp: 2`,
  ]);
  await ready('other-group');
  // Without the one the image's file has for its user.
  expect(await inside('other-group', 'id -u; id -G; grep www-data /etc/group | tail -n 1')).toBe('33\n4000\nmore:x:5000:www-data');
  // As the kernel has them, and as the status says.
  for (const name of ['secure', 'other-group']) {
    const linux = JSON.parse(await jsonpath(name, '{.status.containerStatuses[?(@.name=="main")].user.linux}')) as { uid: number; gid: number; supplementalGroups: number[] };
    expect(`${linux.uid} ${linux.gid} ${linux.supplementalGroups.join(' ')}`).toBe((await inside(name, "grep -E '^(Uid|Gid|Groups):' /proc/1/status | sed -E 's/^(Uid|Gid):[[:space:]]*([0-9]+).*/\\2/; s/^Groups:[[:space:]]*//' | tr -s '\\n ' ' '")).trim());
  }
  const attempt = (of: string, script: string): Promise<string> => within('secure', of, `${script} 2>&1 || true`);
  expect(await attempt('main', 'touch /x')).toContain('Read-only file system');
  expect(await attempt('own-profile', 'touch /x && mkdir /y')).toContain('Operation not permitted');
  // What the kernel lets be changed for the whole machine is not.
  expect(await within('secure', 'able', 'grep -E " /proc/(sys|irq) " /proc/mounts | cut -d" " -f2,4 | cut -c1-12')).toBe('/proc/irq ro\n/proc/sys ro');
  expect(await within('secure', 'main', 'cd /proc/sys; cat net/ipv4/ip_unprivileged_port_start kernel/shm_rmid_forced net/ipv4/tcp_keepalive_time')).toBe('1\n1\n77');
});

/** Of this process, which the engine's is a child of. */
const allRights = BigInt(`0x${/^CapEff:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!}`);
const everyRight = (1n << (BigInt(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8').trim()) + 1n)) - 1n;
testWhere(allRights === everyRight, 'this machine itself lacks a capability', 'a privileged container has every right, and sees all of the machine', async () => {
  await ready('privileged');
  expect(await rights('privileged', 'main')).toBe(`CapEff: ${hex(everyRight)} NoNewPrivs: 0 Seccomp: 0`);
  expect(await inside('privileged', 'grep -c " /proc/sys " /proc/mounts; ls /dev/loop-control')).toBe('0\n/dev/loop-control');
});
testWhere(allRights !== everyRight, 'this machine has every capability', 'a privileged container is asked for, and why the machine has none is said', async () => {
  await described('privileged', /Warning +Failed .* Error: .*unable to apply caps: operation not permitted/);
  const { docker } = cluster.hosts[0]!;
  const [id] = (await docker('ps', '-aq', '--filter', 'label=io.kubernetes.pod.name=privileged', '--filter', 'label=io.kubernetes.docker.type=container')).split('\n');
  expect(await docker('inspect', '-f', '{{.HostConfig.Privileged}} {{.HostConfig.SecurityOpt}}', id!)).toBe('true [seccomp=unconfined label=disable]');
});

test('what may not be had is refused, and said', async () => {
  await Promise.all(([
    ['root', 'container has runAsNonRoot and image will run as root'], ['root-by-number', "container's runAsUser breaks non-root policy"],
    ['named-user', 'container has runAsNonRoot and image has non-numeric user (www-data), cannot verify user is non-root'],
  ] as const).map(async ([name, words]) => {
    await until(name, 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError');
    const message = `${words} (pod: "${name}_default(${await jsonpath(name, '{.metadata.uid}')})", container: main)`;
    expect(await status(name, 'state.waiting.message')).toBe(message);
    await described(name, `Error: ${message}`);
  }));
  await until('no-profile', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerError');
  expect(await status('no-profile', 'state.waiting.message')).toMatch(/^cannot load seccomp profile: open \S+\/seccomp\/none\.json: no such file or directory$/);
  await until('unsafe-sysctl', 'jsonpath={.status.phase}=Failed');
  expect(await jsonpath('unsafe-sysctl', '{.status.reason}: {.status.message}')).toBe('SysctlForbidden: Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted');
  const unmasked = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'unmasked' }, spec: { containers: [{ name: 'main', image: busybox, securityContext: { procMount: 'Unmasked' } }] } };
  expect(await cluster.kubectlInput(JSON.stringify(unmasked), 'create', '-f', '-').catch((error: Error) => error.message)).toContain('spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`');
  await described('own-users', 'Failed to create pod sandbox: RuntimeClass handler "" does not support user namespaces');
});

testWhere(hasLoops, 'this machine has no loop devices to give', 'a claim for a block device is that device, to write to or to read alone', async () => {
  await ready('disk');
  expect(await within('disk', 'main', 'stat -c %F /dev/xvda; head -n 1 /dev/xvda; echo by the Pod. > /dev/xvda; sync')).toBe('block special file\nfrom the disk');
  expect(await within('disk', 'reader', 'head -n 1 /dev/xvdb; (echo x > /dev/xvdb) 2>&1 || true')).toMatch(/^by the Pod\.\n.*\/dev\/xvdb: Operation not permitted$/);
  expect(readFileSync(join(cluster.dataDir, 'disk.img'), 'latin1')).toMatch(/^by the Pod\.\n/);
});
test('a device that is not there is said', async () => {
  await described('no-disk', /Warning +FailedMapVolume .* MapVolume\.MapBlockVolume failed for volume "no-disk" : path "\/dev\/no-such-disk" does not exist/);
  expect(await column('no-disk')).toBe('ContainerCreating');
});

test('a device of a plugin: the node has it, a container that asks for it can use it, another has to wait until it is free', async () => {
  const resource = 'example.com/full';
  const { name } = cluster.hosts[0]!;
  const plugin = await startPlugin(plugins, resource, { allocation: { devices: [{ hostPath: '/dev/full', containerPath: '/dev/given', permissions: 'rw' }] } });
  try {
    plugin.tell({ one: 'Healthy', ill: 'Unhealthy' });
    await plugin.register();
    await eventually('the node to have it', async () => (await jsonpath(name, '{.status.capacity.example\\.com/full} {.status.allocatable.example\\.com/full}', 'node')) === '2 1');
    for (const pod of ['given', 'waits']) await cluster.kubectlInput(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: pod }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: busybox, command: ['sleep', '100000'], resources: { limits: { [resource]: '1' } } }] } }), 'apply', '-f', '-');
    await ready('given');
    expect(await inside('given', 'echo $VISIBLE; stat -c %t,%T /dev/given; { echo x > /dev/given; } 2>&1 || true')).toBe('one\n1,7\nsh: write error: No space left on device');
    await until('waits', 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}=Unschedulable');
    expect(await described('waits')).toContain('Insufficient example.com/full');
    await cluster.kubectl('delete', 'pod', 'given', '--wait=false');
    await ready('waits');
  } finally {
    plugin.stop();
  }
});

test('stdin: once, with a terminal, and of kubectl run', async () => {
  await Promise.all(['once', 'terminal'].map((name) => ready(name)));
  expect(await cluster.kubectlInput('through\n', 'attach', '-i', 'once')).toBe('through\nthe end\n');
  await until('once', 'jsonpath={.status.phase}=Succeeded');
  expect(await cluster.kubectlInput('tty; exit 7\n', 'attach', '-i', 'terminal')).toMatch(/\/dev\/(pts\/\d+|console)/);
  await until('terminal', 'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}=7');
  expect(await cluster.kubectlInput('from afar\n', 'run', 'piped', '-i', '--rm', '--restart=Never', `--image=${busybox}`, '--command', '--', 'cat')).toMatch(/^from afar\npod "piped" deleted/);
});

test('a runtime class is another runtime of the engine, and costs its overhead', async () => {
  await ready('walled');
  const { docker } = cluster.hosts[0]!;
  const ids = (await docker('ps', '-q', '--filter', 'label=io.kubernetes.pod.name=walled')).split('\n');
  expect((await docker('inspect', '-f', '{{.HostConfig.Runtime}}', ...ids)).split('\n')).toEqual([otherRuntime, otherRuntime]);
  const { own, pod } = await groups('walled');
  const told = (of: { cpu: string; memory: string }): string[] => [kernelSays(of.cpu, 'cpu.shares'), kernelSays(of.cpu, 'cpu.cfs_quota_us'), kernelSays(of.memory, 'memory.limit_in_bytes')];
  expect([told(own), told(pod)]).toEqual([['256', '50000', String(64 * 2 ** 20)], ['358', '60000', String(96 * 2 ** 20)]]);
  expect(await jsonpath('walled', '{.spec.overhead.memory} {.status.containerStatuses[0].resources.limits.memory} {.status.containerStatuses[0].allocatedResources.cpu}')).toBe('32Mi 64Mi 250m');
  await described('nowhere', /Failed to create pod sandbox: .*[Uu]nknown .*runtime.* nowhere/);
  expect(await column('nowhere')).toBe('ContainerCreating');
});

test('memory: one that takes too much is killed, and a limit below the engine\'s least is refused', async () => {
  await until('hungry', 'jsonpath={.status.phase}=Failed');
  expect([await column('hungry'), await status('hungry', 'state.terminated.reason'), await status('hungry', 'state.terminated.exitCode')]).toEqual(['OOMKilled', 'OOMKilled', '137']);
  await until('small', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerError');
  expect(await column('small')).toBe('CreateContainerError');
  await described('small', /Reason: +CreateContainerError/, 'memory limit of 4194304 bytes: Minimum memory limit allowed is 6MB');
  await resize('small', { requests: { memory: '16Mi' }, limits: { memory: '16Mi' } });
  await ready('small');
  expect(await status('small', 'resources.limits.memory')).toBe('16Mi');
});

test('a resize: in place, by a restart, later, or never', async () => {
  await ready('resized');
  const to = (cpu: string, memory: string): Promise<string> => resize('resized', { requests: { cpu, memory: '16Mi' }, limits: { cpu, memory } });
  const condition = (type: string): Promise<string> => jsonpath('resized', `{.status.conditions[?(@.type=="${type}")].reason}: {.status.conditions[?(@.type=="${type}")].message}`);
  const given = async (): Promise<string[]> => { const { own: { cpu, memory } } = await groups('resized'); return [kernelSays(cpu, 'cpu.cfs_quota_us'), kernelSays(memory, 'memory.limit_in_bytes')]; };
  const first = await container('resized');
  await to('150m', '32Mi');
  await until('resized', 'jsonpath={.status.containerStatuses[0].resources.limits.cpu}=150m');
  expect([await container('resized'), await status('resized', 'restartCount'), ...await given()]).toEqual([first, '0', '15000', String(32 * 2 ** 20)]);
  await to('150m', '48Mi');
  await until('resized', 'jsonpath={.status.containerStatuses[0].resources.limits.memory}=48Mi');
  await ready('resized');
  expect([await status('resized', 'restartCount'), ...await given()]).toEqual(['1', '15000', String(48 * 2 ** 20)]);
  await described('resized', /Killing .* Container main resize requires restart/);
  const cores = Number(await jsonpath(cluster.hosts[0]!.name, '{.status.allocatable.cpu}', 'node'));
  await to(String(cores + 1), '48Mi');
  expect(await eventually('that it never can be', async () => { const said = await condition('PodResizePending'); return said.startsWith('Infeasible') && said; })).toBe(`Infeasible: Node didn't have enough capacity: cpu, requested: ${(cores + 1) * 1000}, capacity: ${cores * 1000}`);
  await to(String(cores), '48Mi');
  expect(await eventually('that it waits', async () => { const said = await condition('PodResizePending'); return said.startsWith('Deferred') && said; })).toMatch(new RegExp(`^Deferred: Node didn't have enough resource: cpu, requested: ${cores * 1000}, used: \\d+, capacity: ${cores * 1000}$`));
  expect([await status('resized', 'allocatedResources.cpu'), ...await given()]).toEqual(['150m', '15000', String(48 * 2 ** 20)]);
  await to('120m', '48Mi');
  await until('resized', 'jsonpath={.status.containerStatuses[0].resources.limits.cpu}=120m');
  expect([await condition('PodResizePending'), ...await given()]).toEqual([': ', '12000', String(48 * 2 ** 20)]);
  // Sizes that are no multiple of a page are those asked for all the same.
  expect(await jsonpath('names', '{.status.containerStatuses[?(@.name=="main")].resources.limits.memory}')).toBe('64000001');
  expect(await cluster.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.conditions[*].type}')).not.toContain('PodResize');
});

test('programs and images that are not there, in the words of who looked for them', async () => {
  await until('no-program-once', 'jsonpath={.status.phase}=Failed');
  expect([await status('no-program-once', 'state.terminated.reason'), await status('no-program-once', 'state.terminated.exitCode')]).toEqual(['ContainerCannotRun', '127']);
  expect(await status('no-program-once', 'state.terminated.message')).toContain('exec: "no-such-program": executable file not found in $PATH');
  await described('no-program', /Warning +Failed .* Error: .*exec: "\/no\/such\/program": stat \/no\/such\/program: no such file or directory/, /Back-off restarting failed container main in pod no-program_default/);
  await until('no-image-name', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=InvalidImageName');
  expect([await column('no-image-name'), await status('no-image-name', 'state.waiting.message')]).toEqual(['InvalidImageName', expect.stringContaining('couldn\'t parse image name "dray.local/UPPER:1"')]);
  await described('no-image-name', /Warning +InspectFailed .* Failed to apply default image tag "dray\.local\/UPPER:1"/, 'Error: InvalidImageName');
});

test('no path of a container leads out of it', async () => {
  await until('outside', 'jsonpath={.status.phase}=Succeeded');
  expect(await status('outside', 'state.terminated.message')).toBe('inside\n');
  expect(['/dray-outside', '/tmp/dray-outside', join(cluster.lan.directory, 'dray-outside')].filter(existsSync)).toEqual([]);
});

const appArmor = existsSync('/sys/kernel/security/apparmor/profiles');
testWhere(appArmor, 'the kernel has no AppArmor', 'a profile of AppArmor is in force', async () => {
  await ready('guarded');
  expect(await inside('guarded', 'cat /proc/1/attr/current')).toBe('docker-default (enforce)');
});
testWhere(!appArmor, 'the kernel has AppArmor', 'where there is no AppArmor, a Pod that counts on it fails', async () => {
  await until('guarded', 'jsonpath={.status.phase}=Failed');
  expect(await jsonpath('guarded', '{.status.reason}: {.status.message}')).toBe('AppArmor: Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host');
});
