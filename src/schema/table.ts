// Server-side Tables: the columns kubectl prints, from the columns of a definition. (upstream: pkg/printers)
import { age } from '../apimachinery/duration.ts';
import type { ApiObject, Column, ResourceDefinition } from './resource.ts';

/** The columns of a kind without its own. (upstream: tableconvertor.NewDefaultTableConvertor) */
const defaultColumns: readonly Column[] = [
  { name: 'Name', type: 'string', format: 'name', value: (o: ApiObject) => o.metadata.name },
  { name: 'Created At', type: 'date', value: (o: ApiObject) => o.metadata.creationTimestamp ?? '<unknown>' },
];

export const nameColumn: Column = { name: 'Name', type: 'string', format: 'name', description: 'Name must be unique within a namespace.', value: (o: ApiObject) => o.metadata.name };
export const ageColumn: Column = { name: 'Age', type: 'string', description: 'CreationTimestamp is the time the server created the object.', value: (o: ApiObject, now) => age(o.metadata.creationTimestamp, now) };

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface Table { kind: 'Table'; apiVersion: 'meta.k8s.io/v1'; metadata: Record<string, unknown>; columnDefinitions: unknown[] | null; rows: unknown[] }

/** Whose columns: a resource's, or those of another kind that is shown. */
type Columned = Pick<ResourceDefinition, 'columns' | 'rowConditions'>;

function tableColumns(resource: Columned): unknown[] {
  return (resource.columns ?? defaultColumns).map((c) => ({ name: c.name, type: c.type, format: c.format ?? '', description: c.description ?? '', priority: c.priority ?? 0 }));
}

function tableRow(resource: Columned, object: ApiObject, include: IncludeObject, now: number): unknown {
  const cells = (resource.columns ?? defaultColumns).map((c) => c.value(object, now));
  const conditions = resource.rowConditions?.(object) ?? [];
  return {
    cells,
    ...(conditions.length ? { conditions } : {}),
    object: include === 'None' ? null : include === 'Object' ? object : partialMetadata(object),
  };
}

export const partialMetadata = (object: ApiObject): unknown => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });

/** `withColumns: false` for all but the first event of a watch. */
export function table(resource: Columned, objects: readonly ApiObject[], metadata: Record<string, unknown>, include: IncludeObject, now: number, withColumns = true): Table {
  return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions: withColumns ? tableColumns(resource) : null, rows: objects.map((o) => tableRow(resource, o, include, now)) };
}
