// Brings Pod statuses to the API: the newest one of each Pod, by a patch of what differs, and the Pod's final deletion.
// Conditions of others stay untouched. upstream: pkg/kubelet/status/status_manager.go
import { isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { Pods } from '../../src/api/core/pod.ts';
import type { Client } from '../../src/client/client.ts';
import { Backoff } from '../../src/util/backoff.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Pod, PodCondition, PodStatus } from './pod.ts';
import { ownedConditions } from './pod-status.ts';
import { equalJson } from '../../src/util/json.ts';

interface Entry {
  pod: Pod;
  desired: PodStatus;
  /** What the API is known to hold. */
  known: PodStatus | undefined;
  writing: Promise<void> | undefined;
}
const isOwned = (condition: PodCondition): boolean => (ownedConditions as readonly string[]).includes(condition.type);
const fields = [
  'observedGeneration', 'phase', 'reason', 'message', 'hostIP', 'hostIPs', 'podIP', 'podIPs', 'startTime', 'initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses',
] as const;

/** The patch that makes `known` into `desired`; undefined when they agree. */
export function statusPatch(known: PodStatus | undefined, desired: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const field of fields) {
    const [before, after] = [known?.[field], desired[field]];
    if (equalJson(before, after)) continue;
    // Lists that merge by address have to be told to replace.
    if ((field === 'podIPs' || field === 'hostIPs') && before !== undefined) patch[field] = [...((after as object[] | undefined) ?? []), { $patch: 'replace' }];
    else patch[field] = after ?? null;
  }
  const conditions = (desired.conditions ?? []).filter((c) => isOwned(c) && !equalJson(c, known?.conditions?.find((k) => k.type === c.type)));
  // Conditions merge by type: what an earlier one said and this one does not is taken back by name.
  if (conditions.length) patch['conditions'] = conditions.map((c) => ({ reason: null, message: null, ...c }));
  return Object.keys(patch).length ? patch : undefined;
}

export class StatusManager {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #entries = new Map<string, Entry>();

  constructor(options: { client: Client; clock: Clock; log: Log; signal: AbortSignal }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#signal = options.signal;
  }

  /** The Pod with the newest status there is: the kubelet's own, with everyone else's conditions as the API has them. */
  current(pod: Pod): Pod {
    const entry = this.#entries.get(pod.metadata.uid);
    if (!entry) return pod;
    const foreign = (pod.status?.conditions ?? []).filter((c) => !isOwned(c));
    const own = (entry.desired.conditions ?? []).filter(isOwned);
    return { ...pod, status: { ...entry.desired, conditions: [...foreign, ...own] } };
  }

  /** Makes this the status to be written; returns at once. */
  set(pod: Pod, status: PodStatus): void {
    let entry = this.#entries.get(pod.metadata.uid);
    if (!entry) this.#entries.set(pod.metadata.uid, (entry = { pod, desired: status, known: pod.status, writing: undefined }));
    entry.pod = pod;
    entry.desired = status;
    this.#write(entry);
  }

  /** Resolves once the API holds the newest status, or has no such Pod any more. */
  async flush(uid: string): Promise<void> {
    for (let entry = this.#entries.get(uid); entry?.writing; entry = this.#entries.get(uid)) await entry.writing;
  }

  /** Takes the Pod out of the API: everything of it is gone from this node. */
  async delete(pod: Pod): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const backoff = new Backoff<'delete'>(200, 10_000);
    for (;;) {
      try {
        await this.#client.delete(Pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
        return;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        this.#log.debug({ error, pod: name }, 'Pod could not be deleted from the API; trying again');
        await this.#clock.sleep(backoff.next('delete'), this.#signal);
      }
    }
  }
  forget(uid: string): void { this.#entries.delete(uid); }

  #write(entry: Entry): void {
    entry.writing ??= this.#writeAll(entry).finally(() => { entry.writing = undefined; });
  }
  async #writeAll(entry: Entry): Promise<void> {
    const backoff = new Backoff<'patch'>(200, 10_000);
    const { name, namespace, uid } = entry.pod.metadata;
    while (this.#entries.get(uid) === entry && !this.#signal.aborted) {
      const { desired } = entry;
      const status = statusPatch(entry.known, desired);
      if (!status) return;
      try {
        const answer = await this.#client.patch<Pod>(Pods, { namespace, name }, { metadata: { uid }, status }, { type: 'strategic', subresource: 'status' });
        entry.known = agreed(answer.status, desired);
        backoff.forget('patch');
      } catch (error) {
        // The Pod is gone, or another one has its name: nobody is left to tell.
        if (isNotFound(error) || isConflict(error)) return;
        this.#log.debug({ error, pod: name }, 'Pod status could not be written; trying again');
        await this.#clock.sleep(backoff.next('patch'), this.#signal).catch(() => undefined);
      }
    }
  }
}

/** What the API holds now, with the fields just written in the kubelet's own form: that the server completes them is no difference. */
function agreed(answer: PodStatus | undefined, desired: PodStatus): PodStatus {
  const written = Object.fromEntries(fields.filter((f) => desired[f] !== undefined).map((f) => [f, desired[f]]));
  const conditions = [...(answer?.conditions ?? []).filter((c) => !isOwned(c)), ...(desired.conditions ?? []).filter(isOwned)];
  return { ...answer, ...written, conditions } as PodStatus;
}
