// Says of each FlowSchema whether its priority level is there. (upstream: apiserver pkg/util/flowcontrol/apf_controller.go, syncFlowSchemaStatus)
import { findCondition, setCondition } from '../../../src/apimachinery/conditions.ts';
import { FlowSchemas, type FlowSchema } from '../../../src/api/flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations, type PriorityLevelConfiguration } from '../../../src/api/flowcontrol/priority-level-configuration.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';

const index = 'priorityLevel';
const levelOf = ({ spec }: FlowSchema): string => spec.priorityLevelConfiguration.name;

interface Condition { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string | null }
/** The conditions with what is to be said of the level. */
export function withDangling(conditions: readonly Condition[] | undefined, level: string, exists: boolean, now: string): Condition[] {
  const head = `This FlowSchema references the PriorityLevelConfiguration object named "${level}"`;
  return setCondition<Condition>(conditions, {
    type: 'Dangling', status: exists ? 'False' : 'True', reason: exists ? 'Found' : 'NotFound', message: exists ? `${head} and it exists` : `${head} but there is no such object`,
  }, now);
}

export const flowSchemaController: Controller = {
  name: 'flow-schema-controller',
  for: FlowSchemas,
  indexes: [{ resource: FlowSchemas, name: index, of: (schema: FlowSchema) => [levelOf(schema)] }],
  watches: [{ resource: PriorityLevelConfigurations, map: ({ metadata }: PriorityLevelConfiguration, { cached }) => cached(FlowSchemas).byIndex(index, metadata.name).map((schema) => schema.metadata.name) }],
  async reconcile({ client, cached, clock }: ControllerContext, name: string): Promise<void> {
    const schema = cached(FlowSchemas).get(name);
    if (!schema || schema.metadata.deletionTimestamp) return;
    const level = levelOf(schema);
    const old = schema.status?.conditions as Condition[] | undefined;
    const conditions = withDangling(old, level, cached(PriorityLevelConfigurations).get(level) !== undefined, timestamp(clock.now()));
    const [was, is] = [findCondition(old, 'Dangling'), findCondition(conditions, 'Dangling')!];
    if (was?.status === is.status && was.message === is.message) return;
    await client.patch(FlowSchemas, { name }, { metadata: { resourceVersion: schema.metadata.resourceVersion }, status: { conditions } }, { subresource: 'status' });
  },
};
