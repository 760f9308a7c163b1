// What of a Pod an update may change, through the object and through its subresources.
import { Pods, type Pod } from '../../../../src/api/core/pod.ts';
import { ephemeralContainersFaults, resizeFaults, withEphemeralContainers, withResizedContainers } from '../../../../src/api/core/pod-subresources.ts';
import { podStatusFaults } from '../../../../src/api/core/pod-validation.ts';
import { created, texts, updateFaults } from '../writing.ts';

const base = { containers: [{ name: 'a', image: 'nginx:1', resources: { requests: { cpu: '1' } } }] };
const sentence = 'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n';
const toleration = { key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
const gated = { ...base, schedulingGates: [{ name: 'x/y' }], nodeSelector: { a: 'b' } };
const wants = (...values: string[]) => ({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: values.map((key) => ({ key, operator: 'Exists' })) }] } } });

const table: readonly [string, before: object, after: object, faults: string[]][] = [
  ['nothing', base, base, []],
  ['image', base, { containers: [{ ...base.containers[0], image: 'nginx:2' }] }, []],
  ['image to latest keeps its pull policy', { containers: [{ ...base.containers[0], imagePullPolicy: 'IfNotPresent' }] }, { containers: [{ ...base.containers[0], image: 'nginx', imagePullPolicy: 'IfNotPresent' }] }, []],
  ['no image', base, { containers: [{ ...base.containers[0], image: '', imagePullPolicy: 'IfNotPresent' }] }, ['spec.containers[0].image: Required value']],
  ['a container more', base, { containers: [...base.containers, { name: 'b', image: 'x:1' }] }, ['spec.containers: Forbidden: pod updates may not add or remove containers']],
  ['host name', base, { ...base, hostname: 'h' }, [`${sentence}+ hostname: "h"`]],
  ['resources', base, { containers: [{ ...base.containers[0], resources: { requests: { cpu: '2' } } }] }, [`${sentence}- containers[0].resources.requests.cpu: "1"\n+ containers[0].resources.requests.cpu: "2"`]],
  ['a toleration more', { ...base, tolerations: [toleration] }, { ...base, tolerations: [{ ...toleration, tolerationSeconds: 9 }, { operator: 'Exists' }] }, []],
  ['a toleration less', { ...base, tolerations: [toleration] }, base, ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds']],
  ['a first deadline', base, { ...base, activeDeadlineSeconds: 60 }, []],
  ['a shorter deadline', { ...base, activeDeadlineSeconds: 60 }, { ...base, activeDeadlineSeconds: 30 }, []],
  ['a longer deadline', { ...base, activeDeadlineSeconds: 60 }, { ...base, activeDeadlineSeconds: 61 }, ['spec.activeDeadlineSeconds: Invalid value: 61: must be less than or equal to previous value']],
  ['no deadline any more', { ...base, activeDeadlineSeconds: 60 }, base, ['spec.activeDeadlineSeconds: Invalid value: "null": must not update from a positive integer to nil value']],
  ['the service account under its new name', { ...base, serviceAccountName: 's' }, { ...base, serviceAccountName: 's', serviceAccount: '' }, []],
  ['a gate less', gated, { ...base, nodeSelector: { a: 'b' } }, []],
  ['a gate more', gated, { ...gated, schedulingGates: [{ name: 'x/y' }, { name: 'x/z' }] }, ["spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'x/z'"]],
  ['a narrower selector behind a gate', gated, { ...gated, nodeSelector: { a: 'b', c: 'd' }, affinity: wants('x') }, []],
  ['another selector behind a gate', gated, { ...gated, nodeSelector: { a: 'c' } }, ['spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)']],
  ['a narrower term behind a gate', { ...gated, affinity: wants('x') }, { ...gated, affinity: wants('x', 'y') }, []],
  ['another term behind a gate', { ...gated, affinity: wants('x') }, { ...gated, affinity: wants('y') }, [
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: Invalid value: {"matchExpressions":[{"key":"y","operator":"Exists"}]}: only additions are allowed (no mutations or deletions)',
  ]],
  ['a selector without a gate', base, { ...base, nodeSelector: { a: 'b' } }, [`${sentence}+ nodeSelector: {"a":"b"}`]],
];

it.each(table)('update: %s', (_name, before, after, faults) => {
  expect(updateFaults(Pods, { spec: before }, { spec: after })).toEqual(faults);
});

it('the mirror annotation stays', () => {
  const metadata = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
  const spec = { ...base, nodeName: 'n' };
  expect(updateFaults(Pods, { spec }, { metadata, spec })).toEqual(['metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation']);
  expect(updateFaults(Pods, { metadata, spec }, { spec })).toEqual(['metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not remove or update mirror pod annotation']);
});
it('an AppArmor annotation stays, and a cost that was no number may', () => {
  const metadata = { annotations: { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined', 'controller.kubernetes.io/pod-deletion-cost': 'x' } };
  const { 'controller.kubernetes.io/pod-deletion-cost': _cost, ...profile } = metadata.annotations;
  // Once it is there it has become a field, too.
  const confined = { ...base, containers: base.containers.map((container) => ({ ...container, securityContext: { appArmorProfile: { type: 'Unconfined' } } })) };
  expect(updateFaults(Pods, { metadata, spec: base }, { metadata, spec: confined })).toEqual([]);
  expect(updateFaults(Pods, { spec: base }, { metadata: { annotations: profile }, spec: base })).toEqual(['metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: Forbidden: may not add AppArmor annotations']);
  expect(updateFaults(Pods, { metadata, spec: base }, { spec: confined })).toEqual(['metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: Forbidden: may not remove or update AppArmor annotations']);
});

const stored = (spec: object = base): Pod => created(Pods, { spec }) as unknown as Pod;
const debug = { name: 'debug', image: 'busybox:1', resources: {} };

describe('ephemeral containers', () => {
  it('are all that counts of the body', () => {
    const old = stored();
    const pod = withEphemeralContainers({ ...stored({ ...base, hostname: 'h' }), spec: { ...old.spec, hostname: 'h', ephemeralContainers: [debug] } } as Pod, old);
    expect(pod.spec).toEqual({ ...old.spec, ephemeralContainers: [debug] });
    expect(ephemeralContainersFaults(pod, old)).toEqual([]);
  });
  it('stay as they are', () => {
    const old = { ...stored(), spec: { ...stored().spec, ephemeralContainers: [debug] } } as Pod;
    const changed = { ...old, spec: { ...old.spec, ephemeralContainers: [{ ...debug, image: 'busybox:2' }] } } as Pod;
    expect(texts(ephemeralContainersFaults(stored(), old))).toEqual(['spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n']);
    expect(texts(ephemeralContainersFaults(changed, old))).toEqual(['spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed\n']);
  });
});

describe('resize', () => {
  const sized = (requests: object, limits?: object): Pod => stored({ containers: [{ ...base.containers[0], resources: { requests, ...(limits && { limits }) } }], hostname: 'h' });
  it.each<[string, Pod, string[]]>([
    ['more cpu', sized({ cpu: '2' }), []],
    ['memory too', sized({ cpu: '1', memory: '1Gi' }), []],
    ['cpu dropped', sized({ memory: '1Gi' }), ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed']],
    ['a disk', sized({ cpu: '1', 'ephemeral-storage': '1Gi' }), ['spec: Forbidden: only cpu and memory resources are mutable']],
    ['another class', sized({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }), ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing', 'spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be added unless resizePolicy is RestartContainer']],
  ])('%s', (_name, pod, faults) => {
    const old = stored();
    const resized = withResizedContainers(pod, old);
    expect(resized.spec.hostname).toBeUndefined();
    expect(texts(resizeFaults(resized, old))).toEqual(faults);
  });
  const limited = (memory: string, resizePolicy?: object[]): Pod => stored({ containers: [{ ...base.containers[0], resources: { requests: { cpu: '1' }, limits: { memory } }, ...(resizePolicy && { resizePolicy }) }] });
  it.each<[string, Pod, Pod, string[]]>([
    ['more memory', limited('1Gi'), limited('2Gi'), []],
    ['less memory', limited('1Gi'), limited('1000Mi'), ['spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be decreased unless resizePolicy is RestartContainer']],
    ['less memory for a container that restarts for it', limited('1Gi', [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]), limited('1000Mi', [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]), []],
  ])('%s', (_name, old, pod, faults) => expect(texts(resizeFaults(withResizedContainers(pod, old), old))).toEqual(faults));
  it('of what runs once, and on a node that knows nothing of it', () => {
    const init = (cpu: string): Pod => stored({ ...base, initContainers: [{ name: 'i', image: 'x:1', resources: { requests: { cpu } } }] });
    expect(texts(resizeFaults(withResizedContainers(init('2'), init('1')), init('1')))).toEqual(['spec: Forbidden: resources for non-sidecar init containers are immutable']);
    const running = (resources?: object): Pod => ({ ...stored(), status: { phase: 'Running', qosClass: 'Burstable', containerStatuses: [{ name: 'a', state: { running: {} }, ...(resources && { resources }) }] } }) as never;
    expect(texts(resizeFaults(running(), running()))).toEqual(['spec: Forbidden: Pod running on node without support for resize']);
    expect(texts(resizeFaults(running({}), running({})))).toEqual([]);
  });
  it('of other containers', () => {
    const old = stored();
    const pod = stored({ containers: [{ name: 'z', image: 'x:1' }] });
    expect(texts(resizeFaults(withResizedContainers(pod, old), old))).toEqual(['spec: Forbidden: containers may not be renamed or reordered on resize']);
  });
});

describe('status', () => {
  const status = (state: object) => ({ containerStatuses: [{ name: 'a', state, lastState: {}, ready: false, restartCount: 0, image: '', imageID: '' }] });
  const ended = (exitCode: number) => status({ terminated: { exitCode, startedAt: null, finishedAt: null } });
  const running = status({ running: { startedAt: null } });
  const withStatus = (restartPolicy: string, more: object): Pod => { const pod = stored({ ...base, restartPolicy }); return { ...pod, status: { ...pod.status, ...more } }; };
  it.each<[string, object, object, string[]]>([
    ['Never', ended(1), running, ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state']],
    ['OnFailure', ended(0), running, ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state']],
    ['OnFailure', ended(1), running, []],
    ['Always', ended(0), running, []],
    ['Always', {}, { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] }, []],
    ['Always', {}, { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }, ['status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family']],
    ['Always', {}, { hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.2' }] }, ['status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`']],
  ])('%s %#', (policy, before, after, faults) => {
    expect(texts(podStatusFaults(withStatus(policy, after), withStatus(policy, before)))).toEqual(faults);
  });
});
