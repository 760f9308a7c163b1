// `Impersonate-*`: a caller who may acts as somebody else. Each thing that is taken over (user or ServiceAccount, groups, UID, extra) is
// authorized for itself. (upstream: apiserver endpoints/filters/impersonation.go)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { User } from '../../registry/request-context.ts';
import type { ServerRequest } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';
import { anonymous } from './authentication.ts';
import { authorize, type Authorizer } from './authorization.ts';

const authenticationGroup = 'authentication.k8s.io';
const extraPrefix = 'impersonate-extra-';
const plainHeaders = new Set(['impersonate-user', 'impersonate-group', 'impersonate-uid']);
const accountPrefix = 'system:serviceaccount:';
const authenticated = 'system:authenticated';
const unauthenticated = 'system:unauthenticated';

/** One thing to take over, in the fields upstream names it by. */
interface Wish { readonly kind: 'User' | 'ServiceAccount' | 'Group' | 'UID' | 'UserExtra'; readonly name: string; readonly namespace?: string; readonly extraKey?: string }

/** All values of each header, apart: a group may contain a comma. */
function headerValues({ headers, rawHeaders }: ServerRequest): Map<string, string[]> {
  const values = new Map<string, string[]>();
  const add = (name: string, value: string): unknown => (values.get(name)?.push(value) ?? values.set(name, [value]));
  if (rawHeaders) for (let i = 0; i + 1 < rawHeaders.length; i += 2) add(rawHeaders[i]!.toLowerCase(), rawHeaders[i + 1]!);
  else for (const [name, value] of Object.entries(headers)) if (value !== undefined) add(name, value);
  return values;
}

function extraKey(header: string): string {
  const key = header.slice(extraPrefix.length);
  try {
    return decodeURIComponent(key);
  } catch {
    // Upstream takes the key as it stands when it is no valid escape.
    return key;
  }
}

function wishesOf(request: ServerRequest): Wish[] {
  const values = headerValues(request);
  const wishes: Wish[] = [];
  const user = values.get('impersonate-user')?.[0] ?? '';
  if (user !== '') {
    const [namespace = '', name = '', ...more] = user.startsWith(accountPrefix) ? user.slice(accountPrefix.length).split(':') : [];
    wishes.push(namespace && name && !more.length ? { kind: 'ServiceAccount', namespace, name } : { kind: 'User', name: user });
  }
  for (const name of values.get('impersonate-group') ?? []) wishes.push({ kind: 'Group', name });
  for (const [header, list] of values) if (header.startsWith(extraPrefix)) for (const name of list) wishes.push({ kind: 'UserExtra', name, extraKey: extraKey(header) });
  const uid = values.get('impersonate-uid')?.[0] ?? '';
  if (uid !== '') wishes.push({ kind: 'UID', name: uid });
  return wishes;
}

/** As Go prints an ObjectReference. */
const wishText = ({ kind, namespace = '', name, extraKey: path = '' }: Wish): string => `{${[kind, namespace, name, '', kind === 'UserExtra' || kind === 'UID' ? `${authenticationGroup}/v1` : '', '', path].join(' ')}}`;

function attributesOf({ kind, name, namespace = '', extraKey: subresource = '' }: Wish): RequestInfo {
  const [group, resource] = { User: ['', 'users'], ServiceAccount: ['', 'serviceaccounts'], Group: ['', 'groups'], UID: [authenticationGroup, 'uids'], UserExtra: [authenticationGroup, 'userextras'] }[kind] as [string, string];
  return { isResource: true, verb: 'impersonate', path: '', group, version: group ? 'v1' : '', namespace, resource, subresource, name, rest: [] };
}

const sanitized = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A failure that upstream sends as a page of text, not as a Status. */
export class ImpersonationFault extends errors.StatusError {
  readonly page: string;
  constructor(path: string, why: string) {
    const page = sanitized(`Internal Server Error: ${JSON.stringify(path)}: ${why}`);
    super(500, 'InternalError', page);
    this.page = page;
  }
}

function asksToImpersonate(headers: ServerRequest['headers']): boolean {
  for (const name in headers) if (name.startsWith('impersonate-') && (name.startsWith(extraPrefix) || plainHeaders.has(name))) return true;
  return false;
}

/** Who the request is to be taken for. @throws StatusError 403, ImpersonationFault */
export function impersonated(request: ServerRequest, user: User, authorizers: readonly Authorizer[]): User {
  if (!asksToImpersonate(request.headers)) return user;
  const wishes = wishesOf(request);
  if (!wishes.length) return user;
  const who = wishes.find(({ kind }) => kind === 'User' || kind === 'ServiceAccount');
  if (!who) throw new ImpersonationFault(request.path, `requested [${wishes.map(wishText).join(' ')}] without impersonating a user`);
  for (const wish of wishes) authorize(user, attributesOf(wish), authorizers);
  const name = who.kind === 'ServiceAccount' ? `${accountPrefix}${who.namespace}:${who.name}` : who.name;
  let groups = wishes.filter(({ kind }) => kind === 'Group').map((wish) => wish.name);
  // What groups an account is in is fixed; groups that are given count as given.
  if (!groups.length && who.kind === 'ServiceAccount') groups = ['system:serviceaccounts', `system:serviceaccounts:${who.namespace}`];
  if (name === anonymous.name) {
    if (!groups.includes(unauthenticated)) groups.push(unauthenticated);
  } else if (!groups.includes(authenticated) && !groups.includes(unauthenticated)) groups.push(authenticated);
  const extra: Record<string, string[]> = {};
  for (const wish of wishes) if (wish.kind === 'UserExtra') (extra[wish.extraKey!] ??= []).push(wish.name);
  const uid = wishes.find(({ kind }) => kind === 'UID')?.name;
  return { name, groups, ...(uid === undefined ? {} : { uid }), ...(Object.keys(extra).length ? { extra } : {}) };
}
