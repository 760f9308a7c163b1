// Carries out what the history of revisions asks for: adopts, makes, renumbers and removes ControllerRevisions.
// upstream: pkg/controller/history/controller_history.go (CreateControllerRevision, UpdateControllerRevision)
import { controllerOf } from '../../../src/apimachinery/owners.ts';
import type { Selector } from '../../../src/apimachinery/selectors.ts';
import { isAlreadyExists, isNotFound } from '../../../src/apimachinery/status-error.ts';
import { ControllerRevisions, type ControllerRevision } from '../../../src/api/apps/controller-revision.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { ControllerContext } from '../../../src/controller/controller.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { claim, planClaims } from '../claims.ts';
import { newRevision, planRevision, sameData, sortRevisions, surplusRevisions, type RevisionedObject } from './revisions.ts';

export interface History {
  /** Oldest first, the update revision among them. */
  readonly revisions: readonly ControllerRevision[];
  readonly update: ControllerRevision;
  readonly collisions: number;
}

export interface HistoryOptions { readonly resource: ResourceDefinition; readonly selector: Selector; readonly hashLabel: string; readonly collisions: number }

/** The owner's revisions with that of its present template as the newest. */
export async function syncHistory(context: ControllerContext, owner: RevisionedObject, options: HistoryOptions): Promise<History> {
  const candidates = context.cached(ControllerRevisions).list(owner.metadata.namespace);
  const own = await claim(context, owner, options.resource, ControllerRevisions, planClaims(owner, options.selector, candidates));
  const sorted = sortRevisions(own);
  const plan = planRevision(sorted, owner.spec.template);
  if (plan.action === 'keep') return { revisions: sorted, update: plan.revision, collisions: options.collisions };
  if (plan.action === 'renumber') {
    const update = await context.client.update(ControllerRevisions, { ...plan.revision, revision: plan.number } as Draft<ControllerRevision>);
    return { revisions: sortRevisions(sorted.map((revision) => (revision === plan.revision ? update : revision))), update, collisions: options.collisions };
  }
  const { revision, collisions } = await create(context, owner, options, plan.number);
  return { revisions: sortRevisions([...sorted.filter((r) => r.metadata.uid !== revision.metadata.uid), revision]), update: revision, collisions };
}

/** A name that is taken by another template makes the next hash; one that is taken by this owner's same template is the answer. */
async function create({ client }: ControllerContext, owner: RevisionedObject, { resource, hashLabel, collisions: before }: HistoryOptions, number: number): Promise<{ revision: ControllerRevision; collisions: number }> {
  for (let collisions = before; ; collisions++) {
    const draft = newRevision({ owner, resource, hashLabel, number, collisions });
    try {
      return { revision: await client.create(ControllerRevisions, draft), collisions };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const taken = await client.get(ControllerRevisions, { name: draft.metadata!.name!, namespace: owner.metadata.namespace });
      if (controllerOf(taken)?.uid === owner.metadata.uid && sameData(taken, owner.spec.template)) return { revision: taken, collisions };
    }
  }
}

/** `live` are names in use; the newest of the others stay, up to the owner's limit. */
export async function truncateHistory({ client }: ControllerContext, owner: RevisionedObject, { revisions }: History, live: ReadonlySet<string>): Promise<void> {
  for (const { metadata: { name, namespace, uid } } of surplusRevisions(revisions, live, owner.spec.revisionHistoryLimit ?? 10)) {
    await client.delete(ControllerRevisions, { name, namespace }, { preconditions: { uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  }
}
