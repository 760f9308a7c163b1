// What of a Pod's statuses is written, and when: the API here answers when the test says so.
import { StatusManager } from '../../../../agent/kubelet/status-manager.ts';
import type { PodStatus } from '../../../../agent/kubelet/pod.ts';
import { tooManyRequests } from '../../../../src/apimachinery/status-error.ts';
import { Client } from '../../../../src/client/client.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { FakeTransport, settle } from '../../src/client/fake-transport.ts';
import { pod } from './pods.ts';

const status = (phase: string, message: string): PodStatus => ({ phase, message }) as PodStatus;
const ofPod = pod();

function bed() {
  const transport = new FakeTransport();
  const clock = new FakeClock();
  const stop = new AbortController();
  const statuses = new StatusManager({ client: new Client(transport), clock, log: silentLog, signal: stop.signal });
  const written = (): (string | undefined)[] => transport.sent('PATCH').map(({ body }) => (body as { status: { message?: string } }).status.message);
  let revision = 1;
  let held: object = {};
  const answer = ({ body }: { body?: unknown }): unknown => {
    held = { ...held, ...(body as { status: object }).status };
    return { ...ofPod, metadata: { ...ofPod.metadata, resourceVersion: String(++revision) }, status: held };
  };
  transport.answer = answer;
  return { transport, clock, statuses, written, answer };
}

it('writes at once, and holds back what may wait until a newer one takes its place', async () => {
  const { clock, statuses, written } = bed();
  statuses.set(ofPod, status('Pending', 'begins'), 'soon');
  await clock.advance(99);
  expect(written()).toEqual([]);
  statuses.set(ofPod, status('Running', 'runs'));
  await settle();
  expect(written()).toEqual(['runs']);
  await clock.advance(1000);
  expect(written()).toEqual(['runs']);
});

it('writes what may wait when nothing newer comes, and when somebody has to know that it is written', async () => {
  const { clock, statuses, written } = bed();
  statuses.set(ofPod, status('Pending', 'begins'), 'soon');
  statuses.set(ofPod, status('Pending', 'goes on'), 'soon');
  await clock.advance(100);
  await settle();
  expect(written()).toEqual(['goes on']);
  statuses.set(ofPod, status('Running', 'ends'), 'soon');
  await statuses.flush(ofPod.metadata.uid);
  expect(written()).toEqual(['goes on', 'ends']);
  statuses.set(ofPod, status('Failed', 'gone'), 'soon');
  statuses.forget(ofPod.metadata.uid);
  expect(clock.pending).toBe(0);
});

it('has one write of a Pod under way, and then writes the newest status alone', async () => {
  const { transport, statuses, written, answer } = bed();
  const held: (() => void)[] = [];
  transport.answer = async (request) => { await new Promise<void>((resolve) => held.push(resolve)); return answer(request); };
  for (const message of ['first', 'second', 'third', 'fourth']) {
    statuses.set(ofPod, status('Running', message));
    await settle();
  }
  expect(written()).toEqual(['first']);
  held[0]!();
  await settle();
  expect(written()).toEqual(['first', 'fourth']);
  held[1]!();
  await statuses.flush(ofPod.metadata.uid);
  expect(written()).toEqual(['first', 'fourth']);
});

it('brings the newest status when the server can hear it again', async () => {
  const { transport, clock, statuses, written, answer } = bed();
  transport.answer = () => { throw tooManyRequests('too many requests', 1); };
  statuses.set(ofPod, status('Pending', 'refused'));
  await settle();
  statuses.set(ofPod, status('Running', 'newer'));
  transport.answer = answer;
  await settle();
  expect(written()).toEqual(['refused']);
  await clock.advance(200);
  await settle();
  expect(written()).toEqual(['refused', 'newer']);
});
