// The wait for the proxies of all nodes lasts as long as it was given, whoever can be asked meanwhile.
import { appliedEverywhere } from '../../../../agent/node/proxy-applied.ts';
import type { ApiRequest } from '../../../../src/client/transport.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

let clock: FakeClock;
let asked: string[];
let answers: ('yes' | 'no' | 'late')[];
beforeEach(() => {
  clock = new FakeClock();
  asked = [];
});
const waiter = (own: number): ReturnType<typeof appliedEverywhere> => {
  const client = { transport: { request: async ({ query }: ApiRequest) => {
    asked.push(query!['timeoutMs']!);
    const answer = answers.shift();
    if (answer !== 'yes' && answer !== 'late') throw new Error('the master is away');
    return { applied: answer === 'yes' };
  } } };
  return appliedEverywhere(client as never, { waitFor: async () => { await clock.sleep(own); return true; } }, clock);
};
const wait = (own: number): Promise<void> => waiter(own)(5, 2000);

it('asks the master once this node\'s own workers have acted, with what is left of the time', async () => {
  answers = ['yes'];
  const done = wait(300);
  await clock.advance(300);
  await done;
  expect(asked).toEqual(['1700']);
});

it('asks again while the master is away, until the time is over', async () => {
  answers = ['no', 'no', 'yes'];
  const done = wait(0);
  await clock.advance(400);
  await done;
  expect(asked).toEqual(['2000', '1800', '1600']);

  asked = [];
  answers = [];
  let ended = false;
  const never = wait(0).then(() => { ended = true; });
  await clock.advance(1900);
  expect(ended).toBe(false);
  await clock.advance(100);
  await never;
  expect(asked).toHaveLength(10);
});

it('asks nobody when its own workers took all the time', async () => {
  answers = [];
  const done = wait(2000);
  await clock.advance(2000);
  await done;
  expect(asked).toEqual([]);
});

it('asks once for what all have acted on, and again for what they had not, or what is newer', async () => {
  const applied = waiter(0);
  answers = ['late', 'yes', 'yes'];
  for (const revision of [5, 5, 5, 4, 6, 6]) {
    const done = applied(revision, 2000);
    await clock.advance(0);
    await done;
  }
  expect(asked).toHaveLength(3);
});
