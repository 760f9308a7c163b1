// Defaults in schemas of custom resources: each must be what its own schema allows, and nothing more.
// upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting/validation.go
import { child, invalid, key, type Fault } from '../../apimachinery/fault.ts';
import { decode, DecodeError } from '../../schema/decode.ts';
import { embeddedFaults } from '../../schema/structural/embedded.ts';
import { additionalOf, itemsOf, type StructuralSchema } from '../../schema/structural/structural-schema.ts';
import { schemaFaults } from '../../schema/structural/validate.ts';

export function defaultFaults(schema: StructuralSchema, path: string): Fault[] {
  const items = itemsOf(schema);
  const additional = additionalOf(schema);
  return [
    ...ownFaults(schema, path),
    ...(items ? defaultFaults(items, child(path, 'items')) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => defaultFaults(property, key(child(path, 'properties'), name))),
    ...(additional ? defaultFaults(additional, child(path, 'additionalProperties')) : []),
  ];
}

function ownFaults(schema: StructuralSchema, path: string): Fault[] {
  const { default: initial } = schema;
  if (initial === undefined || initial === null) return [];
  const at = child(path, 'default');
  const below = ({ field, ...fault }: Fault): Fault => ({ ...fault, field: field === '<nil>' || field === '' ? at : field.startsWith('[') ? `${at}${field}` : child(at, field) });
  const faults: Fault[] = [];
  const unknown: string[] = [];
  try {
    decode({ kind: 'structural', schema }, initial, { unknown });
  } catch (error) {
    if (error instanceof DecodeError) return [invalid(at, initial, error.message)];
    throw error;
  }
  if (unknown.length) faults.push(invalid(at, initial, 'must not have unknown fields'));
  const embedded = embeddedFaults({ properties: { x: schema } }, { x: initial }).map((fault) => ({ ...fault, field: fault.field.replace(/^x\.?/, '') }));
  return [...faults, ...(embedded.length ? embedded : schemaFaults(schema, initial)).map(below)];
}
