// Ready, available, finished: what controllers read from a Pod.
import { getCondition, getContainerStatus, isPodAvailable, isPodReady, isTerminal } from '../../../../src/api/core/pod-conditions.ts';

const now = Date.parse('2030-01-01T00:01:00Z');
const ready = (status: string, lastTransitionTime: string | null) => ({ status: { conditions: [{ type: 'Ready', status, lastTransitionTime }] } });

describe('availability', () => {
  it.each([
    ['not ready', ready('False', '2030-01-01T00:00:00Z'), 0, false],
    ['no status', {}, 0, false],
    ['ready, no wait', ready('True', null), 0, true],
    ['ready for too short a time', ready('True', '2030-01-01T00:00:31Z'), 30, false],
    ['ready just long enough', ready('True', '2030-01-01T00:00:30Z'), 30, true],
    ['since an unknown time', ready('True', null), 30, false],
  ])('%s', (_name, pod, seconds, expected) => {
    expect(isPodAvailable(pod, seconds, now)).toBe(expected);
  });
});

it('reads conditions, phases and container statuses', () => {
  const status = { name: 'c', state: {}, lastState: {}, ready: true, restartCount: 0, image: '', imageID: '' };
  expect(isPodReady(ready('True', null))).toBe(true);
  expect(getCondition(ready('True', null), 'Initialized')).toBeUndefined();
  expect(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'].filter((phase) => isTerminal({ status: { phase } }))).toEqual(['Succeeded', 'Failed']);
  expect(getContainerStatus({ status: { initContainerStatuses: [status] } }, 'c')).toBe(status);
  expect(getContainerStatus({}, 'c')).toBeUndefined();
});
