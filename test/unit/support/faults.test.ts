// The fault test's draws and its judgement of what is left over, which nothing else tests.
import type { EngineContainer } from '../../support/engine-api.ts';
import { atPlaces, drawCycle, randomFrom } from '../../support/faults.ts';
import { leftContainers } from '../../support/node-leaks.ts';

describe('a seed', () => {
  const cycles = (seed: number): unknown => { const random = randomFrom(seed); return Array.from({ length: 500 }, () => drawCycle(random)); };
  it('says all faults, their places and times', () => {
    expect(cycles(7)).toEqual(cycles(7));
    expect(cycles(7)).not.toEqual(cycles(8));
  });
  it('draws each kind, and one that takes long at most once a cycle', () => {
    const drawn = cycles(1) as ReturnType<typeof drawCycle>[];
    expect(new Set(drawn.flat().map((f) => f.name)).size).toBe(17);
    for (const cycle of drawn) expect(cycle.filter((f) => /engine|agent|network|dozen/.test(f.name)).length).toBeLessThanOrEqual(1);
  });
  it('spreads evenly from 0 to below 1', () => {
    const random = randomFrom(3);
    const tenths = Array.from({ length: 10_000 }, () => Math.floor(random() * 10));
    for (let tenth = 0; tenth < 10; tenth++) expect(Math.abs(tenths.filter((t) => t === tenth).length - 1000)).toBeLessThan(150);
  });
});

it.each([
  [[0], ['a']], [[0.99], ['c']], [[0, 0], ['a', 'b']], [[0.5, 0.5, 0.5], ['b', 'c', 'a']], [[0, 0, 0, 0], ['a', 'b', 'c']],
])('at places %j of three are %j', (places, expected) => expect(atPlaces(['a', 'b', 'c'], places)).toEqual(expected));

describe('of the containers of a node', () => {
  const container = (uid: string, name: string, State: string, Id = `${uid}-${name}-${State}`, sandbox = ''): EngineContainer => ({
    Id, State, Names: [], Labels: { 'io.kubernetes.pod.uid': uid, 'io.kubernetes.pod.name': uid, 'io.kubernetes.container.name': name, 'io.kubernetes.docker.type': name === 'POD' ? 'podsandbox' : 'container', 'io.kubernetes.sandbox.id': sandbox },
  });
  it.each<[string, EngineContainer[], string[]]>([
    ['what runs', [container('a', 'POD', 'running'), container('a', 'main', 'running')], []],
    ['the last dead one, with the sandbox it was in', [container('a', 'main', 'exited', 'x', 's'), container('a', 'POD', 'exited', 's')], []],
    ['one that has done its work, and the one before it', [container('a', 'first', 'exited', 'x'), container('a', 'first', 'exited', 'y')], []],
    ['a second dead one', [container('a', 'main', 'running'), container('a', 'main', 'exited', 'x'), container('a', 'main', 'exited', 'y')], ['dead container: a/main y']],
    ['a dead sandbox nothing was in', [container('a', 'POD', 'exited', 's')], ['dead sandbox: a/POD s']],
    ['all of a Pod that is gone', [container('b', 'main', 'running')], ['container of a Pod that is gone: b/main running']],
    ['what is nobody\'s Pod', [{ Id: 'z', State: 'exited', Names: [], Labels: {} }], []],
  ])('%s', (_, all, left) => expect(leftContainers(all, new Set(['a']))).toEqual(left));
});
