// Events are news, not records: each is deleted an hour after it was last seen.
// upstream: kube-apiserver --event-ttl
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Events, type Event } from '../../../src/api/core/event.ts';
import { keyOf, splitKey } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';

const hourMs = 3_600_000;

/** When the event was last seen, in ms since the epoch. */
export function lastSeen(event: Pick<Event, 'metadata'> & Partial<Event>): number {
  const times = [event.metadata.creationTimestamp, event.lastTimestamp, event.eventTime, event.series?.lastObservedTime];
  return Math.max(0, ...times.map((time) => (time ? Date.parse(time) : 0)));
}

export function createEventTtlController(ttlMs = hourMs): Controller {
  return {
    name: 'event-ttl-controller',
    // There are more Events than anything else, and of most the time they were made is all there is to know.
    watches: [{ resource: Events, metadataOnly: true, map: (event: Event) => [keyOf(event)] }],
    workers: 1,
    async reconcile({ client, cached, clock }: ControllerContext, key: string): Promise<ReconcileResult | void> {
      const known = cached(Events).get(key);
      if (!known) return undefined;
      const young = lastSeen({ metadata: known.metadata }) + ttlMs - clock.now();
      if (young > 0) return { requeueAfter: young };
      try {
        const event = await client.get(Events, splitKey(key));
        const left = lastSeen(event) + ttlMs - clock.now();
        if (left > 0) return { requeueAfter: left };
        await client.delete(Events, splitKey(key), { preconditions: { uid: event.metadata.uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    },
  };
}
