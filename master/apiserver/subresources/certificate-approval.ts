// certificatesigningrequests/{name}/approval: a decision about a request, which changes its conditions and its metadata.
// upstream: pkg/registry/certificates/certificates/strategy.go (csrApprovalStrategy)
import * as errors from '../../../src/apimachinery/status-error.ts';
import { approvalFaults, withConditionTimes, type CertificateSigningRequest } from '../../../src/api/certificates/certificate-signing-request.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { validateMetadataTwice } from '../../../src/schema/validation.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { cloneJson } from '../../../src/util/json.ts';
import { decodeObject, readBody } from '../handlers/body.ts';
import { answerObject, checkPlace, type ResourceHandlerContext } from '../handlers/objects.ts';
import { writeContext } from '../handlers/options.ts';
import { patched, readPatch } from '../handlers/patch.ts';
import type { AdmittedRequest, Answer } from '../request.ts';

export async function approval(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store, registry } = context;
  const { info } = request;
  if (info.verb === 'get') return answerObject(request, store.get(undefined, info.name), 200, context);
  const read = info.verb === 'patch' ? await readPatch(request) : undefined;
  const write = read?.write ?? writeContext(request, 'UpdateOptions');
  const body = read ? undefined : await readBody(request, store.resource.kind, context.typeOf);
  const fitted = (given: ApiObject, old: ApiObject): ApiObject => {
    const before = old as unknown as CertificateSigningRequest;
    const next = { ...cloneJson(before), metadata: given.metadata };
    delete (next.metadata as { resourceVersion?: string }).resourceVersion;
    const conditions = (given as unknown as CertificateSigningRequest).status?.conditions ?? [];
    next.status = { ...next.status, conditions: withConditionTimes(conditions, before.status?.conditions ?? [], timestamp(registry.clock.now())) };
    const faults = [...validateMetadataTwice(store.resource, next as never, old), ...approvalFaults(next, before)];
    if (faults.length) throw errors.invalid(store.resource.group, store.resource.kind, info.name, faults);
    return next as never;
  };
  const { stored } = await store.update(undefined, info.name, (old) => {
    const given = read ? patched(store.resource, old!, read.patch, write) : decodeObject(store.resource, body!, write);
    if (body) checkPlace(given, info, false);
    const { resourceVersion } = given.metadata;
    if (resourceVersion && resourceVersion !== old!.metadata.resourceVersion) throw errors.modified(store.groupResource, info.name);
    return fitted(given, old!);
  }, { subresource: 'approval', internal: true, refit: fitted }, write);
  return answerObject(request, stored, 200, context);
}
