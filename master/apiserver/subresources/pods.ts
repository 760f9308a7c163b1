// Writes to parts of Pods: their binding, ephemeral containers and resources; and the end of namespaces.
// (upstream: registry/core/pod/storage/storage.go)
import { notSupported, required } from '../../../src/apimachinery/fault.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import { setCondition, type AnyCondition } from '../../../src/apimachinery/conditions.ts';
import { Bindings } from '../../../src/api/core/binding.ts';
import { ephemeralContainersFaults, resizeFaults, withEphemeralContainers, withResizedContainers } from '../../../src/api/core/pod-subresources.ts';
import { podSpec } from '../../../src/api/core/pod-spec.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { applyDefaults } from '../../../src/schema/defaulting.ts';
import { validateValue } from '../../../src/schema/validation.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { objectAnswer, type AdmittedRequest, type Answer } from '../request.ts';
import { decodeObject, readBody } from '../handlers/body.ts';
import { answerObject, type ResourceHandlerContext } from '../handlers/objects.ts';
import { writeContext } from '../handlers/options.ts';
import { patched, readPatch } from '../handlers/patch.ts';
import { cloneJson } from '../../../src/util/json.ts';

const bindingKind = { type: Bindings.type, kind: 'Binding', apiVersion: 'v1', group: '', version: 'v1' };

interface Binding extends ApiObject { target?: { kind?: string; name?: string } }

/** POST pods/{name}/binding: the scheduler's decision, taken once. */
export async function bind(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store, registry } = context;
  if (request.info.verb !== 'create') throw errors.methodNotAllowed();
  const write = writeContext(request, 'CreateOptions');
  const binding = decodeObject(bindingKind, await readBody(request, 'Binding', context.typeOf), write) as Binding;
  const name = request.info.name || binding.metadata.name || '';
  if (binding.metadata.name && binding.metadata.name !== name) throw errors.badRequest('name in URL does not match name in Binding object');
  const { resource, subresource, namespace } = request.info;
  await registry.of({ group: '', version: 'v1', plural: resource }).admit({ operation: 'CREATE', subresource, namespace, name, object: binding, body: bindingKind, context: write }, 'concernsAll');
  const node = binding.target?.name;
  const faults = [
    ...(binding.target?.kind && binding.target.kind !== 'Node' ? [notSupported('target.kind', binding.target.kind, ['Node', '<empty>'], 'given')] : []),
    ...(node ? [] : [required('target.name')]),
  ].map((fault) => `${fault.field}: ${fault.message}`);
  if (faults.length) throw errors.bare(faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`);
  const refuse = (why: string): never => { throw errors.conflict({ group: '', resource: 'pods/binding' }, name, why); };
  await store.update(request.info.namespace, name, (old) => {
    const spec = old!['spec'] as { nodeName?: string };
    const { uid, annotations } = binding.metadata;
    if (uid && uid !== old!.metadata.uid) refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old!.metadata.uid}`);
    if (old!.metadata.deletionTimestamp) refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
    if (spec.nodeName) refuse(`pod ${name} is already assigned to node "${spec.nodeName}"`);
    const pod = cloneJson(old!);
    // The revision read is no lock of the client's: a lost race is tried again.
    delete (pod.metadata as { resourceVersion?: string }).resourceVersion;
    (pod['spec'] as { nodeName?: string }).nodeName = node!;
    if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
    const status = (pod['status'] ??= {}) as { conditions?: AnyCondition[] };
    status.conditions = setCondition(status.conditions, { type: 'PodScheduled', status: 'True' }, timestamp(registry.clock.now()));
    return pod;
  }, { subresource: 'binding', internal: true }, { ...write, withinAdmitted: true });
  return objectAnswer({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201);
}

/** POST bindings: the same, of the Pod the binding names. */
export const bindPod = (request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> => bind(request, { ...context, store: context.registry.of({ group: '', version: 'v1', plural: 'pods' }) });

/** pods/{name}/ephemeralcontainers and pods/{name}/resize: writes that change one part of a Pod that is otherwise fixed. */
function podPart(part: 'ephemeralcontainers' | 'resize') {
  const [merge, faultsOf] = part === 'resize' ? [withResizedContainers, resizeFaults] as const : [withEphemeralContainers, ephemeralContainersFaults] as const;
  return async (request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> => {
    const { store } = context;
    const { info } = request;
    if (info.verb === 'get') return answerObject(request, store.get(info.namespace, info.name), 200, context);
    if (info.verb !== 'update' && info.verb !== 'patch') throw errors.methodNotAllowed();
    const read = info.verb === 'patch' ? await readPatch(request) : undefined;
    const write = read?.write ?? writeContext(request, 'UpdateOptions');
    const body = info.verb === 'update' ? await readBody(request, 'Pod', context.typeOf) : undefined;
    const fitted = (given: ApiObject, old: ApiObject): ApiObject => {
      const pod = cloneJson(merge(given as unknown as Pod, old as unknown as Pod));
      const faults = [...faultsOf(pod, old as unknown as Pod), ...validateValue(podSpec, pod.spec, 'spec')];
      if (faults.length) throw errors.invalid('', 'Pod', info.name, faults);
      delete (pod.metadata as { resourceVersion?: string }).resourceVersion;
      return pod as never;
    };
    const { stored } = await store.update(info.namespace, info.name, (old) => {
      const given = read ? patched(store.resource, old!, read.patch, write) : decodeObject(store.resource, body!, write);
      if (body && given.metadata.resourceVersion && given.metadata.resourceVersion !== old!.metadata.resourceVersion) throw errors.modified(store.groupResource, info.name);
      applyDefaults(store.resource.type, given);
      return fitted(given, old!);
    }, { subresource: part, internal: true, refit: fitted }, write);
    return answerObject(request, stored, 200, context);
  };
}
export const ephemeralContainers = podPart('ephemeralcontainers');
export const resize = podPart('resize');

/** PUT namespaces/{name}/finalize: writes spec.finalizers; the namespace leaves when none is left. */
export async function finalizeNamespace(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const write = writeContext(request, 'UpdateOptions');
  const wanted = decodeObject(store.resource, await readBody(request, 'Namespace', context.typeOf), write);
  const fitted = (given: ApiObject, old: ApiObject): ApiObject => {
    const namespace = cloneJson(old);
    delete (namespace.metadata as { resourceVersion?: string }).resourceVersion;
    const spec = (namespace['spec'] ??= {}) as { finalizers?: readonly string[] };
    const finalizers = (given['spec'] as { finalizers?: readonly string[] } | undefined)?.finalizers ?? [];
    if (finalizers.length) spec.finalizers = finalizers;
    else delete spec.finalizers;
    return namespace;
  };
  const { stored } = await store.update(undefined, request.info.name, (old) => {
    if (wanted.metadata.resourceVersion && wanted.metadata.resourceVersion !== old!.metadata.resourceVersion) throw errors.modified(store.groupResource, request.info.name);
    return fitted(wanted, old!);
  }, { subresource: 'finalize', internal: true, refit: fitted }, write);
  return answerObject(request, stored, 200, context);
}
