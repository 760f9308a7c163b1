// Bootstrap tokens, which hosts join with: the Secrets of kube-system they are kept in, and the signature of the public cluster-info
// each of them makes. Pure. (upstream: cluster-bootstrap token/{api,util,jws}, cmd/kubeadm/app/apis/bootstraptoken/v1)
import { createHmac, randomInt } from 'node:crypto';
import type { Secret } from './secret.ts';

export interface BootstrapToken { readonly id: string; readonly secret: string }
/** Token Secrets are of this type, in kube-system, and named `bootstrap-token-<id>`. */
export const bootstrapTokenType = 'bootstrap.kubernetes.io/token';
export const bootstrapTokenNamespace = 'kube-system';
export const bootstrapGroup = 'system:bootstrappers';
/** The ConfigMap of kube-public anybody may read: how the cluster is reached, and whom to trust. */
export const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' } as const;
export const clusterInfoKey = 'kubeconfig';
export const signaturePrefix = 'jws-kubeconfig-';

const namePrefix = 'bootstrap-token-';
const usagePrefix = 'usage-bootstrap-';
export const bootstrapUsages = ['signing', 'authentication'] as const;
export type BootstrapUsage = (typeof bootstrapUsages)[number];

/** Undefined when the text is no token. */
export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text);
  return match ? { id: match[1]!, secret: match[2]! } : undefined;
}
export const isBootstrapTokenId = (text: string): boolean => /^[a-z0-9]{6}$/.test(text);
export const isBootstrapGroup = (text: string): boolean => /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(text);
export const bootstrapTokenText = ({ id, secret }: BootstrapToken): string => `${id}.${secret}`;
export const bootstrapSecretName = (id: string): string => `${namePrefix}${id}`;

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const random = (length: number): string => Array.from({ length }, () => letters[randomInt(letters.length)]!).join('');
export const newBootstrapToken = (): BootstrapToken => ({ id: random(6), secret: random(16) });

export interface BootstrapTokenOptions {
  /** RFC 3339; absent: it never ends. */
  readonly expiration?: string;
  readonly description?: string;
  readonly usages: readonly BootstrapUsage[];
  /** Beside `system:bootstrappers`. */
  readonly groups: readonly string[];
}

export function bootstrapTokenSecret({ id, secret }: BootstrapToken, { expiration, description, usages, groups }: BootstrapTokenOptions): Pick<Secret, 'type' | 'metadata'> & { stringData: Record<string, string> } {
  return {
    metadata: { namespace: bootstrapTokenNamespace, name: bootstrapSecretName(id) } as Secret['metadata'], type: bootstrapTokenType,
    stringData: {
      'token-id': id, 'token-secret': secret, ...(description ? { description } : {}), ...(expiration ? { expiration } : {}),
      ...Object.fromEntries(usages.map((usage) => [usagePrefix + usage, 'true'])), ...(groups.length ? { 'auth-extra-groups': groups.join(',') } : {}),
    },
  };
}

export interface StoredToken extends BootstrapToken, BootstrapTokenOptions {}

/** What a Secret says, when it is that of a token with both parts under the name of its id. */
export function readBootstrapToken({ metadata, type, data = {} }: Pick<Secret, 'metadata' | 'type' | 'data'>): StoredToken | undefined {
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  const [id, secret] = [text('token-id'), text('token-secret')];
  if (type !== bootstrapTokenType || metadata.namespace !== bootstrapTokenNamespace || metadata.deletionTimestamp) return undefined;
  if (!id || !secret || metadata.name !== bootstrapSecretName(id)) return undefined;
  const [expiration, description] = [text('expiration'), text('description')];
  return {
    id, secret, usages: bootstrapUsages.filter((usage) => text(usagePrefix + usage) === 'true'), groups: text('auth-extra-groups').split(',').map((group) => group.trim()).filter(Boolean),
    ...(expiration ? { expiration } : {}), ...(description ? { description } : {}),
  };
}

/** Milliseconds until the token ends, 0 when it has, or when nobody can read when; undefined when it never does. */
export function tokenTimeLeft({ expiration }: Pick<StoredToken, 'expiration'>, now: number): number | undefined {
  if (expiration === undefined) return undefined;
  const end = /^\d{4}-\d{2}-\d{2}T/.test(expiration) ? Date.parse(expiration) : NaN;
  return Number.isNaN(end) ? 0 : Math.max(0, end - now);
}

/** A detached JWS (RFC 7515, HS256) of the text: header and signature without what is signed between them. */
export function detachedSignature(text: string, { id, secret }: BootstrapToken): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url');
  const signature = createHmac('sha256', secret).update(`${header}.${Buffer.from(text).toString('base64url')}`).digest('base64url');
  return `${header}..${signature}`;
}
