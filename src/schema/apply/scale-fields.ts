// Who owns the replica count, seen from the scaled object and from its Scale.
// (upstream: apimachinery util/managedfields/scalehandler.go)
import { difference, has, setOf, union } from './field-set.ts';
import { entriesOf, identify, setFields, storedManagers, type ManagedFieldsEntry, type Manager } from './managers.ts';
import { fieldElement } from './path-element.ts';

const inScale = setOf(['f:spec', 'f:replicas']);
const scaleVersion = 'autoscaling/v1';
const pathOf = (replicas: string): string[] => replicas.replace(/^\./, '').split('.').map(fieldElement);
const asScale = (manager: Manager): Manager => ({ ...manager, apiVersion: scaleVersion, fields: inScale });

/** The Scale's entries; `replicas` is where the object keeps the count: `spec.replicas`. */
export function entriesOfScale(entries: readonly ManagedFieldsEntry[] | undefined, replicas: string): readonly ManagedFieldsEntry[] | undefined {
  const path = pathOf(replicas);
  const owners = [...storedManagers(entries).values()].filter(({ fields }) => has(fields, path)).map(asScale);
  return entriesOf(new Map(owners.map((manager) => [identify(manager), manager])));
}

/** The object's entries after its Scale was written with `scaleEntries`. */
export function entriesOfScaled(entries: readonly ManagedFieldsEntry[] | undefined, scaleEntries: readonly ManagedFieldsEntry[] | undefined, replicas: string, apiVersion: string): readonly ManagedFieldsEntry[] | undefined {
  const path = pathOf(replicas);
  const count = setOf(path);
  const managers = storedManagers(entries);
  const owners = new Map([...storedManagers(scaleEntries)].filter(([, { fields }]) => has(fields, ['f:spec', 'f:replicas'])));
  for (const [id, manager] of managers) {
    if (!has(manager.fields, path)) continue;
    const still = identify(asScale(manager));
    if (owners.has(still)) owners.delete(still);
    else setFields(managers, id, { ...manager, fields: difference(manager.fields, count) });
  }
  for (const owner of owners.values()) {
    const manager: Manager = { ...owner, apiVersion, fields: count };
    const id = identify(manager);
    const before = managers.get(id);
    managers.set(id, before ? { ...manager, fields: union(before.fields, count) } : manager);
  }
  return entriesOf(managers);
}
