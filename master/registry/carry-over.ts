// What of an object a write carries over from the one it replaces, and whether it changed anything.
import { decode } from '../../src/schema/decode.ts';
import { dropOffFields } from '../../src/schema/off-fields.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { cloneJson, equalJson } from '../../src/util/json.ts';
import { sameEntries } from './field-management.ts';
import { isFinal } from './written.ts';

/** The status of an object nobody has observed yet: what Go would write for the empty struct. */
export function resetStatus(resource: ResourceDefinition, object: ApiObject): void {
  const status = resource.type.fields['status'];
  if (status?.options.written) object['status'] = decode(status.type, {}, { unknown: [] });
  else delete object['status'];
}

/** What of a new object's metadata nobody but this server says. (upstream: apiserver registry/rest/meta.go, WipeObjectMetaSystemFields) */
export function wipeSystemFields({ metadata }: ApiObject): void {
  const fields: Partial<ApiObject['metadata']> = metadata;
  delete fields.uid;
  delete fields.creationTimestamp;
  delete fields.deletionTimestamp;
  delete fields.deletionGracePeriodSeconds;
  delete fields.selfLink;
}

/** A write to /status changes status, and what metadata the resource lets it. */
export function keepAllButStatus(resource: ResourceDefinition, object: ApiObject, old: ApiObject): void {
  for (const name of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (name === 'status' || name === 'metadata') continue;
    if (old[name] === undefined) delete object[name];
    else object[name] = isFinal(old[name]) ? old[name] : cloneJson(old[name]);
  }
  const metadata = object.metadata as unknown as Record<string, unknown>;
  for (const name of resource.statusKeeps ?? []) {
    if (old.metadata[name] === undefined) delete metadata[name];
    else metadata[name] = cloneJson(old.metadata[name]);
  }
}

/** What an update cannot change, and what it may leave out; says its generation. (upstream: apiserver registry/rest/update.go, BeforeUpdate) */
export function carryOver(resource: ResourceDefinition, object: ApiObject, old: ApiObject, { subresource, internal }: { readonly subresource: string; readonly internal?: boolean }): void {
  if (subresource !== 'status' && resource.subresources.status && !internal) {
    if (old['status'] === undefined) delete object['status'];
    else object['status'] = cloneJson(old['status']);
  }
  if (!internal) dropOffFields(resource.type, object, old, subresource);
  if (subresource !== 'status' && !internal) resource.prepareUpdate?.(object, old);
  const { metadata } = object;
  if (!metadata.uid) metadata.uid = old.metadata.uid;
  if (old.metadata.creationTimestamp) metadata.creationTimestamp = old.metadata.creationTimestamp;
  delete metadata.selfLink;
  if (old.metadata.deletionTimestamp) metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  if (old.metadata.deletionGracePeriodSeconds !== undefined && metadata.deletionGracePeriodSeconds === undefined) metadata.deletionGracePeriodSeconds = old.metadata.deletionGracePeriodSeconds;
  if (old.metadata.generation === undefined) delete metadata.generation;
  else metadata.generation = old.metadata.generation;
  // A binding says where the object is to be, not what: its generation stays. upstream: pkg/registry/core/pod/storage (setPodNodeAndMetadata)
  if (!resource.generation || subresource === 'status' || subresource === 'binding') return;
  if (changedBesidesMetadata(resource, object, old) || resource.generationMetadata?.some((name) => !equalJson(metadata[name] ?? {}, old.metadata[name] ?? {}))) metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** A status that is written like the rest counts like the rest. */
function changedBesidesMetadata(resource: ResourceDefinition, object: ApiObject, old: ApiObject): boolean {
  for (const name of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if ((name === 'status' && (resource.subresources.status || !resource.custom)) || name === 'metadata' || name === 'kind' || name === 'apiVersion') continue;
    if (!equalJson(object[name], old[name])) return true;
  }
  return false;
}

/** A write that would change nothing but the time of a manager's entry changes nothing. */
export function sameObject(object: ApiObject, old: ApiObject): boolean {
  const { resourceVersion: _a, managedFields, ...metadata } = object.metadata;
  const { resourceVersion: _b, managedFields: oldManagedFields, ...oldMetadata } = old.metadata;
  return equalJson({ ...object, metadata, kind: 0, apiVersion: 0 }, { ...old, metadata: oldMetadata, kind: 0, apiVersion: 0 }) && sameEntries(managedFields, oldManagedFields);
}

export const revisionIn = (object: ApiObject): number => (/^\d+$/.test(object.metadata.resourceVersion ?? '') ? Number(object.metadata.resourceVersion) : 0);
