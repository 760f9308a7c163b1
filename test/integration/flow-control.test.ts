// The FlowSchemas a cluster starts with, and what is said of those whose priority level comes and goes.
import { FlowSchemas, type FlowSchema } from '../../src/api/flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations } from '../../src/api/flowcontrol/priority-level-configuration.ts';
import { bootstrapFlowControl } from '../../master/flowcontrol/bootstrap.ts';
import { ask } from '../support/ask.ts';
import { startTestApi } from '../support/api-server.ts';
import { startControlPlane } from '../support/control-plane.ts';

it('are written once, and what must be there is brought back', async () => {
  const api = await startTestApi();
  try {
    await bootstrapFlowControl(api.client);
    const before = await api.client.list(FlowSchemas);
    expect(before.items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['catch-all', 'exempt', 'global-default', 'probes', 'service-accounts', 'system-nodes']));
    await bootstrapFlowControl(api.client);
    expect((await api.client.list(FlowSchemas)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    await api.client.delete(FlowSchemas, { name: 'catch-all' });
    await expect(api.client.patch(PriorityLevelConfigurations, { name: 'catch-all' }, { spec: { limited: { nominalConcurrencyShares: 9 } } })).rejects.toThrow("spec of 'catch-all' must equal the fixed value");
    await api.client.patch(PriorityLevelConfigurations, { name: 'exempt' }, { spec: { exempt: { nominalConcurrencyShares: 9 } } });
    await api.client.patch(PriorityLevelConfigurations, { name: 'system' }, { metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } }, spec: { limited: { nominalConcurrencyShares: 9 } } });
    await bootstrapFlowControl(api.client);
    const shares = async (name: string): Promise<number | null | undefined> => (await api.client.get(PriorityLevelConfigurations, { name })).spec.limited?.nominalConcurrencyShares;
    const own = await api.client.get(PriorityLevelConfigurations, { name: 'exempt' });
    expect([(await api.client.get(FlowSchemas, { name: 'catch-all' })).spec.matchingPrecedence, own.spec.exempt?.nominalConcurrencyShares, await shares('system')]).toEqual([10_000, 9, 9]);
    expect((await ask(api, 'GET', '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/exempt')).object.spec.rules[0].subjects).toEqual([{ kind: 'Group', group: { name: 'system:masters' } }]);
  } finally {
    await api.stop();
  }
});

it('say whether their level is there', async () => {
  const plane = await startControlPlane({ nodes: [] });
  try {
    const dangling = (): unknown => (plane.informers.informer(FlowSchemas).get('mine') as FlowSchema | undefined)?.status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]);
    const told = (status: string): Promise<void> => plane.until(() => JSON.stringify(dangling())?.includes(`"Dangling","${status}"`));
    await plane.client.create(FlowSchemas, { metadata: { name: 'mine' }, spec: { priorityLevelConfiguration: { name: 'own' }, matchingPrecedence: 7000 } });
    await told('True');
    expect(dangling()).toEqual([['Dangling', 'True', 'NotFound', 'This FlowSchema references the PriorityLevelConfiguration object named "own" but there is no such object']]);
    await plane.client.create(PriorityLevelConfigurations, { metadata: { name: 'own' }, spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } } as never);
    await told('False');
    expect(dangling()).toEqual([['Dangling', 'False', 'Found', 'This FlowSchema references the PriorityLevelConfiguration object named "own" and it exists']]);
    await plane.client.delete(PriorityLevelConfigurations, { name: 'own' });
    await told('True');
  } finally {
    await plane.stop();
  }
});
