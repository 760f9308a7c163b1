// Objects inside of objects must be whole: they say what they are, and their metadata keeps the rules of metadata.
// upstream: apiextensions-apiserver pkg/apiserver/schema/objectmeta/validation.go
import { child, index, invalid, key, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1035Label } from '../../apimachinery/names.ts';
import { validateMetadata } from '../metadata-validation.ts';
import { additionalOf, isEmbedded, isMap, itemsOf, propertyOf, type StructuralSchema } from './structural-schema.ts';

export function embeddedFaults(schema: StructuralSchema, value: unknown, path = ''): Fault[] {
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    return items ? value.flatMap((item, i) => embeddedFaults(items, item, index(path, i))) : [];
  }
  if (!isMap(value)) return [];
  const own = path !== '' && isEmbedded(schema) ? objectFaults(value, path) : [];
  const additional = additionalOf(schema);
  return [...own, ...Object.entries(value).flatMap(([name, member]) => {
    const property = propertyOf(schema, name);
    return property ? embeddedFaults(property, member, child(path, name)) : additional ? embeddedFaults(additional, member, key(path, name)) : [];
  })];
}

function objectFaults(value: Record<string, unknown>, path: string): Fault[] {
  const faults: Fault[] = [];
  for (const name of ['apiVersion', 'kind'] as const) {
    const at = child(path, name);
    const text = value[name];
    if (text === undefined) faults.push(required(at, 'must not be empty'));
    else if (typeof text !== 'string') faults.push(invalid(at, text, 'must be a string'));
    else if (text === '') faults.push(invalid(at, text, 'must not be empty'));
    else if (name === 'apiVersion' && text.split('/').length > 2) faults.push(invalid(at, text, `unexpected GroupVersion string: ${text}`));
    else if (name === 'kind') {
      const problems = isDNS1035Label(text.toLowerCase());
      if (problems.length) faults.push(invalid(at, text, `may have mixed case, but should otherwise match: ${problems.join(',')}`));
    }
  }
  const { metadata } = value;
  if (metadata === undefined) return faults;
  if (!isMap(metadata)) return [...faults, invalid(child(path, 'metadata'), metadata, 'must be an object')];
  // A name may be missing, but a wrong one is a fault.
  const judged = validateMetadata({ nameFormat: 'pathSegment', namespaced: Boolean(metadata['namespace']), anyFinalizer: true }, { name: 'fakename', ...metadata });
  return [...faults, ...judged.map((fault) => ({ ...fault, field: child(path, fault.field) }))];
}
