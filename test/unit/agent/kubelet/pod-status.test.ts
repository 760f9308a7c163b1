// Phase, conditions and container states, for each state a Pod can be found in.
import { nextRestartCount } from '../../../../agent/kubelet/container-statuses.ts';
import { beforeItsEnd, podStatus } from '../../../../agent/kubelet/pod-status.ts';
import { inOwnForm, learnForms, statusPatch, type Forms } from '../../../../agent/kubelet/status-manager.ts';
import type { PodSpec } from '../../../../agent/kubelet/pod.ts';
import { container, pod, probes, ran, runtime, sandbox, type Ran } from './pods.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
interface Row { spec?: Partial<PodSpec>; status?: object; containers?: [string, Ran?][]; waiting?: Record<string, string>; terminal?: boolean; ready?: string[]; resize?: Parameters<typeof podStatus>[0]['resize'] }
const statusOf = ({ spec = {}, status = {}, containers = [], waiting = {}, terminal = false, ready = [], resize = {} }: Row) => podStatus({
  resize,
  pod: pod(spec, { status }), runtime: runtime(terminal ? [] : [sandbox()], containers.map(([name, of]) => ran(name, of))), terminal, now, hostIPs: ['192.168.0.1'],
  waiting: new Map(Object.entries(waiting).map(([name, reason]) => [name, { reason, message: `${reason}!` }])), probes: probes({ readiness: Object.fromEntries(ready.map((id) => [id, 'success' as const])) }),
});
const exited = (exitCode = 0): Ran => ({ state: 'exited', exitCode });
const two = { containers: [container('a'), container('b')] };

describe('phase', () => {
  it.each<[string, Row, string]>([
    ['nothing runs yet', {}, 'Pending'],
    ['one of two runs', { spec: two, containers: [['a']] }, 'Pending'],
    ['all run', { spec: two, containers: [['a'], ['b']] }, 'Running'],
    ['an init container runs', { spec: { initContainers: [container('i')] }, containers: [['i']] }, 'Pending'],
    ['an init container failed under Never', { spec: { restartPolicy: 'Never', initContainers: [container('i')] }, containers: [['i', exited(1)]] }, 'Failed'],
    ['an init container failed under Always', { spec: { initContainers: [container('i')] }, containers: [['i', exited(1)]] }, 'Pending'],
    ['ended under Always', { containers: [['a', exited()]] }, 'Running'],
    ['waits in back-off', { containers: [['a', exited(1)]], waiting: { a: 'CrashLoopBackOff' } }, 'Running'],
    ['ended well under OnFailure', { spec: { restartPolicy: 'OnFailure' }, containers: [['a', exited()]] }, 'Succeeded'],
    ['failed under OnFailure', { spec: { restartPolicy: 'OnFailure' }, containers: [['a', exited(1)]] }, 'Running'],
    ['failed under Never', { spec: { restartPolicy: 'Never' }, containers: [['a', exited(1)]] }, 'Failed'],
    ['one of two ended under Never', { spec: { restartPolicy: 'Never', ...two }, containers: [['a', exited()], ['b']] }, 'Running'],
    ['terminated well', { containers: [['a', exited()]], terminal: true }, 'Succeeded'],
    ['terminated badly', { containers: [['a', exited(137)]], terminal: true }, 'Failed'],
    ['terminated before it ran', { terminal: true }, 'Failed'],
    ['never goes back', { status: { phase: 'Succeeded' }, containers: [['a']] }, 'Succeeded'],
  ])('%s', (_, row, phase) => expect(statusOf(row).phase).toBe(phase));
});

describe('container states', () => {
  const first = (row: Row) => statusOf(row).containerStatuses![0]!;
  it('waits for its creation, or for init containers', () => {
    expect(first({}).state).toEqual({ waiting: { reason: 'ContainerCreating' } });
    expect(first({ spec: { initContainers: [container('i')] } }).state).toEqual({ waiting: { reason: 'PodInitializing' } });
  });
  it('shows why it was not started, with the last end beside', () => {
    const status = first({ containers: [['a', { ...exited(1), message: 'oops' }]], waiting: { a: 'CrashLoopBackOff' } });
    expect(status.state).toEqual({ waiting: { reason: 'CrashLoopBackOff', message: 'CrashLoopBackOff!' } });
    expect(status.lastState.terminated).toEqual({ exitCode: 1, reason: 'Error', message: 'oops', startedAt: '1970-01-01T00:00:01Z', finishedAt: '1970-01-01T00:00:02Z', containerID: 'docker://a-0' });
  });
  it('gives each of the containers its part of what all may say', () => {
    const long = (message: string): Ran => ({ ...exited(1), message });
    const [a, b] = statusOf({ spec: { ...two, initContainers: [container('i'), container('j'), container('k'), container('l')] }, containers: [['a', long('ä'.repeat(1500))], ['b', long('b'.repeat(2048))], ['b', { restarts: 1 }], ['i', long('x'.repeat(2049))]] }).containerStatuses!;
    expect(a!.state.terminated!.message).toBe('ä'.repeat(1024));
    expect(b!.lastState.terminated!.message).toBe('b'.repeat(2048));
    expect(first({ containers: [['a', long('a'.repeat(4096))]] }).state.terminated!.message).toHaveLength(4096);
  });
  it('says as whom each was started; what was told of one stays, and is not that of the next', () => {
    const user = { uid: 1000, gid: 3000, supplementalGroups: [2000, 3000] };
    const told = { linux: { uid: 0, gid: 0, supplementalGroups: [0] } };
    const status = { containerStatuses: [{ name: 'a', containerID: 'docker://a-0', user: told }] };
    expect(first({ containers: [['a', { user }]] }).user).toEqual({ linux: user });
    expect(first({ containers: [['a', { user }]], status }).user).toEqual(told);
    expect(first({ containers: [['a', exited()]], status }).user).toEqual(told);
    expect(first({ containers: [['a', exited()], ['a', { restarts: 1, user }]], status }).user).toEqual({ linux: user });
    expect(first({ containers: [['a']] })).not.toHaveProperty('user');
  });
  it('counts restarts and keeps the run before', () => {
    const status = first({ containers: [['a', exited(3)], ['a', { restarts: 1 }]] });
    expect(status).toMatchObject({ restartCount: 1, ready: true, started: true, imageID: 'docker-pullable://nginx@sha256:1', containerID: 'docker://a-1', lastState: { terminated: { exitCode: 3 } } });
  });
  it('is ready when its readiness probe has succeeded', () => {
    const spec = { containers: [container('a', { readinessProbe: { tcpSocket: { port: 1 } } as never })] };
    expect(first({ spec, containers: [['a']] }).ready).toBe(false);
    expect(first({ spec, containers: [['a']], ready: ['a-0'] }).ready).toBe(true);
  });
  it('is not started before its startup probe has succeeded', () => {
    const spec = { containers: [container('a', { startupProbe: { tcpSocket: { port: 1 } } as never })] };
    expect(first({ spec, containers: [['a']] })).toMatchObject({ started: false, ready: false });
  });
  it('tells of a container that was lost', () => {
    const status = { containerStatuses: [{ name: 'a', containerID: 'docker://x', restartCount: 2, state: { running: { startedAt: 'then' } }, lastState: {} }] };
    expect(first({ status }).lastState.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
    expect(first({ status }).restartCount).toBe(3);
    expect(first({ status, terminal: true })).toMatchObject({ lastState: first({ status }).lastState, state: { terminated: unknownEnd } });
    const leaving = podStatus({ pod: pod({}, { metadata: { deletionTimestamp: 'now' }, status }), runtime: runtime([]), terminal: true, now, hostIPs: [], waiting: new Map(), probes: probes() }).containerStatuses![0]!;
    expect(leaving).toMatchObject({ restartCount: 2, state: { terminated: unknownEnd } });
  });

  const unknownEnd = { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated', startedAt: null, finishedAt: null };
  const init = { initContainers: [container('i'), container('j')] };
  const states = (row: Row): string[] => {
    const status = statusOf({ ...row, terminal: true });
    expect(status.phase).toBe('Failed');
    return [...(status.initContainerStatuses ?? []), ...status.containerStatuses!].map(({ name, state, containerID }) => `${name} ${state.waiting ? 'waits' : containerID ? state.terminated!.exitCode : state.terminated!.reason}`);
  };
  it.each<[string, Row, string[]]>([
    ['never began', {}, ['a ContainerStatusUnknown']],
    ['began with one of two', { spec: two, containers: [['b', exited()]] }, ['a ContainerStatusUnknown', 'b 0']],
    ['never began with its init containers', { spec: init }, ['i ContainerStatusUnknown', 'j waits', 'a waits']],
    ['failed in the first of them', { spec: init, containers: [['i', exited(1)]] }, ['i 1', 'j waits', 'a waits']],
    ['came to the last of them', { spec: init, containers: [['i', exited()], ['j', exited(1)]] }, ['i 0', 'j 1', 'a waits']],
    ['has passed them all', { spec: init, containers: [['i', exited()], ['j', exited()]] }, ['i 0', 'j 0', 'a ContainerStatusUnknown']],
  ])('of a Pod that ended and %s tell no success', (_, row, expected) => expect(states(row)).toEqual(expected));

  it('come by name, those of init containers in their order', () => {
    const status = statusOf({ spec: { initContainers: [container('z'), container('y')], containers: [container('c'), container('a'), container('b')] } });
    expect([status.initContainerStatuses, status.containerStatuses].map((list) => list!.map(({ name }) => name))).toEqual([['z', 'y'], ['a', 'b', 'c']]);
  });
  it('tell of resources once the container is made, of every kind', () => {
    const spec = { initContainers: [container('i', { resources: { requests: { cpu: '1' } } })], containers: [container('a')], ephemeralContainers: [container('e')] } as never;
    const told = (row: Row) => {
      const status = statusOf({ spec, ...row });
      return [...status.initContainerStatuses!, ...status.containerStatuses!, ...status.ephemeralContainerStatuses!].map(({ started, resources, allocatedResources }) => [started, resources, allocatedResources]);
    };
    expect(told({})).toEqual([[false, undefined, undefined], [false, undefined, undefined], [undefined, undefined, undefined]]);
    expect(told({ containers: [['i', exited()], ['a'], ['e']] })).toEqual([[false, { requests: { cpu: '1' } }, { cpu: '1' }], [true, {}, undefined], [undefined, {}, undefined]]);
  });
});

it.each<[string, object | undefined, number]>([
  ['never was', undefined, 0],
  ['waits for its first start', { restartCount: 0, state: { waiting: {} } }, 0],
  ['ran', { containerID: 'docker://x', restartCount: 2, state: { running: {} } }, 3],
  ['had ended', { containerID: 'docker://x', restartCount: 2, state: { terminated: { reason: 'Error' } } }, 3],
  ['waited in back-off', { containerID: 'docker://x', restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { reason: 'Error' } } }, 3],
  ['was lost, and is counted already', { containerID: 'docker://x', restartCount: 3, state: { waiting: {} }, lastState: { terminated: { reason: 'ContainerStatusUnknown' } } }, 3],
  ['ran after one that was lost', { containerID: 'docker://x', restartCount: 3, state: { running: {} }, lastState: { terminated: { reason: 'ContainerStatusUnknown' } } }, 4],
])('the next container after one that %s', (_, old, count) => expect(nextRestartCount(old as never)).toBe(count));

it('tells the address of a sandbox that has gone until there is another', () => {
  const status = { podIP: '10.42.0.7', podIPs: [{ ip: '10.42.0.7' }] };
  const of = (sandboxes: Parameters<typeof runtime>[0]) => podStatus({ pod: pod({}, { status }), runtime: runtime(sandboxes, [ran('a')]), terminal: false, now, hostIPs: [], waiting: new Map(), probes: probes({}) }).podIP;
  expect(of([])).toBe('10.42.0.7');
  expect(of([sandbox({ state: 'notReady', ip: '' })])).toBe('10.42.0.7');
  expect(of([sandbox({ ip: '10.42.0.8' })])).toBe('10.42.0.8');
});

describe('conditions', () => {
  it('leaves those of others alone, and moves its own times only on change', () => {
    const old = { conditions: [{ type: 'example.com/gate', status: 'False', lastTransitionTime: 'x' }, { type: 'Ready', status: 'False', lastTransitionTime: '2025-01-01T00:00:00Z' }, { type: 'Initialized', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' }] };
    const status = statusOf({ spec: { readinessGates: [{ conditionType: 'example.com/gate' }] }, status: old, containers: [['a']] });
    const of = (type: string) => status.conditions!.find((c) => c.type === type)!;
    expect(of('example.com/gate')).toEqual(old.conditions[0]);
    expect(of('ContainersReady')).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' });
    expect(of('Ready')).toMatchObject({ status: 'False', lastTransitionTime: '2025-01-01T00:00:00Z', reason: 'ReadinessGatesNotReady', message: 'the status of pod readiness gate "example.com/gate" is not "True", but False' });
    expect(of('Initialized').lastTransitionTime).toBe('2025-01-01T00:00:00Z');
  });
  it('tells of a resize that waits, is under way or was refused, and of none that is over', () => {
    const spec = { containers: [container('a', { resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } })] };
    const before = { cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 50_000, memoryLimitInBytes: 512 * 2 ** 20 };
    const resizes = (row: Row) => statusOf(row).conditions!.filter((c) => c.type.startsWith('PodResize')).map(({ type, status, reason, message }) => [type, status, reason, message]);
    const pending = { reason: 'Deferred' as const, message: 'later' };
    expect(resizes({ resize: { pending } })).toEqual([['PodResizePending', 'True', 'Deferred', 'later']]);
    expect(resizes({ spec, containers: [['a', { resources: before }]] })).toEqual([['PodResizeInProgress', 'True', undefined, undefined]]);
    expect(resizes({ spec, containers: [['a', { resources: before }]], resize: { error: 'no' } })).toEqual([['PodResizeInProgress', 'True', 'Error', 'no']]);
    expect(resizes({ status: { conditions: [{ type: 'PodResizePending', status: 'True' }] } })).toEqual([]);
    expect(statusOf({ spec, containers: [['a', { resources: before }]] }).containerStatuses![0]).toMatchObject({
      allocatedResources: { cpu: '1', memory: '1Gi' }, resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '500m', memory: '512Mi' } },
    });
    expect(statusOf({ containers: [['a']] }).containerStatuses![0]!.resources).toEqual({});
  });
  it('names what is not ready', () => {
    const status = statusOf({ spec: two, containers: [['a']] });
    expect(status.conditions!.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [b]' });
  });
});

describe('statusPatch', () => {
  const known = statusOf({ containers: [['a']] });
  it('is nothing when nothing differs', () => expect(statusPatch(known, structuredClone(known))).toBeUndefined());
  it('holds what differs, replaces addresses, and takes words of conditions back', () => {
    const before = statusOf({ spec: two, containers: [['a']] });
    const after = { ...statusOf({ spec: two, containers: [['a'], ['b']] }), podIP: '10.42.0.9', podIPs: [{ ip: '10.42.0.9' }] };
    const patch = statusPatch(before, after)!;
    expect(patch).toMatchObject({ phase: 'Running', podIP: '10.42.0.9', podIPs: [{ ip: '10.42.0.9' }, { $patch: 'replace' }] });
    expect(patch['startTime']).toBeUndefined();
    expect(patch['conditions']).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True', reason: null, message: null }));
  });
  it('takes away a condition of its own that no longer holds', () => {
    const before = { ...known, conditions: [...known.conditions!, { type: 'PodResizePending', status: 'True' }, { type: 'example.com/gate', status: 'True' }] } as typeof known;
    expect(statusPatch(before, known)).toEqual({ conditions: [{ type: 'PodResizePending', $patch: 'delete' }] });
  });
  it('takes away what is no longer said', () => expect(statusPatch({ ...known, message: 'x' }, known)).toEqual({ message: null }));
});

describe('inOwnForm', () => {
  const desired = statusOf({ containers: [['a']] });
  /** As the server keeps it: completed by a field the kubelet does not write. */
  const answer = { ...desired, containerStatuses: desired.containerStatuses!.map((s) => ({ ...s, extra: 'default' })), conditions: desired.conditions!.map((c) => ({ ...c, extra: 1 })) } as never as typeof desired;
  const forms: Forms = new Map();
  learnForms(forms, statusPatch(undefined, desired)!, desired, answer);
  it('takes what the server has completed for what was written', () => expect(statusPatch(inOwnForm(answer, forms), desired)).toBeUndefined());
  it('finds what someone else has written, and only that', () => {
    const marked = { ...answer, reason: 'Mine', conditions: [...answer.conditions!.map((c) => (c.type === 'Ready' ? { ...c, status: 'False' } : c)), { type: 'example.com/gate', status: 'True' }] } as typeof desired;
    expect(statusPatch(inOwnForm(marked, forms), desired)).toEqual({ reason: null, conditions: [expect.objectContaining({ type: 'Ready', status: 'True' })] });
  });
  it('finds what was removed', () => {
    const { containerStatuses, ...rest } = answer;
    expect(containerStatuses).toBeDefined();
    expect(statusPatch(inOwnForm(rest as typeof desired, forms), desired)).toEqual({ containerStatuses: desired.containerStatuses });
  });
});

describe('a Pod the kubelet ends', () => {
  const byOthers = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'asked for' };
  const ended = (failure: object, conditions: object[] = []) => podStatus({
    pod: pod({}, { status: { phase: 'Running', conditions } }), runtime: runtime([sandbox()], [ran('a')]), terminal: false, now, hostIPs: [], waiting: new Map(), probes: probes({}), failure: { reason: 'Evicted', message: 'why', ...failure },
  });
  const disruption = (status: ReturnType<typeof ended>) => status.conditions!.filter((c) => c.type === 'DisruptionTarget');
  it('has failed, and is no target of a disruption for what it did itself', () => {
    const status = ended({});
    expect(status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'why' });
    expect(status).not.toHaveProperty('disrupted');
    expect(disruption(status)).toEqual([]);
  });
  it('says so when the node could not bear it, in place of what others said', () => {
    const status = ended({ disrupted: true }, [byOthers]);
    expect(disruption(status)).toMatchObject([{ status: 'True', reason: 'TerminationByKubelet', message: 'why' }]);
    const patch = statusPatch({ ...status, conditions: [byOthers] } as never, status)!;
    expect(patch['conditions']).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', reason: 'TerminationByKubelet' }));
  });
  it('says none of that while something of it may run, but that it is not ready', () => {
    const told = { phase: 'Running', conditions: [byOthers, { type: 'Ready', status: 'True' }] } as never;
    const status = beforeItsEnd(ended({ disrupted: true }, [byOthers]), told);
    expect(status.phase).toBe('Running');
    expect([status.reason, status.message]).toEqual([undefined, undefined]);
    expect(disruption(status)).toEqual([byOthers]);
    expect(status.conditions!.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodFailed' });
    expect(beforeItsEnd(ended({}), undefined)).toMatchObject({ phase: 'Pending' });
    expect(beforeItsEnd(ended({}), { phase: 'Running', reason: 'NodeLost', message: 'for now' } as never)).toMatchObject({ reason: 'NodeLost', message: 'for now' });
  });
  it('leaves the word of others alone otherwise', () => {
    const status = ended({}, [byOthers]);
    expect(disruption(status)).toMatchObject([byOthers]);
    expect(statusPatch({ ...status, conditions: status.conditions!.filter((c) => c.type !== 'DisruptionTarget') }, status)).toBeUndefined();
  });
});
