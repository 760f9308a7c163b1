// One cluster on this host: its data directory, what was decided at its first start, and the files others read.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { replaceFileSync } from '../util/replace-file.ts';
import type { AgentSettings } from './agent-settings.ts';
import type { MasterSettings } from './master-settings.ts';
import { defaultNodePortRange, defaultVxlanPort, parseNodePortRange, type ClusterRanges } from './ranges.ts';

/** What `dray up` decided and later commands rely on; lives in `<dataDir>/cluster.json`. */
export interface ClusterRecord extends AgentSettings, MasterSettings {
  readonly version: 1;
  readonly port: number;
  readonly nodeName: string;
  readonly advertiseAddress: string;
  /** As it was given, or found. */
  readonly dockerHost: string;
  readonly proxyMode: ProxyMode;
  readonly ranges: ClusterRanges;
  /** Packages the set-up installed, over all starts. */
  readonly installedPackages: readonly string[];
}
/** What `dray join` decided; lives in `<dataDir>/join.json` of a host whose master is elsewhere. */
export interface JoinRecord extends AgentSettings {
  readonly version: 1;
  /** URL of the master. */
  readonly server: string;
  readonly nodeName: string;
  readonly dockerHost: string;
  readonly proxyMode: ProxyMode;
  readonly installedPackages: readonly string[];
}
export type ProxyMode = 'auto' | 'http' | 'relay' | 'nftables';

/** A mistake of the person at the keyboard: one line, exit code 2. */
export class UsageError extends Error {}

/** Files and directories master, agent and command line make in a data directory. */
const ownNames = /^((cluster|join)\.json(\.tmp|\.new)?|(master|agent|supervisor)\.(pid|pid\.start|log)|(admin|node-.*)\.kubeconfig(\.tmp|\.new)?|pki|store|engine|(network|pulled-images|installed-packages|device-allocations|control-groups)\.json(\.new)?|graceful_node_shutdown_state(\.new)?|before-restore-.*|(backup|restore)-[A-Za-z0-9]{6}|pods|memory|volumes|proxy-.*)$/;

export const defaultDataDir = '/var/lib/dray';
/** Data directories of the clusters of this machine, so that a new one keeps clear of their ranges. */
const defaultRegistry = '/var/lib/dray-clusters';

export class Cluster {
  readonly dataDir: string;
  readonly registry: string;
  constructor(dataDir: string, registry = defaultRegistry) {
    this.dataDir = resolve(dataDir);
    this.registry = registry;
  }
  path(...parts: string[]): string { return join(this.dataDir, ...parts); }
  get adminKubeconfig(): string { return this.path('admin.kubeconfig'); }
  nodeKubeconfig(name: string): string { return this.path(`node-${name}.kubeconfig`); }
  get recordFile(): string { return this.path('cluster.json'); }

  get joinFile(): string { return this.path('join.json'); }

  /** @throws UsageError when the record cannot be read */
  record(): ClusterRecord | undefined {
    const record = this.#read<ClusterRecord>(this.recordFile);
    // One of before there was such a port.
    return record && { ...record, ranges: { ...record.ranges, vxlanPort: record.ranges.vxlanPort ?? defaultVxlanPort } };
  }
  /** Set on a host that joined. @throws UsageError when it cannot be read */
  joined(): JoinRecord | undefined { return this.#read<JoinRecord>(this.joinFile); }
  #read<T>(file: string): T | undefined {
    if (!existsSync(file)) return undefined;
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as T;
    } catch (error) {
      throw new UsageError(`--data-dir: ${file} cannot be read: ${(error as Error).message}`);
    }
  }
  /** Makes the data directory, readable by its owner alone before anything is put into it. @throws UsageError */
  make(): void {
    try {
      mkdirSync(this.dataDir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new UsageError(`--data-dir: ${(error as Error).message}`);
    }
  }
  saveJoin(record: JoinRecord): void {
    this.writePrivate(this.joinFile, `${JSON.stringify(record, undefined, 2)}\n`);
    this.#register();
  }
  /** @throws UsageError */
  writePrivate(file: string, text: string): void {
    try {
      replaceFileSync(file, text);
    } catch (error) {
      throw new UsageError(`--data-dir: ${(error as Error).message}`);
    }
  }
  save(record: ClusterRecord): void {
    this.writePrivate(this.recordFile, `${JSON.stringify(record, undefined, 2)}\n`);
    this.#register();
  }
  #register(): void {
    mkdirSync(this.registry, { recursive: true });
    writeFileSync(this.#registryFile, `${this.dataDir}\n`);
  }
  get #registryFile(): string { return join(this.registry, createHash('sha256').update(this.dataDir).digest('hex').slice(0, 16)); }
  /** Takes the data and the entry among this machine's clusters away. */
  erase(): void {
    // Only what a cluster writes: whatever else lies in the directory is somebody's.
    for (const name of existsSync(this.dataDir) ? readdirSync(this.dataDir) : []) if (ownNames.test(name)) rmSync(this.path(name), { recursive: true, force: true });
    if (existsSync(this.dataDir) && readdirSync(this.dataDir).length === 0) rmSync(this.dataDir, { recursive: true });
    rmSync(this.#registryFile, { force: true });
    if (existsSync(this.registry) && readdirSync(this.registry).length === 0) rmSync(this.registry, { recursive: true });
  }
}

/** What the master told the agent whose data lies in `dataDir`; masters of earlier versions say less. */
export type ToldRanges = (dataDir: string) => Promise<{ readonly podCIDR: string; readonly serviceCIDR: string; readonly vxlanPort: number | undefined; readonly nodePortRange: string | undefined } | undefined>;

/** Ranges of the cluster this host is a node of; undefined when it has not joined, or its agent was not told yet. */
export async function joinedRanges(cluster: Cluster, told: ToldRanges): Promise<ClusterRanges | undefined> {
  const ranges = cluster.joined() && (await told(cluster.dataDir));
  if (!ranges) return undefined;
  const { vxlanPort = defaultVxlanPort, nodePortRange } = ranges;
  return { ...ranges, vxlanPort, nodePortRange: nodePortRange === undefined ? defaultNodePortRange : parseNodePortRange(nodePortRange) };
}

/** The other clusters of this machine that still have their data here, those whose master is elsewhere included. */
export async function otherClusters(except: Cluster, told: ToldRanges): Promise<{ dataDir: string; ranges: ClusterRanges }[]> {
  const { registry } = except;
  if (!existsSync(registry)) return [];
  const all = await Promise.all(readdirSync(registry).map(async (file) => {
    const cluster = new Cluster(readFileSync(join(registry, file), 'utf8').trim(), registry);
    if (cluster.dataDir === except.dataDir) return [];
    const ranges = cluster.record()?.ranges ?? (await joinedRanges(cluster, told));
    return ranges ? [{ dataDir: cluster.dataDir, ranges }] : [];
  }));
  return all.flat();
}

/** A node name Kubernetes accepts, from the host's. */
export const defaultNodeName = (): string => hostname().toLowerCase().replace(/[^a-z0-9.-]/g, '-').replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node';
