// What has to be done, for each state a Pod can be found in.
import { computePodActions } from '../../../../agent/kubelet/pod-actions.ts';
import { container, pod, probes, ran, runtime, sandbox, type Ran } from './pods.ts';
import type { PodSpec } from '../../../../agent/kubelet/pod.ts';
import type { KnownSandbox } from '../../../../agent/kubelet/runtime-status.ts';

const startup = { tcpSocket: { port: 80 } } as never;
const sidecar = container('s', { restartPolicy: 'Always' });
const sidecarWithStartup = container('s', { restartPolicy: 'Always', startupProbe: startup });

const sized = container('a', { resources: { requests: { cpu: '500m' }, limits: { cpu: '500m' } } });
const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];

interface Row {
  spec?: Partial<PodSpec>;
  deleted?: boolean;
  sandboxes?: KnownSandbox[];
  containers?: [string, Ran?][];
  liveness?: string[];
  startup?: Record<string, 'success' | 'failure'>;
  expect: { kill?: true; create?: number; init?: string[]; start?: string[]; killed?: [string, string][]; updated?: [string, object][] };
}
const dead = sandbox({ state: 'notReady' });
const rows: [string, Row][] = [
  ['nothing there', { sandboxes: [], expect: { create: 0, start: ['a'] } }],
  ['all runs', { containers: [['a']], expect: {} }],
  ['a container is missing', { spec: { containers: [container('a'), container('b')] }, containers: [['a']], expect: { start: ['b'] } }],
  ['a container was made but never started', { containers: [['a', { state: 'created' }]], expect: { start: ['a'] } }],
  ['a container ended', { containers: [['a', { state: 'exited' }]], expect: { start: ['a'] } }],
  ['a container ended well under OnFailure, the other runs', { spec: { restartPolicy: 'OnFailure', containers: [container('a'), container('b')] }, containers: [['a', { state: 'exited' }], ['b']], expect: {} }],
  ['a container failed under OnFailure', { spec: { restartPolicy: 'OnFailure' }, containers: [['a', { state: 'exited', exitCode: 1 }]], expect: { start: ['a'] } }],
  ['all ended under Never', { spec: { restartPolicy: 'Never' }, containers: [['a', { state: 'exited', exitCode: 1 }]], expect: { kill: true } }],
  ['the latest of several runs counts', { containers: [['a', { state: 'exited', exitCode: 1 }], ['a', { restarts: 1 }]], expect: {} }],
  ['the image changed', { spec: { containers: [container('a', { image: 'nginx:2' })] }, containers: [['a']], expect: { start: ['a'], killed: [['a', 'Container a definition changed, will be restarted']] } }],
  ['the image changed under Never', { spec: { restartPolicy: 'Never', containers: [container('a', { image: 'nginx:2' })] }, containers: [['a']], expect: { start: ['a'], killed: [['a', 'Container a definition changed, will be restarted']] } }],
  ['liveness failed', { containers: [['a']], liveness: ['a-0'], expect: { start: ['a'], killed: [['a', 'Container a failed liveness probe, will be restarted']] } }],
  ['liveness of an earlier run failed', { containers: [['a', { restarts: 1 }]], liveness: ['a-0'], expect: {} }],
  ['liveness failed under Never', { spec: { restartPolicy: 'Never' }, containers: [['a']], liveness: ['a-0'], expect: { kill: true, killed: [['a', 'Container a failed liveness probe']] } }],
  ['startup failed', { containers: [['a']], startup: { 'a-0': 'failure' }, expect: { start: ['a'], killed: [['a', 'Container a failed startup probe, will be restarted']] } }],
  ['an unknown state', { containers: [['a', { state: 'unknown' }]], expect: { start: ['a'], killed: [['a', 'Container is in "unknown" state, try killing it before restart']] } }],
  ['the sandbox died', { sandboxes: [dead], containers: [['a', { state: 'exited' }]], expect: { kill: true, create: 1, start: ['a'] } }],
  ['the sandbox died under Never', { spec: { restartPolicy: 'Never' }, sandboxes: [dead], containers: [['a', { state: 'exited' }]], expect: { kill: true } }],
  ['the sandbox was removed, its container runs on', { sandboxes: [], containers: [['a']], expect: { kill: true, create: 1, start: ['a'] } }],
  ['the sandbox was removed under Never', { spec: { restartPolicy: 'Never' }, sandboxes: [], containers: [['a']], expect: { kill: true } }],
  ['the sandbox was removed, its container too', { sandboxes: [], containers: [['a', { state: 'exited' }]], expect: { create: 1, start: ['a'] } }],
  ['the sandbox died, all had succeeded under OnFailure', { spec: { restartPolicy: 'OnFailure' }, sandboxes: [dead], containers: [['a', { state: 'exited' }]], expect: { kill: true } }],
  ['two sandboxes are ready', { sandboxes: [sandbox({ metadata: { name: 'web', namespace: 'default', uid: 'uid-1', attempt: 1 } }), sandbox()], containers: [['a']], expect: { kill: true, create: 2, start: ['a'] } }],
  ['the sandbox has no address', { sandboxes: [sandbox({ ip: '' })], expect: { kill: true, create: 1, start: ['a'] } }],
  ['a sandbox on the host network has none and needs none', { spec: { hostNetwork: true }, sandboxes: [sandbox({ ip: '', hostNetwork: true })], containers: [['a']], expect: {} }],
  ['the first init container goes first', { spec: { initContainers: [container('i'), container('j')] }, sandboxes: [], expect: { create: 0, init: ['i'] } }],
  ['an init container runs', { spec: { initContainers: [container('i'), container('j')] }, containers: [['i']], expect: {} }],
  ['the next init container follows', { spec: { initContainers: [container('i'), container('j')] }, containers: [['i', { state: 'exited' }]], expect: { init: ['j'] } }],
  ['after the last init container the others start', { spec: { initContainers: [container('i'), container('j')] }, containers: [['i', { state: 'exited' }], ['j', { state: 'exited' }]], expect: { start: ['a'] } }],
  ['the last init container tells even when the first was cleared away', { spec: { initContainers: [container('i'), container('j')] }, containers: [['j', { state: 'exited' }]], expect: { start: ['a'] } }],
  ['an init container failed', { spec: { initContainers: [container('i')] }, containers: [['i', { state: 'exited', exitCode: 1 }]], expect: { init: ['i'] } }],
  ['an init container failed under Never', { spec: { restartPolicy: 'Never', initContainers: [container('i')] }, containers: [['i', { state: 'exited', exitCode: 1 }]], expect: { kill: true } }],
  ['init containers of a former sandbox run again', { spec: { initContainers: [container('i')] }, sandboxes: [sandbox({ id: 'new', metadata: { name: 'web', namespace: 'default', uid: 'uid-1', attempt: 1 } })], containers: [['i', { state: 'exited' }], ['a', { state: 'exited' }]], expect: { init: ['i'] } }],
  ['a started sidecar lets the next go', { spec: { initContainers: [sidecar, container('j')] }, containers: [['s', { of: sidecar }]], expect: { init: ['j'] } }],
  ['a sidecar with a startup probe does not yet', { spec: { initContainers: [sidecarWithStartup, container('j')] }, containers: [['s', { of: sidecarWithStartup }]], expect: {} }],
  ['its success lets it', { spec: { initContainers: [sidecarWithStartup] }, containers: [['s', { of: sidecarWithStartup }]], startup: { 's-0': 'success' }, expect: { start: ['a'] } }],
  ['a sidecar that ended is started beside the others', { spec: { initContainers: [sidecar] }, containers: [['s', { of: sidecar, state: 'exited' }], ['a']], expect: { init: ['s'] } }],
  ['sidecars do not keep a finished Pod', { spec: { restartPolicy: 'Never', initContainers: [sidecar] }, containers: [['s', { of: sidecar }], ['a', { state: 'exited' }]], expect: { kill: true } }],
  ['more is set aside for a container than it has', { spec: { containers: [sized] }, containers: [['a', { of: sized, resources: { cpuShares: 102 } }]], expect: { updated: [['a', { cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 50_000 }]] } }],
  ['it has that', { spec: { containers: [sized] }, containers: [['a', { of: sized, resources: { cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 50_000 } }]], expect: {} }],
  ['it asks for a restart', { spec: { containers: [{ ...sized, resizePolicy }] }, containers: [['a', { of: sized, resources: { cpuShares: 102 } }]], expect: { start: ['a'], killed: [['a', 'Container a resize requires restart']] } }],
  ['it asks for a restart for another resource', { spec: { containers: [{ ...sized, resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] }] }, containers: [['a', { of: sized, resources: { cpuShares: 102 } }]], expect: { updated: [['a', { cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 50_000 }]] } }],
  ['a sidecar is resized too', { spec: { initContainers: [{ ...sidecar, resources: { requests: { cpu: '1' } } }] }, containers: [['s', { of: sidecar, resources: { cpuShares: 2 } }], ['a']], expect: { updated: [['s', { cpuShares: 1024 }]] } }],
  ['a Pod being deleted gets no new sandbox', { deleted: true, sandboxes: [], expect: {} }],
];

describe('computePodActions', () => {
  it.each(rows)('%s', (_, row) => {
    const subject = pod(row.spec, row.deleted ? { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } } : {});
    const actions = computePodActions(subject, runtime(row.sandboxes ?? [sandbox()], (row.containers ?? []).map(([name, of]) => ran(name, of))), probes({
      liveness: Object.fromEntries((row.liveness ?? []).map((id) => [id, 'failure' as const])), startup: row.startup ?? {},
    }));
    const { expect: wanted } = row;
    expect({
      kill: actions.killPod, create: actions.createSandbox ? actions.attempt : undefined, init: actions.initContainersToStart.map((c) => c.name), start: actions.containersToStart.map((c) => c.name),
      killed: actions.containersToKill.map((k) => [k.name, k.message]), updated: actions.containersToUpdate.map((u) => [u.name, u.resources]),
    }).toEqual({ kill: wanted.kill ?? false, create: wanted.create, init: wanted.init ?? [], start: wanted.start ?? [], killed: wanted.killed ?? [], updated: wanted.updated ?? [] });
  });
});
