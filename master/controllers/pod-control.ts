// Makes and removes Pods for a controller, telling each by an Event on the owner in the words all workloads share.
// upstream: pkg/controller/controller_utils.go (RealPodControl)
import { isNotFound, StatusError } from '../../src/apimachinery/status-error.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import type { Draft } from '../../src/client/client.ts';
import type { ControllerContext } from '../../src/controller/controller.ts';
import type { ObjectHead } from '../../src/schema/resource.ts';
import { slowStartBatches } from './replicaset/plan.ts';
import { all } from './settled.ts';

/** Nothing can be made in a namespace that ends, and nothing has to be. */
export const isEndingNamespace = (error: unknown): boolean => error instanceof StatusError && (error.status.details?.causes ?? []).some((c) => c.reason === 'NamespaceTerminating');

async function createPod({ client, events }: ControllerContext, owner: ObjectHead, draft: Draft<Pod>): Promise<void> {
  try {
    const pod = await client.create(Pods, draft);
    events.normal(owner, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
  } catch (error) {
    if (isEndingNamespace(error)) return;
    events.warning(owner, 'FailedCreate', `Error creating: ${(error as Error).message}`);
    throw error;
  }
}

/** A failed batch ends it: what fails once mostly fails for all, and one Event says it. */
export async function createPods(context: ControllerContext, owner: ObjectHead, drafts: readonly Draft<Pod>[]): Promise<void> {
  let next = 0;
  for (const size of slowStartBatches(drafts.length)) {
    await all(drafts.slice(next, next + size).map((draft) => createPod(context, owner, draft)));
    next += size;
  }
}

/** One that is gone already is as good as deleted. */
export async function deletePod({ client, events }: ControllerContext, owner: ObjectHead, { metadata: { name, namespace, uid } }: Pod): Promise<void> {
  try {
    await client.delete(Pods, { name, namespace }, { preconditions: { uid } });
    events.normal(owner, 'SuccessfulDelete', `Deleted pod: ${name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    events.warning(owner, 'FailedDelete', `Error deleting: ${(error as Error).message}`);
    throw error;
  }
}
