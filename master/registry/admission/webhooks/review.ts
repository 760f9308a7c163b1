// AdmissionReview: the question to a webhook, and what its answer says. (upstream: apiserver pkg/admission/plugin/webhook/request/admissionreview.go,
// errors/statuserror.go)
import { jsonKind } from '../../../../src/apimachinery/go-text.ts';
import * as errors from '../../../../src/apimachinery/status-error.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import { isObject } from '../../../../src/schema/patch.ts';
import type { JsonValue } from '../../../../src/schema/schema.ts';
import type { AdmissionRequest } from '../admission.ts';
import { requestMembers } from '../dynamic/request-members.ts';
import type { Webhook } from './configurations.ts';

/** What a webhook is asked about: the request as one for `resource`, with the objects in that version. */
export interface Question { readonly request: AdmissionRequest; readonly resource: ResourceDefinition; readonly object: ApiObject | undefined; readonly old: ApiObject | undefined }

type Version = 'v1' | 'v1beta1';
/** The first version the webhook prefers that is known here. @throws Error */
export function reviewVersion({ admissionReviewVersions }: Pick<Webhook, 'admissionReviewVersions'>): Version {
  const version = admissionReviewVersions?.find((name): name is Version => name === 'v1' || name === 'v1beta1');
  if (!version) throw new Error('could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  return version;
}

export function reviewOf(question: Question, version: Version, uid: string): string {
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, request: { uid, ...requestMembers(question), object: question.object ?? null, oldObject: question.old ?? null } });
}

/** What an answer comes to. */
export interface Verdict { readonly allowed: boolean; readonly warnings: readonly string[]; readonly result: Result | undefined; /** JSON, in base64. */ readonly patch: string; readonly patchType: string | undefined }
interface Result { readonly code?: number; readonly status?: string; readonly message?: string; readonly reason?: string; readonly details?: errors.StatusDetails }
interface Response { readonly uid?: string; readonly allowed?: boolean; readonly warnings?: readonly string[] | null; readonly status?: Result | null; readonly patch?: string | null; readonly patchType?: string | null }

/** Reads an answer. @throws Error where it is none */
export function verdictOf(answer: unknown, version: Version, uid: string, mutating: boolean): Verdict {
  const refuse = (why: string): never => { throw new Error(`received invalid webhook response: ${why}`); };
  if (!isObject(answer)) return refuse(`json: cannot unmarshal ${jsonKind(answer)} into Go value of type ${version}.AdmissionReview`);
  const { kind = '', apiVersion = '' } = answer as { kind?: string; apiVersion?: string };
  const response = answer['response'] as Response | null | undefined;
  if (!response) return refuse('webhook response was absent');
  const patch = response.patch ?? '';
  const patchType = response.patchType ?? undefined;
  const verdict = { allowed: response.allowed ?? false, warnings: response.warnings ?? [], result: response.status ?? undefined, patch: mutating ? patch : '' };
  // The older version was never judged so strictly.
  if (version === 'v1beta1') return { ...verdict, patchType: verdict.patch ? 'JSONPatch' : undefined };
  if (response.uid !== uid) refuse(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1') refuse(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`);
  if (!mutating && patch) refuse('validating webhook may not return response.patch');
  if (!mutating && patchType !== undefined) refuse('validating webhook may not return response.patchType');
  if (patch && patchType === undefined) refuse('webhook returned response.patch but not response.patchType');
  if (!patch && patchType !== undefined) refuse('webhook returned response.patchType but not response.patch');
  if (patchType === '') refuse('webhook returned invalid response.patchType of ""');
  return { ...verdict, patchType };
}

/** The operations of a patch. @throws Error */
export function patchOf({ patch, patchType }: Verdict): JsonValue[] {
  let operations: JsonValue;
  try {
    operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as JsonValue;
  } catch (error) {
    throw new Error(`received undecodable patch in webhook response: ${(error as Error).message}`, { cause: error });
  }
  if (operations === null) return [];
  if (!Array.isArray(operations)) throw new Error(`received undecodable patch in webhook response: json: cannot unmarshal ${jsonKind(operations)} into Go value of type jsonpatch.Patch`);
  if (operations.length && patchType !== 'JSONPatch') throw new Error(`unsupported patch type ${JSON.stringify(patchType)}`);
  return operations;
}

/** The refusal of a request in the webhook's own words. */
export function denial(webhook: string, { code = 0, message, reason, details }: Result = {}): errors.StatusError {
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const why = message || reason;
  return new errors.StatusError(code < 400 ? 400 : code, reason ?? '', why ? `${denied}: ${why}` : `${denied} without explanation`, details ?? undefined);
}
