// The record of what the node's network changed on this host, written before each change: a purge works from it when no agent lives.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkIdentity } from './names.ts';
import { replaceFile } from '../../src/util/replace-file.ts';

export interface NetworkRecord extends NetworkIdentity {
  /** Value of net.ipv4.ip_forward before, present when it was changed. */
  readonly ipForwardBefore?: string;
  /** Whether the directory of named network namespaces was made here. */
  readonly namespaceDirectoryMade?: boolean;
  /** UDP port of the cluster's VXLAN. */
  readonly vxlanPort?: number;
  /** Node ports of the cluster, `30000-32767`: other clusters of this host keep clear of them. */
  readonly nodePortRange?: string;
}

const pathIn = (dataDir: string): string => join(dataDir, 'network.json');

/** Undefined when nothing is recorded. */
export async function readNetworkRecord(dataDir: string): Promise<NetworkRecord | undefined> {
  try {
    return JSON.parse(await readFile(pathIn(dataDir), 'utf8')) as NetworkRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writeNetworkRecord(dataDir: string, record: NetworkRecord): Promise<void> {
  const path = pathIn(dataDir);
  await replaceFile(path, `${JSON.stringify(record, undefined, 2)}\n`);
}

export const deleteNetworkRecord = (dataDir: string): Promise<void> => rm(pathIn(dataDir), { force: true });

export const sameIdentity = (a: NetworkIdentity, b: NetworkIdentity): boolean =>
  a.clusterId === b.clusterId && a.nodeName === b.nodeName && a.podCIDR === b.podCIDR && a.clusterPodCIDR === b.clusterPodCIDR && a.serviceCIDR === b.serviceCIDR;
