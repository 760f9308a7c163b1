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
  let pods: Pod[];
  let allocations: Allocations;
  beforeEach(() => {
    room.length = 0;
    allocations = new Allocations({ allocatable, pods: () => pods, onRoom: (uid) => room.push(uid) });
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
