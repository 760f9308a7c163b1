// The namespace controller: empties a namespace that is being deleted, then releases it.
// upstream: pkg/controller/namespace/deletion/namespaced_resources_deleter.go
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Namespaces, namespaceFinalizer, type Namespace } from '../../../src/api/core/namespace.ts';
import { resourcePath, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import type { ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';
import { distinctResources, type ServedResources } from '../../../src/schema/resource-set.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { conditionsDiffer, namespaceConditions, type Remaining } from './plan.ts';

const deletable = (resources: readonly ResourceDefinition[]): ResourceDefinition[] =>
  distinctResources(resources).filter((r) => r.namespaced && r.verbs.includes('delete') && r.verbs.includes('list'));
/** Events are not cached for this: there are many, and they hold nothing up. */
const cachedOf = (resources: readonly ResourceDefinition[]): ResourceDefinition[] => deletable(resources).filter((r) => r.kind !== 'Event');

const undiscoveredMs = 5_000;
const nothing = (): readonly string[] => [];

/** `served` is everything the API serves; `undiscovered` the group versions of which nobody knows what they hold. */
export function createNamespaceController(served: ServedResources, undiscovered: () => readonly string[] = nothing): Controller {
  return {
    name: 'namespace-controller',
    for: Namespaces,
    watchesServed: { served, rules: (resources) => cachedOf(resources).map((resource) => ({ resource, metadataOnly: true, map: (object: ObjectHead, context) => endingNamespaceOf(object, context) })) },
    workers: 10,
    reconcile: (context, key) => reconcile(context, key, served, undiscovered),
  };
}

function endingNamespaceOf({ metadata: { namespace } }: ObjectHead, { cached }: Pick<ControllerContext, 'cached'>): string[] {
  return namespace && cached(Namespaces).get(namespace)?.metadata.deletionTimestamp ? [namespace] : [];
}

async function reconcile(context: ControllerContext, name: string, served: ServedResources, undiscovered: () => readonly string[]): Promise<ReconcileResult | void> {
  const namespace = context.cached(Namespaces).get(name);
  if (!namespace?.metadata.deletionTimestamp || !namespace.spec.finalizers?.includes(namespaceFinalizer)) return;
  const unknown = undiscovered();
  // What may be left in an extension server that does not answer is not asked for: the rest goes meanwhile.
  const resources = unknown.length ? served.current.filter(({ apiVersion }) => !unknown.includes(apiVersion)) : served.current;
  const failures: string[] = [];
  const errors: unknown[] = [];
  const note = (error: unknown): void => { failures.push((error as Error).message); errors.push(error); };

  const pods = await podsLeft(context, name, resources).catch((error: unknown): Remaining[] => { note(error); return []; });
  const remaining = errors.length || pods.length ? pods : await rest(context, name, resources, note);
  for (const { resource } of pods.filter(({ objects }) => objects.some(({ metadata }) => !metadata.deletionTimestamp))) await deleteAll(context, resource, name).catch(note);

  if (errors.length === 0 && unknown.length === 0 && remaining.every(({ objects }) => objects.length === 0)) return finalize(context, namespace);
  const conditions = namespaceConditions(namespace.status.conditions, { failures, remaining, undiscovered: unknown }, timestamp(context.clock.now()));
  if (namespace.status.phase !== 'Terminating' || conditionsDiffer(namespace.status.conditions, conditions)) {
    await context.client.updateStatus(Namespaces, { ...namespace, status: { ...namespace.status, phase: 'Terminating', conditions } } as Draft<Namespace>);
  }
  if (errors.length) throw errors[0];
  // Nothing in the namespace tells when an extension server is back.
  return unknown.length ? { requeueAfter: undiscoveredMs } : undefined;
}

/** Pods go before all else, as what they need to end, and what guards them, is in the namespace too; empty when none is left. */
async function podsLeft({ cached, client }: ControllerContext, namespace: string, resources: readonly ResourceDefinition[]): Promise<Remaining[]> {
  const resource = cachedOf(resources).find((r) => r.kind === 'Pod' && r.group === '');
  if (!resource) return [];
  const known = cached(resource).list(namespace);
  // The cache may be behind: the last word is the API's.
  const objects = known.length ? known : (await client.list<ObjectHead>(resource, { namespace })).items;
  return objects.length ? [{ resource, objects }] : [];
}

async function rest(context: ControllerContext, name: string, resources: readonly ResourceDefinition[], note: (error: unknown) => void): Promise<Remaining[]> {
  const present = cachedOf(resources).filter((resource) => context.cached(resource).list(name).some((object) => !object.metadata.deletionTimestamp));
  for (const resource of present) await deleteAll(context, resource, name).catch(note);
  const known = cachedOf(resources).map((resource) => ({ resource, objects: context.cached(resource).list(name) }));
  if (known.some(({ objects }) => objects.length > 0)) return known;
  return purge(context, name, deletable(resources)).catch((error: unknown): Remaining[] => { note(error); return []; });
}

/** Deletes what the caches do not show, Events included, and lists what is left. */
async function purge(context: ControllerContext, namespace: string, resources: readonly ResourceDefinition[]): Promise<Remaining[]> {
  return Promise.all(resources.map(async (resource) => {
    await deleteAll(context, resource, namespace);
    const { items } = await context.client.list(resource, { namespace }).catch(noneWhenNotServed);
    return { resource, objects: items as readonly ObjectHead[] };
  }));
}

async function deleteAll({ client }: ControllerContext, resource: ResourceDefinition, namespace: string): Promise<void> {
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' } as const;
  if (resource.verbs.includes('deletecollection')) {
    await client.transport.request({ method: 'DELETE', path: resourcePath(resource, { namespace }), body: options }).catch(noneWhenNotServed);
    return;
  }
  const { items } = await client.list<ObjectHead>(resource, { namespace });
  for (const { metadata } of items) await client.delete(resource, { namespace, name: metadata.name }, { propagationPolicy: 'Background' }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
}

/** A custom resource that went away meanwhile took its objects along. */
function noneWhenNotServed(error: unknown): { items: readonly ObjectHead[] } {
  if (isNotFound(error)) return { items: [] };
  throw error;
}

async function finalize({ client }: ControllerContext, namespace: Namespace): Promise<void> {
  const finalizers = namespace.spec.finalizers!.filter((f) => f !== namespaceFinalizer);
  const body = { ...namespace, spec: { ...namespace.spec, finalizers } };
  await client.transport.request({ method: 'PUT', path: resourcePath(Namespaces, { name: namespace.metadata.name }, 'finalize'), body })
    .catch((error: unknown) => { if (!isNotFound(error)) throw error; });
}
