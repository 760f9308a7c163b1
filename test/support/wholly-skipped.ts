// A file of tests this machine has nothing for, which test/unit/support/test-where.test.ts runs.
import { describeWhere, testWhere } from './test-where.ts';

for (const _ of [1, 2]) testWhere(false, 'there is no such thing', 'a test', async () => { throw new Error('it was not skipped'); });
describeWhere(false, 'there are no such things', 'tests', () => {
  it('are skipped', () => { throw new Error('they were not skipped'); });
});
