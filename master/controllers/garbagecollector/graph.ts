// Who owns whom, read from the caches of all kinds: each is indexed by owner UID, so no second copy of the graph is kept.
// upstream: pkg/controller/garbagecollector/graph_builder.go
import { keyOf, type ObjectKey } from '../../../src/client/client.ts';
import type { ControllerContext } from '../../../src/controller/controller.ts';
import type { OwnerRef } from '../../../src/apimachinery/owners.ts';
import type { ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';
import { orphansDependents, refsOf, waitsForDependents } from './plan.ts';

export interface Item { readonly resource: ResourceDefinition; readonly object: ObjectHead }
type Caches = Pick<ControllerContext, 'cached'>;

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.split('/')[0]! : '');

export class Graph {
  readonly #served: () => readonly ResourceDefinition[];
  readonly #select: (served: readonly ResourceDefinition[]) => readonly ResourceDefinition[];
  #of: readonly ResourceDefinition[] | undefined;
  #resources: readonly ResourceDefinition[] = [];
  #byKind = new Map<string, ResourceDefinition>();
  #byId = new Map<string, ResourceDefinition>();

  /** `select` picks those that take part. */
  constructor(served: () => readonly ResourceDefinition[], select: (served: readonly ResourceDefinition[]) => readonly ResourceDefinition[] = (all) => all) {
    this.#served = served;
    this.#select = select;
  }

  get resources(): readonly ResourceDefinition[] {
    this.#look();
    return this.#resources;
  }
  /** Custom resources come and go. */
  #look(): void {
    const served = this.#served();
    if (served === this.#of) return;
    this.#of = served;
    this.#resources = this.#select(served);
    this.#byKind = new Map(this.#resources.map((resource) => [`${resource.group}/${resource.kind}`, resource]));
    this.#byId = new Map(this.#resources.map((resource) => [`${resource.group}/${resource.plural}`, resource]));
  }

  /** `apps/replicasets|default/web`. */
  key(resource: ResourceDefinition, objectKey: string): string { return `${resource.group}/${resource.plural}|${objectKey}`; }
  parse(key: string): { resource: ResourceDefinition | undefined; objectKey: string } {
    this.#look();
    const bar = key.indexOf('|');
    return { resource: this.#byId.get(key.slice(0, bar)), objectKey: key.slice(bar + 1) };
  }

  kindOf({ apiVersion, kind }: Pick<OwnerRef, 'apiVersion' | 'kind'>): ResourceDefinition | undefined {
    this.#look();
    return this.#byKind.get(`${groupOf(apiVersion)}/${kind}`);
  }
  /** Where the owner of an object is to be found; undefined for kinds not served, or an owner in a namespace from outside of one. */
  owner(ref: OwnerRef, dependent: ObjectHead): { resource: ResourceDefinition; key: ObjectKey } | undefined {
    const resource = this.kindOf(ref);
    if (!resource) return undefined;
    const namespace = resource.namespaced ? dependent.metadata.namespace : undefined;
    return resource.namespaced && !namespace ? undefined : { resource, key: { namespace, name: ref.name } };
  }
  cachedOwner(ref: OwnerRef, dependent: ObjectHead, { cached }: Caches): ObjectHead | undefined {
    const owner = this.owner(ref, dependent);
    const object: ObjectHead | undefined = owner && cached<ObjectHead>(owner.resource).get(owner.key.namespace ? `${owner.key.namespace}/${owner.key.name}` : owner.key.name);
    return object?.metadata.uid === ref.uid ? object : undefined;
  }
  dependents(uid: string, { cached }: Caches): Item[] {
    return this.resources.flatMap((resource) => cached<ObjectHead>(resource).byIndex('owner', uid).map((object) => ({ resource, object })));
  }

  /** The objects a change concerns: itself, its owners that wait for it, and its dependents once it is gone or going. */
  concerned(resource: ResourceDefinition, object: ObjectHead, caches: Caches, old?: ObjectHead): string[] {
    const gone = caches.cached<ObjectHead>(resource).get(keyOf(object))?.metadata.uid !== object.metadata.uid;
    const keys: string[] = [];
    if (!gone && this.#needsLook(object, caches)) keys.push(this.key(resource, keyOf(object)));
    const refs = refsOf(object);
    const left = gone ? refs : refsOf(old ?? object).filter((ref) => !refs.some((r) => r.uid === ref.uid && r.blockOwnerDeletion === ref.blockOwnerDeletion));
    for (const ref of left) {
      const owner = this.cachedOwner(ref, object, caches);
      if (owner && waitsForDependents(owner)) keys.push(this.key(this.owner(ref, object)!.resource, keyOf(owner)));
    }
    const began = waitsForDependents(object) && !(old && waitsForDependents(old));
    if (gone || began) for (const item of this.dependents(object.metadata.uid, caches)) keys.push(this.key(item.resource, keyOf(item.object)));
    return keys;
  }

  #needsLook(object: ObjectHead, caches: Caches): boolean {
    if (object.metadata.deletionTimestamp) return waitsForDependents(object) || orphansDependents(object);
    return refsOf(object).some((ref) => {
      const owner = this.cachedOwner(ref, object, caches);
      return !owner || waitsForDependents(owner);
    });
  }
}
