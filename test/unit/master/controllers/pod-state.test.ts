// When a Pod counts as available.
import type { Pod } from '../../../../src/api/core/pod.ts';
import { availableIn } from '../../../../master/controllers/pod-state.ts';

const now = Date.parse('2030-01-01T00:01:00Z');
const ready = (status: string, lastTransitionTime: string | null): object => ({ status: { conditions: [{ type: 'Ready', status, lastTransitionTime }] } });

it.each<[what: string, pod: object, seconds: number | undefined, ms: number | undefined]>([
  ['not ready', ready('False', '2030-01-01T00:00:00Z'), 0, undefined],
  ['of no status', {}, 0, undefined],
  ['ready, and nobody waits', ready('True', null), 0, 0],
  ['ready, and nothing is said of waiting', ready('True', '2030-01-01T00:00:59Z'), undefined, 0],
  ['ready for too short a time', ready('True', '2030-01-01T00:00:31Z'), 30, 1000],
  ['ready just long enough', ready('True', '2030-01-01T00:00:30Z'), 30, 0],
  ['ready since an unknown time', ready('True', null), 30, undefined],
])('one that is %s', (_what, pod, seconds, ms) => expect(availableIn(pod as Pod, seconds, now)).toBe(ms));
