// What is known of one Pod in the runtime, and what probes found: the second half of every pure decision's input.
import type { ContainerStatus, PodSandbox } from '../runtime/runtime.ts';
import { containerFacts } from './labels.ts';

export interface KnownSandbox extends PodSandbox { readonly ip: string; readonly hostNetwork: boolean }

export interface PodRuntimeStatus {
  /** Newest first. */
  readonly sandboxes: readonly KnownSandbox[];
  /** Newest first, of all sandboxes. */
  readonly containers: readonly ContainerStatus[];
}
export const nothingRuns: PodRuntimeStatus = { sandboxes: [], containers: [] };

export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export type ProbeResult = 'success' | 'failure' | 'unknown';
/** Results by container id; undefined when that container was not probed yet. */
export interface ProbeResults { get(kind: ProbeKind, containerId: string): ProbeResult | undefined }

/** A container whose process never ran because it could not be started counts as one that ended. */
export const hasEnded = (status: ContainerStatus): boolean => status.state === 'exited' || (status.state === 'created' && status.exitCode !== 0);
export const isLive = (status: ContainerStatus): boolean => status.state === 'running' || status.state === 'unknown';

/** The newest container of this name, in one sandbox when `sandboxId` is given. */
export const latestContainer = (status: PodRuntimeStatus, name: string, sandboxId?: string): ContainerStatus | undefined =>
  status.containers.find((c) => c.metadata.name === name && (sandboxId === undefined || c.podSandboxId === sandboxId));
/** All containers of this name, newest first. */
export const containersNamed = (status: PodRuntimeStatus, name: string): ContainerStatus[] => status.containers.filter((c) => c.metadata.name === name);

/** Newest first: by restarts, then by creation. */
export const newestFirst = (a: ContainerStatus, b: ContainerStatus): number =>
  containerFacts(b).restartCount - containerFacts(a).restartCount || b.createdAt - a.createdAt;
