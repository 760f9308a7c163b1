// FlowSchemas and priority levels of a cluster: which of them a start writes anew, and that their own rules let them pass.
import { planConfiguration } from '../../../../master/flowcontrol/bootstrap.ts';
import { autoUpdate, mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from '../../../../master/flowcontrol/objects.ts';
import { FlowSchemas } from '../../../../src/api/flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations } from '../../../../src/api/flowcontrol/priority-level-configuration.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import { createFaults, created } from '../../api/writing.ts';

const [wanted] = suggestedLevels as [(typeof suggestedLevels)[number]];
const existing = (annotation: string | undefined, generation: number, spec: object = wanted.spec): ApiObject =>
  ({ metadata: { name: 'system', generation, ...(annotation === undefined ? {} : { annotations: { [autoUpdate]: annotation } }) }, spec: structuredClone(spec) }) as unknown as ApiObject;
const other = { ...wanted.spec, type: 'Exempt' };

it.each<[string, ApiObject, boolean, [annotation: string, spec: object] | undefined]>([
  ['is as it should be', existing('true', 1), false, undefined],
  ['is of an older build', existing('true', 3, other), false, ['true', wanted.spec]],
  ['is somebody\'s own', existing('false', 3, other), false, undefined],
  ['has been changed by somebody', existing(undefined, 2, other), false, ['false', other]],
  ['has no annotation, and nobody has changed it', existing('what', 1, other), false, ['true', wanted.spec]],
  ['may not be changed', existing('false', 3, other), true, ['true', wanted.spec]],
])('one that %s', (_, found, mandatory, expected) => {
  const planned = planConfiguration(found, wanted, mandatory);
  expect(planned && [planned.metadata.annotations![autoUpdate], planned['spec']]).toEqual(expected);
});

it('are valid, say all their defaults, and refer to levels that are there', () => {
  const [levels, schemas] = [[...mandatoryLevels, ...suggestedLevels], [...mandatorySchemas, ...suggestedSchemas]];
  expect(levels.flatMap((level) => createFaults(PriorityLevelConfigurations, level))).toEqual([]);
  expect(schemas.flatMap((schema) => createFaults(FlowSchemas, schema))).toEqual([]);
  // Otherwise each start would write them again.
  for (const level of levels) expect(created(PriorityLevelConfigurations, level)['spec']).toEqual(level.spec);
  for (const schema of schemas) expect(created(FlowSchemas, schema)['spec']).toEqual(schema.spec);
  const names = new Set(levels.map(({ metadata }) => metadata.name));
  expect(schemas.map(({ spec }) => spec.priorityLevelConfiguration.name).filter((name) => !names.has(name))).toEqual([]);
});

const limited = { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } };
describe('what the others rest on', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['has one level without limits', PriorityLevelConfigurations, { metadata: { name: 'mine' }, spec: { type: 'Exempt' } }, ['spec.type: Invalid value: "Exempt": type must be \'Exempt\' if and only if name is \'exempt\'']],
    ['keeps it so', PriorityLevelConfigurations, { metadata: { name: 'exempt' }, spec: limited }, [
      'spec.type: Invalid value: "Limited": type must be \'Exempt\' if and only if name is \'exempt\'',
      expect.stringMatching(/^spec: Invalid value: .*: spec of 'exempt' except the 'spec\.exempt' field must equal the fixed value$/) as unknown as string]],
    ['lets its shares be chosen', PriorityLevelConfigurations, { metadata: { name: 'exempt' }, spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 7 } } }, []],
    ['keeps the last level', PriorityLevelConfigurations, { metadata: { name: 'catch-all' }, spec: limited }, [expect.stringMatching(/: spec of 'catch-all' must equal the fixed value$/) as unknown as string]],
    ['keeps the last schema', FlowSchemas, { metadata: { name: 'catch-all' }, spec: { priorityLevelConfiguration: { name: 'x' } } }, [expect.stringMatching(/: spec of 'catch-all' must equal the fixed value$/) as unknown as string]],
  ])('%s', (_, resource, given, faults) => { expect(createFaults(resource, given)).toEqual(faults); });
});
