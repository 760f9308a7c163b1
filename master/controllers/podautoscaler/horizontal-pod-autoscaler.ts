// The HorizontalPodAutoscaler controller: looks every 15 s at what the metrics ask for, and sets the number of Pods of the target
// by its scale subresource. What was asked for lately lives in this process, as upstream's does: after a start it begins anew
// with the number that is there.
// upstream: pkg/controller/podautoscaler/horizontal.go (reconcileAutoscaler)
import { setCondition } from '../../../src/apimachinery/conditions.ts';
import { parseLabelSelector, type Selector } from '../../../src/apimachinery/selectors.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { HorizontalPodAutoscalers, type HorizontalPodAutoscaler, type HorizontalPodAutoscalerStatus } from '../../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import type { MetricStatus } from '../../../src/api/autoscaling/metrics.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, resourcePath, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { distinctResources, type ServedResources } from '../../../src/schema/resource-set.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { equalJson } from '../../../src/util/json.ts';
import { decideReplicas, withChange, type History } from './behavior.ts';
import { measure, MetricFailure, type Proposal } from './metrics.ts';

/** Metrics change without anybody being told. */
export const syncMs = 15_000;

interface Known { readonly histories: Map<string, History>; readonly selectors: Map<string, Selector> }
type Conditions = NonNullable<HorizontalPodAutoscalerStatus['conditions']>;

/** `served`: everything the API serves, to find the target's kind among it. */
export function createHorizontalPodAutoscalerController(served: ServedResources): Controller {
  const known: Known = { histories: new Map(), selectors: new Map() };
  return {
    name: 'horizontal-pod-autoscaler',
    // Its own words in the status are no reason to look again.
    watches: [{ resource: HorizontalPodAutoscalers, map: (autoscaler: HorizontalPodAutoscaler, _context, old?: HorizontalPodAutoscaler) => (old && equalJson(old.spec, autoscaler.spec) ? [] : [keyOf(autoscaler)]) }],
    reads: [Pods],
    reconcile: (context, key) => reconcile(context, key, served, known),
  };
}

async function reconcile(context: ControllerContext, key: string, served: ServedResources, known: Known): Promise<ReconcileResult | void> {
  const autoscaler = context.cached(HorizontalPodAutoscalers).get(key);
  if (!autoscaler) {
    known.histories.delete(key);
    known.selectors.delete(key);
    return undefined;
  }
  const pass = new Pass(context, autoscaler, key, known);
  try {
    await pass.run(served);
  } catch (error) {
    // Told already, by Event and condition; the next look is soon enough.
    if (!(error instanceof Stopped)) throw error;
  }
  await pass.writeStatus();
  return { requeueAfter: syncMs };
}

/** A pass that cannot go on and has said why. */
class Stopped extends Error {}

class Pass {
  readonly #context: ControllerContext;
  readonly #autoscaler: HorizontalPodAutoscaler;
  readonly #key: string;
  readonly #known: Known;
  #status: HorizontalPodAutoscalerStatus;

  constructor(context: ControllerContext, autoscaler: HorizontalPodAutoscaler, key: string, known: Known) {
    this.#context = context;
    this.#autoscaler = autoscaler;
    this.#key = key;
    this.#known = known;
    this.#status = { ...autoscaler.status, desiredReplicas: autoscaler.status?.desiredReplicas ?? 0 };
  }

  async run(served: ServedResources): Promise<void> {
    const { clock, events } = this.#context;
    const { spec: { minReplicas: minimum = 1, maxReplicas: maximum, behavior } } = this.#autoscaler;
    const { path, scale } = await this.#scale(served);
    const current = scale['spec'].replicas ?? 0;
    const { histories } = this.#known;
    if (!histories.has(this.#key)) histories.set(this.#key, { recommendations: [{ at: clock.monotonic(), replicas: current }], changes: [] });

    let desired = current;
    let reason = '';
    let metrics: MetricStatus[] = [];
    if (current === 0 && minimum !== 0) this.#condition('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
    else if (current > maximum) [desired, reason] = [maximum, 'Current number of replicas above Spec.MaxReplicas'];
    else if (current < minimum) [desired, reason] = [minimum, 'Current number of replicas below Spec.MinReplicas'];
    else {
      const { best, statuses } = await this.#measureAll(scale, current, served);
      metrics = statuses;
      reason = best.replicas > current ? `${best.metric} above target` : best.replicas < current ? 'All metrics below target' : '';
      const decision = decideReplicas({ behavior, current, desired: best.replicas, minimum, maximum, now: clock.monotonic() }, histories.get(this.#key)!);
      histories.set(this.#key, decision.history);
      for (const { type, status, reason: why, message } of decision.conditions) this.#condition(type, status, why, message);
      desired = decision.replicas;
    }
    if (desired !== current) {
      try {
        await this.#context.client.transport.request({ method: 'PUT', path, body: { ...scale, spec: { ...scale['spec'], replicas: desired } } });
      } catch (error) {
        events.warning(this.#autoscaler, 'FailedRescale', `New size: ${desired}; reason: ${reason}; error: ${refusal(error)}`);
        this.#condition('AbleToScale', 'False', 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${refusal(error)}`);
        this.#numbers(current, this.#status.desiredReplicas, metrics);
        throw new Stopped();
      }
      this.#condition('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${desired}`);
      events.normal(this.#autoscaler, 'SuccessfulRescale', `New size: ${desired}; reason: ${reason}`);
      if (behavior) histories.set(this.#key, withChange(histories.get(this.#key)!, desired - current, clock.monotonic()));
      this.#status = { ...this.#status, lastScaleTime: timestamp(clock.now()) };
    }
    this.#numbers(current, desired, metrics);
  }

  async #scale(served: ServedResources): Promise<{ path: string; scale: ApiObject }> {
    const { metadata: { namespace }, spec: { scaleTargetRef: { apiVersion = '', kind, name } } } = this.#autoscaler;
    try {
      const parts = apiVersion.split('/');
      if (parts.length > 2) throw new StatusError(400, 'BadRequest', `unexpected GroupVersion string: ${apiVersion}`);
      const group = parts.length === 2 ? parts[0]! : '';
      const resource = distinctResources(served.current).find((r) => r.kind === kind && r.group === group);
      if (!resource) throw new StatusError(404, 'NotFound', `no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`);
      const path = resourcePath(resource, { namespace, name }, 'scale');
      const scale = (await this.#context.client.transport.request({ method: 'GET', path })) as ApiObject;
      this.#condition('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
      return { path, scale };
    } catch (error) {
      this.#context.events.warning(this.#autoscaler, 'FailedGetScale', refusal(error));
      this.#condition('AbleToScale', 'False', 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${refusal(error)}`);
      throw new Stopped();
    }
  }

  /** The metric that asks for most counts. One that cannot be told keeps the others from taking Pods away. */
  async #measureAll(scale: ApiObject, current: number, served: ServedResources): Promise<{ best: Proposal; statuses: MetricStatus[] }> {
    const { metadata: { namespace }, spec: { metrics = [] } } = this.#autoscaler;
    const { client, clock, events } = this.#context;
    const pods = this.#selected(scale, current);
    let best: Proposal | undefined;
    const failures: MetricFailure[] = [];
    const statuses: MetricStatus[] = [];
    for (const spec of metrics) {
      try {
        const proposal = await measure(client, served, spec, { namespace: namespace!, selector: scale['status'].selector, pods, current, told: scale['status'].replicas ?? 0 }, clock.now());
        if (!best || best.replicas === 0 || proposal.replicas > best.replicas) best = proposal;
        statuses.push(proposal.status);
      } catch (error) {
        if (!(error instanceof MetricFailure)) throw error;
        events.warning(this.#autoscaler, error.reason, error.why);
        failures.push(error);
        statuses.push({ type: '' });
      }
    }
    const [first] = failures;
    if (best && (!first || best.replicas >= current)) {
      this.#condition('ScalingActive', 'True', 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${best.metric}`);
      return { best, statuses };
    }
    if (first) this.#condition('ScalingActive', 'False', first.reason, `the HPA was unable to compute the replica count: ${first.why}`);
    return this.#stop(current, statuses, `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: ${first?.message}`);
  }

  #selected(scale: ApiObject, current: number): Pod[] {
    const text = (scale['status']?.selector ?? '') as string;
    const bad = (event: string, condition: string, why: string, message = why): never => {
      this.#context.events.warning(this.#autoscaler, event, why);
      this.#condition('ScalingActive', 'False', condition, message);
      return this.#stop(current, [], why);
    };
    if (!text) return bad('SelectorRequired', 'InvalidSelector', 'selector is required', "the HPA target's scale is missing a selector");
    let selector: Selector;
    try {
      selector = parseLabelSelector(text);
    } catch (error) {
      return bad('InvalidSelector', 'InvalidSelector', `couldn't convert selector into a corresponding internal selector object: ${(error as Error).message}`);
    }
    const { namespace } = this.#autoscaler.metadata;
    const { selectors } = this.#known;
    selectors.set(this.#key, selector);
    const pods = this.#context.cached(Pods).list(namespace).filter((pod) => selector.matches(pod.metadata.labels));
    const others = [...selectors].filter(([key, other]) => key.startsWith(`${namespace}/`) && pods.some((pod) => other.matches(pod.metadata.labels))).map(([key]) => key);
    return others.length > 1 ? bad('AmbiguousSelector', 'AmbiguousSelector', `pods by selector ${text} are controlled by multiple HPAs: [${others.join(' ')}]`) : pods;
  }

  #stop(current: number, metrics: MetricStatus[], why: string): never {
    this.#numbers(current, this.#status.desiredReplicas, metrics);
    this.#context.events.warning(this.#autoscaler, 'FailedComputeMetricsReplicas', why);
    throw new Stopped();
  }

  #condition(type: string, status: string, reason: string, message: string): void {
    this.#status = { ...this.#status, conditions: setCondition<Conditions[number]>(this.#status.conditions, { type, status, reason, message }, timestamp(this.#context.clock.now())) };
  }
  #numbers(currentReplicas: number, desiredReplicas: number, currentMetrics: MetricStatus[]): void {
    this.#status = { ...this.#status, currentReplicas, desiredReplicas, currentMetrics };
  }

  async writeStatus(): Promise<void> {
    if (equalJson(this.#autoscaler.status ?? {}, this.#status)) return;
    await this.#context.client.updateStatus(HorizontalPodAutoscalers, { ...this.#autoscaler, status: this.#status } as Draft<HorizontalPodAutoscaler>);
  }
}

/** The words of an answer that says no; what is no answer is none of the autoscaler's affair. @throws the error itself then */
function refusal(error: unknown): string {
  if (!(error instanceof StatusError)) throw error;
  return error.message;
}
