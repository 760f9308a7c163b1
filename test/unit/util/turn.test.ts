// Whoever waits for the end of a turn goes on after what the turn had to do, all in a row.
import { turnsEnd } from '../../../src/util/turn.ts';

it('lets everybody go on who waited in a turn, before anything else happens', async () => {
  const told: string[] = [];
  const wait = async (name: string): Promise<void> => {
    await turnsEnd();
    told.push(name);
  };
  const all = [wait('first')];
  setImmediate(() => told.push('the next thing'));
  process.nextTick(() => { told.push('a tick'); all.push(wait('of the tick')); });
  void Promise.resolve().then(() => { told.push('a microtask'); all.push(wait('of the microtask')); });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  await Promise.all(all);
  expect([...told].sort()).toEqual(['a microtask', 'a tick', 'first', 'of the microtask', 'of the tick', 'the next thing']);
  expect(told.slice(2)).toEqual(['first', ...told.filter((name) => name.startsWith('of the')), 'the next thing']);
});
it('is another one in the next turn', async () => {
  const first = turnsEnd();
  expect(turnsEnd()).toBe(first);
  await first;
  expect(turnsEnd()).not.toBe(first);
});
