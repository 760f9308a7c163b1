// What is set aside for a Pod that is resized: its wish, or what it had.
import { Allocations, judgeResize, recorded } from '../../../../agent/kubelet/allocations.ts';
import type { Pod } from '../../../../agent/kubelet/pod.ts';
import { container, pod } from './pods.ts';

const asking = (uid: string, cpu: string, status: object = {}): Pod => pod({ containers: [container('a', { resources: { requests: { cpu } } })] }, { metadata: { uid, name: uid }, status });
const told = (cpu: string): object => ({ phase: 'Running', containerStatuses: [{ name: 'a', allocatedResources: { cpu }, resources: { requests: { cpu } } }] });
const allocatable = { cpu: '4', memory: '8Gi', 'ephemeral-storage': '1Gi' };

describe('judgeResize', () => {
  it.each([
    ['fits', '2', undefined], ['takes all that is left', '3', undefined],
    ['more than is left', '3500m', { reason: 'Deferred', message: "Node didn't have enough resource: cpu, requested: 3500, used: 1000, capacity: 4000" }],
    ['more than there is', '5', { reason: 'Infeasible', message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000" }],
  ])('%s', (_, cpu, judgement) => expect(judgeResize(asking('p', cpu), [asking('q', '1')], allocatable)).toEqual(judgement));
  it('counts what the runtime itself needs', () => {
    const heavy = { ...asking('p', '3'), spec: { ...asking('p', '3').spec, overhead: { cpu: '1' } } } as Pod;
    expect(judgeResize(heavy, [asking('q', '1')], allocatable)?.reason).toBe('Deferred');
  });
});

describe('Allocations', () => {
  const room: string[] = [];
  const waiting: string[] = [];
  let pods: Pod[];
  let allocations: Allocations;
  beforeEach(() => {
    room.length = waiting.length = 0;
    allocations = new Allocations({ allocatable, pods: () => pods, onRoom: (uid) => room.push(uid), onPending: ({ metadata }, { reason, message }) => waiting.push(`${metadata.name} ${reason}: ${message.split(', ').slice(1).join(', ')}`) });
  });
  const cpu = (p: Pod): string | undefined => p.spec.containers[0]!.resources?.requests?.['cpu'];

  it('keeps what a Pod had until there is room, and tells when there may be', () => {
    pods = [asking('p', '1'), asking('q', '2')];
    for (const p of pods) expect(allocations.admit(p)).toEqual({ pod: p });
    const wish = asking('p', '3');
    const waits = allocations.admit(wish);
    expect([cpu(waits.pod), waits.pending?.reason]).toEqual(['1', 'Deferred']);
    expect(cpu(allocations.current(wish).pod)).toBe('1');
    expect(room).toEqual([]);
    expect(allocations.admit(asking('q', '1')).resized).toBe(true);
    expect(room).toEqual(['p']);
    expect(allocations.admit(wish)).toEqual({ pod: wish, resized: true });
    expect(allocations.admit(wish)).toEqual({ pod: wish });
  });
  it('says why a resize waits, once for each reason', () => {
    pods = [asking('p', '1'), asking('q', '2')];
    for (const p of pods) allocations.admit(p);
    for (const wish of ['3', '3', '5', '5', '3']) allocations.admit(asking('p', wish));
    expect(waiting).toEqual(['p Deferred: requested: 3000, used: 2000, capacity: 4000', 'p Infeasible: requested: 5000, capacity: 4000', 'p Deferred: requested: 3000, used: 2000, capacity: 4000']);
    // What it wished and got back to is no news, and to wish it again is.
    allocations.admit(asking('p', '1'));
    allocations.admit(asking('p', '3'));
    expect(waiting).toHaveLength(4);
  });
  it('hears of room when another Pod ends', () => {
    pods = [asking('p', '1'), asking('q', '2')];
    for (const p of pods) allocations.admit(p);
    allocations.admit(asking('p', '4'));
    allocations.release('q');
    expect(room).toEqual(['p']);
    expect(allocations.admit(asking('p', '4')).resized).toBe(true);
  });
  it('reads in the status what an earlier agent had set aside, in whatever units, also of Pods it has not come to', () => {
    const wish = asking('p', '4', told('1'));
    pods = [wish, asking('q', '1', told('1000m'))];
    expect(recorded(pods[1]!)).toBe(pods[1]);
    const waits = allocations.admit(wish);
    expect([cpu(waits.pod), waits.pending?.reason]).toEqual(['1', 'Deferred']);
    pods = [wish, asking('q', '1', { ...told('1'), phase: 'Succeeded' })];
    expect(allocations.admit(wish).resized).toBe(true);
  });
});
