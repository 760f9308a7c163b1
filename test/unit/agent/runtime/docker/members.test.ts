// What is known of the containers of sandboxes, so that the engine need not be asked for it.
import { Members } from '../../../../../agent/runtime/docker/members.ts';

it('tells the containers of sandboxes that were made here, for as long as it is sure of them', () => {
  const members = new Members();
  members.added('elsewhere', 'x');
  expect(members.in('elsewhere')).toBeUndefined();
  members.made('s');
  for (const id of ['a', 'b', 'c']) members.added('s', id);
  members.removed('b');
  expect(members.in('s')).toEqual(['a', 'c']);
  members.unsure('s');
  expect(members.in('s')).toBeUndefined();
  members.made('t');
  members.added('t', 'a');
  members.removed('t');
  expect(members.in('t')).toBeUndefined();
});
