// What the engine says, read: names, states, errors, pull progress, versions.
import type { ContainerInspectInfo } from 'dockerode';
import { chooseApiVersion } from '../../../../../agent/runtime/docker/dockerode.ts';
import { engineMessage, refusesOomScore, startError, translate, withMemoryLimit } from '../../../../../agent/runtime/docker/errors.ts';
import { PullTracker } from '../../../../../agent/runtime/docker/images.ts';
import { containerLabels, containerName, readIdentity, sandboxName } from '../../../../../agent/runtime/docker/names.ts';
import { mayLowerOomScore } from '../../../../../agent/runtime/docker/oom-score.ts';
import { containerStatus } from '../../../../../agent/runtime/docker/status.ts';
import { NameConflict, RuntimeError, RuntimeNotFound, RuntimeUnavailable, StartError } from '../../../../../agent/runtime/runtime.ts';

const pod = { name: 'web-0', namespace: 'default', uid: '0b1c', attempt: 4 };
const refusal = (statusCode: number, message: string): Error => Object.assign(new Error(`(HTTP code ${statusCode}) some words - ${message} `), { statusCode, json: { message } });

describe('names and labels', () => {
  it('are dockershim\'s and read back as they were written', () => {
    expect(sandboxName(pod)).toBe('k8s_POD_web-0_default_0b1c_4');
    const name = containerName(pod, { name: 'main', attempt: 12 });
    expect(name).toBe('k8s_main_web-0_default_0b1c_12');
    const labels = containerLabels(pod, 'main', { labels: { app: 'x' }, annotations: { 'a/b': 'c' } }, 'c1', 's1', 'img:1');
    expect(readIdentity(labels, `/${name}`)).toEqual({ pod: { ...pod, attempt: 12 }, container: { name: 'main', attempt: 12 }, labels: { app: 'x' }, annotations: { 'a/b': 'c' } });
  });
  it('cannot be forged by a Pod\'s own labels', () => {
    expect(containerLabels(pod, 'main', { labels: { 'dray.io/cluster': 'evil', 'io.kubernetes.pod.uid': 'evil' } }, 'c1', 's1', 'i')).toMatchObject({ 'dray.io/cluster': 'c1', 'io.kubernetes.pod.uid': '0b1c' });
  });
});

describe('errors', () => {
  it('name the memory limit that the engine finds too small, and are as they were otherwise', () => {
    const refused = translate(refusal(400, 'Minimum memory limit allowed is 6MB'));
    expect(withMemoryLimit(refused, { memoryLimitInBytes: 4096 })).toEqual(new RuntimeError('memory limit of 4096 bytes: Minimum memory limit allowed is 6MB'));
    for (const [error, resources] of [[refused, undefined], [refused, { cpuShares: 2 }], [new RuntimeError('other'), { memoryLimitInBytes: 4096 }], [new Error('Minimum memory limit'), { memoryLimitInBytes: 4096 }]] as const) expect(withMemoryLimit(error, resources)).toBe(error);
  });
  it.each<[unknown, new (...args: never[]) => Error, string]>([
    [refusal(404, 'No such container: x'), RuntimeNotFound, 'No such container: x'],
    [refusal(500, 'driver failed'), RuntimeError, 'driver failed'],
    [refusal(409, 'removal of container x is already in progress'), RuntimeError, 'removal of container x is already in progress'],
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), RuntimeUnavailable, 'the Docker Engine does not answer: connect ECONNREFUSED'],
    [Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), RuntimeUnavailable, 'the Docker Engine does not answer: socket hang up'],
  ])('%s', (error, type, message) => {
    expect(translate(error)).toBeInstanceOf(type);
    expect(translate(error).message).toBe(message);
  });
  it('a taken name says by whom', () => {
    const id = 'ab'.repeat(32);
    const error = translate(refusal(409, `Conflict. The container name "/k8s_a" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`));
    expect(error).toBeInstanceOf(NameConflict);
    expect((error as NameConflict).existingId).toBe(id);
  });
  it('streams that fail have no JSON: the words are cut out', () => { expect(engineMessage(new Error('(HTTP code 404) no such container - No such image: a-b - c '))).toBe('No such image: a-b - c'); });
  it.each([
    ['failed to create shim: OCI runtime create failed: runc create failed: exec: "nope": executable file not found in $PATH: unknown', 127],
    ['OCI runtime create failed: exec: "/x": stat /x: no such file or directory: unknown', 127],
    ['OCI runtime create failed: exec: "/etc/passwd": permission denied: unknown', 126],
    ['OCI runtime create failed: error mounting "/a" to rootfs at "/b": not a directory: unknown', 127],
    ['driver failed programming external connectivity: port is already allocated', 128],
  ])('a start refused with "%s" is exit code %i', (message, exitCode) => {
    const error = startError(refusal(400, message));
    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({ exitCode, message });
  });
  it('a start of nothing is no StartError', () => { expect(startError(refusal(404, 'No such container'))).toBeInstanceOf(RuntimeNotFound); });
  it('knows a refused OOM score', () => {
    expect(refusesOomScore(refusal(400, 'write /proc/self/oom_score_adj: permission denied: unknown'))).toBe(true);
    expect(refusesOomScore(refusal(400, 'exec: "/x": permission denied: unknown'))).toBe(false);
  });
});

describe('the API version', () => {
  it.each([
    [{ ApiVersion: '1.41', MinAPIVersion: '1.12' }, '1.41'], [{ ApiVersion: '1.40', MinAPIVersion: '1.12' }, '1.40'], [{ ApiVersion: '1.45', MinAPIVersion: '1.24' }, '1.41'],
    [{ ApiVersion: '1.52', MinAPIVersion: '1.44' }, '1.44'], [{ ApiVersion: '1.9' }, '1.9'],
  ])('for %j is %s', (engine, version) => { expect(chooseApiVersion(engine)).toBe(version); });
});

describe('containerStatus', () => {
  const inspect = (state: Partial<ContainerInspectInfo['State']>): ContainerInspectInfo => ({
    Id: 'c', Name: '/k8s_main_a_b_c_0', Created: '2026-01-01T00:00:00.5Z', Image: 'sha256:1', Config: { Labels: {}, Image: 'x' }, HostConfig: {}, Mounts: [], LogPath: '/log',
    State: { Status: 'exited', ExitCode: 0, OOMKilled: false, Error: '', Pid: 0, StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z', ...state },
  }) as unknown as ContainerInspectInfo;
  const created = Date.parse('2026-01-01T00:00:00.5Z');
  it.each<[Partial<ContainerInspectInfo['State']>, object]>([
    [{ Status: 'created' }, { state: 'created', reason: '', startedAt: 0, finishedAt: 0 }],
    [{ Status: 'created', ExitCode: 127, Error: 'no such file' }, { state: 'exited', reason: 'ContainerCannotRun', exitCode: 127, message: 'no such file', startedAt: created, finishedAt: created }],
    [{ Status: 'running', StartedAt: '2026-01-01T00:00:01Z', Pid: 7 }, { state: 'running', reason: '', exitCode: 0, pid: 7, startedAt: created + 500 }],
    [{ Status: 'paused' }, { state: 'running' }],
    [{ Status: 'exited', ExitCode: 0 }, { state: 'exited', reason: 'Completed' }],
    [{ Status: 'exited', ExitCode: 2 }, { state: 'exited', reason: 'Error', exitCode: 2 }],
    [{ Status: 'exited', ExitCode: 137, OOMKilled: true }, { state: 'exited', reason: 'OOMKilled', exitCode: 137 }],
    [{ Status: 'dead', ExitCode: 1 }, { state: 'exited' }],
    [{ Status: 'new-word' }, { state: 'unknown' }],
  ])('of %j', (state, expected) => { expect(containerStatus(inspect(state), 'ref')).toMatchObject({ imageRef: 'ref', ...expected }); });
});

describe('PullTracker', () => {
  it('sums the layers', () => {
    const tracker = new PullTracker();
    const lines = [
      { status: 'Pulling from library/nginx', id: '1.28' }, { status: 'Pulling fs layer', id: 'a' }, { status: 'Already exists', id: 'b' },
      { status: 'Downloading', id: 'a', progressDetail: { current: 10, total: 40 } },
    ];
    for (const line of lines) tracker.add(line);
    expect(tracker.progress).toEqual({ status: 'Downloading', layers: 2, layersDone: 1, bytes: 10, totalBytes: 40 });
    tracker.add({ status: 'Download complete', id: 'a' });
    tracker.add({ status: 'Extracting', id: 'a', progressDetail: { current: 1, total: 40 } });
    expect(tracker.progress).toMatchObject({ bytes: 40, layersDone: 1 });
    tracker.add({ status: 'Pull complete', id: 'a' });
    expect(tracker.progress).toMatchObject({ layersDone: 2, bytes: 40, totalBytes: 40 });
  });
});

describe('mayLowerOomScore', () => {
  it.each([['CapEff:\t000001ffffffffff', true], ['CapEff:\t000001fffeffffff', false], ['CapEff:\t0000000000000000', false], ['', false]])('%s: %s', (status, expected) => { expect(mayLowerOomScore(`Name:\tx\n${status}\n`)).toBe(expected); });
});
