// Admission webhooks: what validating and mutating ones share. (upstream: pkg/apis/admissionregistration/validation/validation.go, pkg/apis/admissionregistration/v1/defaults.go)
import { child, duplicate, index, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1035Label } from '../../apimachinery/names.ts';
import { conditionFault } from '../../schema/structural/request-conditions.ts';
import { array, int32, required, string, types } from '../../schema/schema.ts';
import { fullyQualifiedNameFaults, messages } from '../value-faults.ts';
import { webhookClientFaults, webhookClientTypes } from '../webhook-client.ts';
import { admissionPackage, failurePolicies, matchPolicies, ruleWithOperations } from './rules.ts';

export const { serviceReference, webhookClientConfig } = webhookClientTypes(admissionPackage);
const reviewVersions = ['v1', 'v1beta1'];
const sideEffects = ['None', 'NoneOnDryRun'];

export const webhookFields = {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the webhook, a domain name of at least three parts.' }),
  clientConfig: required(2, webhookClientConfig, { doc: 'How to reach it.' }),
  rules: array(3, ruleWithOperations, { listType: 'atomic', doc: 'Requests it is asked about.' }),
  failurePolicy: string(4, { pointer: true, default: 'Fail', enum: failurePolicies, doc: 'What an error of the webhook means: Fail refuses the request, Ignore goes on.' }),
  matchPolicy: string(9, { pointer: true, default: 'Equivalent', enum: matchPolicies, doc: 'Exact, or Equivalent for other versions of the same resource too.' }),
  sideEffects: string(6, { required: true, pointer: true, unchecked: true, doc: 'Whether a call changes something elsewhere: None, or NoneOnDryRun.' }),
  timeoutSeconds: int32(7, { pointer: true, default: 10, doc: 'Seconds the webhook may take, 1 to 30.' }),
  admissionReviewVersions: array(8, types.string, { required: true, unchecked: true, listType: 'atomic', doc: 'Versions of AdmissionReview it understands, the preferred one first.' }),
};

interface Webhook { readonly name: string; readonly clientConfig: Parameters<typeof webhookClientFaults>[0]; readonly sideEffects: string | null; readonly timeoutSeconds?: number; readonly admissionReviewVersions: readonly string[] | null; readonly matchConditions?: readonly { readonly expression: string }[] }

export function webhookFaults({ name, clientConfig, sideEffects: effects, timeoutSeconds, matchConditions = [] }: Webhook, path: string): Fault[] {
  const effectsPath = child(path, 'sideEffects');
  return [
    ...fullyQualifiedNameFaults(name, child(path, 'name')),
    ...(effects === null ? [requiredFault(effectsPath, 'must specify one of None, NoneOnDryRun')] : sideEffects.includes(effects) ? [] : [notSupported(effectsPath, effects, sideEffects)]),
    ...(timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1) ? [invalid(child(path, 'timeoutSeconds'), timeoutSeconds, 'the timeout value must be between 1 and 30 seconds')] : []),
    ...webhookClientFaults(clientConfig, child(path, 'clientConfig')),
    ...matchConditions.flatMap(({ expression }, i) => {
      const fault = expression.trim() === '' ? undefined : conditionFault(expression);
      return fault === undefined ? [] : [invalid(child(index(child(path, 'matchConditions'), i), 'expression'), expression, fault)];
    }),
  ];
}

/** Faults of the list: names are unique, and each webhook understands a version this server sends. */
export function webhookListFaults(webhooks: readonly Webhook[] | null | undefined): Fault[] {
  const given = webhooks ?? [];
  return given.flatMap(({ name, admissionReviewVersions }, i) => {
    const at = index('webhooks', i);
    const path = child(at, 'admissionReviewVersions');
    const versions = admissionReviewVersions ?? [];
    const faults = given.findIndex((other) => other.name === name) < i ? [duplicate(child(at, 'name'), name)] : [];
    if (versions.length === 0) return [...faults, requiredFault(path, `must specify one of ${reviewVersions.join(', ')}`)];
    versions.forEach((version, v) => {
      if (versions.indexOf(version) < v) faults.push(invalid(index(path, v), version, 'duplicate version'));
      faults.push(...messages(index(path, v), version, isDNS1035Label(version)));
    });
    if (!versions.some((version) => reviewVersions.includes(version))) faults.push(invalid(path, versions, `must include at least one of ${reviewVersions.join(', ')}`));
    return faults;
  });
}
