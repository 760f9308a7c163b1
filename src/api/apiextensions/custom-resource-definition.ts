// CustomResourceDefinition: a resource of the user's own.
// upstream: apiextensions-apiserver pkg/registry/customresourcedefinition/strategy.go
import { setCondition } from '../../apimachinery/conditions.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, required } from '../../schema/schema.ts';
import { customResourceDefinitionSpec, customResourceDefinitionStatus, type CustomResourceDefinitionSpec, type CustomResourceDefinitionStatus } from './definition-spec.ts';
import { definitionFaults, definitionStatusFaults } from './definition-validation.ts';

type Condition = NonNullable<CustomResourceDefinitionStatus['conditions']>[number];
export type { CustomResourceDefinitionSpec, CustomResourceDefinitionStatus } from './definition-spec.ts';
export type { JSONSchemaProps } from './json-schema-props.ts';

/** The version objects are stored in from now on is one they may be stored in. */
function recordStorageVersion({ spec, status }: { spec: CustomResourceDefinitionSpec; status: CustomResourceDefinitionStatus }): void {
  const stored = status.storedVersions ?? [];
  const added = (spec.versions ?? []).filter(({ name, storage }) => storage && !stored.includes(name)).map(({ name }) => name);
  if (added.length > 0) status.storedVersions = [...stored, ...added];
}

/** Keeps a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** A definition that is deleted stays until its objects are gone. */
function beginDeletion({ metadata, status }: { metadata: { finalizers?: string[] | undefined }; status: CustomResourceDefinitionStatus }, now: string): void {
  if (!metadata.finalizers?.includes(cleanupFinalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), cleanupFinalizer];
  status.conditions = setCondition<Condition>(status.conditions, {
    type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  }, now);
}

export const CustomResourceDefinitions = defineResource({
  group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition', plural: 'customresourcedefinitions', shortNames: ['crd', 'crds'], categories: ['api-extensions'], scope: 'Cluster',
  doc: 'A resource of the user\'s own.',
  fields: {
    spec: required(2, customResourceDefinitionSpec, { doc: 'The resource as it is wanted.' }),
    status: field(3, customResourceDefinitionStatus, { written: true, doc: 'The definition as it is.' }),
  },
  subresources: { status: true },
  statusKeeps: ['labels', 'annotations', 'finalizers', 'ownerReferences'],
  anyFinalizer: true,
  generation: true,
  // Upstream stores definitions in their older, shorter form.
  hashVersion: 'v1beta1',
  prepareCreate: recordStorageVersion,
  prepareUpdate: recordStorageVersion,
  beginDeletion,
  validate: definitionFaults,
  validateStatus: definitionStatusFaults,
  requiresRevision: true,
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the definition: <plural>.<group>.', value: ({ metadata }) => metadata.name },
    { name: 'Created At', type: 'date', description: 'When it was created.', value: ({ metadata }) => metadata.creationTimestamp ?? '<unknown>' },
  ],
});
export interface CustomResourceDefinition extends ObjectOf<typeof CustomResourceDefinitions> {}
