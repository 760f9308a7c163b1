// What a ServiceAccount's token says, and whether what it says is still true. Pure.
// upstream: pkg/serviceaccount/claims.go, legacy.go, apiserver authentication/serviceaccount/util.go
import type { ApiObject } from '../../../src/schema/resource.ts';
import type { User } from '../../registry/request-context.ts';

/** Who issues the tokens, and who they are for when nobody else is named. */
export const issuer = 'https://kubernetes.default.svc.cluster.local';
/** The issuer of tokens without an end, which live in a Secret. */
export const legacyIssuer = 'kubernetes/serviceaccount';
/** Clocks of hosts differ. */
const leewayMs = 60_000;

interface Ref { readonly name: string; readonly uid?: string }
export interface BoundClaims {
  readonly iss: string; readonly sub: string; readonly aud: readonly string[]; readonly jti: string;
  /** Seconds since the epoch. */
  readonly iat: number; readonly nbf: number; readonly exp: number;
  readonly 'kubernetes.io': { readonly namespace: string; readonly serviceaccount: Ref; readonly pod?: Ref; readonly secret?: Ref; readonly node?: Ref; readonly warnafter?: number };
}
const legacyPrefix = 'kubernetes.io/serviceaccount';
export interface LegacyClaims {
  readonly iss: string; readonly sub: string;
  readonly 'kubernetes.io/serviceaccount/namespace': string; readonly 'kubernetes.io/serviceaccount/secret.name': string;
  readonly 'kubernetes.io/serviceaccount/service-account.name': string; readonly 'kubernetes.io/serviceaccount/service-account.uid': string;
}
export type Claims = BoundClaims | LegacyClaims;

export interface TokenWish {
  readonly account: ApiObject;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** After this long the token counts as stale, though it is still taken. */
  readonly warnAfterSeconds?: number;
  /** What the token dies with; a Pod's token names its node beside it. */
  readonly pod?: ApiObject; readonly secret?: ApiObject; readonly node?: Ref;
}

const ref = ({ metadata }: ApiObject): Ref => ({ name: metadata.name, uid: metadata.uid });
const accountUser = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

export function boundClaims({ account, audiences, expirationSeconds, warnAfterSeconds, pod, secret, node }: TokenWish, nowMs: number, id: string): BoundClaims {
  const now = Math.floor(nowMs / 1000);
  const { namespace = '', name } = account.metadata;
  return {
    iss: issuer, sub: accountUser(namespace, name), aud: audiences, jti: id, iat: now, nbf: now, exp: now + expirationSeconds,
    'kubernetes.io': {
      namespace, ...(node ? { node } : {}), ...(pod ? { pod: ref(pod) } : {}), ...(secret ? { secret: ref(secret) } : {}), serviceaccount: ref(account),
      ...(warnAfterSeconds === undefined ? {} : { warnafter: now + warnAfterSeconds }),
    },
  };
}

export function legacyClaims(account: { readonly namespace: string; readonly name: string; readonly uid: string }, secretName: string): LegacyClaims {
  return {
    iss: legacyIssuer, sub: accountUser(account.namespace, account.name), [`${legacyPrefix}/namespace`]: account.namespace, [`${legacyPrefix}/secret.name`]: secretName,
    [`${legacyPrefix}/service-account.name`]: account.name, [`${legacyPrefix}/service-account.uid`]: account.uid,
  } as unknown as LegacyClaims;
}

export type Kind = 'serviceaccounts' | 'pods' | 'secrets' | 'nodes';
/** An object as it is now. */
export type Lookup = (kind: Kind, namespace: string | undefined, name: string) => ApiObject | undefined;

/** A token that is none, in upstream's words. */
export class InvalidToken extends Error {}
const invalidated = 'service account token has been invalidated';

function gone(object: ApiObject, nowMs: number): boolean {
  const { deletionTimestamp } = object.metadata;
  return Boolean(deletionTimestamp) && Date.parse(deletionTimestamp!) < nowMs - leewayMs;
}

/** The account as the claims name it, still there. @throws InvalidToken */
function account(lookup: Lookup, namespace: string, { name, uid }: Ref, nowMs: number): ApiObject {
  const found = lookup('serviceaccounts', namespace, name);
  if (!found) throw new InvalidToken(`serviceaccounts "${name}" not found`);
  if (gone(found, nowMs)) throw new InvalidToken(`service account ${namespace}/${name} has been deleted`);
  if (found.metadata.uid !== uid) throw new InvalidToken(`service account UID (${found.metadata.uid}) does not match claim (${uid})`);
  return found;
}

const userOf = (namespace: string, { name, uid }: Ref, extra: Readonly<Record<string, readonly string[]>>): User => ({
  name: accountUser(namespace, name), ...(uid === undefined ? {} : { uid }), groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`], ...(Object.keys(extra).length ? { extra } : {}),
});

/** Whose token this is, now; its signature and issuer are known to be right. @throws InvalidToken */
export function userOfBound(claims: BoundClaims, lookup: Lookup, nowMs: number): User {
  if (nowMs > claims.exp * 1000 + leewayMs) throw new InvalidToken('service account token has expired');
  if (nowMs < claims.nbf * 1000 - leewayMs) throw new InvalidToken('service account token is not valid yet');
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'];
  account(lookup, namespace, serviceaccount, nowMs);
  const alive = (kind: Kind, word: string, where: string | undefined, bound: Ref): void => {
    const found = lookup(kind, where, bound.name);
    if (!found || gone(found, nowMs)) throw new InvalidToken(invalidated);
    if (found.metadata.uid !== bound.uid) throw new InvalidToken(`${word} UID (${found.metadata.uid}) does not match service account ${word} ref claim (${bound.uid})`);
  };
  if (secret) alive('secrets', 'secret', namespace, secret);
  if (pod) alive('pods', 'pod', namespace, pod);
  // A Pod's token only tells where the Pod runs.
  else if (node) alive('nodes', 'node', undefined, node);
  const told = (name: string, value: string | undefined): Record<string, string[]> => (value ? { [`authentication.kubernetes.io/${name}`]: [value] } : {});
  return userOf(namespace, serviceaccount, {
    ...told('credential-id', claims.jti && `JTI=${claims.jti}`), ...told('pod-name', pod?.name), ...told('pod-uid', pod?.uid), ...told('node-name', node?.name), ...told('node-uid', node?.uid),
  });
}

/** @throws InvalidToken */
export function userOfLegacy(claims: LegacyClaims, token: string, lookup: Lookup, nowMs: number): User {
  const namespace = claims['kubernetes.io/serviceaccount/namespace'];
  const secretName = claims['kubernetes.io/serviceaccount/secret.name'];
  const bound: Ref = { name: claims['kubernetes.io/serviceaccount/service-account.name'], uid: claims['kubernetes.io/serviceaccount/service-account.uid'] };
  const secret = lookup('secrets', namespace, secretName);
  if (!secret || secret.metadata.deletionTimestamp) throw new InvalidToken(invalidated);
  if ((secret['data'] as Record<string, string> | undefined)?.['token'] !== Buffer.from(token).toString('base64')) throw new InvalidToken(invalidated);
  if (secret.metadata.labels?.['kubernetes.io/legacy-token-invalid-since']) throw new InvalidToken(`the token in secret ${namespace}/${secretName} for service account ${namespace}/${bound.name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the 'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this token`);
  account(lookup, namespace, bound, nowMs);
  return userOf(namespace, bound, {});
}
