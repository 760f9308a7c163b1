// What of a living Pod may be cleared away, and how many starts go at once.
import { collectable } from '../../../../agent/kubelet/garbage.ts';
import { StartLimit } from '../../../../agent/kubelet/start-limit.ts';
import { ran, runtime, sandbox } from './pods.ts';

const at = (attempt: number, state: 'ready' | 'notReady') => sandbox({ metadata: { name: 'web', namespace: 'default', uid: 'uid-1', attempt }, state });
it('keeps the present and the last dead of each name, and sandboxes that still hold one', () => {
  const status = runtime([at(2, 'ready'), at(1, 'notReady'), at(0, 'notReady')], [
    ran('a', { restarts: 3, sandboxId: 'sandbox-2' }), ran('a', { state: 'exited', restarts: 2, sandboxId: 'sandbox-1' }), ran('a', { state: 'exited', restarts: 1, sandboxId: 'sandbox-0' }), ran('b', { state: 'exited', sandboxId: 'sandbox-2' }),
  ]);
  expect(collectable(status)).toEqual({ containers: ['a-1'], sandboxes: ['sandbox-0'] });
});
it('never takes what runs', () => expect(collectable(runtime([at(0, 'ready')], [ran('a'), ran('a', { restarts: 1 })]))).toEqual({ containers: [], sandboxes: [] }));

it('starts no more than its limit at once, containers first', async () => {
  const limit = new StartLimit(1);
  const order: string[] = [];
  let active = 0;
  const work = (name: string) => async () => {
    expect(++active).toBe(1);
    await new Promise<void>((resolve) => { setImmediate(resolve); });
    order.push(name);
    active--;
  };
  await Promise.all([limit.run('sandbox', work('s1')), limit.run('sandbox', work('s2')), limit.run('container', work('c1')), limit.run('sandbox', work('s3'))]);
  await limit.run('sandbox', work('s4'));
  expect(order).toEqual(['s1', 'c1', 's2', 's3', 's4']);
});
