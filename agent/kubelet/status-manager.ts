// Brings Pod statuses to the API: the newest one of each Pod, by a patch of what differs, and the Pod's final deletion. What
// others write into the kubelet's part is taken back; their own conditions stay untouched.
// upstream: pkg/kubelet/status/status_manager.go (syncPod, needsReconcile)
import { isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { Pods } from '../../src/api/core/pod.ts';
import type { Client } from '../../src/client/client.ts';
import { Backoff } from '../../src/util/backoff.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { isStatic, type Pod, type PodCondition, type PodStatus } from './pod.ts';
import { isOwned } from './pod-status.ts';
import { equalJson } from '../../src/util/json.ts';

interface Entry {
  pod: Pod;
  desired: PodStatus;
  /** What the API holds as far as is known, and as of which revision. */
  observed: { readonly revision: number; readonly status: PodStatus | undefined };
  /** What was observed when the desired status was found in it. */
  agreed: Entry['observed'] | undefined;
  readonly forms: Forms;
  /** The status that was brought to the API last: when this one is to be written again, someone else has changed it. */
  written: PodStatus | undefined;
  repairs: { count: number; notBefore: number };
  cancelRepair: (() => void) | undefined;
  /** Set while the status waits for a newer one. */
  cancelSettling: (() => void) | undefined;
  /** Something came that the write under way may not have seen. */
  dirty: boolean;
  writing: Promise<void> | undefined;
}
/** By field or condition: a value as it was written, and the form the server gave it. */
export type Forms = Map<string, { readonly own: unknown; readonly api: unknown }>;
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
  const over = (known?.conditions ?? []).filter((c) => isOwned(c) && !desired.conditions?.some((d) => d.type === c.type));
  // Conditions merge by type: what an earlier one said and this one does not is taken back by name.
  if (conditions.length + over.length) patch['conditions'] = [...conditions.map((c) => ({ reason: null, message: null, ...c })), ...over.map(({ type }) => ({ type, $patch: 'delete' }))];
  return Object.keys(patch).length ? patch : undefined;
}

const conditionKey = (type: string): string => `conditions/${type}`;
const conditionOf = (status: PodStatus | undefined, type: string): PodCondition | undefined => status?.conditions?.find((c) => c.type === type);

/** Notes in which form the server answered with what the patch told it: that it completes values is no difference. */
export function learnForms(forms: Forms, patch: Record<string, unknown>, desired: PodStatus, answer: PodStatus | undefined): void {
  for (const field of fields) if (field in patch) forms.set(field, { own: desired[field], api: answer?.[field] });
  for (const { type } of (patch['conditions'] as PodCondition[] | undefined) ?? []) forms.set(conditionKey(type), { own: conditionOf(desired, type), api: conditionOf(answer, type) });
}

/** A status of the API with the kubelet's own form of each value that is still what the kubelet wrote. */
export function inOwnForm(status: PodStatus | undefined, forms: Forms): PodStatus | undefined {
  if (!status) return undefined;
  const own = (key: string, value: unknown): unknown => {
    const form = forms.get(key);
    return form && equalJson(form.api, value) ? form.own : value;
  };
  return {
    ...status, ...Object.fromEntries(fields.map((field) => [field, own(field, status[field])])),
    conditions: (status.conditions ?? []).map((c) => own(conditionKey(c.type), c)),
  } as PodStatus;
}

/** How long, in ms, a status waits that another is likely to follow at once: a start or an end that takes no longer is told in one write. */
const settleMs = 100;
/** A quarrel about a status is carried on at this pace, in ms; a quiet minute ends it. upstream: syncPeriod */
const repairPace = { first: 1000, most: 10_000, forgottenAfter: 60_000 };

export class StatusManager {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #entries = new Map<string, Entry>();
  /** By the UID of a static Pod: the Pod of the API that shows it. */
  readonly #mirrors = new Map<string, Pod>();

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
    const own = (entry.desired.conditions ?? []).filter(isOwned);
    const foreign = (pod.status?.conditions ?? []).filter((c) => !isOwned(c) && !own.some(({ type }) => type === c.type));
    return { ...pod, status: { ...entry.desired, conditions: [...foreign, ...own] } };
  }

  /** Makes this the status to be written, now or in a moment if no newer one comes; returns at once. */
  set(pod: Pod, status: PodStatus, when: 'now' | 'soon' = 'now'): void {
    let entry = this.#entries.get(pod.metadata.uid);
    if (!entry) {
      const shown = this.#shown(pod);
      const observed = { revision: Number(shown?.metadata.resourceVersion ?? 0), status: shown?.status };
      entry = { pod, desired: status, observed, agreed: undefined, forms: new Map(), written: undefined, repairs: { count: 0, notBefore: 0 }, cancelRepair: undefined, cancelSettling: undefined, dirty: false, writing: undefined };
      this.#entries.set(pod.metadata.uid, entry);
    }
    entry.pod = pod;
    // Nothing is new, and nothing was to be written.
    if (entry.agreed === entry.observed && equalJson(entry.desired, status)) return;
    entry.desired = status;
    entry.agreed = undefined;
    if (when === 'now' || entry.writing) this.#write(entry);
    else entry.cancelSettling ??= this.#clock.after(settleMs, () => this.#write(entry));
  }

  /** The API has this version of the Pod now: what it says differently is written again. */
  observe(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata.uid);
    const revision = Number(pod.metadata.resourceVersion);
    if (!entry || revision <= entry.observed.revision) return;
    entry.observed = { revision, status: pod.status };
    this.#write(entry);
  }

  /** The static Pod with this UID is shown by this mirror now, or by none. */
  mirrored(uid: string, mirror: Pod | undefined): void {
    const before = this.#mirrors.get(uid);
    if (mirror) this.#mirrors.set(uid, mirror);
    else this.#mirrors.delete(uid);
    const entry = this.#entries.get(uid);
    if (!entry || !mirror) return;
    const revision = Number(mirror.metadata.resourceVersion);
    if (before?.metadata.uid !== mirror.metadata.uid) {
      entry.forms.clear();
      entry.written = undefined;
    } else if (revision <= entry.observed.revision) return;
    entry.observed = { revision, status: mirror.status };
    this.#write(entry);
  }

  /** Resolves once the API holds the newest status, or has no such Pod any more. */
  async flush(uid: string): Promise<void> {
    const settling = this.#entries.get(uid);
    if (settling?.cancelSettling) this.#write(settling);
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
  forget(uid: string): void {
    const entry = this.#entries.get(uid);
    entry?.cancelRepair?.();
    entry?.cancelSettling?.();
    this.#entries.delete(uid);
    this.#mirrors.delete(uid);
  }
  /** What the API has of a Pod. */
  #shown(pod: Pod): Pod | undefined { return isStatic(pod) ? this.#mirrors.get(pod.metadata.uid) : pod; }

  #write(entry: Entry): void {
    entry.cancelSettling?.();
    entry.cancelSettling = undefined;
    entry.dirty = true;
    entry.writing ??= this.#writeAll(entry).finally(() => {
      entry.writing = undefined;
      if (entry.dirty) this.#write(entry);
    });
  }
  async #writeAll(entry: Entry): Promise<void> {
    const backoff = new Backoff<'patch'>(200, 10_000);
    entry.dirty = false;
    while (this.#entries.get(entry.pod.metadata.uid) === entry && !this.#signal.aborted) {
      const shown = this.#shown(entry.pod);
      if (!shown) return;
      const { name, namespace, uid } = shown.metadata;
      entry.dirty = false;
      entry.agreed = undefined;
      const { desired } = entry;
      const status = statusPatch(inOwnForm(entry.observed.status, entry.forms), desired);
      if (!status) entry.agreed = entry.observed;
      if (!status || (entry.written && !statusPatch(entry.written, desired) && this.#repairsLater(entry))) return;
      try {
        const answer = await this.#client.patch<Pod>(Pods, { namespace, name }, { metadata: { uid }, status }, { type: 'strategic', subresource: 'status' });
        learnForms(entry.forms, status, desired, answer.status);
        const revision = Number(answer.metadata.resourceVersion);
        if (revision >= entry.observed.revision) entry.observed = { revision, status: answer.status };
        entry.written = desired;
        backoff.forget('patch');
      } catch (error) {
        // The Pod is gone, or another one has its name: nobody is left to tell.
        if (isNotFound(error) || isConflict(error)) return;
        this.#log.debug({ error, pod: name }, 'Pod status could not be written; trying again');
        await this.#clock.sleep(backoff.next('patch'), this.#signal).catch(() => undefined); // aborted: the loop ends
      }
    }
  }

  /** Whether what someone else has changed has to wait, because it was taken back a moment ago already. */
  #repairsLater(entry: Entry): boolean {
    const { repairs } = entry;
    const now = this.#clock.monotonic();
    if (now - repairs.notBefore > repairPace.forgottenAfter) repairs.count = 0;
    entry.cancelRepair?.();
    entry.cancelRepair = undefined;
    if (repairs.count > 0 && now < repairs.notBefore) {
      entry.cancelRepair = this.#clock.after(repairs.notBefore - now, () => this.#write(entry));
      return true;
    }
    repairs.notBefore = now + Math.min(repairPace.most, repairPace.first * 2 ** Math.min(repairs.count++, 10));
    this.#log.info({ pod: entry.pod.metadata.name, namespace: entry.pod.metadata.namespace }, 'the status of the Pod was changed by someone else; it is written again');
    return false;
  }
}
