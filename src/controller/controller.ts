// The one shape of a control loop. A controller receives only a key, reads cached objects, makes one kind of write per pass
// and returns. Throwing means retry with back-off; a TerminalError means: wait until the object changes.
// (upstream: controller-runtime pkg/reconcile/reconcile.go)
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Informer, Lister } from '../client/informer.ts';
import type { ObjectHead, ResourceDefinition } from '../schema/resource.ts';
import type { ServedResources } from '../schema/resource-set.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

export interface ControllerContext {
  /** Writes through this client are remembered: the key is not worked again before the caches have seen them. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly signal: AbortSignal;
  /** The shared cache of a resource the controller declares in `for`, `owns`, `watches`, `watchesServed` or `reads`. Index `owner` finds objects by owner UID. */
  cached<T extends ObjectHead>(resource: ResourceDefinition<T>): Lister<T>;
}

/** `requeueAfter` in ms: look again even if nothing changes. */
export interface ReconcileResult { readonly requeueAfter?: number }

/** Which keys of the controller's own resource a change of another resource concerns. */
export interface WatchRule<T extends ObjectHead = any> {
  readonly resource: ResourceDefinition<T>;
  /** Only these, in the cache too. */
  readonly selector?: { readonly fieldSelector: string };
  /** Nothing else of the objects is read, so that the cache need not hold it. */
  readonly metadataOnly?: boolean;
  /** `old` is set on update. */
  readonly map: (object: T, context: Pick<ControllerContext, 'cached'>, old?: T) => readonly string[];
}

export interface Controller {
  /** Upstream's name, e.g. `deployment-controller`; its user is `system:serviceaccount:kube-system:<name>`. */
  readonly name: string;
  /** How its Events name it, where upstream's name another. */
  readonly component?: string;
  /** The controller's own resource, whose keys it works. Absent when the keys are its own and come from `watches` alone. */
  readonly for?: ResourceDefinition;
  /** Changes of these wake the owner their controller reference names. */
  readonly owns?: readonly ResourceDefinition[];
  readonly watches?: readonly WatchRule[];
  /** Watches of resources that come and go, made anew of what is served whenever that changes. */
  readonly watchesServed?: { readonly served: ServedResources; readonly rules: (resources: readonly ResourceDefinition[]) => readonly WatchRule[] };
  /** Caches that are read but wake nobody. */
  readonly reads?: readonly ResourceDefinition[];
  /** Extra indexes on caches: resource → index name → values. */
  readonly indexes?: readonly { readonly resource: ResourceDefinition; readonly name: string; readonly of: (object: any) => readonly string[] }[];
  /** Keys worked at the same time; default 5. */
  readonly workers?: number;
  reconcile(context: ControllerContext, key: string): Promise<ReconcileResult | void>;
}

/** Retrying cannot help: an Event tells why, and the key waits for the object's next change. */
export class TerminalError extends Error {}

export type { Informer };
