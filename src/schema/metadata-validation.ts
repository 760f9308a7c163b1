// Rules every object's metadata must pass. (upstream: apimachinery api/validation/objectmeta.go)
import { forbidden, index, invalid, required, tooLong, type Fault } from '../apimachinery/fault.ts';
import { isDNS1123Label, isQualifiedName, isValidLabelValue, maskTrailingDash } from '../apimachinery/names.ts';
import { checkFormat } from './formats.ts';
import type { ObjectMeta } from './object-meta.ts';
import type { ResourceDefinition } from './resource.ts';

const maxAnnotationBytes = 256 * 1024;
const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

export function validateMetadata(resource: Pick<ResourceDefinition, 'nameFormat' | 'namespaced' | 'anyFinalizer'>, metadata: Partial<ObjectMeta>): Fault[] {
  const faults: Fault[] = [];
  const { name, generateName, namespace } = metadata;
  if (generateName) for (const message of checkFormat(resource.nameFormat, maskTrailingDash(generateName))) faults.push(invalid('metadata.generateName', generateName, message));
  if (!name) faults.push(required('metadata.name', 'name or generateName is required'));
  else for (const message of checkFormat(resource.nameFormat, name)) faults.push(invalid('metadata.name', name, message));
  if (resource.namespaced) {
    if (!namespace) faults.push(required('metadata.namespace'));
    else for (const message of isDNS1123Label(namespace)) faults.push(invalid('metadata.namespace', namespace, message));
  } else if (namespace) faults.push(forbidden('metadata.namespace', 'not allowed on this type'));
  if (metadata.generation !== undefined && metadata.generation < 0) faults.push(invalid('metadata.generation', metadata.generation, 'must be greater than or equal to 0'));
  faults.push(...validateLabels(metadata.labels, 'metadata.labels'), ...validateAnnotations(metadata.annotations, 'metadata.annotations'));
  faults.push(...validateOwners(metadata), ...validateFinalizers(metadata, resource.anyFinalizer === true));
  return faults;
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): Fault[] {
  const faults: Fault[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const message of isQualifiedName(key)) faults.push(invalid(path, key, message));
    for (const message of isValidLabelValue(value)) faults.push(invalid(path, value, message));
  }
  return faults;
}

export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): Fault[] {
  const faults: Fault[] = [];
  let total = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const message of isQualifiedName(key.toLowerCase())) faults.push(invalid(path, key, message));
    total += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (total > maxAnnotationBytes) faults.push(tooLong(path, '', maxAnnotationBytes));
  return faults;
}

function validateOwners(metadata: Partial<ObjectMeta>): Fault[] {
  const faults: Fault[] = [];
  let controller: string | undefined;
  const path = 'metadata.ownerReferences';
  for (const owner of metadata.ownerReferences ?? []) {
    if (!owner.apiVersion) faults.push(invalid(`${path}.apiVersion`, owner.apiVersion, 'version must not be empty'));
    if (!owner.kind) faults.push(invalid(`${path}.kind`, owner.kind, 'kind must not be empty'));
    if (!owner.name) faults.push(invalid(`${path}.name`, owner.name, 'name must not be empty'));
    if (!owner.uid) faults.push(invalid(`${path}.uid`, owner.uid, 'uid must not be empty'));
    if (owner.kind === 'Event' && owner.apiVersion === 'v1') faults.push(invalid(path, owner.kind, '/v1, Kind=Event is disallowed from being an owner'));
    if (owner.controller !== true) continue;
    if (controller !== undefined) faults.push(invalid(path, metadata.ownerReferences, `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.name}`));
    else controller = owner.name;
  }
  return faults;
}

function validateFinalizers(metadata: Partial<ObjectMeta>, anyName: boolean): Fault[] {
  const faults: Fault[] = [];
  const finalizers = metadata.finalizers ?? [];
  finalizers.forEach((finalizer, i) => {
    const messages = isQualifiedName(finalizer);
    if (messages.length) for (const message of messages) faults.push(invalid('metadata.finalizers', finalizer, message));
    else if (!anyName && !finalizer.includes('/') && !standardFinalizers.has(finalizer)) faults.push(invalid(index('metadata.finalizers', i), finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
  });
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) faults.push(invalid('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  return faults;
}

export function validateMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): Fault[] {
  const faults: Fault[] = [];
  if (metadata.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((f) => !old.finalizers?.includes(f));
    if (old.deletionTimestamp && added.length) faults.push(forbidden('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.sort().map((f) => JSON.stringify(f)).join(', ')}}`));
  }
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) faults.push(invalid('metadata.generation', metadata.generation, 'must not be decremented'));
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    if ((metadata[field] ?? '') !== (old[field] ?? '')) faults.push(invalid(`metadata.${field}`, metadata[field], 'field is immutable'));
  }
  return faults;
}
