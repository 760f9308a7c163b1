// MutatingAdmissionWebhook: webhooks, one after the other, may change the object. When one did, all admission sees it once more; then
// only those webhooks are asked again that wish so and have not seen the last change.
// upstream: apiserver pkg/admission/plugin/webhook/mutating/{dispatcher,reinvocationcontext}.go, pkg/admission/reinvocation.go
import * as errors from '../../../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';
import { cloneJson, equalJson } from '../../../../src/util/json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { isJudged } from '../dynamic/matching.ts';
import { CallFailed, type WebhookAsker } from './asking.ts';
import type { Webhook, WebhookList } from './configurations.ts';
import { patchOf, type Question } from './review.ts';
import { takePatch } from './take-patch.ts';

/** Of a request that is seen a second time. */
interface Round { /** The object as the webhooks left it. */ last: ApiObject | undefined; /** Who wants to be asked again, and has seen all changes so far. */ readonly seen: Set<string>; /** Who has to be. */ readonly again: Set<string> }

function requireAgain({ seen, again }: Round): void {
  for (const id of seen) again.add(id);
  seen.clear();
}

export function mutatingAdmissionWebhook(webhooks: WebhookList, asker: WebhookAsker): AdmissionPlugin {
  const rounds = new WeakMap<AdmissionRequest, Round>();

  async function admit(request: AdmissionRequest): Promise<'again' | undefined> {
    const before = rounds.get(request);
    const round: Round = before ?? { last: undefined, seen: new Set(), again: new Set() };
    rounds.set(request, round);
    if (before && !equalJson(round.last, request.object)) requireAgain(round);
    let anyChange = false;
    for (const webhook of webhooks.all) {
      const question = await asker.question(webhook, request);
      // Nobody is asked for the first time in a second round.
      if (!question || (before && !round.again.has(webhook.id))) continue;
      let changed = false;
      try {
        changed = await change(webhook, question);
      } catch (error) {
        asker.settle(webhook, request, error);
      }
      if (changed) requireAgain(round);
      anyChange ||= changed;
      if (webhook.reinvocationPolicy === 'IfNeeded') round.seen.add(webhook.id);
    }
    round.last = cloneJson(request.object);
    return anyChange ? 'again' : undefined;
  }

  /** Whether the webhook changed the object. @throws StatusError; CallFailed */
  async function change(webhook: Webhook, question: Question): Promise<boolean> {
    const verdict = await asker.ask(webhook, question, true);
    if (!verdict.patch) return false;
    let operations;
    try {
      operations = patchOf(verdict);
    } catch (error) {
      throw new CallFailed(webhook.name, error as Error);
    }
    if (!operations.length) return false;
    if (!question.object) throw errors.internal(`admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`);
    return takePatch(question.request, question.resource, question.object, operations);
  }

  return {
    name: 'MutatingAdmissionWebhook', concernsAll: true,
    mutate: (request) => (webhooks.all.length && isJudged(request) ? admit(request) : undefined),
  };
}
