// What all reviews share: questions that are answered, not stored. The question comes back with the answer in its status.
import { invalid, type Fault } from '../../../src/apimachinery/fault.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import { applyDefaults } from '../../../src/schema/defaulting.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import type { User } from '../../registry/request-context.ts';
import { decodeObject, readBody } from '../handlers/body.ts';
import type { ResourceHandlerContext } from '../handlers/objects.ts';
import { writeContext } from '../handlers/options.ts';
import { objectAnswer, type AdmittedRequest, type Answer } from '../request.ts';

/** A create of a kind that is computed and not stored, e.g. a review. */
export type ComputedHandler = (request: AdmittedRequest, context: ResourceHandlerContext) => Promise<Answer>;

/** The body as an object of the resource, with defaults and who has written what, as admission lets it pass. @throws StatusError */
export async function readReview(request: AdmittedRequest, { store, typeOf }: ResourceHandlerContext): Promise<ApiObject> {
  const { resource } = store;
  const write = writeContext(request, 'CreateOptions');
  const object = decodeObject(resource, await readBody(request, resource.kind, typeOf), write);
  applyDefaults(resource.type, object);
  store.track(object, write);
  const { namespace } = request.info;
  if (resource.namespaced) {
    if (object.metadata.namespace && object.metadata.namespace !== namespace) throw errors.badRequest('the namespace of the provided object does not match the namespace sent on the request');
    object.metadata.namespace = namespace;
  }
  await store.admit({ operation: 'CREATE', subresource: '', namespace: namespace || undefined, name: object.metadata.name, object, context: write }, 'concernsAll');
  return object;
}

/** Judges the question itself; its metadata must be empty. Upstream knows no kind at this point. @throws StatusError 422 */
export function refuseReview({ metadata, ...rest }: ApiObject, { store }: Pick<ResourceHandlerContext, 'store'>): void {
  const { resource } = store;
  const faults: Fault[] = resource.validate?.({ metadata, ...rest }) ?? [];
  const filled = Object.entries(metadata).filter(([name, value]) => value !== null && name !== 'managedFields' && !(resource.namespaced && name === 'namespace'));
  if (filled.length) faults.push(invalid('metadata', metadata, resource.namespaced ? 'must be empty except for namespace' : 'must be empty'));
  if (faults.length) throw errors.invalid(resource.group, '', '', faults);
}

export const answerReview = (object: ApiObject, status: unknown): Answer =>
  objectAnswer({ ...object, metadata: { ...object.metadata, creationTimestamp: object.metadata.creationTimestamp ?? null }, status }, 201);

export interface UserInfo { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> }
export const userInfo = ({ name, uid, groups, extra }: User): UserInfo => ({
  ...(name ? { username: name } : {}), ...(uid ? { uid } : {}), ...(groups.length ? { groups } : {}), ...(extra && Object.keys(extra).length ? { extra } : {}),
});
