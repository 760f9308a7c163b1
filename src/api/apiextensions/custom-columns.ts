// Columns of tables of custom resources, and the fields their selectors may name: both are JSON paths of the definition.
// upstream: apiextensions-apiserver pkg/registry/customresource/tableconvertor/tableconvertor.go
import { age } from '../../apimachinery/duration.ts';
import { parseJsonPath } from '../../schema/json-path.ts';
import type { ApiObject, Column } from '../../schema/resource.ts';
import { nameColumn } from '../table-columns.ts';
import type { CustomResourceDefinition } from './custom-resource-definition.ts';

type Version = CustomResourceDefinition['spec']['versions'][number];
type ColumnDefinition = NonNullable<Version['additionalPrinterColumns']>[number];
type Cell = string | number | boolean | null;

const ageColumn: ColumnDefinition = { name: 'Age', type: 'date', description: 'When the object was created.', jsonPath: '.metadata.creationTimestamp' };

/** The name, then what the definition asks for: the age when it asks for nothing. A path that cannot be read ends the columns. */
export function customColumns(definitions: readonly ColumnDefinition[]): Column[] {
  const columns: Column[] = [nameColumn];
  for (const definition of definitions.length ? definitions : [ageColumn]) {
    const column = columnOf(definition);
    if (!column) return columns;
    columns.push(column);
  }
  return columns;
}

function columnOf({ name, type, format, description, priority, jsonPath }: ColumnDefinition): Column | undefined {
  let find: ReturnType<typeof parseJsonPath>;
  try {
    find = parseJsonPath(jsonPath);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return {
    name, type: type as Column['type'], description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    ...(format ? { format } : {}), ...(priority ? { priority } : {}),
    value: (object: ApiObject, now) => {
      const found = find(object);
      return found.length ? cell(type, found[0], now) : null;
    },
  };
}

function cell(type: string, value: unknown, now: number): Cell {
  if (type === 'string') return value === null ? '<no value>' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  switch (type) {
    case 'integer': return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number': return typeof value === 'number' ? value : null;
    case 'boolean': return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      return value !== '' && Number.isNaN(Date.parse(value)) ? '<invalid>' : age(value || null, now);
    default: return null;
  }
}

/** `spec.color` for the path `.spec.color`. */
export function selectableFieldsOf(fields: NonNullable<Version['selectableFields']>): Record<string, (object: ApiObject) => string> {
  return Object.fromEntries(fields.map(({ jsonPath }) => {
    const find = parseJsonPath(jsonPath);
    return [jsonPath.replace(/^\./, ''), (object: ApiObject) => { const [value] = find(object); return value === undefined || value === null ? '' : String(value as Cell); }];
  }));
}
