// The request as webhooks are told of it, and as expressions know it. upstream: apiserver pkg/admission/plugin/webhook/request/admissionreview.go,
// plugin/cel/condition.go (CreateAdmissionRequest)
import type { ResourceDefinition } from '../../../../src/schema/resource.ts';
import type { AdmissionRequest, BodyKind } from '../admission.ts';
import { namespaceOf } from './matching.ts';

const gvk = ({ group, version, kind }: Pick<BodyKind, 'group' | 'version' | 'kind'>): object => ({ group, version, kind });
const gvr = ({ group, version, plural }: ResourceDefinition): object => ({ group, version, resource: plural });

/** The options of the verb, in their own kind. */
function optionsOf({ operation, deleteOptions, context: { asked, dryRun } }: AdmissionRequest): object | null {
  if (operation === 'CONNECT') return null;
  const kind = { kind: operation === 'CREATE' ? 'CreateOptions' : operation === 'UPDATE' ? 'UpdateOptions' : 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}) };
  if (operation === 'DELETE') return { ...kind, ...deleteOptions };
  return { ...kind, ...(asked?.fieldManager ? { fieldManager: asked.fieldManager } : {}), ...(asked?.fieldValidation ? { fieldValidation: asked.fieldValidation } : {}) };
}

/** The request of a review, but for its uid and its objects; expressions know this much of it as `request`. */
export function requestMembers({ request, resource }: { readonly request: AdmissionRequest; readonly resource: ResourceDefinition }): Record<string, unknown> {
  const { operation, subresource, object, context: { user, dryRun } } = request;
  const { body } = request;
  const namespace = namespaceOf(request);
  const name = operation === 'CREATE' && subresource === '' ? object?.metadata.name ?? '' : request.name;
  const sub = subresource ? { subResource: subresource, requestSubResource: subresource } : {};
  return {
    kind: gvk(body ?? resource), resource: gvr(resource), ...sub, requestKind: gvk(body ?? request.resource), requestResource: gvr(request.resource),
    ...(name ? { name } : {}), ...(namespace ? { namespace } : {}), operation,
    userInfo: { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: user.groups, ...(user.extra ? { extra: user.extra } : {}) },
    dryRun, options: optionsOf(request),
  };
}
