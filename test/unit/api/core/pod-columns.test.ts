// The cells of `kubectl get pods`, state by state.
import { podColumns, podRowConditions, podSummary } from '../../../../src/api/core/pod-columns.ts';
import { Pods, type ContainerStatus, type Pod } from '../../../../src/api/core/pod.ts';
import { created } from '../writing.ts';

const now = Date.parse('2030-01-01T12:00:00Z');
const running = { running: { startedAt: '2030-01-01T11:00:00Z' } };
const waiting = (reason?: string) => ({ waiting: reason === undefined ? {} : { reason } });
const ended = (exitCode: number, more: object = {}) => ({ terminated: { exitCode, startedAt: null, finishedAt: null, ...more } });
const status = (name: string, state: object, more: Partial<ContainerStatus> = {}): ContainerStatus =>
  ({ name, state, lastState: {}, ready: false, restartCount: 0, image: 'i', imageID: '', ...more });
const condition = (type: string, value: string, reason?: string) => ({ type, status: value, lastProbeTime: null, lastTransitionTime: null, ...(reason && { reason }) });

interface Given { spec?: object; status?: object; metadata?: object }
function pod({ spec, status: given, metadata }: Given): Pod {
  const object = created(Pods, { metadata: { ...metadata }, spec: { containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'i' }], ...spec } });
  return { ...object, metadata: { ...object.metadata, ...metadata }, status: { ...object['status'] as object, ...given } } as Pod;
}
const init = { initContainers: [{ name: 'one', image: 'i' }, { name: 'two', image: 'i' }] };
const sidecar = { initContainers: [{ name: 'side', image: 'i', restartPolicy: 'Always' }] };

const table: readonly [string, Given, ready: string, text: string, restarts: string][] = [
  ['new', {}, '0/2', 'Pending', '0'],
  ['gated', { spec: { schedulingGates: [{ name: 'example.com/wait' }] } }, '0/2', 'SchedulingGated', '0'],
  ['evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, '0/2', 'Evicted', '0'],
  ['init: first runs', { spec: init, status: { initContainerStatuses: [status('one', running), status('two', waiting('PodInitializing'))] } }, '0/2', 'Init:0/2', '0'],
  ['init: second waits', { spec: init, status: { initContainerStatuses: [status('one', ended(0)), status('two', waiting('PodInitializing'))] } }, '0/2', 'Init:1/2', '0'],
  ['init: crash loop', { spec: init, status: { initContainerStatuses: [status('one', waiting('CrashLoopBackOff'), { restartCount: 3 })] } }, '0/2', 'Init:CrashLoopBackOff', '3'],
  ['init: failed with a reason', { spec: init, status: { initContainerStatuses: [status('one', ended(1, { reason: 'Error' }))] } }, '0/2', 'Init:Error', '0'],
  ['init: failed', { spec: init, status: { initContainerStatuses: [status('one', ended(7))] } }, '0/2', 'Init:ExitCode:7', '0'],
  ['init: killed', { spec: init, status: { initContainerStatuses: [status('one', ended(137, { signal: 9 }))] } }, '0/2', 'Init:Signal:9', '0'],
  ['init: through, others wait', {
    spec: init, status: { initContainerStatuses: [status('one', ended(0), { restartCount: 2 }), status('two', ended(0))], containerStatuses: [status('a', waiting('PodInitializing')), status('b', waiting('ContainerCreating'))] },
  }, '0/2', 'PodInitializing', '0'],
  ['sidecar starts', { spec: sidecar, status: { initContainerStatuses: [status('side', running, { started: false })] } }, '0/3', 'Init:0/1', '0'],
  ['sidecar and all run', {
    spec: sidecar,
    status: { phase: 'Running', initContainerStatuses: [status('side', running, { started: true, ready: true, restartCount: 1 })], containerStatuses: [status('a', running, { ready: true, restartCount: 2 }), status('b', running, { ready: true })] },
  }, '3/3', 'Running', '3'],
  ['running', { status: { phase: 'Running', containerStatuses: [status('a', running, { ready: true }), status('b', running)] } }, '1/2', 'Running', '0'],
  ['the first container speaks last', { status: { phase: 'Running', containerStatuses: [status('a', waiting('ImagePullBackOff')), status('b', waiting('CrashLoopBackOff'))] } }, '0/2', 'ImagePullBackOff', '0'],
  ['ended with a signal', { status: { phase: 'Running', containerStatuses: [status('a', ended(137, { signal: 9 })), status('b', running, { ready: true })] } }, '1/2', 'Signal:9', '0'],
  ['ended with a code', { status: { phase: 'Running', containerStatuses: [status('a', ended(3)), status('b', running, { ready: true })] } }, '1/2', 'ExitCode:3', '0'],
  ['one is through, Pod ready', {
    status: { phase: 'Running', conditions: [condition('Ready', 'True')], containerStatuses: [status('a', ended(0, { reason: 'Completed' })), status('b', running, { ready: true })] },
  }, '1/2', 'Running', '0'],
  ['one is through, Pod not ready', {
    status: { phase: 'Running', conditions: [condition('Ready', 'False')], containerStatuses: [status('a', ended(0, { reason: 'Completed' })), status('b', running, { ready: true })] },
  }, '1/2', 'NotReady', '0'],
  ['completed', { status: { phase: 'Succeeded', containerStatuses: [status('a', ended(0, { reason: 'Completed' })), status('b', ended(0, { reason: 'Completed' }))] } }, '0/2', 'Completed', '0'],
  ['terminating', { metadata: { deletionTimestamp: '2030-01-01T12:00:30Z' }, status: { phase: 'Running', containerStatuses: [status('a', running, { ready: true }), status('b', running, { ready: true })] } }, '2/2', 'Terminating', '0'],
  ['lost', { metadata: { deletionTimestamp: '2030-01-01T12:00:30Z' }, status: { phase: 'Running', reason: 'NodeLost' } }, '0/2', 'Unknown', '0'],
  ['completed and deleted', { metadata: { deletionTimestamp: '2030-01-01T12:00:30Z' }, status: { phase: 'Succeeded' } }, '0/2', 'Succeeded', '0'],
  ['restarted', {
    status: {
      phase: 'Running',
      containerStatuses: [
        status('a', running, { ready: true, restartCount: 2, lastState: ended(1, { finishedAt: '2030-01-01T11:55:00Z' }) }),
        status('b', running, { ready: true, restartCount: 1, lastState: ended(1, { finishedAt: '2030-01-01T11:10:00Z' }) }),
      ],
    },
  }, '2/2', 'Running', '3 (5m ago)'],
];

const cells = (object: Pod): Record<string, unknown> => Object.fromEntries(podColumns.map(({ name, value }) => [name, value(object, now)]));

describe('Pod columns', () => {
  it.each(table)('%s', (_name, given, ready, text, restarts) => {
    expect(cells(pod(given))).toMatchObject({ Ready: ready, Status: text, Restarts: restarts });
  });

  it('shows the newest restart whichever container it was', () => {
    expect(podSummary(pod(table.at(-1)![1])).lastRestart).toBe(Date.parse('2030-01-01T11:55:00Z'));
  });

  it('shows the wide columns, or <none>', () => {
    expect(cells(pod({}))).toMatchObject({ IP: '<none>', Node: '<none>', 'Nominated Node': '<none>', 'Readiness Gates': '<none>' });
    const placed = pod({
      spec: { nodeName: 'n1', readinessGates: [{ conditionType: 'x/one' }, { conditionType: 'x/two' }] },
      status: { podIPs: [{ ip: '10.1.0.4' }], nominatedNodeName: 'n2', conditions: [condition('x/two', 'True')] },
    });
    expect(cells(placed)).toMatchObject({ IP: '10.1.0.4', Node: 'n1', 'Nominated Node': 'n2', 'Readiness Gates': '1/2' });
  });

  it('marks rows of finished Pods', () => {
    expect(podRowConditions(pod({ status: { phase: 'Failed' } }))).toEqual([{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }]);
    expect(podRowConditions(pod({ status: { phase: 'Running' } }))).toEqual([]);
  });
});
