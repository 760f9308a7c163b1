// Admission webhooks: the two plugins, and the lists of configurations they go by.
import type { Log } from '../../../../src/util/log.ts';
import type { Registry } from '../../registry.ts';
import type { WebhookClient } from '../../webhook-client.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { WebhookAsker } from './asking.ts';
import { WebhookList } from './configurations.ts';
import { mutatingAdmissionWebhook } from './mutating.ts';
import { validatingAdmissionWebhook } from './validating.ts';

const group = 'admissionregistration.k8s.io';

export class AdmissionWebhooks {
  readonly #lists = { mutatingwebhookconfigurations: new WebhookList(), validatingwebhookconfigurations: new WebhookList() };
  readonly #registry: Registry;
  readonly mutating: AdmissionPlugin;
  readonly validating: AdmissionPlugin;

  constructor(registry: Registry, client: WebhookClient, log: Log) {
    const asker = new WebhookAsker(registry, client, log);
    this.#registry = registry;
    this.mutating = mutatingAdmissionWebhook(this.#lists.mutatingwebhookconfigurations, asker);
    this.validating = validatingAdmissionWebhook(this.#lists.validatingwebhookconfigurations, asker);
  }

  /** From now on configurations are in force once their write is answered. */
  follow(signal: AbortSignal): void {
    for (const [plural, list] of Object.entries(this.#lists)) {
      const store = this.#registry.find(group, 'v1', plural);
      if (store) list.follow(this.#registry.cache, store.prefix, signal);
    }
  }
}
