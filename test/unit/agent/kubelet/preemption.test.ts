// Whom a node ends so that a critical Pod finds room: upstream's rows (preemption_test.go) and a few more.
import fc from 'fast-check';
import { choosePreempted, gap, stillMissing } from '../../../../agent/kubelet/preemption.ts';
import type { Pod } from '../../../../agent/kubelet/pod.ts';
import { container, pod } from './pods.ts';

const critical = 2_000_000_000;
const named = (name: string, resources: object = {}, priority = 0, metadata: object = {}): Pod =>
  pod({ priority, containers: [container('a', { resources } as never)] }, { metadata: { name, uid: name, ...metadata } });
const amounts = (cpu: string, memory: string) => ({ cpu, memory });
const requests = (name: string, cpu: string, memory: string, priority = 0): Pod => named(name, { requests: amounts(cpu, memory) }, priority);
const limits = (name: string, cpu: string, memory: string): Pod => named(name, { requests: amounts(cpu, memory), limits: amounts(cpu, memory) });
const pods = {
  clusterCritical: requests('clusterCritical', '100m', '100Mi', critical), nodeCritical: requests('nodeCritical', '100m', '100Mi', critical + 1000), bestEffort: named('bestEffort'),
  burstable: requests('burstable', '100m', '100Mi'), highBurstable: requests('highBurstable', '300m', '300Mi'), guaranteed: limits('guaranteed', '100m', '100Mi'), highGuaranteed: limits('highGuaranteed', '300m', '300Mi'),
  fixed: named('fixed', {}, 0, { resourceVersion: '' }), thirsty: requests('thirsty', '300m', '0'), hungry: requests('hungry', '0', '300Mi'), twin: requests('twin', '100m', '100Mi'),
};
type Name = keyof typeof pods;
const missing = (cpu: number, memoryMi: number, places: number) => new Map(Object.entries({ cpu, memory: memoryMi * 2 ** 20, pods: places }).filter(([, amount]) => amount > 0));
const chosen = (by: Name, others: Name[], lacks: [number, number, number]) => choosePreempted(pods[by], others.map((n) => pods[n]), missing(...lacks))?.map((p) => p.metadata.name);
const all: Name[] = ['bestEffort', 'burstable', 'highBurstable', 'guaranteed', 'highGuaranteed'];

it.each<[string, Name, Name[], [number, number, number], Name[] | undefined]>([
  ['nobody where nothing is missing', 'clusterCritical', all, [0, 0, 0], []],
  ['nobody to be found', 'clusterCritical', [], [0, 0, 1], undefined],
  ['one that leaves exactly what is missing', 'clusterCritical', ['burstable'], [100, 100, 1], ['burstable']],
  ['nobody where all are not enough', 'clusterCritical', ['burstable'], [200, 200, 2], undefined],
  ['nobody who was given nothing, for the sake of memory', 'clusterCritical', ['bestEffort'], [0, 1, 0], undefined],
  ['the one that was promised nothing, for a place', 'clusterCritical', ['burstable', 'bestEffort'], [0, 0, 1], ['bestEffort']],
  ['the one that was promised less', 'clusterCritical', ['burstable', 'guaranteed'], [0, 0, 1], ['burstable']],
  ['the smaller of two that are each enough', 'clusterCritical', ['bestEffort', 'highBurstable', 'burstable'], [100, 100, 0], ['burstable']],
  ['the larger where the smaller is not enough', 'clusterCritical', ['bestEffort', 'burstable', 'highBurstable'], [150, 150, 0], ['highBurstable']],
  ['several where it takes several', 'clusterCritical', all, [350, 350, 0], ['highBurstable', 'burstable']],
  ['a guaranteed one, and no burstable one that need not go then', 'clusterCritical', all, [0, 550, 0], ['highBurstable', 'highGuaranteed']],
  ['a less important critical one', 'nodeCritical', ['clusterCritical'], [100, 0, 0], ['clusterCritical']],
  ['no more important one', 'clusterCritical', ['nodeCritical'], [100, 0, 0], undefined],
  ['no one as important', 'clusterCritical', ['clusterCritical'], [0, 0, 1], undefined],
  ['no static one for one of the cluster, unless it is less important', 'fixed', ['clusterCritical', 'burstable'], [0, 0, 1], ['burstable']],
  ['of two kinds of want the one that fills both before two that fill one each', 'clusterCritical', ['thirsty', 'hungry', 'highBurstable'], [300, 300, 0], ['highBurstable']],
  ['two that fill one each where there is no other', 'clusterCritical', ['thirsty', 'hungry'], [300, 300, 0], ['thirsty', 'hungry']],
  ['the later of equals', 'clusterCritical', ['burstable', 'twin'], [50, 50, 0], ['twin']],
])('ends %s', (_, by, others, lacks, expected) => expect(chosen(by, others, lacks)).toEqual(expected));

it('says how much no Pod can give', () => expect([...stillMissing(pods.clusterCritical, [pods.burstable, pods.nodeCritical], missing(150, 50, 0))]).toEqual([['cpu', 50]]));

it('knows by how much a Pod does not fit', () => expect([...gap([{ name: 'cpu', requested: 1500, used: 900, capacity: 2000 }])]).toEqual([['cpu', 400]]));

it('makes the room that is missing, each Pod once, whenever all together can', () => {
  const mixed = fc.array(fc.tuple(fc.constantFrom('none', 'requests', 'limits'), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), { maxLength: 6 });
  fc.assert(fc.property(mixed, fc.nat(20), fc.nat(20), fc.nat(4), (rows, cpu, memory, places) => {
    const others = rows.map(([kind, c, m], i) => (kind === 'none' ? named(`p${i}`) : kind === 'requests' ? requests(`p${i}`, `${c}m`, `${m}Mi`) : limits(`p${i}`, `${c}m`, `${m}Mi`)));
    const lacks = missing(cpu, memory, places);
    const victims = choosePreempted(pods.clusterCritical, others, lacks);
    expect(victims === undefined).toBe(stillMissing(pods.clusterCritical, others, lacks).size > 0);
    if (!victims) return;
    expect(stillMissing(pods.clusterCritical, victims, lacks).size).toBe(0);
    expect(new Set(victims).size).toBe(victims.length);
    if (lacks.size === 0) expect(victims).toEqual([]);
  }));
});
