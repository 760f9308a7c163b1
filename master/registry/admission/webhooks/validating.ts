// ValidatingAdmissionWebhook: webhooks, all at a time, may refuse the object as it is to be stored.
// upstream: apiserver pkg/admission/plugin/webhook/validating/dispatcher.go
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { isJudged } from '../dynamic/matching.ts';
import type { WebhookAsker } from './asking.ts';
import type { Webhook, WebhookList } from './configurations.ts';
import type { Question } from './review.ts';

export function validatingAdmissionWebhook(webhooks: WebhookList, asker: WebhookAsker): AdmissionPlugin {
  async function validate(request: AdmissionRequest): Promise<void> {
    const asked: { webhook: Webhook; question: Question }[] = [];
    for (const webhook of webhooks.all) {
      const question = await asker.question(webhook, request);
      if (question) asked.push({ webhook, question });
    }
    const refusals: unknown[] = [];
    await Promise.all(asked.map(async ({ webhook, question }) => {
      try {
        await asker.ask(webhook, question, false).catch((error: unknown) => { asker.settle(webhook, request, error); });
      } catch (error) {
        refusals.push(error);
      }
    }));
    // All have been heard; who refused first is told.
    if (refusals.length) throw refusals[0];
  }

  return {
    name: 'ValidatingAdmissionWebhook', concernsAll: true,
    validate: (request) => (webhooks.all.length && isJudged(request) ? validate(request) : undefined),
  };
}
