// Says of each ValidatingAdmissionPolicy what types say against its expressions. (upstream: pkg/controller/validatingadmissionpolicystatus/controller.go)
import { ValidatingAdmissionPolicies } from '../../../src/api/admissionregistration/validating-admission-policy.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { typeWarnings } from './type-checking.ts';

export const policyStatusController: Controller = {
  name: 'validatingadmissionpolicy-status-controller',
  for: ValidatingAdmissionPolicies,
  async reconcile({ client, cached }: ControllerContext, name: string): Promise<void> {
    const policy = cached(ValidatingAdmissionPolicies).get(name);
    if (!policy || policy.metadata.deletionTimestamp) return;
    const { metadata: { generation = 0, resourceVersion }, spec, status } = policy;
    if (generation <= (status?.observedGeneration ?? 0)) return;
    const warnings = typeWarnings(spec);
    await client.patch(ValidatingAdmissionPolicies, { name }, { metadata: { resourceVersion }, status: { observedGeneration: generation, typeChecking: { expressionWarnings: warnings.length ? warnings : null } } }, { subresource: 'status' });
  },
};
