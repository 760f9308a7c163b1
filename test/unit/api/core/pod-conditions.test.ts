// Ready or finished: what all read from a Pod.
import { getCondition, isPodReady, isPodTerminal } from '../../../../src/api/core/pod-conditions.ts';

const ready = (status: string, lastTransitionTime: string | null) => ({ status: { conditions: [{ type: 'Ready', status, lastTransitionTime }] } });

it('reads conditions and phases', () => {
  expect(isPodReady(ready('True', null))).toBe(true);
  expect(getCondition(ready('True', null), 'Initialized')).toBeUndefined();
  expect(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'].filter((phase) => isPodTerminal({ status: { phase } }))).toEqual(['Succeeded', 'Failed']);
});
