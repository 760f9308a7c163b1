// Who may decide on a CertificateSigningRequest, and who may sign it: whoever may `approve` or `sign` for its signer, by its name or
// for all of its domain. (upstream: plugin/pkg/admission/certificates, pkg/apis/certificates/helpers)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { equalJson } from '../../../src/util/json.ts';
import type { User } from '../../registry/request-context.ts';
import type { Registry } from '../../registry/registry.ts';
import { decide, type Authorizer } from '../filters/authorization.ts';

const group = 'certificates.k8s.io';
const plural = 'certificatesigningrequests';

interface Status { readonly certificate?: string; readonly conditions?: readonly unknown[] }
const statusOf = (object: ApiObject): Status => (object['status'] as Status | undefined) ?? {};
const signed = (object: ApiObject, old: ApiObject): boolean => {
  const [now, before] = [statusOf(object), statusOf(old)];
  return now.certificate !== before.certificate || !equalJson(now.conditions ?? [], before.conditions ?? []);
};

/** Makes the registry refuse decisions and signatures of those who may not make them for the signer. */
export function guardSigners(registry: Registry, authorizers: readonly Authorizer[]): void {
  const may = (user: User, verb: string, name: string): boolean =>
    decide(user, { isResource: true, verb, path: '', group, version: '*', namespace: '', resource: 'signers', subresource: '', name, rest: [] }, authorizers).allowed;
  registry.find(group, 'v1', plural)?.protect((object, old, { user }, subresource) => {
    const verb = subresource === 'approval' ? 'approve' : old && subresource === 'status' && signed(object, old) ? 'sign' : undefined;
    if (!old || !verb) return;
    const { signerName } = old['spec'] as { signerName: string };
    if (may(user, verb, signerName) || may(user, verb, `${signerName.split('/')[0]}/*`)) return;
    throw errors.forbidden({ group, resource: plural }, old.metadata.name, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`);
  });
}
