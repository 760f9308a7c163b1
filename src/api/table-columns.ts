// Columns that many kinds' tables share. (upstream: pkg/printers/internalversion/printers.go)
import { age } from '../apimachinery/duration.ts';
import type { Column, ObjectHead } from '../schema/resource.ts';

export const nameColumn: Column<ObjectHead> = { name: 'Name', type: 'string', format: 'name', description: 'Name of the object, unique within its namespace.', value: (object) => object.metadata.name };

export const ageColumn: Column<ObjectHead> = { name: 'Age', type: 'string', description: 'Time since the object was created.', value: (object, now) => age(object.metadata.creationTimestamp, now) };

interface Templated { readonly spec: { readonly template?: { readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] | null } } } }

/** The names and images of the containers a workload's template makes, only wide. */
export const templateColumns: readonly Column<Templated>[] = [
  { name: 'Containers', type: 'string', priority: 1, description: 'Names of the containers in the template.', value: ({ spec }) => (spec.template?.spec?.containers ?? []).map((c) => c.name).join(',') },
  { name: 'Images', type: 'string', priority: 1, description: 'Images of the containers in the template.', value: ({ spec }) => (spec.template?.spec?.containers ?? []).map((c) => c.image ?? '').join(',') },
];

/** `a,b,c + 2 more...`: the first three of a list, `none` when there is nothing. */
export function firstThree(texts: readonly string[], none: string): string {
  if (texts.length === 0) return none;
  const shown = texts.slice(0, 3).join(',');
  return texts.length > 3 ? `${shown} + ${texts.length - 3} more...` : shown;
}
