// Asks one webhook about one request: whether it is meant, the call, and what an answer or its absence comes to.
// upstream: apiserver pkg/admission/plugin/webhook/generic/webhook.go, {mutating,validating}/dispatcher.go
import { randomUUID } from 'node:crypto';
import { aggregate } from '../../../../src/apimachinery/aggregate.ts';
import * as errors from '../../../../src/apimachinery/status-error.ts';
import { judgeConditions } from '../../../../src/schema/structural/request-conditions.ts';
import type { Log } from '../../../../src/util/log.ts';
import type { Registry } from '../../registry.ts';
import type { RequestContext } from '../../request-context.ts';
import { WebhookFault, type WebhookClient } from '../../webhook-client.ts';
import type { AdmissionRequest } from '../admission.ts';
import { authorizerOf, equivalentsOf, namespaceLabels } from '../dynamic/lookups.ts';
import { namespaceMatches, objectMatches, resourceFor } from '../dynamic/matching.ts';
import { requestMembers } from '../dynamic/request-members.ts';
import { shownAs } from '../dynamic/shown-as.ts';
import type { Webhook } from './configurations.ts';
import { denial, reviewOf, reviewVersion, verdictOf, type Question, type Verdict } from './review.ts';

const defaultSeconds = 10;
const tooLate = (): errors.StatusError => errors.timeout('Timeout: request did not complete within requested timeout');
const readOnly: ReadonlySet<string> = new Set(['None', 'NoneOnDryRun']);

/** The webhook could not be asked, or what it said is no answer: its failurePolicy decides what that means. */
export class CallFailed extends Error {
  /** The time of the request itself was over. */
  readonly late: boolean;
  constructor(webhook: string, cause: Error, late = false) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${cause.message}`, { cause });
    this.late = late;
  }
}

export class WebhookAsker {
  readonly #registry: Registry;
  readonly #client: WebhookClient;
  readonly #log: Log;
  constructor(registry: Registry, client: WebhookClient, log: Log) {
    this.#registry = registry;
    this.#client = client;
    this.#log = log;
  }

  /** What the webhook is to be asked, if it is. @throws StatusError */
  async question(webhook: Webhook, request: AdmissionRequest): Promise<Question | undefined> {
    const registry = this.#registry;
    const inNamespace = namespaceMatches(webhook, request, (name) => namespaceLabels(registry, name));
    if (inNamespace === false || !objectMatches(webhook, request)) return undefined;
    const resource = resourceFor(webhook, request, () => equivalentsOf(registry, request.resource));
    if (!resource) return undefined;
    if (inNamespace !== true) throw inNamespace;
    const question = { request, resource, object: await shownAs(request, resource, request.object), old: await shownAs(request, resource, request.old) };
    return this.#conditionsHold(webhook, question) ? question : undefined;
  }

  #conditionsHold({ matchConditions, failurePolicy }: Webhook, question: Question): boolean {
    if (!matchConditions?.length) return true;
    const { request, resource: asked } = question;
    const { resource: { group, plural }, name } = request;
    const authorizer = authorizerOf(this.#registry, request, asked);
    const { holds, errors: problems } = judgeConditions(matchConditions, { object: question.object, oldObject: question.old, request: requestMembers(question), authorizer });
    if (!problems.length || failurePolicy === 'Ignore') return holds;
    throw errors.forbidden({ group, resource: plural }, name, aggregate(problems));
  }

  /** The answer of a webhook that lets the request pass; its warnings are the request's. @throws StatusError for a refusal; CallFailed */
  async ask(webhook: Webhook, question: Question, mutating: boolean): Promise<Verdict> {
    const { context } = question.request;
    if (context.dryRun && !readOnly.has(webhook.sideEffects ?? '')) throw errors.badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
    const left = this.#left(context);
    if (left <= 0) throw tooLate();
    const verdict = await this.#answer(webhook, question, mutating, left);
    context.warnings.push(...verdict.warnings);
    if (!verdict.allowed) throw denial(webhook.name, verdict.result);
    return verdict;
  }

  /** Within `left` ms. @throws CallFailed */
  async #answer(webhook: Webhook, question: Question, mutating: boolean, left: number): Promise<Verdict> {
    const own = (webhook.timeoutSeconds ?? defaultSeconds) * 1000;
    try {
      const version = reviewVersion(webhook);
      const uid = randomUUID();
      return verdictOf(await this.#client.post(webhook.clientConfig, reviewOf(question, version, uid), Math.min(own, left)), version, uid, mutating);
    } catch (error) {
      if (!(error instanceof WebhookFault)) throw new CallFailed(webhook.name, error as Error);
      throw new CallFailed(webhook.name, new Error(`failed to call webhook: ${error.message}`, { cause: error }), error.timedOut && left < own);
    }
  }

  /** Ms until nobody waits for the request any longer. */
  #left({ until }: RequestContext): number { return until === undefined ? Infinity : until - this.#registry.clock.monotonic(); }

  /** What an error of asking means: nothing where the webhook may be passed over and there is time left. @throws StatusError */
  settle({ name, failurePolicy }: Webhook, { context }: AdmissionRequest, error: unknown): void {
    if (!(error instanceof CallFailed)) throw error;
    if (failurePolicy !== 'Ignore') throw errors.internal(error.message);
    this.#log.warn({ webhook: name, error }, 'a webhook that may be passed over could not be asked');
    if (error.late || this.#left(context) <= 0) throw tooLate();
  }
}
