// The admission webhooks in force: those of all configurations, by the configurations' names. The lists follow the watch cache, which
// hears of a write before it is answered; where there are none, an empty list is all a request meets.
// upstream: apiserver pkg/admission/configuration (mutating_webhook_manager.go, validating_webhook_manager.go)
import { selectorFromObject, type LabelSelectorObject, type Selector } from '../../../../src/apimachinery/selectors.ts';
import type { WebhookClientConfig } from '../../../../src/api/webhook-client.ts';
import type { WatchCache } from '../../../storage/watch-cache.ts';
import type { StoredObject } from '../../stored-object.ts';
import { followObjects } from '../../follow-objects.ts';
import type { Rule } from '../dynamic/matching.ts';

export interface MatchCondition { readonly name: string; readonly expression: string }

/** A webhook of a configuration as it is stored; its defaults are filled. */
export interface StoredWebhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly Rule[];
  readonly failurePolicy?: string;
  readonly matchPolicy?: string;
  readonly sideEffects?: string | null;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions?: readonly string[] | null;
  readonly namespaceSelector?: LabelSelectorObject;
  readonly objectSelector?: LabelSelectorObject;
  readonly matchConditions?: readonly MatchCondition[];
  readonly reinvocationPolicy?: string;
}

export interface Webhook extends Omit<StoredWebhook, 'namespaceSelector' | 'objectSelector'> {
  /** Of all webhooks. */
  readonly id: string;
  readonly namespaceSelector: Selector;
  readonly objectSelector: Selector;
}

function webhooksOf(configuration: string, stored: readonly StoredWebhook[]): Webhook[] {
  return stored.map((webhook) => ({
    ...webhook, id: `${configuration}/${webhook.name}`,
    namespaceSelector: selectorFromObject(webhook.namespaceSelector ?? {}), objectSelector: selectorFromObject(webhook.objectSelector ?? {}),
  }));
}

/** The webhooks of one kind of configuration. */
export class WebhookList {
  readonly #byConfiguration = new Map<string, readonly Webhook[]>();
  #all: readonly Webhook[] = [];

  /** In the order they are asked. */
  get all(): readonly Webhook[] { return this.#all; }

  /** Follows the configurations below `prefix` until the signal aborts. */
  follow(cache: WatchCache<StoredObject>, prefix: string, signal: AbortSignal): void {
    followObjects(cache, prefix, signal, (name, object) => {
      if (object) this.#byConfiguration.set(name, webhooksOf(name, (object['webhooks'] as StoredWebhook[] | null | undefined) ?? []));
      else this.#byConfiguration.delete(name);
      this.#all = [...this.#byConfiguration].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, webhooks]) => webhooks);
    });
  }
}
