// The part of a write that definitions decide: decode, default, prepare, validate. Faults come as `field: message`.
import type { Fault } from '../../../src/apimachinery/fault.ts';
import { decode } from '../../../src/schema/decode.ts';
import { applyDefaults } from '../../../src/schema/defaulting.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { dropOffFields } from '../../../src/schema/off-fields.ts';
import { validateObject } from '../../../src/schema/validation.ts';

export const texts = (faults: readonly Fault[]): string[] => faults.map(({ field, message }) => `${field}: ${message}`);

function read(resource: ResourceDefinition, given: object): ApiObject {
  const body = { apiVersion: resource.apiVersion, kind: resource.kind, ...structuredClone(given) } as Record<string, any>;
  body['metadata'] = { name: 'x', ...(resource.namespaced ? { namespace: 'default' } : {}), ...body['metadata'] };
  const object = decode(resource.type, body, { unknown: [] }) as ApiObject;
  applyDefaults(resource.type, object);
  resource.defaults?.(object);
  return object;
}

/** The object as it would be stored, as far as definitions say. */
export function created(resource: ResourceDefinition, given: object): ApiObject {
  const object = read(resource, given);
  dropOffFields(resource.type, object, undefined, '');
  resource.prepareCreate?.(object);
  return object;
}

export const createFaults = (resource: ResourceDefinition, given: object): string[] => texts(validateObject(resource, created(resource, given)));

export function updated(resource: ResourceDefinition, given: object, old: ApiObject): ApiObject {
  const object = read(resource, given);
  if (resource.subresources.status) object['status'] = structuredClone(old['status']);
  dropOffFields(resource.type, object, old, '');
  resource.prepareUpdate?.(object, old);
  return object;
}

/** Faults of replacing what `before` made by `after`. */
export function updateFaults(resource: ResourceDefinition, before: object, after: object): string[] {
  const old = created(resource, before);
  return texts(validateObject(resource, updated(resource, after, old), old));
}

export function statusFaults(resource: ResourceDefinition, before: object, status: object): string[] {
  const old = created(resource, before);
  const object = read(resource, { ...before, status });
  return texts(resource.validateStatus?.(object, old) ?? []);
}
