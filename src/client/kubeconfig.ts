// Reads, writes and renews kubeconfig files. (upstream: client-go tools/clientcmd/api/v1/types.go)
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { replaceFileSync } from '../util/replace-file.ts';

export interface ClusterAccess { readonly server: string; readonly ca: string; readonly cert: string; readonly key: string }
/** Access that may be renewed is asked for whenever a connection is made. */
export type AccessSource = ClusterAccess | (() => ClusterAccess);
export const accessOf = (source: AccessSource): ClusterAccess => (typeof source === 'function' ? source() : source);

/** When a certificate that is valid from one time to another (ms) has to be replaced: at four fifths of its life. */
export const renewalTime = (notBefore: number, notAfter: number): number => notBefore + (notAfter - notBefore) * 0.8;

/** The text of a kubeconfig with one cluster, user and context. PEM in, base64 data inside. */
export function kubeconfig(access: ClusterAccess, names: { cluster: string; user: string }): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const context = names.user === names.cluster ? names.cluster : `${names.user}@${names.cluster}`;
  return stringify({
    apiVersion: 'v1', kind: 'Config',
    clusters: [{ name: names.cluster, cluster: { server: access.server, 'certificate-authority-data': base64(access.ca) } }],
    users: [{ name: names.user, user: { 'client-certificate-data': base64(access.cert), 'client-key-data': base64(access.key) } }],
    contexts: [{ name: context, context: { cluster: names.cluster, user: names.user } }],
    'current-context': context,
  }, { lineWidth: 0 });
}

/** A kubeconfig that names the cluster and nobody's credentials. */
export function publicKubeconfig({ server, ca }: Pick<ClusterAccess, 'server' | 'ca'>): string {
  const cluster = { 'certificate-authority-data': Buffer.from(ca).toString('base64'), server };
  return stringify({ apiVersion: 'v1', clusters: [{ cluster, name: '' }], contexts: null, 'current-context': '', kind: 'Config', preferences: {}, users: null }, { lineWidth: 0 });
}
/** Where and whom of such a text; undefined when it is none. */
export function readPublicKubeconfig(text: string): Pick<ClusterAccess, 'server' | 'ca'> | undefined {
  let config: File | null;
  try {
    config = parse(text) as File | null;
  } catch {
    return undefined;
  }
  const cluster = Array.isArray(config?.clusters) ? config.clusters[0]?.cluster : undefined;
  const [server, ca] = [cluster?.['server'], cluster?.['certificate-authority-data']];
  return typeof server === 'string' && typeof ca === 'string' ? { server: server.replace(/\/$/, ''), ca: Buffer.from(ca, 'base64').toString() } : undefined;
}

interface File { clusters?: ({ name: string } & { cluster: Record<string, string> })[]; users?: ({ name: string } & { user: Record<string, string> })[]; contexts?: { name: string; context: { cluster: string; user: string } }[]; 'current-context'?: string }

/** Access of the current context. @throws Error with one line naming the file and what is wrong */
export function readKubeconfig(file: string): ClusterAccess {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`cannot read kubeconfig ${file}: ${(error as Error).message}`);
  }
  let config: File;
  try {
    config = parse(text) as File;
  } catch (error) {
    throw new Error(`kubeconfig ${file} is not valid YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const missing = (what: string): Error => new Error(`kubeconfig ${file} has no ${what}`);
  const context = (config?.contexts ?? []).find((c) => c.name === config['current-context']) ?? config?.contexts?.[0];
  if (!context) throw missing('context');
  const cluster = config.clusters?.find((c) => c.name === context.context.cluster)?.cluster;
  const user = config.users?.find((u) => u.name === context.context.user)?.user;
  if (!cluster?.['server']) throw missing(`server for cluster ${context.context.cluster}`);
  const pem = (from: Record<string, string> | undefined, name: string): string => {
    const data = from?.[`${name}-data`];
    if (data) return Buffer.from(data, 'base64').toString();
    const path = from?.[name];
    if (path) return readFileSync(resolve(dirname(file), path), 'utf8');
    throw missing(name);
  };
  return { server: cluster['server'].replace(/\/$/, ''), ca: pem(cluster, 'certificate-authority'), cert: pem(user, 'client-certificate'), key: pem(user, 'client-key') };
}

/** Puts new credentials of the current context's user into a kubeconfig; a reader sees the old file or the new one. */
export function replaceCredentials(file: string, { cert, key }: Pick<ClusterAccess, 'cert' | 'key'>): void {
  const config = parse(readFileSync(file, 'utf8')) as File;
  const context = (config.contexts ?? []).find((c) => c.name === config['current-context']) ?? config.contexts?.[0];
  const user = config.users?.find((u) => u.name === context?.context.user);
  if (!user) throw new Error(`kubeconfig ${file} has no user`);
  const { 'client-certificate': _cert, 'client-key': _key, ...rest } = user.user;
  user.user = { ...rest, 'client-certificate-data': Buffer.from(cert).toString('base64'), 'client-key-data': Buffer.from(key).toString('base64') };
  replaceFileSync(file, stringify(config, { lineWidth: 0 }));
}
