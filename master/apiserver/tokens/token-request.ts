// POST serviceaccounts/{name}/token: a token of the account, for the audiences and the time that are asked for, bound to a Pod, Node or
// Secret when one is named. (upstream: pkg/registry/core/serviceaccount/storage/token.go)
import { Nodes } from '../../../src/api/core/node.ts';
import { Pods } from '../../../src/api/core/pod.ts';
import { Secrets } from '../../../src/api/core/secret.ts';
import { tokenRequestSpec, tokenRequestType } from '../../../src/api/authentication/token-request.ts';
import { invalid } from '../../../src/apimachinery/fault.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import { applyDefaults } from '../../../src/schema/defaulting.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { validateValue } from '../../../src/schema/validation.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { FieldManagement } from '../../registry/field-management.ts';
import type { Registry } from '../../registry/registry.ts';
import type { SubresourceHandler } from '../api-server.ts';
import { decodeObject, readBody } from '../handlers/body.ts';
import { writeContext } from '../handlers/options.ts';
import { objectAnswer } from '../request.ts';
import { issuer, type TokenWish } from './claims.ts';
import type { TokenIssuer } from './issuer.ts';

const group = 'authentication.k8s.io';
const kind = { type: tokenRequestType, kind: 'TokenRequest', apiVersion: `${group}/v1`, group, version: 'v1' };
const fields = new FieldManagement(kind);

/** What admission asks for in the tokens it mounts; such tokens live on, marked as stale, for programs that read theirs only once. */
const mountedTokenSeconds = 3607;
const extendedSeconds = 365 * 24 * 3600;

interface BoundRef { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string }
interface Spec { audiences?: string[]; expirationSeconds: number; boundObjectRef?: BoundRef | null }

export function tokenRequestHandler(tokens: Pick<TokenIssuer, 'bound'>): SubresourceHandler {
  return async (request, { store, registry, typeOf }) => {
    const { namespace, name } = request.info;
    const write = writeContext(request, 'CreateOptions');
    const asked = decodeObject(kind, await readBody(request, kind.kind, typeOf), write);
    applyDefaults(kind.type, asked);
    const now = registry.clock.now();
    fields.track(undefined, asked, { subresource: 'token', manager: write.fieldManager, now: timestamp(now) });
    for (const field of ['name', 'namespace'] as const) {
      const value = asked.metadata[field];
      if (value && value !== request.info[field]) throw errors.invalid(group, kind.kind, name, [invalid(`metadata.${field}`, value, `must match the service account ${field} if specified`)]);
    }
    const account = store.get(namespace, name).object;
    const spec = asked['spec'] as Spec;
    if (!spec.audiences?.length) spec.audiences = [issuer];
    Object.assign(asked.metadata, { name, namespace, creationTimestamp: timestamp(now) });
    const faults = validateValue(tokenRequestSpec, spec, 'spec');
    if (faults.length) throw errors.invalid(group, kind.kind, '', faults);
    await store.admit({ operation: 'CREATE', subresource: 'token', namespace, name, object: asked, body: kind, context: write });

    const bound = boundObjects(registry, spec.boundObjectRef ?? undefined, namespace, name);
    const lives = bound.pod && spec.expirationSeconds === mountedTokenSeconds && spec.audiences.every((audience) => audience === issuer);
    const { token } = await tokens.bound({
      account, audiences: spec.audiences, ...bound,
      ...(lives ? { expirationSeconds: extendedSeconds, warnAfterSeconds: spec.expirationSeconds } : { expirationSeconds: spec.expirationSeconds }),
    });
    const { apiVersion, metadata } = asked;
    return objectAnswer({
      kind: kind.kind, apiVersion, metadata, spec: { ...spec, boundObjectRef: spec.boundObjectRef ?? null },
      status: { token, expirationTimestamp: timestamp(now + spec.expirationSeconds * 1000) },
    }, 201);
  };
}

/** The object a token is to die with, as it is now. @throws StatusError */
function boundObjects(registry: Registry, ref: BoundRef | undefined, namespace: string, account: string): Pick<TokenWish, 'pod' | 'secret' | 'node'> {
  if (!ref) return {};
  const { apiVersion = '', kind: bound = '', name = '' } = ref;
  const slash = apiVersion.indexOf('/');
  const [boundGroup, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
  const sameUid = (object: ApiObject): ApiObject => {
    if (ref.uid && object.metadata.uid !== ref.uid) throw errors.conflict({ group: '', resource: bound }, name, `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
    return object;
  };
  if (boundGroup === '' && bound === 'Pod') {
    const pod = registry.of(Pods).get(namespace, name).object;
    const { serviceAccountName, nodeName } = pod['spec'] as { serviceAccountName?: string; nodeName?: string };
    if (serviceAccountName !== account) throw errors.badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`);
    sameUid(pod);
    if (!nodeName) return { pod };
    // A node that is not there yet is told by its name alone.
    const node = registry.of(Nodes).find(undefined, nodeName)?.object;
    return { pod, node: { name: nodeName, ...(node ? { uid: node.metadata.uid } : {}) } };
  }
  if (boundGroup === '' && bound === 'Node') {
    const { metadata } = sameUid(registry.of(Nodes).get(undefined, name).object);
    return { node: { name: metadata.name, uid: metadata.uid } };
  }
  if (boundGroup === '' && bound === 'Secret') return { secret: sameUid(registry.of(Secrets).get(namespace, name).object) };
  throw errors.badRequest(`cannot bind token to object of type ${boundGroup}/${version}, Kind=${bound}`);
}
