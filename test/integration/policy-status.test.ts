// What the status of a ValidatingAdmissionPolicy says: the generation that was seen, and what types say against its expressions.
import { ValidatingAdmissionPolicies, type ValidatingAdmissionPolicy } from '../../src/api/admissionregistration/validating-admission-policy.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
beforeAll(async () => { plane = await startControlPlane({ nodes: [] }); });
afterAll(() => plane.stop());

const rule = (apiGroups: string[], resources: string[], apiVersions = ['v1']): object => ({ apiGroups, apiVersions, resources, operations: ['CREATE'] });
const make = (name: string, rules: object[], validations: object[]): Promise<ValidatingAdmissionPolicy> =>
  plane.client.create(ValidatingAdmissionPolicies, { metadata: { name }, spec: { matchConstraints: { resourceRules: rules }, validations } } as never);
async function statusOf(name: string, generation = 1): Promise<ValidatingAdmissionPolicy['status']> {
  const read = async (): Promise<ValidatingAdmissionPolicy['status']> => (await plane.client.get(ValidatingAdmissionPolicies, { name })).status;
  await plane.untilAsync(async () => (await read())?.observedGeneration === generation);
  return read();
}

it('nothing where all fits, or nobody knows the types', async () => {
  const fits = { observedGeneration: 1, typeChecking: {} };
  await make('fits', [rule(['apps'], ['deployments'])], [{ expression: 'object.spec.replicas > 1' }]);
  expect(await statusOf('fits')).toEqual(fits);
  await make('wild', [rule(['*'], ['deployments']), rule(['apps'], ['*', 'deployments/scale']), rule(['example.com'], ['widgets'])], [{ expression: "object.foo > '1'" }]);
  expect(await statusOf('wild')).toEqual(fits);
});

it('each expression and message that does not fit, for each kind; anew when the policy is another', async () => {
  const { metadata } = await make('confused', [rule(['apps'], ['statefulsets', 'deployments'])], [{ expression: 'true' }, { expression: "object.spec.replicas > '1'", messageExpression: "'wants replicas > 1, got ' + object.spec.replicas" }]);
  const greater = "ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n";
  expect(await statusOf('confused')).toEqual({
    observedGeneration: 1,
    typeChecking: { expressionWarnings: [
      { fieldRef: 'spec.validations[1].expression', warning: `apps/v1, Kind=Deployment: ${greater}\napps/v1, Kind=StatefulSet: ${greater}` },
      { fieldRef: 'spec.validations[1].messageExpression', warning: expect.stringContaining("found no matching overload for '_+_' applied to '(string, int)'") as string },
    ] },
  });
  await plane.client.patch(ValidatingAdmissionPolicies, { name: metadata.name }, { spec: { validations: [{ expression: 'object.spec.replicas > 1' }] } });
  expect(await statusOf('confused', 2)).toEqual({ observedGeneration: 2, typeChecking: {} });
});
