// What a container config becomes in the Docker Engine's own words.
import { containerOptions, resourceOptions, sandboxOptions } from '../../../../../agent/runtime/docker/create-options.ts';
import type { ContainerConfig, LinuxSecurityContext, PodSandboxConfig } from '../../../../../agent/runtime/runtime.ts';

const context = { cluster: 'c1', negativeOomScore: false, logs: { maxSizeBytes: 10485760, maxFiles: 5 } };
const sandbox: PodSandboxConfig = { metadata: { name: 'web', namespace: 'default', uid: 'u1', attempt: 3 }, hostname: 'web', network: 'pods', ip: '10.244.0.7' };
const container: ContainerConfig = { metadata: { name: 'nginx', attempt: 2 }, image: 'sha256:1', imageReference: 'nginx:1.28', envs: [], mounts: [] };

describe('sandboxOptions', () => {
  it('asks for the address, the name and a shareable IPC namespace', () => {
    expect(sandboxOptions(sandbox, 'pause', context)).toMatchObject({
      name: 'k8s_POD_web_default_u1_3', Image: 'pause', Hostname: 'web',
      Labels: { 'io.kubernetes.docker.type': 'podsandbox', 'io.kubernetes.container.name': 'POD', 'io.kubernetes.pod.uid': 'u1', 'dray.io/cluster': 'c1' },
      HostConfig: { NetworkMode: 'pods', IpcMode: 'shareable', CpuShares: 2 },
      NetworkingConfig: { EndpointsConfig: { pods: { IPAMConfig: { IPv4Address: '10.244.0.7' } } } },
    });
  });
  it('asks for another runtime than the default, for the containers too', () => {
    const walled = { ...sandbox, runtimeHandler: 'runsc' };
    expect([sandboxOptions(walled, 'pause', context).HostConfig!.Runtime, containerOptions('s1', container, walled, context).HostConfig!.Runtime, containerOptions('s1', container, sandbox, context).HostConfig!.Runtime]).toEqual(['runsc', 'runsc', undefined]);
  });
  it('maps host ports, several to one container port too', () => {
    const portMappings = [
      { protocol: 'TCP', containerPort: 80, hostPort: 8080 }, { protocol: 'TCP', containerPort: 80, hostPort: 8081, hostIP: '127.0.0.1' },
      { protocol: 'UDP', containerPort: 53, hostPort: 5353 }, { protocol: 'TCP', containerPort: 90, hostPort: 0 },
    ] as const;
    const options = sandboxOptions({ ...sandbox, portMappings }, 'pause', context);
    expect(options.ExposedPorts).toEqual({ '80/tcp': {}, '53/udp': {} });
    expect(options.HostConfig!.PortBindings).toEqual({
      '80/tcp': [{ HostIp: '', HostPort: '8080' }, { HostIp: '127.0.0.1', HostPort: '8081' }], '53/udp': [{ HostIp: '', HostPort: '5353' }],
    });
  });
  it('on the host network takes the host\'s name and no ports', () => {
    const options = sandboxOptions({ ...sandbox, network: 'host', portMappings: [{ protocol: 'TCP', containerPort: 80, hostPort: 80 }] }, 'pause', context);
    expect(options).not.toHaveProperty('Hostname');
    expect(options).not.toHaveProperty('NetworkingConfig');
    expect(options).not.toHaveProperty('ExposedPorts');
    expect(options.HostConfig).toMatchObject({ NetworkMode: 'host', UTSMode: 'host' });
  });
  it('lowers the OOM score only where that is allowed', () => {
    expect(sandboxOptions(sandbox, 'pause', context).HostConfig).not.toHaveProperty('OomScoreAdj');
    expect(sandboxOptions(sandbox, 'pause', { ...context, negativeOomScore: true }).HostConfig!.OomScoreAdj).toBe(-998);
  });
});

describe('containerOptions', () => {
  const host = (security: LinuxSecurityContext): Record<string, unknown> => containerOptions('s1', { ...container, security }, sandbox, context).HostConfig as Record<string, unknown>;

  it('joins the sandbox and keeps the image\'s program unless told otherwise', () => {
    const options = containerOptions('s1', container, sandbox, context);
    expect(options).toMatchObject({
      name: 'k8s_nginx_web_default_u1_2', Image: 'sha256:1',
      Labels: { 'io.kubernetes.sandbox.id': 's1', 'io.kubernetes.docker.type': 'container', 'dray.io/image-reference': 'nginx:1.28' },
      HostConfig: { NetworkMode: 'container:s1', IpcMode: 'container:s1', LogConfig: { Type: 'json-file', Config: { 'max-size': '10485760', 'max-file': '5' } } },
    });
    for (const key of ['Entrypoint', 'Cmd', 'User', 'WorkingDir', 'StopSignal']) expect(options).not.toHaveProperty(key);
    expect(containerOptions('s1', { ...container, command: ['a'], args: ['b'], envs: [{ key: 'K', value: 'a=b' }] }, sandbox, context)).toMatchObject({ Entrypoint: ['a'], Cmd: ['b'], Env: ['K=a=b'] });
  });
  it('writes annotations as labels of their own kind', () => {
    expect(containerOptions('s1', { ...container, labels: { a: '1' }, annotations: { 'x/y': '2' } }, sandbox, context).Labels).toMatchObject({ a: '1', 'annotation.x/y': '2' });
  });
  it.each<[LinuxSecurityContext, string | undefined]>([
    [{}, undefined], [{ runAsUser: 0 }, '0'], [{ runAsUser: 5 }, '5'], [{ runAsUser: 5, runAsGroup: 6 }, '5:6'], [{ runAsGroup: 6 }, '0:6'], [{ runAsUserName: 'www' }, 'www'],
  ])('user of %j is %s', (security, user) => { expect(containerOptions('s1', { ...container, security }, sandbox, context).User).toBe(user); });
  it.each<[LinuxSecurityContext, string[] | undefined]>([
    [{}, ['seccomp=unconfined']], [{ seccomp: 'runtime/default' }, undefined], [{ seccomp: { localhostProfile: '{}' } }, ['seccomp={}']],
    [{ seccomp: 'runtime/default', noNewPrivs: true, apparmor: 'localhost/web' }, ['no-new-privileges', 'apparmor=web']], [{ seccomp: 'runtime/default', apparmor: 'unconfined' }, ['apparmor=unconfined']],
    [{ seccomp: 'runtime/default', seLinux: { level: 's0:c1', type: 'spc_t' } }, ['label=type:spc_t', 'label=level:s0:c1']], [{ seccomp: 'runtime/default', seLinux: {} }, undefined],
  ])('security options of %j are %j', (security, options) => { expect(host(security)['SecurityOpt']).toEqual(options); });
  it.each<[LinuxSecurityContext, Partial<PodSandboxConfig>, string | undefined]>([
    [{}, {}, undefined], [{ pidMode: 'pod' }, {}, 'container:s1'], [{ pidMode: 'host' }, {}, 'host'], [{ pidMode: { targetId: 't1' } }, {}, 'container:t1'], [{}, { hostPID: true }, 'host'],
  ])('process namespace of %j in %j is %s', (security, more, mode) => {
    expect((containerOptions('s1', { ...container, security }, { ...sandbox, ...more }, context).HostConfig as { PidMode?: string }).PidMode).toBe(mode);
  });
  it('passes devices', () => {
    const devices = [{ hostPath: '/dev/sdb', containerPath: '/dev/xvda', permissions: 'mrw' }];
    expect(containerOptions('s1', { ...container, devices }, sandbox, context).HostConfig!.Devices).toEqual([{ PathOnHost: '/dev/sdb', PathInContainer: '/dev/xvda', CgroupPermissions: 'mrw' }]);
    expect(containerOptions('s1', container, sandbox, context).HostConfig).not.toHaveProperty('Devices');
  });
  it('passes rights and mounts', () => {
    expect(host({ addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'], privileged: true, readonlyRootfs: true, supplementalGroups: [7], maskedPathsUnset: true })).toMatchObject({
      CapAdd: ['NET_ADMIN'], CapDrop: ['ALL'], Privileged: true, ReadonlyRootfs: true, GroupAdd: ['7'], MaskedPaths: [], ReadonlyPaths: [],
    });
    const mounts = [{ hostPath: '/a:b', containerPath: '/c' }, { hostPath: '/d', containerPath: '/e', readonly: true, propagation: 'rslave' },
      { engineVolume: { type: 'nfs', device: ':/exports', options: 'addr=10.0.0.1' }, containerPath: '/f' }] as const;
    expect(containerOptions('s1', { ...container, mounts }, sandbox, context).HostConfig!.Mounts).toEqual([
      { Type: 'bind', Source: '/a:b', Target: '/c', ReadOnly: false },
      { Type: 'bind', Source: '/d', Target: '/e', ReadOnly: true, BindOptions: { Propagation: 'rslave' } },
      { Type: 'volume', Target: '/f', ReadOnly: false, VolumeOptions: { NoCopy: true, DriverConfig: { Name: 'local', Options: { type: 'nfs', device: ':/exports', o: 'addr=10.0.0.1' } } } },
    ]);
  });
});

describe('resourceOptions', () => {
  it('allows no swap beyond the limit and never asks for NanoCpus', () => {
    expect(resourceOptions({ cpuPeriod: 100_000, cpuQuota: -1, memoryLimitInBytes: 9, cpuShares: 2, cpusetCpus: '0' }, false)).toEqual({ CpuPeriod: 100_000, CpuQuota: -1, Memory: 9, MemorySwap: 9, CpuShares: 2, CpusetCpus: '0' });
  });
  it.each([[-997, false, undefined], [-997, true, -997], [0, false, 0], [1000, false, 1000]])('OOM score %i where lowering is %s: %s', (oomScoreAdj, may, expected) => {
    expect(resourceOptions({ oomScoreAdj }, may).OomScoreAdj).toBe(expected);
  });
});
