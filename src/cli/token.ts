// `dray token`: makes, lists and deletes the tokens other hosts join with. (upstream: cmd/kubeadm/app/cmd/token.go)
import { isAlreadyExists, isNotFound } from '../apimachinery/status-error.ts';
import { humanDuration, parseDuration } from '../apimachinery/duration.ts';
import {
  bootstrapSecretName, bootstrapTokenNamespace, bootstrapTokenSecret, bootstrapTokenText, bootstrapTokenType, bootstrapUsages, clusterInfo, clusterInfoKey, isBootstrapGroup, isBootstrapTokenId,
  newBootstrapToken, parseBootstrapToken, readBootstrapToken, tokenTimeLeft, type BootstrapUsage, type StoredToken,
} from '../api/core/bootstrap-token.ts';
import { ConfigMaps } from '../api/core/config-map.ts';
import { Secrets } from '../api/core/secret.ts';
import { caHash } from '../client/ca-hash.ts';
import type { Client } from '../client/client.ts';
import { readPublicKubeconfig } from '../client/kubeconfig.ts';
import { timestamp } from '../util/clock.ts';
import { UsageError } from './cluster.ts';

export interface TokenCreateOptions {
  /** A Go duration; 0 is for ever. */
  readonly ttl: string;
  readonly description?: string;
  /** Separated by commas. */
  readonly usages: string;
  readonly groups: string;
  readonly server?: string;
}
const listOf = (text: string): string[] => text.split(',').map((part) => part.trim()).filter(Boolean);

function ttlMs(text: string): number {
  let value: number;
  try {
    value = parseDuration(text);
  } catch (error) {
    throw new UsageError(`--ttl: ${(error as Error).message}`);
  }
  if (value < 0) throw new UsageError(`--ttl: ${text} is negative`);
  return value;
}

/** Makes a token and resolves with the command another host joins with. @throws UsageError for a faulty flag or a token that is taken */
export async function createToken(client: Client, text: string | undefined, options: TokenCreateOptions, now: number): Promise<string> {
  const token = text === undefined ? newBootstrapToken() : parseBootstrapToken(text);
  if (!token) throw new UsageError('the token must be of the form "abcdef.0123456789abcdef": six and sixteen lower-case letters and digits');
  const ttl = ttlMs(options.ttl);
  const usages = listOf(options.usages);
  const [strangeUsage, strangeGroup] = [usages.find((usage) => !bootstrapUsages.includes(usage as BootstrapUsage)), listOf(options.groups).find((group) => !isBootstrapGroup(group))];
  if (strangeUsage !== undefined) throw new UsageError(`--usages: ${strangeUsage} is none of ${bootstrapUsages.join(', ')}`);
  if (strangeGroup !== undefined) throw new UsageError(`--groups: ${strangeGroup} does not begin with system:bootstrappers: or has other characters than lower-case letters, digits, ":" and "-"`);
  const { data } = await client.get(ConfigMaps, clusterInfo);
  const info = readPublicKubeconfig(data?.[clusterInfoKey] ?? '');
  if (!info) throw new Error(`the ConfigMap ${clusterInfo.namespace}/${clusterInfo.name} does not say how the cluster is reached`);
  await client.create(Secrets, bootstrapTokenSecret(token, {
    usages: usages as BootstrapUsage[], groups: listOf(options.groups), ...(options.description ? { description: options.description } : {}), ...(ttl ? { expiration: timestamp(now + ttl) } : {}),
  }) as never).catch((error: unknown) => {
    if (isAlreadyExists(error)) throw new UsageError(`a token with id "${token.id}" already exists`);
    throw error;
  });
  return `dray join ${options.server ?? info.server} --token ${bootstrapTokenText(token)} --ca-hash ${caHash(info.ca)}`;
}

/** A table of every token, in kubeadm's columns. */
export async function listTokens(client: Client, now: number): Promise<string> {
  const { items } = await client.list(Secrets, { namespace: bootstrapTokenNamespace, fieldSelector: `type=${bootstrapTokenType}` });
  const rows = items.flatMap((secret) => readBootstrapToken(secret) ?? []).map((token) => row(token, now));
  const table = [['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)));
  return table.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column]!)).join('   ').trimEnd()).join('\n');
}

function row(token: StoredToken, now: number): string[] {
  const left = tokenTimeLeft(token, now);
  const ttl = left === undefined ? '<forever>' : left === 0 ? '<expired>' : humanDuration(left);
  return [bootstrapTokenText(token), ttl, token.expiration ?? '<never>', token.usages.join(',') || '<none>', token.description ?? '<none>', token.groups.join(',') || '<none>'];
}

/** By ids or whole tokens. @throws UsageError for what is neither, and for one that is not there */
export async function deleteTokens(client: Client, texts: readonly string[], say: (line: string) => void): Promise<void> {
  const ids = texts.map((text) => {
    const id = parseBootstrapToken(text)?.id ?? text;
    if (!isBootstrapTokenId(id)) throw new UsageError(`"${text}" is neither a token nor the id of one (six lower-case letters and digits)`);
    return id;
  });
  for (const id of ids) {
    await client.delete(Secrets, { namespace: bootstrapTokenNamespace, name: bootstrapSecretName(id) }).catch((error: unknown) => {
      if (isNotFound(error)) throw new UsageError(`there is no token with id "${id}"`);
      throw error;
    });
    say(`bootstrap token "${id}" deleted`);
  }
}
