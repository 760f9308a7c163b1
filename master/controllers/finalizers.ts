// Puts a finalizer on an object, or takes it away, unless that is so already.
import { isNotFound } from '../../src/apimachinery/status-error.ts';
import type { Draft } from '../../src/client/client.ts';
import type { ControllerContext } from '../../src/controller/controller.ts';
import type { ObjectHead, ResourceDefinition } from '../../src/schema/resource.ts';

export async function setFinalizer<T extends ObjectHead>({ client }: ControllerContext, resource: ResourceDefinition<T>, object: T, finalizer: string, wanted: boolean): Promise<void> {
  const present = object.metadata.finalizers ?? [];
  if (present.includes(finalizer) === wanted) return;
  const finalizers = wanted ? [...present, finalizer] : present.filter((name) => name !== finalizer);
  await client.update(resource, { ...object, metadata: { ...object.metadata, finalizers } } as Draft<T>).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
}
