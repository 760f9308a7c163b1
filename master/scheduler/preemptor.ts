// Carries out what DefaultPreemption decided: tells the victims why, deletes them gracefully, and takes back what was promised to less
// important Pods on the node. (upstream: pkg/scheduler/framework/preemption/preemption.go, prepareCandidate)
import { findCondition } from '../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../src/apimachinery/status-error.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import type { Client } from '../../src/client/client.ts';
import type { EventRecorder } from '../../src/client/event-recorder.ts';
import { timestamp, type Clock } from '../../src/util/clock.ts';
import type { Nominator } from './nominator.ts';
import type { Candidate } from './preemption.ts';
import { priorityOf } from './trial.ts';

async function unlessGone(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return false;
  }
}

export class Preemptor {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #nominator: Nominator;

  constructor(client: Client, clock: Clock, nominator: Nominator) {
    this.#client = client;
    this.#clock = clock;
    this.#nominator = nominator;
  }

  /** Resolves once every victim is being deleted; from then on the room is the Pod's. @throws when a write was refused: nothing is promised */
  async makeRoom(pod: Pod, { node, victims }: Candidate, events: EventRecorder): Promise<void> {
    await Promise.all(victims.map(async (victim) => {
      if (await this.#remove(pod, victim)) events.normal(victim, 'Preempted', `Preempted by pod ${pod.metadata.uid} on node ${node}`);
    }));
    const lesser = this.#nominator.on(node).filter((other) => priorityOf(other) < priorityOf(pod));
    this.#nominator.set(pod, node);
    for (const other of lesser) {
      this.#nominator.remove(other.metadata.uid);
      const { name, namespace, uid } = other.metadata;
      await unlessGone(this.#client.patch(Pods, { name, namespace }, { metadata: { uid }, status: { nominatedNodeName: null } }, { type: 'strategic', subresource: 'status' }));
    }
  }

  /** Whether it was there, and is being deleted for this Pod. */
  async #remove(pod: Pod, victim: Pod): Promise<boolean> {
    if (victim.metadata.deletionTimestamp) return false;
    const { name, namespace, uid } = victim.metadata;
    const message = `${pod.spec.schedulerName ?? ''}: preempting to accommodate a higher priority pod`;
    const now = findCondition(victim.status?.conditions, 'DisruptionTarget');
    if (now?.status !== 'True' || now.reason !== 'PreemptionByScheduler' || now.message !== message) {
      const condition = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message, lastTransitionTime: timestamp(this.#clock.now()) };
      if (!(await unlessGone(this.#client.patch(Pods, { name, namespace }, { metadata: { uid }, status: { conditions: [condition] } }, { type: 'strategic', subresource: 'status' })))) return false;
    }
    return unlessGone(this.#client.delete(Pods, { name, namespace }, { preconditions: { uid } }));
  }
}
