// An object in the form webhooks and policies are shown it: in the version of its resource they are about, or as the body of a
// subresource. upstream: apiserver pkg/admission/conversion.go
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import { inVersion } from '../../views.ts';
import type { AdmissionRequest } from '../admission.ts';

/** As who asked for `resource` sees it; not to be changed. @throws StatusError */
export async function shownAs({ resource: own, body }: Pick<AdmissionRequest, 'resource' | 'body'>, resource: ResourceDefinition, object: ApiObject | undefined): Promise<ApiObject | undefined> {
  if (!object) return undefined;
  return body ? body.within?.read(object) ?? object : inVersion(object, own, resource);
}
