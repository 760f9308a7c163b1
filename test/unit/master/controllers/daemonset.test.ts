// DaemonSets: which nodes want a Pod, how many Pods there are on one, and the bounds of an update.
import fc from 'fast-check';
import { newDaemonPod, targetNode, wants } from '../../../../master/controllers/daemonset/daemon-pods.ts';
import { planDaemonSet, type DaemonState } from '../../../../master/controllers/daemonset/plan.ts';
import { daemonSetStatus } from '../../../../master/controllers/daemonset/status.ts';
import type { DaemonSet } from '../../../../src/api/apps/daemon-set.ts';
import type { Node } from '../../../../src/api/core/node.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { at, daemonSet, node, pod, t0 } from './objects.ts';

type State = 'ready' | 'waiting' | 'ending' | 'failed' | 'succeeded';
let serial = 0;
function member(on: string, state: State, hash = 'new', created = 0): Pod {
  const phase = state === 'failed' ? 'Failed' : state === 'succeeded' ? 'Succeeded' : 'Running';
  return pod({
    metadata: { name: `p${serial++}`, creationTimestamp: at(created), labels: { 'controller-revision-hash': hash }, ...(state === 'ending' ? { deletionTimestamp: at(5) } : {}) },
    spec: { nodeName: on }, status: { phase }, ...(state === 'ready' || state === 'ending' ? { ready: 0 } : {}),
  } as Parameters<typeof pod>[0]);
}
const states: Record<string, State> = { r: 'ready', w: 'waiting', e: 'ending', f: 'failed', s: 'succeeded' };
/** One word per node `n0`, `n1`, …: a letter per Pod, capitals of the old revision, `.` for none. */
function pods(text: string): Pod[] {
  return text.split(' ').flatMap((word, i) => [...word].flatMap((letter, age) => (letter === '.' ? [] : [member(`n${i}`, states[letter.toLowerCase()]!, letter === letter.toUpperCase() ? 'old' : 'new', age)])));
}
const nodes = (count: number): Node[] => Array.from({ length: count }, (_, i) => node({ metadata: { name: `n${i}` } }));
const update = (maxUnavailable: number | string, maxSurge: number | string = 0, spec: Draft<DaemonSet['spec']> = {}): DaemonSet =>
  daemonSet({ metadata: { annotations: {} }, spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } } as never, ...spec } });
const state = (set: DaemonSet, text: string): DaemonState => ({ set, nodes: nodes(text.split(' ').length), pods: pods(text), hash: 'new', now: t0 + 60_000 });
function told(set: DaemonSet, text: string, failedWait?: (node: string) => number): string {
  const now = state(set, text);
  const { create, remove } = planDaemonSet(now, failedWait);
  return [...create.map((name) => `+${name}`), ...remove.map((p) => `-${targetNode(p)}${p.metadata.labels!['controller-revision-hash'] === 'old' ? ' old' : ''}`)].join(', ');
}

describe('what a pass does', () => {
  it.each<[string, DaemonSet, string, string]>([
    ['makes one on each node', update(1), '. .', '+n0, +n1'],
    ['is done', update(1), 'r r', ''],
    ['waits for one that ends', update(1), 'e r', ''],
    ['removes what is too many, the youngest', update(1), 'rr r', '-n0'],
    ['removes one that failed, and one that succeeded', update(1), 'f s', '-n0, -n1'],
    ['updates one at a time', update(1), 'R R R', '-n0 old'],
    ['waits for the updated one', update(1), 'w R R', ''],
    ['goes on with the next', update(1), 'r R R', '-n1 old'],
    ['as many at a time as may be missing', update(2), 'R R R', '-n0 old, -n1 old'],
    ['a percentage rounds up', update('34%'), 'R R R', '-n0 old, -n1 old'],
    ['replaces broken ones at once', update(1), 'W W R', '-n0 old, -n1 old'],
    ['OnDelete leaves old ones', daemonSet({ metadata: { annotations: {} }, spec: { updateStrategy: { type: 'OnDelete' } as never } }), 'R R', ''],
    ['surges: makes a new one beside the old', update(0, 1), 'R R', '+n0'],
    ['surges: keeps both while the new one is not available', update(0, 1), 'Rw R', ''],
    ['surges: ends the old one then, and goes on', update(0, 1), 'Rr R', '-n0 old'],
    ['surges: replaces one that ends at once', update(0, 1), 'e r', '+n0'],
    ['surges: a broken old one has to go', update(0, 1), 'Ww r', '-n0 old'],
  ])('%s', (_, set, before, expected) => { expect(told(set, before)).toBe(expected); });
  it('counts a new Pod as available only after minReadySeconds', () => {
    const set = update(1, 0, { minReadySeconds: 30 });
    const fresh = pod({ metadata: { name: 'x', labels: { 'controller-revision-hash': 'new' } }, spec: { nodeName: 'n0' }, ready: 40 });
    const at60 = { ...state(set, '. R'), pods: [fresh, ...pods('. R')] };
    expect(planDaemonSet(at60).remove).toEqual([]);
    expect(planDaemonSet({ ...at60, now: t0 + 70_000 }).remove).toHaveLength(1);
  });
  it('waits before it removes failed Pods again', () => {
    expect(told(update(1), 'f r', () => 4000)).toBe('');
    expect(planDaemonSet(state(update(1), 'f r'), () => 4000).requeueAfter).toBe(4000);
  });
  it('removes a Pod that waits for a node that is gone', () => {
    const lost = { ...pod({ metadata: { name: 'lost' } }), spec: newDaemonPod(daemonSet(), 'gone', 'new').spec } as unknown as Pod;
    expect(planDaemonSet({ set: daemonSet(), nodes: [], pods: [lost], hash: 'new', now: t0 }).remove).toEqual([lost]);
  });
  it('a new template generation is an update too', () => {
    const same = pod({ metadata: { name: 'x', labels: { 'controller-revision-hash': 'renamed', 'pod-template-generation': '1' } }, spec: { nodeName: 'n0' }, ready: 0 });
    expect(planDaemonSet({ set: daemonSet(), nodes: nodes(1), pods: [same], hash: 'new', now: t0 })).toMatchObject({ create: [], remove: [] });
  });
});

describe('a node', () => {
  const tainted = (key: string, effect: string): Node => node({ metadata: { name: 'n0', labels: { disk: 'ssd' } }, spec: { taints: [{ key, effect }] } as never });
  const withSpec = (spec: object): DaemonSet => daemonSet({ spec: { template: { spec } } as never });
  it.each<[string, DaemonSet, Node, boolean, boolean]>([
    ['that is not ready', daemonSet(), tainted('node.kubernetes.io/not-ready', 'NoExecute'), true, true],
    ['that is cordoned', daemonSet(), tainted('node.kubernetes.io/unschedulable', 'NoSchedule'), true, true],
    ['with a taint of its own', daemonSet(), tainted('mine', 'NoSchedule'), false, true],
    ['that evicts', daemonSet(), tainted('mine', 'NoExecute'), false, false],
    ['whose taint is tolerated', withSpec({ tolerations: [{ key: 'mine', operator: 'Exists' }] }), tainted('mine', 'NoExecute'), true, true],
    ['without network', daemonSet(), tainted('node.kubernetes.io/network-unavailable', 'NoSchedule'), false, true],
    ['without network, for the network', withSpec({ hostNetwork: true }), tainted('node.kubernetes.io/network-unavailable', 'NoSchedule'), true, true],
    ['with the labels asked for', withSpec({ nodeSelector: { disk: 'ssd' } }), tainted('x', 'PreferNoSchedule'), true, true],
    ['without the labels asked for', withSpec({ nodeSelector: { disk: 'tape' } }), tainted('x', 'PreferNoSchedule'), false, false],
    ['of another name', withSpec({ nodeName: 'n1' }), node({ metadata: { name: 'n0' } }), false, false],
  ])('%s', (_, set, n, run, stay) => { expect(wants(set, n)).toEqual({ run, stay }); });
  it('gets a Pod bound to it by its name', () => {
    const set = withSpec({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } } }, tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }] });
    const made = newDaemonPod(set, 'n0', 'h');
    expect(made.metadata).toMatchObject({ generateName: 'logs-', labels: { 'controller-revision-hash': 'h', 'pod-template-generation': '1' }, ownerReferences: [{ kind: 'DaemonSet', controller: true }] });
    expect(made.spec!.affinity!.nodeAffinity).toEqual({ requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n0'] }] }] } });
    expect(made.spec!.tolerations!.map((t) => `${t!.key} ${t!.effect}`)).toEqual([
      'node.kubernetes.io/not-ready NoExecute', 'node.kubernetes.io/unreachable NoExecute', 'node.kubernetes.io/disk-pressure NoSchedule', 'node.kubernetes.io/memory-pressure NoSchedule', 'node.kubernetes.io/pid-pressure NoSchedule', 'node.kubernetes.io/unschedulable NoSchedule',
    ]);
    expect(targetNode(made as unknown as Pod)).toBe('n0');
  });
});

it('the status counts nodes', () => {
  const set = update(1, 0, { template: { spec: { nodeSelector: { on: 'yes' } } } as never });
  const labelled = nodes(5).map((n, i) => ({ ...n, metadata: { ...n.metadata, labels: i < 4 ? { on: 'yes' } : {} } }) as Node);
  expect(daemonSetStatus({ ...state(set, 'r R w . r'), nodes: labelled }, 0)).toEqual({
    desiredNumberScheduled: 4, currentNumberScheduled: 3, numberMisscheduled: 1, numberReady: 2, updatedNumberScheduled: 2, numberAvailable: 2, numberUnavailable: 2, observedGeneration: 1,
  });
});

describe('whatever happens', () => {
  const scenario = fc.record({
    count: fc.integer({ min: 1, max: 5 }), surge: fc.integer({ min: 0, max: 2 }), unavailable: fc.integer({ min: 1, max: 3 }), cordoned: fc.nat(5),
    before: fc.array(fc.record({ on: fc.nat(5), state: fc.constantFrom<State>('ready', 'waiting', 'ending', 'failed', 'succeeded'), old: fc.boolean(), age: fc.nat(9) }), { maxLength: 10 }),
    luck: fc.array(fc.nat(99), { minLength: 40, maxLength: 40 }),
  });
  it('ends with one new Pod on each wanted node, and keeps its bounds', () => {
    fc.assert(fc.property(scenario, ({ count, surge, unavailable, cordoned, before, luck }) => {
      const set = update(surge > 0 ? 0 : unavailable, surge);
      const all = nodes(count).map((n, i) => (i === cordoned ? { ...n, spec: { taints: [{ key: 'mine', effect: 'NoExecute' }] } } as unknown as Node : n));
      const wanted = all.filter((n) => wants(set, n).run).map((n) => n.metadata.name);
      const world = new Map(before.filter(({ on }) => on < count).map(({ on, state: s, old, age }) => member(`n${on}`, s, old ? 'old' : 'new', age)).map((p) => [p.metadata.uid, p]));
      const ready = (p: Pod): boolean => p.status!.phase === 'Running' && Boolean(p.status!.conditions?.length) && !p.metadata.deletionTimestamp;
      const live = (p: Pod): boolean => p.status!.phase === 'Running' && !p.metadata.deletionTimestamp;
      const covered = (): number => wanted.filter((name) => [...world.values()].some((p) => p.spec.nodeName === name && ready(p))).length;
      const surging = (): number => wanted.filter((name) => [...world.values()].filter((p) => p.spec.nodeName === name && live(p)).length > 1).length;
      for (let pass = 0; pass < 90; pass++) {
        const [wasCovered, wasSurging] = [covered(), surging()];
        const { create, remove } = planDaemonSet({ set, nodes: all, pods: [...world.values()], hash: 'new', now: t0 + 60_000 });
        for (const p of remove) {
          if (p.metadata.deletionTimestamp) throw new Error('a Pod is ended twice');
          world.set(p.metadata.uid, { ...p, metadata: { ...p.metadata, deletionTimestamp: at(9) } } as Pod);
        }
        for (const name of create) {
          expect(wanted).toContain(name);
          const made = member(name, 'waiting', 'new', 100 + pass);
          world.set(made.metadata.uid, made);
        }
        // Never two of those the controller made on one node.
        const made = [...world.values()].filter((p) => live(p) && Date.parse(p.metadata.creationTimestamp!) >= t0 + 100_000).map((p) => p.spec.nodeName);
        if (new Set(made).size !== made.length) throw new Error(`two Pods were made on one node: ${made.join()}`);
        // Doubles that stood there before are put right without a look at availability.
        if (pass > 20 && covered() < Math.min(wasCovered, surge > 0 ? wasCovered : wanted.length - unavailable)) throw new Error(`${covered()} of ${wanted.length} nodes have an available Pod`);
        if (surge > 0 && pass > 20 && surging() > Math.max(wasSurging, surge)) throw new Error(`${surging()} nodes surge`);
        for (const p of [...world.values()]) {
          const dice = luck[(pass * 3 + Number(p.metadata.name.slice(1))) % luck.length]!;
          if (p.metadata.deletionTimestamp) { if (dice < 70 || pass > 40) world.delete(p.metadata.uid); }
          else if (pass < 15 && dice > 94) world.set(p.metadata.uid, { ...p, status: { phase: 'Failed' } } as unknown as Pod);
          else if (live(p) && !ready(p) && (dice < 50 || pass > 40)) world.set(p.metadata.uid, { ...p, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(0) }] } } as unknown as Pod);
        }
      }
      expect([...world.values()].map((p) => `${p.spec.nodeName} ${p.metadata.labels!['controller-revision-hash']} ${ready(p)}`).sort()).toEqual(wanted.map((name) => `${name} new true`).sort());
    }), { numRuns: 60 });
  });
});
