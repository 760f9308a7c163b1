// The pure part of the DaemonSet controller: on which nodes to make Pods, which Pods to end, within the bounds of an update.
// upstream: pkg/controller/daemon/daemon_controller.go (podsShouldBeOnNode), update.go (rollingUpdate)
import type { DaemonSet } from '../../../src/api/apps/daemon-set.ts';
import type { Node } from '../../../src/api/core/node.ts';
import { isPodReady, isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { scaledValue } from '../deployment/bounds.ts';
import { availableIn } from '../pod-state.ts';
import { isUpdated, targetNode, wants } from './daemon-pods.ts';

export interface DaemonState {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  /** Of the newest revision. */
  readonly hash: string;
  readonly now: number;
}

export interface DaemonPlan {
  /** Names of nodes. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Milliseconds until a failed Pod may be removed. */
  readonly requeueAfter?: number;
}

/** Made or removed in one pass at most. */
const burst = 250;
const none: DaemonPlan = { create: [], remove: [] };

const created = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
/** Placed Pods first, then the oldest. */
const byAge = (a: Pod, b: Pod): number => Number(!a.spec.nodeName) - Number(!b.spec.nodeName) || created(a) - created(b) || (a.metadata.name < b.metadata.name ? -1 : 1);
const isEnding = (pod: Pod): boolean => Boolean(pod.metadata.deletionTimestamp);
const isAvailable = (pod: Pod, { set, now }: DaemonState): boolean => availableIn(pod, set.spec.minReadySeconds, now) === 0;

/** Pods by node, oldest first; those that have ended and are going count for nothing. */
export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const found = new Map<string, Pod[]>();
  for (const pod of [...pods].sort(byAge)) {
    const node = targetNode(pod);
    if (node === undefined || (isPodTerminal(pod) && isEnding(pod))) continue;
    found.set(node, [...(found.get(node) ?? []), pod]);
  }
  return found;
}

const rollingUpdate = ({ spec }: DaemonSet) => (spec.updateStrategy.type === 'RollingUpdate' ? spec.updateStrategy.rollingUpdate : undefined);
const surges = (set: DaemonSet): boolean => scaledValue(rollingUpdate(set)?.maxSurge, 100, 'up') > 0;

/** `failedWait`: milliseconds until the node's failed Pod may be removed, so that a node that refuses Pods is not flooded. */
export function planDaemonSet(state: DaemonState, failedWait: (node: string) => number = () => 0): DaemonPlan {
  const onNode = podsByNode(state.pods);
  const managed = manage(state, onNode, failedWait);
  if (managed.create.length > 0 || managed.remove.length > 0 || !rollingUpdate(state.set)) return managed;
  const { create, remove } = update(state, onNode);
  return { ...managed, create: create.slice(0, burst), remove: remove.slice(0, burst) };
}

function manage(state: DaemonState, onNode: ReadonlyMap<string, readonly Pod[]>, failedWait: (node: string) => number): DaemonPlan {
  const create: string[] = [];
  const remove: Pod[] = [];
  const waits: number[] = [];
  for (const node of [...state.nodes].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const { name } = node.metadata;
    const { run, stay } = wants(state.set, node);
    const pods = onNode.get(name) ?? [];
    if (!stay) remove.push(...pods.filter((pod) => !isEnding(pod)));
    else if (pods.length === 0) { if (run) create.push(name); }
    else {
      const running = pods.filter((pod) => !isEnding(pod) && !isPodTerminal(pod));
      const ended = pods.filter((pod) => !isEnding(pod) && isPodTerminal(pod));
      const wait = ended.some((pod) => pod.status?.phase === 'Failed') ? failedWait(name) : 0;
      if (wait > 0) waits.push(wait);
      remove.push(...ended.filter((pod) => wait === 0 || pod.status?.phase !== 'Failed'), ...surplus(state, running));
      if (surges(state.set) && running.length === 0 && run) create.push(name);
    }
  }
  // Nobody else ever ends a Pod that waits for a node that is gone.
  const known = new Set(state.nodes.map(({ metadata }) => metadata.name));
  for (const [node, pods] of onNode) if (!known.has(node)) remove.push(...pods.filter((pod) => !pod.spec.nodeName && !isEnding(pod)));
  return { create: create.slice(0, burst), remove: remove.slice(0, burst), ...(waits.length ? { requeueAfter: Math.min(...waits) } : {}) };
}

/** Pods of one node that are too many: all but the oldest; with a surge an old one may stay until the new one is available. */
function surplus(state: DaemonState, running: readonly Pod[]): Pod[] {
  if (running.length <= 1) return [];
  if (!surges(state.set)) return running.slice(1);
  const fresh = running.filter((pod) => isUpdated(pod, state.set, state.hash));
  const old = running.filter((pod) => !fresh.includes(pod));
  const replaced = fresh[0] && old[0] && (!isPodReady(old[0]) || isAvailable(fresh[0], state));
  return [...fresh.slice(1), ...old.slice(replaced ? 0 : 1)];
}

/** One Pod of each kind on a node at most; undefined when there are more, which `manage` puts right. */
function generations(state: DaemonState, pods: readonly Pod[]): { fresh: Pod | undefined; old: Pod | undefined } | undefined {
  const live = pods.filter((pod) => !isEnding(pod));
  const fresh = live.filter((pod) => isUpdated(pod, state.set, state.hash));
  const old = live.filter((pod) => !fresh.includes(pod));
  return fresh.length > 1 || old.length > 1 ? undefined : { fresh: fresh[0], old: old[0] };
}

function update(state: DaemonState, onNode: ReadonlyMap<string, readonly Pod[]>): DaemonPlan {
  const wanted = new Set(state.nodes.filter((node) => wants(state.set, node).run).map(({ metadata }) => metadata.name));
  const { maxSurge, maxUnavailable } = rollingUpdate(state.set)!;
  const surge = scaledValue(maxSurge, wanted.size, 'up');
  const missing = scaledValue(maxUnavailable, wanted.size, 'up');
  const nodes = new Map([...[...wanted].map((name) => [name, [] as readonly Pod[]] as const), ...onNode]);
  if (surge > 0) return updateBySurge(state, nodes, wanted, surge);
  return updateInPlace(state, nodes, missing === 0 && wanted.size > 0 ? 1 : missing);
}

/** Ends old Pods while no more nodes lack an available one than may; those that are not available cost nothing. */
function updateInPlace(state: DaemonState, nodes: ReadonlyMap<string, readonly Pod[]>, limit: number): DaemonPlan {
  let unavailable = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const pods of nodes.values()) {
    const { fresh, old } = generations(state, pods) ?? {};
    if ((!fresh && !old) || (fresh && old)) unavailable++;
    else if (fresh) { if (!isAvailable(fresh, state)) unavailable++; }
    else if (isAvailable(old!, state)) candidates.push(old!);
    else {
      broken.push(old!);
      unavailable++;
    }
  }
  return { ...none, remove: [...broken, ...candidates.slice(0, Math.max(0, limit - unavailable))] };
}

/** Makes new Pods beside old ones, so many at a time, and ends an old one when its successor is available. */
function updateBySurge(state: DaemonState, nodes: ReadonlyMap<string, readonly Pod[]>, wanted: ReadonlySet<string>, limit: number): DaemonPlan {
  let surging = 0;
  let available = 0;
  const remove: Pod[] = [];
  const unwanted: Pod[] = [];
  const broken: string[] = [];
  const candidates: string[] = [];
  for (const [name, pods] of nodes) {
    const both = generations(state, pods);
    if (!both) { surging++; continue; }
    const { fresh, old } = both;
    const isUp = old ? isAvailable(old, state) : fresh !== undefined && isAvailable(fresh, state);
    if (isUp) available++;
    if (!old) continue;
    if (fresh) {
      if (isAvailable(fresh, state)) remove.push(old);
      else surging++;
    } else if (!wanted.has(name)) (isUp ? unwanted : remove).push(old);
    else (isUp ? candidates : broken).push(name);
  }
  // A node that is no longer wanted keeps its Pod until enough others are available.
  remove.push(...unwanted.slice(0, Math.max(0, available - wanted.size)));
  return { ...none, remove, create: [...broken, ...candidates.slice(0, Math.max(0, limit - surging))] };
}
