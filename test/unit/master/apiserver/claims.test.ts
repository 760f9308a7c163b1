// Whether what a token says is still true, as a table: ends, accounts and bound objects that are gone or are others now.
import type { ApiObject } from '../../../../src/schema/resource.ts';
import { boundClaims, InvalidToken, userOfBound, type Lookup } from '../../../../master/apiserver/tokens/claims.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const object = (name: string, uid: string, extra: object = {}): ApiObject => ({ apiVersion: 'v1', kind: 'X', metadata: { name, namespace: 'n', uid, ...extra } }) as ApiObject;
const account = object('a', 'ua');
const pod = object('p', 'up');
const secret = object('s', 'us');
const node = { name: 'node-1', uid: 'un' };
const all: Readonly<Record<string, ApiObject>> = { 'serviceaccounts/n/a': account, 'pods/n/p': pod, 'secrets/n/s': secret, 'nodes//node-1': object('node-1', 'un') };
const lookup = (changes: Readonly<Record<string, ApiObject | undefined>> = {}): Lookup => (kind, namespace, name) => ({ ...all, ...changes })[`${kind}/${namespace ?? ''}/${name}`];
const deleted = (o: ApiObject, secondsAgo: number): ApiObject => object(o.metadata.name, o.metadata.uid, { deletionTimestamp: new Date(now - secondsAgo * 1000).toISOString() });
const claims = (bound: object = {}): ReturnType<typeof boundClaims> => boundClaims({ account, audiences: ['x'], expirationSeconds: 600, ...bound }, now, 'id');
const extra = 'authentication.kubernetes.io';

it('a token is of its account, in the account\'s groups', () => {
  expect(userOfBound(claims(), lookup(), now)).toEqual({ name: 'system:serviceaccount:n:a', uid: 'ua', groups: ['system:serviceaccounts', 'system:serviceaccounts:n'], extra: { [`${extra}/credential-id`]: ['JTI=id'] } });
  expect(userOfBound(claims({ pod, node }), lookup(), now).extra).toEqual({ [`${extra}/credential-id`]: ['JTI=id'], [`${extra}/pod-name`]: ['p'], [`${extra}/pod-uid`]: ['up'], [`${extra}/node-name`]: ['node-1'], [`${extra}/node-uid`]: ['un'] });
});

it.each<[string, object, Readonly<Record<string, ApiObject | undefined>>, number, string | undefined]>([
  ['until its end', {}, {}, 600, undefined],
  ['a minute more, for clocks that differ', {}, {}, 659, undefined],
  ['not for longer', {}, {}, 661, 'service account token has expired'],
  ['not before its time', {}, {}, -61, 'service account token is not valid yet'],
  ['with its account', {}, { 'serviceaccounts/n/a': undefined }, 0, 'serviceaccounts "a" not found'],
  ['with this very account', {}, { 'serviceaccounts/n/a': object('a', 'other') }, 0, 'service account UID (other) does not match claim (ua)'],
  ['a minute longer than its account', {}, { 'serviceaccounts/n/a': deleted(account, 59) }, 0, undefined],
  ['then no more', {}, { 'serviceaccounts/n/a': deleted(account, 61) }, 0, 'service account n/a has been deleted'],
  ['with its Pod', { pod }, { 'pods/n/p': undefined }, 0, 'service account token has been invalidated'],
  ['with this very Pod', { pod }, { 'pods/n/p': object('p', 'other') }, 0, 'pod UID (other) does not match service account pod ref claim (up)'],
  ['while its Pod is ending', { pod }, { 'pods/n/p': deleted(pod, 30) }, 0, undefined],
  ['not when it should have ended', { pod }, { 'pods/n/p': deleted(pod, 90) }, 0, 'service account token has been invalidated'],
  ['a Pod\'s without its node', { pod, node }, { 'nodes//node-1': undefined }, 0, undefined],
  ['a node\'s with its node', { node }, { 'nodes//node-1': undefined }, 0, 'service account token has been invalidated'],
  ['with this very node', { node }, { 'nodes//node-1': object('node-1', 'other') }, 0, 'node UID (other) does not match service account node ref claim (un)'],
  ['with its Secret', { secret }, { 'secrets/n/s': undefined }, 0, 'service account token has been invalidated'],
])('it counts %s', (_, bound, changes, seconds, fault) => {
  const judge = (): unknown => userOfBound(claims(bound), lookup(changes), now + seconds * 1000);
  if (fault === undefined) expect(judge()).toMatchObject({ uid: 'ua' });
  else {
    expect(judge).toThrow(InvalidToken);
    expect(judge).toThrow(fault);
  }
});
