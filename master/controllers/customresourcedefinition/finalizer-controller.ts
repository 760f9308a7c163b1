// The finalizer of CustomResourceDefinitions: a definition that is being deleted goes after the last of its objects.
// upstream: apiextensions-apiserver pkg/controller/finalizer/crd_finalizer.go
import { cleanupFinalizer, CustomResourceDefinitions, type CustomResourceDefinition } from '../../../src/api/apiextensions/custom-resource-definition.ts';
import { findCondition, isConditionTrue, setCondition } from '../../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { resourcePath, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import type { ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';
import { distinctResources, type ServedResources } from '../../../src/schema/resource-set.ts';
import { timestamp } from '../../../src/util/clock.ts';

type Condition = NonNullable<CustomResourceDefinition['status']['conditions']>[number];

const customOf = (resources: readonly ResourceDefinition[]): ResourceDefinition[] => distinctResources(resources).filter(({ custom }) => custom);
const definitionOf = ({ plural, group }: ResourceDefinition): string => `${plural}.${group}`;

/** `served` is everything the API serves: the objects that go wake their definition. */
export function createDefinitionFinalizer(served: ServedResources): Controller {
  return {
    name: 'crd-finalizer',
    for: CustomResourceDefinitions,
    watchesServed: {
      served,
      rules: (resources) => customOf(resources).map((resource) => ({
        resource, metadataOnly: true, map: (_object: ObjectHead, { cached }) => (cached(CustomResourceDefinitions).get(definitionOf(resource))?.metadata.deletionTimestamp ? [definitionOf(resource)] : []),
      })),
    },
    reconcile: (context, name) => reconcile(context, name, served),
  };
}

async function reconcile(context: ControllerContext, name: string, served: ServedResources): Promise<void> {
  const crd = context.cached(CustomResourceDefinitions).get(name);
  if (!crd?.metadata.deletionTimestamp || !crd.metadata.finalizers?.includes(cleanupFinalizer)) return;
  const terminating = findCondition(crd.status.conditions, 'Terminating');
  if (terminating?.status === 'False') return release(context, crd);
  if (!isConditionTrue(crd.status.conditions, 'Established')) return write(context, crd, { status: 'False', reason: 'NeverEstablished', message: 'resource was never established' });
  if (terminating?.reason !== 'InstanceDeletionInProgress') {
    return write(context, crd, { status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' });
  }
  const resource = customOf(served.current).find((r) => definitionOf(r) === name);
  if (resource && (await deleteInstances(context, resource))) return;
  await write(context, crd, { status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' });
}

/** Deletes what is not ending yet; whether something is left that has to end. */
async function deleteInstances({ client }: ControllerContext, resource: ResourceDefinition): Promise<boolean> {
  const { items } = await client.list<ObjectHead>(resource);
  const namespaces = new Set(items.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.namespace));
  for (const namespace of namespaces) await client.transport.request({ method: 'DELETE', path: resourcePath(resource, { namespace }) });
  return items.length > 0 && (await client.list(resource)).items.length > 0;
}

/** Once its last condition is written, nothing holds the definition. */
async function release({ client }: ControllerContext, { metadata: { name, uid, resourceVersion, finalizers = [] } }: CustomResourceDefinition): Promise<void> {
  const rest = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
  await client.patch(CustomResourceDefinitions, { name }, { metadata: { uid, resourceVersion, finalizers: rest } }).catch(ignoreGone);
}

async function write({ client, clock }: ControllerContext, crd: CustomResourceDefinition, condition: Pick<Condition, 'status' | 'reason' | 'message'>): Promise<void> {
  const conditions = setCondition<Condition>(crd.status.conditions, { type: 'Terminating', ...condition }, timestamp(clock.now()));
  await client.updateStatus(CustomResourceDefinitions, { ...crd, status: { ...crd.status, conditions } } as Draft<CustomResourceDefinition>).catch(ignoreGone);
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
