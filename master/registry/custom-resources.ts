// Serves what CustomResourceDefinitions define: follows them in the cache and keeps the set of served resources true. It hears
// of a change before whoever made it is answered, so an established resource is served to all who may know of it.
// (upstream: apiextensions-apiserver pkg/apiserver/customresource_handler.go)
import { customResourcesOf, shownVersions } from '../../src/api/apiextensions/custom-resources.ts';
import type { CustomResourceDefinition } from '../../src/api/apiextensions/custom-resource-definition.ts';
import type { ApiObject } from '../../src/schema/resource.ts';
import type { ResourceSet } from '../../src/schema/resource-set.ts';
import { equalJson } from '../../src/util/json.ts';
import type { Log } from '../../src/util/log.ts';
import type { WatchCache } from '../storage/watch-cache.ts';
import { conversionWebhook } from './conversion-webhook.ts';
import { followObjects } from './follow-objects.ts';
import type { StoredObject } from './stored-object.ts';
import type { WebhookClient } from './webhook-client.ts';

/** Until the signal aborts. */
export function serveCustomResources(cache: WatchCache<StoredObject>, prefix: string, set: ResourceSet, webhooks: WebhookClient, log: Log, signal: AbortSignal): void {
  const known = new Map<string, { readonly relevant: object; readonly life: { ending: boolean } }>();
  const look = (name: string, object: ApiObject | undefined): void => {
    const crd = object as unknown as CustomResourceDefinition | undefined;
    const relevant = crd && relevantOf(crd);
    const before = known.get(name);
    const ending = crd?.metadata.deletionTimestamp !== undefined;
    if (before) before.life.ending = ending;
    // Most writes are of conditions that change nothing here; a watch must outlive them.
    if (relevant ? equalJson(relevant, before?.relevant) : !before) return;
    const life = { ending };
    if (relevant) known.set(name, { relevant, life });
    else known.delete(name);
    try {
      set.define(name, crd ? customResourcesOf(crd, life, conversionWebhook(crd, webhooks)) : []);
    } catch (error) {
      log.error({ error, customResourceDefinition: name }, 'a definition cannot be served');
    }
  };
  followObjects(cache, prefix, signal, look);
}

/** All that decides what is served. */
function relevantOf(crd: CustomResourceDefinition): object {
  const { metadata, spec, status } = crd;
  const established = status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') ?? false;
  return { uid: metadata.uid, shown: shownVersions(crd).map(({ name }) => name), spec, names: status?.acceptedNames ?? null, established };
}
