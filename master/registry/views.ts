// Stored objects as the versions of their resource show them. Most versions are a function of what is stored; where a definition has a
// conversion webhook, somebody outside is asked first (`prepareViews`), once for each stored state, and what was answered is kept with it.
import { deepFreeze } from '../../src/util/json.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import type { StoredObject } from './stored-object.ts';

/** What a webhook made of stored states, for resources as they are served now. */
const views = new WeakMap<ResourceDefinition, WeakMap<StoredObject, ApiObject>>();
/** Conversions nobody has answered yet. */
const underWay = new WeakMap<ResourceDefinition, Map<StoredObject, Promise<void>>>();

/** The frozen object in this resource's own form. Where that needs a webhook, `prepareViews` comes first. */
export function viewOf(resource: ResourceDefinition, stored: StoredObject): ApiObject {
  const { storedAs } = resource;
  if (!storedAs) return stored.object;
  if (!storedAs.convert || stored.object.apiVersion === resource.apiVersion) return deepFreeze(storedAs.decode(stored.object) as ApiObject);
  const view = views.get(resource)?.get(stored);
  if (!view) throw new Error(`${stored.key} was not converted to ${resource.apiVersion}`);
  return view;
}

/** Makes the views of these objects ready; undefined where there is nothing to do. `stored` is read at once. @throws StatusError 500 */
export function prepareViews(resource: ResourceDefinition, stored: Iterable<StoredObject>): Promise<unknown> | undefined {
  if (!resource.storedAs?.convert) return undefined;
  const known = views.get(resource) ?? new WeakMap<StoredObject, ApiObject>();
  views.set(resource, known);
  const pending = underWay.get(resource) ?? new Map<StoredObject, Promise<void>>();
  underWay.set(resource, pending);
  const needed = [...stored].filter((one) => one.object.apiVersion !== resource.apiVersion && !known.has(one));
  if (!needed.length) return undefined;
  const fresh = needed.filter((one) => !pending.has(one));
  const work = fresh.length ? convertAll(resource, fresh, known).finally(() => { for (const one of fresh) pending.delete(one); }) : undefined;
  if (work) for (const one of fresh) pending.set(one, work);
  return Promise.all(new Set(needed.map((one) => pending.get(one))));
}

async function convertAll(resource: ResourceDefinition, stored: readonly StoredObject[], known: WeakMap<StoredObject, ApiObject>): Promise<void> {
  const { convert, decode } = resource.storedAs!;
  const converted = await convert!(stored.map((one) => one.object), resource.apiVersion);
  stored.forEach((one, i) => known.set(one, deepFreeze(decode(converted[i]) as ApiObject)));
}

/** What is stored of an object of this resource. @throws StatusError 500 */
export async function storedForm({ storedAs, apiVersion }: ResourceDefinition, object: ApiObject): Promise<ApiObject> {
  if (!storedAs) return object;
  if (!storedAs.convert) return storedAs.encode(object) as ApiObject;
  return storedAs.apiVersion === apiVersion ? object : (await storedAs.convert([object], storedAs.apiVersion!))[0]!;
}

/** The same object in another version over the same storage. @throws StatusError 500 */
export async function inVersion(object: ApiObject, from: ResourceDefinition, to: ResourceDefinition): Promise<ApiObject> {
  if (from === to) return object;
  const stored = from.storedAs?.convert ? (await from.storedAs.convert([object], to.apiVersion))[0]! : await storedForm(from, object);
  return to.storedAs ? (to.storedAs.decode(stored) as ApiObject) : stored;
}
