// Records Events for people: repeated ones are counted on one object instead of piling up.
// (upstream: client-go tools/record, events_cache.go)
import { randomBytes } from 'node:crypto';
import { isAlreadyExists, isNotFound, StatusError } from '../apimachinery/status-error.ts';
import type { ObjectHead, ResourceDefinition } from '../schema/resource.ts';
import { timestamp, type Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Client } from './client.ts';

export interface EventTarget { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string; readonly namespace?: string | undefined; readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } }

/** Events of one key within this window are counted together. */
const aggregationWindowMs = 10 * 60_000;
const remembered = 4096;
/** Written at once; Events of one object are written one after another, each in the object's lane. */
const lanes = 8;

type Annotations = Readonly<Record<string, string>>;
interface Seen { name: string; namespace: string; count: number; at: number }

function laneOf({ metadata: { namespace = '', name } }: EventTarget): number {
  let hash = 0;
  for (const text of [namespace, name]) for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) | 0;
  return Math.abs(hash) % lanes;
}

export class EventRecorder {
  readonly #client: Client;
  readonly #events: ResourceDefinition;
  readonly #source: { component: string; host?: string };
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #seen = new Map<string, Seen>();
  readonly #tails: Promise<void>[] = Array.from({ length: lanes }, () => Promise.resolve());
  #queued = 0;

  /** `events` is the core Events definition; `host` the node name for agents. */
  constructor(client: Client, events: ResourceDefinition, source: { component: string; host?: string }, options: { clock: Clock; log: Log }) {
    this.#client = client;
    this.#events = events;
    this.#source = source;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  normal(object: EventTarget, reason: string, message: string, fieldPath?: string): void { this.#record(object, 'Normal', reason, message, fieldPath); }
  /** `annotations` tell programs what the message tells people. */
  warning(object: EventTarget, reason: string, message: string, fieldPath?: string, annotations?: Annotations): void { this.#record(object, 'Warning', reason, message, fieldPath, annotations); }
  /** Resolves when everything recorded so far was written or given up. */
  flush(): Promise<void> { return Promise.all(this.#tails).then(() => undefined); }

  #record(object: EventTarget, type: string, reason: string, message: string, fieldPath: string | undefined, annotations?: Annotations): void {
    // A server that is away must not make memory grow: events are lossy by contract.
    if (this.#queued >= 1000) return;
    this.#queued++;
    const lane = laneOf(object);
    this.#tails[lane] = this.#tails[lane]!.then(() => this.#write(object, type, reason, message, fieldPath, annotations)).catch((error: unknown) => {
      this.#log.debug({ error, reason }, 'event could not be recorded');
    }).finally(() => { this.#queued--; });
  }

  async #write(object: EventTarget, type: string, reason: string, message: string, fieldPath: string | undefined, annotations: Annotations | undefined): Promise<void> {
    const namespace = object.metadata.namespace ?? 'default';
    const key = JSON.stringify([object.kind, namespace, object.metadata.name, object.metadata.uid, fieldPath, type, reason, message]);
    const now = this.#clock.now();
    const seen = this.#seen.get(key);
    if (seen && now - seen.at < aggregationWindowMs) {
      try {
        await this.#client.patch(this.#events, seen, { count: seen.count + 1, lastTimestamp: timestamp(now) }, { type: 'merge' });
        seen.count++;
        seen.at = now;
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const name = `${object.metadata.name}.${randomBytes(8).toString('hex')}`;
    const event = {
      metadata: { name, namespace, ...(annotations ? { annotations } : {}) },
      involvedObject: {
        apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, namespace: object.metadata.namespace,
        uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion, ...(fieldPath ? { fieldPath } : {}),
      },
      type, reason, message, count: 1, firstTimestamp: timestamp(now), lastTimestamp: timestamp(now), source: this.#source,
      reportingComponent: this.#source.component, reportingInstance: this.#source.host ?? '',
    };
    try {
      await this.#client.create<ObjectHead>(this.#events, event as never);
    } catch (error) {
      // A namespace that ends takes no new events; nothing is lost that anyone could read.
      if (error instanceof StatusError && (error.code === 403 || error.code === 404 || isAlreadyExists(error))) return;
      throw error;
    }
    this.#seen.delete(key);
    this.#seen.set(key, { name, namespace, count: 1, at: now });
    if (this.#seen.size > remembered) this.#seen.delete(this.#seen.keys().next().value!);
  }
}
