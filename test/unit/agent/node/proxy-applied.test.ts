// The wait for the proxies of all nodes lasts as long as it was given, whoever can be asked meanwhile.
import { appliedEverywhere } from '../../../../agent/node/proxy-applied.ts';
import type { ApiRequest } from '../../../../src/client/transport.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

let clock: FakeClock;
let asked: string[];
let answers: ('yes' | 'no')[];
beforeEach(() => {
  clock = new FakeClock();
  asked = [];
});
const wait = (own: number): Promise<void> => {
  const client = { transport: { request: async ({ query }: ApiRequest) => {
    asked.push(query!['timeoutMs']!);
    if (answers.shift() !== 'yes') throw new Error('the master is away');
  } } };
  return appliedEverywhere(client as never, { waitFor: async () => { await clock.sleep(own); return true; } }, clock)(5, 2000);
};

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
