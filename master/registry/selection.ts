// What a list or watch selects: labels and fields, judged on the decoded object.
import * as errors from '../../src/apimachinery/status-error.ts';
import { parseFieldSelector, parseLabelSelector, type FieldSelector, type Selector } from '../../src/apimachinery/selectors.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';

export interface Selection {
  readonly labels: Selector | undefined;
  readonly fields: FieldSelector | undefined;
  /** `metadata.name=x` reduces a list to one key. */
  readonly name: string | undefined;
  matches(object: ApiObject): boolean;
  readonly everything: boolean;
}

/** Value of a selectable field. @throws StatusError 400 for a field that is not selectable */
function fieldReader(resource: ResourceDefinition, field: string): (object: ApiObject) => string {
  if (field === 'metadata.name') return (o) => o.metadata.name;
  const own = resource.custom === true || Object.keys(resource.selectable).length > 0;
  if (field === 'metadata.namespace' && (resource.namespaced || !own)) return (o) => o.metadata.namespace ?? '';
  if (Object.hasOwn(resource.selectable, field)) return resource.selectable[field]!;
  // Kinds with fields of their own have upstream's older words.
  if (resource.unselectable) throw errors.badRequest(resource.unselectable(field));
  throw errors.badRequest(own ? `field label not supported: ${field}` : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
}

/** @throws StatusError 400 for a selector that cannot be parsed or names an unknown field */
export function parseSelection(resource: ResourceDefinition, labelSelector: string, fieldSelector: string): Selection {
  const labels = labelSelector ? parse(() => parseLabelSelector(labelSelector)) : undefined;
  const fields = fieldSelector ? parse(() => parseFieldSelector(fieldSelector)) : undefined;
  const tests = (fields?.requirements ?? []).map(({ field, operator, value }) => {
    const read = fieldReader(resource, field);
    return (object: ApiObject): boolean => (read(object) === value) === (operator === '=');
  });
  const name = fields?.requirements.find((r) => r.field === 'metadata.name' && r.operator === '=')?.value;
  return {
    labels, fields, name,
    everything: !labels && !tests.length,
    matches: (object) => (labels?.matches(object.metadata.labels ?? {}) ?? true) && tests.every((test) => test(object)),
  };
}

/** The parsers throw plain errors whose words are Kubernetes' own. */
function parse<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw errors.badRequest((error as Error).message);
  }
}
