// The garbage collector: deletes what its owners left behind, in the way the deletion asked for (background, foreground, orphan).
// upstream: pkg/controller/garbagecollector/garbagecollector.go
import { CustomResourceDefinitions } from '../../../src/api/apiextensions/custom-resource-definition.ts';
import { keyOf } from '../../../src/client/client.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import type { OwnerRef } from '../../../src/apimachinery/owners.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import type { ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';
import { distinctResources, type ServedResources } from '../../../src/schema/resource-set.ts';
import { Graph, type Item } from './graph.ts';
import { blocks, foregroundFinalizer, judge, orphanFinalizer, orphansDependents, refsOf, waitsForDependents, type OwnerState } from './plan.ts';

/** UIDs never come back, so an owner found absent where it was looked for stays so; the oldest are forgotten. */
const absentRemembered = 500;

/** Events own nothing and belong to nobody. */
const collectable = (resources: readonly ResourceDefinition[]): ResourceDefinition[] =>
  distinctResources(resources).filter((r) => r.kind !== 'Event' && r.verbs.includes('delete') && r.verbs.includes('watch'));

/** `served` is everything the API serves. */
export function createGarbageCollector(served: ServedResources): Controller {
  const graph = new Graph(() => served.current, collectable);
  const absent = new Set<string>();
  // Objects whose owner's kind is not served, until a definition or an extension server changes that: the next event of any kind takes them up.
  const unresolved = new Set<string>();
  let changed = false;
  const takeUnresolved = (): string[] => { const keys = [...unresolved]; unresolved.clear(); changed = false; return keys; };
  return {
    name: 'generic-garbage-collector',
    component: 'garbage-collector-controller',
    watchesServed: {
      served,
      rules() {
        changed = true;
        return graph.resources.map((resource) => ({
          resource, metadataOnly: true,
          map: (object: ObjectHead, context, old?: ObjectHead) => [...graph.concerned(resource, object, context, old), ...(changed || resource.kind === CustomResourceDefinitions.kind ? takeUnresolved() : [])],
        }));
      },
    },
    workers: 20,
    reconcile: (context, key) => new Collection(graph, absent, unresolved, context).collect(key),
  };
}

class Collection {
  readonly #graph: Graph;
  readonly #absent: Set<string>;
  readonly #unresolved: Set<string>;
  readonly #context: ControllerContext;
  constructor(graph: Graph, absent: Set<string>, unresolved: Set<string>, context: ControllerContext) {
    this.#graph = graph;
    this.#absent = absent;
    this.#unresolved = unresolved;
    this.#context = context;
  }

  async collect(key: string): Promise<void> {
    const { resource, objectKey } = this.#graph.parse(key);
    // No longer served: its objects are gone with it.
    if (!resource) return;
    const object = this.#context.cached<ObjectHead>(resource).get(objectKey);
    if (!object) return;
    const item = { resource, object };
    if (object.metadata.deletionTimestamp) {
      if (orphansDependents(object)) await this.#orphan(item);
      else if (waitsForDependents(object)) await this.#endForeground(item);
      return;
    }
    if (refsOf(object).length) await this.#judge(item);
  }

  /** The dependents lose the reference first, then the owner its finalizer. */
  async #orphan(item: Item): Promise<void> {
    const { uid } = item.object.metadata;
    await Promise.all(this.#dependents(item).map((dependent) => this.#removeReferences(dependent, [uid])));
    await this.#removeFinalizer(item, orphanFinalizer);
  }
  /** A foreground deletion ends when no dependent blocks it any more; each that goes wakes the owner. */
  async #endForeground(item: Item): Promise<void> {
    if (this.#dependents(item).some(({ object }) => blocks(object, item.object.metadata.uid))) return;
    await this.#removeFinalizer(item, foregroundFinalizer);
  }

  async #judge({ resource, object: known }: Item): Promise<void> {
    const { client } = this.#context;
    const { name, namespace, uid } = known.metadata;
    // Nothing is deleted on the word of a cache.
    const object = await client.get<ObjectHead>(resource, { name, namespace }).catch(undefinedWhenGone);
    if (!object || object.metadata.uid !== uid || object.metadata.deletionTimestamp) return;
    const item = { resource, object };
    const states = await Promise.all(refsOf(object).map(async (ref) => ({ uid: ref.uid, state: await this.#stateOf(ref, item) })));
    const dependents = this.#dependents(item);
    if (states.some(({ state }) => state === 'unknown')) this.#unresolved.add(this.#graph.key(resource, keyOf(object)));
    const verdict = judge(object, states, dependents.length > 0);
    if (verdict.action === 'removeReferences') await this.#removeReferences(item, verdict.uids);
    if (verdict.action !== 'delete') return;
    // A circle of owners that wait for each other would never end: this one stops blocking.
    if (verdict.propagationPolicy === 'Foreground' && dependents.some((d) => waitsForDependents(d.object))) await this.#unblock(item);
    const preconditions = { uid };
    await client.delete(resource, { name, namespace }, { propagationPolicy: verdict.propagationPolicy, preconditions }).catch(undefinedWhenGone);
  }

  async #stateOf(ref: OwnerRef, dependent: Item): Promise<OwnerState> {
    const owner = this.#graph.owner(ref, dependent.object);
    if (!owner) {
      this.#context.log.warn({ owner: ref, dependent: dependent.object.metadata.name }, 'the owner cannot be looked up; its dependent is kept');
      this.#tellMisplaced(ref, dependent);
      return 'unknown';
    }
    // One of another namespace may well be there.
    const place = JSON.stringify([ref.uid, owner.key.namespace, owner.key.name, owner.resource.plural, owner.resource.group]);
    if (this.#absent.has(place)) return 'dangling';
    const found = await this.#context.client.get<ObjectHead>(owner.resource, owner.key).catch(undefinedWhenGone);
    if (found?.metadata.uid !== ref.uid) {
      this.#tellMisplaced(ref, dependent);
      this.#remember(place);
      return 'dangling';
    }
    return waitsForDependents(found) ? 'waiting' : 'solid';
  }
  /** An owner of another namespace is none, and mostly costs the object its life: whoever wrote it is told. */
  #tellMisplaced({ apiVersion, kind, name, uid }: OwnerRef, { resource, object: { metadata } }: Item): void {
    const ofKind = this.#graph.kindOf({ apiVersion, kind });
    if (!ofKind?.namespaced || !this.#context.cached<ObjectHead>(ofKind).list().some((other) => other.metadata.uid === uid && other.metadata.namespace !== metadata.namespace)) return;
    const namespace = metadata.namespace ?? '';
    this.#context.events.warning({ apiVersion: resource.apiVersion, kind: resource.kind, metadata }, 'OwnerRefInvalidNamespace', `ownerRef [${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace ${JSON.stringify(namespace)}`);
  }
  #remember(place: string): void {
    this.#absent.add(place);
    if (this.#absent.size > absentRemembered) this.#absent.delete(this.#absent.values().next().value!);
  }

  #dependents({ object }: Item): Item[] { return this.#graph.dependents(object.metadata.uid, this.#context); }
  async #removeReferences({ resource, object }: Item, uids: readonly string[]): Promise<void> {
    await this.#patch(resource, object, { ownerReferences: refsOf(object).filter((ref) => !uids.includes(ref.uid)) });
  }
  async #unblock({ resource, object }: Item): Promise<void> {
    if (!refsOf(object).some((ref) => ref.blockOwnerDeletion)) return;
    await this.#patch(resource, object, { ownerReferences: refsOf(object).map((ref) => ({ ...ref, blockOwnerDeletion: false })) });
  }
  async #removeFinalizer({ resource, object }: Item, finalizer: string): Promise<void> {
    await this.#patch(resource, object, { finalizers: (object.metadata.finalizers ?? []).filter((f) => f !== finalizer) });
  }
  async #patch(resource: ResourceDefinition, { metadata: { name, namespace, uid, resourceVersion } }: ObjectHead, metadata: object): Promise<void> {
    await this.#context.client.patch(resource, { name, namespace }, { metadata: { ...metadata, uid, resourceVersion } }).catch(undefinedWhenGone);
  }
}

function undefinedWhenGone(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
