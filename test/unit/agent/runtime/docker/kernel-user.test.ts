// As whom a process runs, read from what the kernel writes of it.
import { userInStatus, userOf } from '../../../../../agent/runtime/docker/kernel-user.ts';

it.each<[string, string, ReturnType<typeof userInStatus>]>([
  ['a user in several groups', 'Name:\tnode\nUid:\t1000\t1000\t1000\t1000\nGid:\t3000\t3000\t3000\t3000\nFDSize:\t64\nGroups:\t2000 3000 4000 \n', { uid: 1000, gid: 3000, supplementalGroups: [2000, 3000, 4000] }],
  ['root in none', 'Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t \nNStgid:\t1\n', { uid: 0, gid: 0, supplementalGroups: [] }],
  ['one that has gone', '', undefined],
])('%s', (_, text, user) => expect(userInStatus(text)).toEqual(user));

it('says nothing of a process that is not the container\'s', () => expect(userOf('0123456789abcdef'.repeat(4), process.pid)).toBeUndefined());
