// The wait before the stop signal: until no slice offers the Pod and the proxies say so, never longer than asked.
import { createDrain } from '../../../../agent/kubelet/drain.ts';
import type { EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { pod } from './pods.ts';

const slice = (revision: number, conditions: object | undefined): EndpointSlice => ({ metadata: { name: 's', namespace: 'default', resourceVersion: String(revision) }, endpoints: conditions ? [{ addresses: ['1'], conditions, targetRef: { uid: 'uid-1' } }] : [] }) as unknown as EndpointSlice;
function bed(first: EndpointSlice | undefined, waitMs = 2000) {
  const clock = new FakeClock();
  const state = { slices: first ? [first] : [], handler: undefined as (() => void) | undefined, asked: [] as number[], done: false };
  const drain = createDrain({
    clock, waitMs, slices: { list: () => state.slices, addHandler: (h: { updated?(object: EndpointSlice, old: EndpointSlice): void }) => { state.handler = () => h.updated?.(state.slices[0]!, state.slices[0]!); return () => { state.handler = undefined; }; } } as never,
    applied: (revision) => { state.asked.push(revision); return Promise.resolve(); },
  });
  const start = (subject = pod()) => drain(subject, new AbortController().signal).then(() => { state.done = true; });
  return { clock, state, start };
}

it('does not wait for a Pod that is behind no Service', async () => {
  const { state, start } = bed(undefined);
  await start();
  expect(state.asked).toEqual([]);
});
it('waits for the endpoints, then for the proxies to know', async () => {
  const { clock, state, start } = bed(slice(5, { ready: true }));
  const done = start();
  await clock.advance(500);
  expect(state.done).toBe(false);
  state.slices = [slice(9, { ready: false, terminating: true })];
  state.handler!();
  await clock.advance(0);
  await done;
  expect(state.asked).toEqual([9]);
});
it('waits no longer than it may', async () => {
  const { clock, state, start } = bed(slice(5, { ready: true }));
  const done = start();
  await clock.advance(1999);
  expect(state.done).toBe(false);
  await clock.advance(1);
  await clock.advance(0);
  await done;
});
it('asks for the newest change when the Pod was taken out altogether', async () => {
  const { clock, state, start } = bed(slice(7, undefined));
  const done = start(pod({}, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }));
  await clock.advance(0);
  await done;
  expect(state.asked).toEqual([7]);
});
it('is off with no time to wait', async () => {
  const { state, start } = bed(slice(5, { ready: true }), 0);
  await start();
  expect(state.asked).toEqual([]);
});
