// What a DELETE does to an object: grace, finalizers and the garbage collector's policies.
import { ConfigMaps } from '../../../../src/api/core/config-map.ts';
import { Jobs } from '../../../../src/api/batch/job.ts';
import { Namespaces } from '../../../../src/api/core/namespace.ts';
import { Pods } from '../../../../src/api/core/pod.ts';
import { ReplicationControllers } from '../../../../src/api/core/replication-controller.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import { planDeletion } from '../../../../master/registry/deletion.ts';
import type { DeleteOptions } from '../../../../master/registry/request-context.ts';

const now = Date.parse('2030-01-01T00:01:00Z');
const object = (metadata: object, rest: object = {}): ApiObject => ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: null, ...metadata }, ...rest });
const pod = (metadata: object = {}, spec: object = { nodeName: 'n' }, phase = 'Running'): ApiObject => object(metadata, { spec: { terminationGracePeriodSeconds: 30, ...spec }, status: { phase } });
/** `began` seconds ago, with `grace` seconds. */
const ending = (began: number, grace: number): object => ({ deletionTimestamp: new Date(now - began * 1000 + grace * 1000).toISOString().replace('.000', ''), deletionGracePeriodSeconds: grace });

describe('the plan of a deletion', () => {
  it.each<[what: string, resource: ResourceDefinition, old: ApiObject, options: DeleteOptions, kind: string, metadata: object]>([
    ['without anything that holds it', ConfigMaps, object({}), {}, 'remove', {}],
    ['with a finalizer', ConfigMaps, object({ finalizers: ['a/b'], generation: 2 }), {}, 'mark', { deletionTimestamp: '2030-01-01T00:01:00Z', deletionGracePeriodSeconds: 0, finalizers: ['a/b'], generation: 3 }],
    ['with a finalizer, once more', ConfigMaps, object({ finalizers: ['a/b'], ...ending(10, 0) }), {}, 'none', {}],
    ['with a finalizer, once more with a policy', ConfigMaps, object({ finalizers: ['a/b', 'orphan'], ...ending(10, 0) }), { propagationPolicy: 'Background' }, 'mark', { finalizers: ['a/b'], deletionTimestamp: '2030-01-01T00:00:50Z' }],
    ['whose last finalizer is the policy it no longer has', ConfigMaps, object({ finalizers: ['foregroundDeletion'], ...ending(10, 0) }), { propagationPolicy: 'Background' }, 'remove', {}],
    ['that orphans', ConfigMaps, object({}), { propagationPolicy: 'Orphan' }, 'mark', { finalizers: ['orphan'] }],
    ['that orphans, in old words', ConfigMaps, object({ finalizers: ['foregroundDeletion'] }), { orphanDependents: true }, 'mark', { finalizers: ['orphan'] }],
    ['that waits for dependents', ConfigMaps, object({ finalizers: ['a/b', 'orphan'] }), { propagationPolicy: 'Foreground' }, 'mark', { finalizers: ['a/b', 'foregroundDeletion'] }],
    ['that keeps the policy it has', ConfigMaps, object({ finalizers: ['orphan'] }), {}, 'mark', { finalizers: ['orphan'] }],
    ...[ReplicationControllers, Jobs].flatMap((kind): [string, ResourceDefinition, ApiObject, DeleteOptions, string, object][] => [
      [`of a ${kind.kind}, which orphans unless told`, kind, object({}), {}, 'mark', { finalizers: ['orphan'] }],
      [`of a ${kind.kind} that has another policy`, kind, object({ finalizers: ['foregroundDeletion'] }), {}, 'mark', { finalizers: ['foregroundDeletion'] }],
      [`of a ${kind.kind} in the background`, kind, object({}), { propagationPolicy: 'Background' }, 'remove', {}],
      [`of a ${kind.kind} that does not orphan, in old words`, kind, object({}), { orphanDependents: false }, 'remove', {}],
    ]),
    ['of a Pod on a node', Pods, pod({ generation: 1 }), {}, 'mark', { deletionTimestamp: '2030-01-01T00:01:30Z', deletionGracePeriodSeconds: 30, generation: 2 }],
    ['of a Pod that may take for ever', Pods, pod(), { gracePeriodSeconds: 2 ** 53 }, 'mark', { deletionTimestamp: '9999-12-31T23:59:59Z', deletionGracePeriodSeconds: 2 ** 53 }],
    ['of a Pod on no node', Pods, pod({}, {}), { gracePeriodSeconds: 40 }, 'remove', { deletionTimestamp: '2030-01-01T00:01:00Z', deletionGracePeriodSeconds: 0 }],
    ['of a Pod that has ended', Pods, pod({}, { nodeName: 'n' }, 'Succeeded'), {}, 'remove', { deletionGracePeriodSeconds: 0 }],
    ['of a Pod by force', Pods, pod(), { gracePeriodSeconds: 0 }, 'remove', { deletionGracePeriodSeconds: 0 }],
    ['of a Pod by force, with a finalizer', Pods, pod({ finalizers: ['a/b'] }), { gracePeriodSeconds: 0 }, 'mark', { deletionTimestamp: '2030-01-01T00:01:00Z', deletionGracePeriodSeconds: 0 }],
    ['of a Pod with a negative grace', Pods, pod(), { gracePeriodSeconds: -5 }, 'mark', { deletionGracePeriodSeconds: 1 }],
    ['of an ending Pod', Pods, pod(ending(10, 30)), {}, 'none', {}],
    ['of an ending Pod, with more grace', Pods, pod(ending(10, 30)), { gracePeriodSeconds: 60 }, 'none', {}],
    ['of an ending Pod, with a policy', Pods, pod(ending(10, 30)), { propagationPolicy: 'Orphan' }, 'none', {}],
    ['of an ending Pod that has ended since', Pods, pod(ending(10, 30), { nodeName: 'n' }, 'Failed'), {}, 'none', {}],
    ['of an ending Pod, with less grace', Pods, pod(ending(10, 30)), { gracePeriodSeconds: 20 }, 'mark', { deletionTimestamp: '2030-01-01T00:01:10Z', deletionGracePeriodSeconds: 20 }],
    ['of an ending Pod, with a grace that is over', Pods, pod(ending(10, 30)), { gracePeriodSeconds: 5 }, 'mark', { deletionTimestamp: '2030-01-01T00:01:00Z', deletionGracePeriodSeconds: 1 }],
    ['of an ending Pod by force', Pods, pod(ending(10, 30)), { gracePeriodSeconds: 0 }, 'remove', { deletionGracePeriodSeconds: 0 }],
    ['of a Pod whose grace is over', Pods, pod(ending(10, 0)), {}, 'remove', {}],
  ])('%s', (_what, resource, old, options, kind, metadata) => {
    const before = JSON.stringify(old);
    const plan = planDeletion(resource, old, options, now);
    expect(plan.kind).toBe(kind);
    if (plan.kind !== 'none') expect(plan.object.metadata).toMatchObject(metadata);
    expect(JSON.stringify(old)).toBe(before);
  });

  it('of a namespace waits for what is in it', () => {
    const old = object({}, { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
    const plan = planDeletion(Namespaces, old, {}, now);
    expect(plan).toMatchObject({ kind: 'mark', object: { metadata: { deletionTimestamp: '2030-01-01T00:01:00Z' }, status: { phase: 'Terminating' } } });
    if (plan.kind !== 'mark') throw new Error('it was to be marked');
    expect(plan.object.metadata.deletionGracePeriodSeconds).toBeUndefined();
    expect(planDeletion(Namespaces, plan.object, {}, now + 1000).kind).toBe('none');
  });
});
