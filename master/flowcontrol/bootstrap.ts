// Writes what a cluster lacks of its FlowSchemas and priority levels, at the master's start.
// upstream: pkg/registry/flowcontrol/ensurer/strategy.go, pkg/registry/flowcontrol/rest/storage_flowcontrol.go
import { isAlreadyExists, isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { FlowSchemas } from '../../src/api/flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations } from '../../src/api/flowcontrol/priority-level-configuration.ts';
import type { Client } from '../../src/client/client.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { cloneJson, equalJson } from '../../src/util/json.ts';
import { exempt } from '../../src/api/flowcontrol/mandatory.ts';
import { autoUpdate, mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from './objects.ts';

interface Wanted { readonly metadata: { readonly name: string }; readonly spec: object }

/** Go's strconv.ParseBool. */
const asBoolean = (text: string | undefined): boolean | undefined =>
  (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text ?? '') ? true : ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text ?? '') ? false : undefined);

/** How much others may borrow of the level without limits is the administrator's. */
function wantedSpec(existing: ApiObject, { metadata: { name }, spec }: Wanted): Record<string, unknown> {
  const own = (existing['spec'] as { exempt?: object }).exempt;
  return { ...spec, ...(name === exempt && 'exempt' in spec && own ? { exempt: own } : {}) };
}

/** What is to be written for an existing object; undefined when it is as it should be. Without a word in the annotation, one that nobody has changed follows. */
export function planConfiguration(existing: ApiObject, wanted: Wanted, mandatory: boolean): ApiObject | undefined {
  const said = asBoolean(existing.metadata.annotations?.[autoUpdate]);
  const follows = mandatory || (said ?? existing.metadata.generation === 1);
  const spec = wantedSpec(existing, wanted);
  const other = follows && !equalJson(existing['spec'], spec);
  if (said === follows && !other) return undefined;
  const object = cloneJson(existing);
  object.metadata.annotations = { ...object.metadata.annotations, [autoUpdate]: String(follows) };
  if (other) object['spec'] = cloneJson(spec);
  return object;
}

const attempts = 5;
async function ensure(client: Client, resource: ResourceDefinition, wanted: Wanted, mandatory: boolean, listed: ApiObject | undefined): Promise<void> {
  let existing = listed;
  for (let attempt = 1; ; attempt++) {
    try {
      if (!existing) return void await client.create(resource, wanted as unknown as ApiObject);
      const object = planConfiguration(existing, wanted, mandatory);
      if (object) await client.update(resource, object);
      return;
    } catch (error) {
      // Somebody else wrote it meanwhile: judged again by what is there now.
      if (attempt === attempts || !(isConflict(error) || isAlreadyExists(error) || isNotFound(error))) throw error;
      existing = await client.get(resource, wanted.metadata).catch((missing: unknown) => { if (isNotFound(missing)) return undefined; throw missing; }) as ApiObject | undefined;
    }
  }
}

/** All writes are under way at once, so that they share commits; a start that finds everything in place writes nothing. */
export async function bootstrapFlowControl(client: Client): Promise<void> {
  const ensureAll = async (resource: ResourceDefinition, mandatory: readonly Wanted[], suggested: readonly Wanted[]): Promise<void> => {
    const { items } = await client.list(resource);
    const found = (name: string): ApiObject | undefined => (items as ApiObject[]).find(({ metadata }) => metadata.name === name);
    await Promise.all([[mandatory, true] as const, [suggested, false] as const].flatMap(([list, isMandatory]) => list.map((wanted) => ensure(client, resource, wanted, isMandatory, found(wanted.metadata.name)))));
  };
  await Promise.all([ensureAll(PriorityLevelConfigurations, mandatoryLevels, suggestedLevels), ensureAll(FlowSchemas, mandatorySchemas, suggestedSchemas)]);
}
