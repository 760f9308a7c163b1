// From a Pod's container to what the runtime is told.
import { containerConfig, sandboxConfig } from '../../../../agent/kubelet/container-config.ts';
import { linuxResources, oomScoreAdj, quotaOf, sharesOf } from '../../../../agent/kubelet/resources.ts';
import { securityContext, verifyRunAsNonRoot } from '../../../../agent/kubelet/security.ts';
import type { Container, PodSpec } from '../../../../agent/kubelet/pod.ts';
import { container, pod } from './pods.ts';

it.each([[0, 2], [1, 2], [10, 10], [100, 102], [1000, 1024], [2500, 2560], [1e9, 262144]])('%d milli cores are %d shares', (milli, shares) => expect(sharesOf(milli)).toBe(shares));
it.each([[1, 1000], [100, 10_000], [1500, 150_000]])('a limit of %d milli cores is a quota of %d', (milli, quota) => expect(quotaOf(milli)).toBe(quota));
it.each<[string, string | undefined, number]>([['Guaranteed', '1Gi', -997], ['BestEffort', undefined, 1000], ['Burstable', '4Gi', 500], ['Burstable', undefined, 999], ['Burstable', '8Gi', 3]])('%s asking for %s gets the score %d', (qosClass, memory, score) => {
  expect(oomScoreAdj(pod(), container('a', memory ? { resources: { requests: { memory } } } : {}), { qosClass, memoryCapacity: 8 * 2 ** 30 })).toBe(score);
});
it('spares a sidecar as long as any container of its Pod, and what the node cannot do without', () => {
  const asks = (memory: string) => ({ resources: { requests: { memory } } });
  const sidecar = container('s', { restartPolicy: 'Always', ...asks('1Gi') });
  const spec = { initContainers: [sidecar], containers: [container('a', asks('2Gi')), container('b', asks('4Gi'))] };
  const oom = { qosClass: 'Burstable', memoryCapacity: 8 * 2 ** 30 };
  expect([oomScoreAdj(pod(spec), sidecar, oom), oomScoreAdj(pod(spec), spec.containers[1]!, oom), oomScoreAdj(pod({ ...spec, priority: 2_000_001_000 }), sidecar, oom)]).toEqual([750, 500, -997]);
});
it('takes shares from the limit when nothing is requested', () => {
  expect(linuxResources(pod(), container('a', { resources: { limits: { cpu: '500m', memory: '64Mi' } } }), { qosClass: 'BestEffort', memoryCapacity: 1 })).toEqual({ cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 50_000, memoryLimitInBytes: 64 * 2 ** 20, oomScoreAdj: 1000 });
});

it('expands command and arguments, and writes down what a later agent has to know', () => {
  const config = containerConfig({
    pod: pod({ terminationGracePeriodSeconds: 7 }), container: container('a', { command: ['run', '$(NAME)'], args: ['$$(NAME)', '$(OTHER)'], workingDir: '/w', tty: true, stdin: true, lifecycle: { stopSignal: 'SIGUSR1' } } as never), kind: 'regular', restartCount: 3,
    image: { id: 'sha256:1', repoTags: [], repoDigests: [], size: 1, user: '', createdAt: 0 }, envs: [{ key: 'NAME', value: 'v' }], mounts: [], terminationFile: '/f', oom: { qosClass: 'BestEffort', memoryCapacity: 1 }, seccompRoot: '/s',
  });
  expect(config).toMatchObject({
    metadata: { name: 'a', attempt: 3 }, image: 'sha256:1', imageReference: 'nginx:1', command: ['run', 'v'], args: ['$(NAME)', '$(OTHER)'], workingDir: '/w', tty: true, stdin: true, stopSignal: 'SIGUSR1',
    annotations: { 'io.kubernetes.container.restartCount': '3', 'io.kubernetes.pod.terminationGracePeriod': '7', 'io.kubernetes.container.hash': expect.stringMatching(/^[0-9a-f]{8}$/) },
  });
});

it.each<[string, Partial<PodSpec>, Partial<Container>, object]>([
  ['nothing said', {}, {}, { pidMode: 'container' }],
  ['the Pod says it', { securityContext: { runAsUser: 5, runAsGroup: 6, fsGroup: 7, supplementalGroups: [8] } } as never, {}, { runAsUser: 5, runAsGroup: 6, supplementalGroups: [8, 7], pidMode: 'container' }],
  ['the container wins', { securityContext: { runAsUser: 5 } } as never, { securityContext: { runAsUser: 0 } }, { runAsUser: 0, pidMode: 'container' }],
  ['labels of SELinux', { securityContext: { seLinuxOptions: { type: 'a' } } } as never, {}, { seLinux: { type: 'a' }, pidMode: 'container' }],
  ['those of the container instead', { securityContext: { seLinuxOptions: { type: 'a' } } } as never, { securityContext: { seLinuxOptions: { level: 's0' } } } as never, { seLinux: { level: 's0' }, pidMode: 'container' }],
  ['no escalation', {}, { securityContext: { allowPrivilegeEscalation: false } }, { noNewPrivs: true, pidMode: 'container' }],
  ['privileged', { hostPID: true }, { securityContext: { privileged: true, allowPrivilegeEscalation: false } }, { privileged: true, seccomp: 'unconfined', pidMode: 'host' }],
  ['capabilities and profiles', { shareProcessNamespace: true, securityContext: { seccompProfile: { type: 'RuntimeDefault' } } } as never, { securityContext: { capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] }, readOnlyRootFilesystem: true, seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' } } } as never,
    { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'], readonlyRootfs: true, seccomp: { localhostProfile: '/s/p.json' }, pidMode: 'pod' }],
])('security: %s', (_, spec, more, wanted) => expect(securityContext(pod(spec), container('a', more), { seccompRoot: '/s' })).toEqual(wanted));

it.each<[string, Partial<PodSpec>['securityContext'], object]>([
  ['33:4', { runAsGroup: 6 }, { runAsUserName: '33', runAsGroup: 6 }], ['www', { runAsGroup: 6 }, { runAsUserName: 'www', runAsGroup: 6 }], ['', { runAsGroup: 6 }, { runAsGroup: 6 }], ['www', { runAsGroup: 6, runAsUser: 0 }, { runAsUser: 0, runAsGroup: 6 }], ['www:4', {}, {}],
])('an image\'s user "%s" stays with %j', (user, context, wanted) => expect(securityContext(pod({ securityContext: context! }), container('a'), { seccompRoot: '/s', image: { user } })).toEqual({ ...wanted, pidMode: 'container' }));

it.each<[string, Partial<PodSpec>, unknown]>([['its target\'s', {}, { targetId: 'x' }], ['the Pod\'s', { shareProcessNamespace: true }, 'pod'], ['the host\'s', { hostPID: true }, 'host']])('a container with a target sees %s processes', (_, spec, pidMode) => {
  expect(securityContext(pod(spec), container('e'), { seccompRoot: '/s', targetId: 'x' })).toEqual({ pidMode });
});

it.each<[Partial<Container>['securityContext'], string, string | undefined]>([
  [{ runAsNonRoot: true }, '', 'container has runAsNonRoot and image will run as root'], [{ runAsNonRoot: true }, '0:0', 'container has runAsNonRoot and image will run as root'],
  [{ runAsNonRoot: true }, 'www', 'container has runAsNonRoot and image has non-numeric user (www), cannot verify user is non-root'], [{ runAsNonRoot: true }, '101', undefined],
  [{ runAsNonRoot: true, runAsUser: 0 }, '101', "container's runAsUser breaks non-root policy"], [{ runAsNonRoot: true, runAsUser: 5 }, '', undefined], [{}, '', undefined],
])('%j with an image of user "%s": %s', (securityContext, user, problem) => {
  const check = () => verifyRunAsNonRoot(pod(), container('a', { securityContext: securityContext! }), { user });
  if (problem === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(problem);
});

it('puts hostname, ports and sysctls on the sandbox', () => {
  const spec = { containers: [container('a', { ports: [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }, { containerPort: 81, protocol: 'TCP' }] })], securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '9' }] } };
  expect(sandboxConfig({ pod: pod(spec as never, { metadata: { labels: { a: 'b' } } }), attempt: 2, network: 'n', ip: '10.1.1.1', hostname: { hostname: 'h', domain: '' }, runtimeHandler: 'runsc', cgroupParent: '/docker/pod-1' })).toEqual({
    runtimeHandler: 'runsc', cgroupParent: '/docker/pod-1', annotations: { 'io.kubernetes.pod.runtimeHandler': 'runsc', 'io.kubernetes.pod.cgroupParent': '/docker/pod-1' },
    metadata: { name: 'web', namespace: 'default', uid: 'uid-1', attempt: 2 }, hostname: 'h', network: 'n', ip: '10.1.1.1', portMappings: [{ protocol: 'TCP', containerPort: 80, hostPort: 8080 }], sysctls: { 'net.core.somaxconn': '9' }, labels: { a: 'b' },
  });
});
