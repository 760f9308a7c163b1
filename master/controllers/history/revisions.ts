// The history of a workload's Pod template as ControllerRevisions: which one is current, how a new one looks, which are too many.
// upstream: pkg/controller/history/controller_history.go, pkg/controller/statefulset/stateful_set_utils.go (getPatch, ApplyRevision)
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import type { ControllerRevision } from '../../../src/api/apps/controller-revision.ts';
import type { PodTemplateSpec } from '../../../src/api/core/pod-template.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';
import { canonicalJson, templateHash } from '../deployment/template.ts';

/** On Pods: what they were made from. */
export const revisionHashLabel = 'controller-revision-hash';
const longestPrefix = 223;

export interface RevisionedObject extends ObjectHead { readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit?: number } }
interface RevisionData { readonly spec?: { readonly template?: PodTemplateSpec & { readonly $patch?: string } } }

/**
 * The snapshot as a strategic merge patch, which clients send back as it is to roll back. Its members are in the order of Go's maps:
 * kubectl tells by the bytes that a template is the current one already. (upstream: kubectl pkg/polymorphichelpers/rollback.go)
 */
export const revisionData = (template: PodTemplateSpec): object => sortedMembers({ spec: { template: { ...template, $patch: 'replace' } } });

function sortedMembers<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortedMembers) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, sortedMembers(member as unknown)])) as T;
}

export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = (revision.data as RevisionData).spec?.template ?? {};
  return template as PodTemplateSpec;
}

const created = (revision: ControllerRevision): number => Date.parse(revision.metadata.creationTimestamp ?? '') || 0;
export const sortRevisions = (revisions: readonly ControllerRevision[]): ControllerRevision[] =>
  [...revisions].sort((a, b) => a.revision - b.revision || created(a) - created(b) || (a.metadata.name < b.metadata.name ? -1 : 1));

export const sameData = (revision: ControllerRevision, template: PodTemplateSpec): boolean => canonicalJson(templateOf(revision)) === canonicalJson(template);

/** What to do so that the newest revision is that of the template: nothing, give an old one the newest number, or make one. */
export type RevisionPlan =
  | { readonly action: 'keep'; readonly revision: ControllerRevision }
  | { readonly action: 'renumber'; readonly revision: ControllerRevision; readonly number: number }
  | { readonly action: 'create'; readonly number: number };

/** `sorted`: oldest first. */
export function planRevision(sorted: readonly ControllerRevision[], template: PodTemplateSpec): RevisionPlan {
  const newest = sorted.at(-1);
  const number = (newest?.revision ?? 0) + 1;
  const equal = sorted.filter((revision) => sameData(revision, template)).at(-1);
  if (!equal) return { action: 'create', number };
  return equal === newest ? { action: 'keep', revision: equal } : { action: 'renumber', revision: equal, number };
}

/** Old revisions nobody uses beyond the limit, oldest first. */
export function surplusRevisions(sorted: readonly ControllerRevision[], live: ReadonlySet<string>, limit: number): ControllerRevision[] {
  const history = sorted.filter((revision) => !live.has(revision.metadata.name));
  return history.slice(0, Math.max(0, history.length - limit));
}

export interface NewRevision { readonly owner: RevisionedObject; readonly resource: ResourceDefinition; readonly hashLabel: string; readonly number: number; readonly collisions: number }

/** `hashLabel` carries the hash on the revision; StatefulSets and DaemonSets use different ones. */
export function newRevision({ owner, resource, hashLabel, number, collisions }: NewRevision): Draft<ControllerRevision> {
  const { template } = owner.spec;
  const hash = templateHash(template, collisions);
  return {
    metadata: {
      name: `${owner.metadata.name.slice(0, longestPrefix)}-${hash}`, namespace: owner.metadata.namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash }, annotations: owner.metadata.annotations,
      ownerReferences: [newControllerRef(owner, resource)],
    },
    data: revisionData(template), revision: number,
  } as Draft<ControllerRevision>;
}
