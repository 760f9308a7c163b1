// What the garbage collector decides from the state of an object's owners.
import { judge, type OwnerState } from '../../../../master/controllers/garbagecollector/plan.ts';
import { Graph } from '../../../../master/controllers/garbagecollector/graph.ts';
import { conditionsDiffer, namespaceConditions } from '../../../../master/controllers/namespace/plan.ts';
import { fateOf, surplusFinished } from '../../../../master/controllers/podgc/plan.ts';
import { allResources } from '../../../../src/api/index.ts';
import { notFound } from '../../../../src/apimachinery/status-error.ts';
import { ResourceSet } from '../../../../src/schema/resource-set.ts';
import { createControllers } from '../../../../master/controllers/index.ts';
import { createEventTtlController, lastSeen } from '../../../../master/controllers/eventttl/event-ttl-controller.ts';
import { Deployments } from '../../../../src/api/apps/deployment.ts';
import { ReplicaSets } from '../../../../src/api/apps/replica-set.ts';
import { Nodes } from '../../../../src/api/core/node.ts';
import { Pods } from '../../../../src/api/core/pod.ts';
import { at, node, pod, replicaSet, t0 } from './objects.ts';

describe('what an object’s owners mean for it', () => {
  it.each<[string, OwnerState[], boolean, string[], object]>([
    ['no owner at all', [], false, [], { action: 'keep' }],
    ['a solid owner', ['solid'], false, [], { action: 'keep' }],
    ['one solid, one gone', ['solid', 'dangling'], false, [], { action: 'removeReferences', uids: ['1'] }],
    ['one solid, one waiting', ['solid', 'waiting'], true, [], { action: 'removeReferences', uids: ['1'] }],
    ['all gone', ['dangling', 'dangling'], true, [], { action: 'delete', propagationPolicy: 'Background' }],
    ['all gone, its own dependents to be orphaned', ['dangling'], true, ['orphan'], { action: 'delete', propagationPolicy: 'Orphan' }],
    ['all gone, foreground asked', ['dangling'], true, ['foregroundDeletion'], { action: 'delete', propagationPolicy: 'Foreground' }],
    ['an owner waits, and it has dependents', ['waiting', 'dangling'], true, [], { action: 'delete', propagationPolicy: 'Foreground' }],
    ['an owner waits, it has none', ['waiting'], false, [], { action: 'delete', propagationPolicy: 'Background' }],
    ['an owner of a kind not served', ['unknown', 'dangling'], true, [], { action: 'keep' }],
  ])('%s', (_, states, hasDependents, finalizers, verdict) => {
    expect(judge(pod({ metadata: { finalizers } }), states.map((state, i) => ({ uid: String(i), state })), hasDependents)).toEqual(verdict);
  });
});

describe('where owners are found', () => {
  const kinds = [Deployments, ReplicaSets, Pods, Nodes];
  const graph = new Graph(() => kinds);
  const ref = (apiVersion: string, kind: string) => ({ apiVersion, kind, name: 'x', uid: 'u' });
  it('in the namespace of the dependent, or in none', () => {
    expect(graph.owner(ref('apps/v1', 'Deployment'), replicaSet())).toEqual({ resource: Deployments, key: { namespace: 'default', name: 'x' } });
    expect(graph.owner(ref('v1', 'Node'), pod())).toEqual({ resource: Nodes, key: { namespace: undefined, name: 'x' } });
  });
  it('not at all for other kinds, and not in a namespace from outside of one', () => {
    expect(graph.owner(ref('example.com/v1', 'Deployment'), pod())).toBeUndefined();
    expect(graph.owner(ref('apps/v1', 'Deployment'), node())).toBeUndefined();
  });
  it('by keys that can be read back', () => { expect(graph.parse(graph.key(ReplicaSets, 'ns/a'))).toEqual({ resource: ReplicaSets, objectKey: 'ns/a' }); });
});

describe('the conditions of a namespace that ends', () => {
  const of = (conditions: ReturnType<typeof namespaceConditions>) => Object.fromEntries(conditions.map((c) => [c.type, [c.status, c.message]]));
  it('say what remains and what holds it', () => {
    const remaining = [{ resource: Pods, objects: [pod({ metadata: { finalizers: ['a/b'] } }), pod()] }, { resource: ReplicaSets, objects: [] }];
    expect(of(namespaceConditions(undefined, { failures: [], remaining }, at(0)))).toEqual({
      NamespaceDeletionDiscoveryFailure: ['False', 'All resources successfully discovered'],
      NamespaceDeletionGroupVersionParsingFailure: ['False', 'All legacy kube types successfully parsed'],
      NamespaceDeletionContentFailure: ['False', 'All content successfully deleted, may be waiting on finalization'],
      NamespaceContentRemaining: ['True', 'Some resources are remaining: pods. has 2 resource instances'],
      NamespaceFinalizersRemaining: ['True', 'Some content in the namespace has finalizers remaining: a/b in 1 resource instances'],
    });
  });
  it('say what failed, and keep the time of what did not change', () => {
    const first = namespaceConditions(undefined, { failures: ['b', 'a'], remaining: [] }, at(0));
    expect(of(first)['NamespaceDeletionContentFailure']).toEqual(['True', 'Failed to delete all resource types, 2 remaining: a, b']);
    const second = namespaceConditions(first, { failures: ['b', 'a'], remaining: [] }, at(60));
    expect(conditionsDiffer(first, second)).toBe(false);
    expect(second.every((c) => c.lastTransitionTime === at(0))).toBe(true);
    expect(conditionsDiffer(first, namespaceConditions(first, { failures: [], remaining: [] }, at(60)))).toBe(true);
  });
});

it('a namespace says which extension servers nobody could ask for what they hold', () => {
  const [condition] = namespaceConditions(undefined, { failures: [], remaining: [], undiscovered: ['b.io/v1', 'a.io/v1'] }, at(0));
  expect(condition).toMatchObject({
    type: 'NamespaceDeletionDiscoveryFailure', status: 'True', reason: 'DiscoveryFailed',
    message: 'Discovery failed for some groups, 2 failing: unable to retrieve the complete list of server APIs: a.io/v1: stale GroupVersion discovery: a.io/v1, b.io/v1: stale GroupVersion discovery: b.io/v1',
  });
});

describe('Pods no kubelet will report on', () => {
  const ready = node({ status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  const lost = node({ spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } });
  it.each([
    ['waits for a node', pod(), undefined, 'keep'], ['ends without one', pod({ metadata: { deletionTimestamp: at(1) } }), undefined, 'unscheduled'],
    ['its node is gone', pod({ spec: { nodeName: 'n' } }), undefined, 'nodeMissing'], ['runs', pod({ spec: { nodeName: 'n' } }), ready, 'keep'],
    ['ends on a node out of service', pod({ metadata: { deletionTimestamp: at(1) }, spec: { nodeName: 'n' } }), lost, 'outOfService'], ['runs on one', pod({ spec: { nodeName: 'n' } }), lost, 'keep'],
  ])('%s', (_, p, n, fate) => { expect(fateOf(p, n)).toBe(fate); });
  it('finished ones above the threshold, evicted ones first, then the oldest', () => {
    const finished = [3, 1, 2].map((n) => pod({ metadata: { name: `p${n}`, creationTimestamp: at(n) }, status: { phase: 'Succeeded' } }));
    const evicted = pod({ metadata: { name: 'evicted', creationTimestamp: at(9) }, status: { phase: 'Failed', reason: 'Evicted' } });
    expect(surplusFinished([...finished, evicted], 2).map((p) => p.metadata.name)).toEqual(['evicted', 'p1']);
    expect(surplusFinished(finished, 0)).toEqual([]);
  });
});

it('an Event ages from when it was last seen', () => {
  const event = { metadata: { creationTimestamp: at(0) }, lastTimestamp: at(5), eventTime: null, series: { lastObservedTime: at(9) } };
  expect(lastSeen(event as never)).toBe(t0 + 9000);
});

describe('an Event that is held as its metadata alone', () => {
  const ttl = 60_000;
  const pass = async (event: object & { lastTimestamp?: string } | undefined, now: number): Promise<{ result: unknown; asked: string[] }> => {
    const metadata = { namespace: 'n', name: 'e', uid: 'u', creationTimestamp: at(0) };
    const asked: string[] = [];
    const client = {
      get: async () => { asked.push('get'); if (!event) throw notFound({ group: '', resource: 'events' }, 'e'); return { metadata, ...event }; },
      delete: async (_events: unknown, _key: unknown, options: unknown) => { asked.push(`delete ${JSON.stringify(options)}`); },
    };
    const context = { client, clock: { now: () => now }, cached: () => ({ get: () => ({ metadata }) }) };
    return { result: await createEventTtlController(ttl).reconcile(context as never, 'n/e'), asked };
  };
  it('is not asked for while it is young', async () => {
    expect(await pass({}, t0 + 1000)).toEqual({ result: { requeueAfter: 59_000 }, asked: [] });
  });
  it('stays while it was seen lately', async () => {
    expect(await pass({ lastTimestamp: at(50) }, t0 + 70_000)).toEqual({ result: { requeueAfter: 40_000 }, asked: ['get'] });
  });
  it('goes when it was not, and may be gone already', async () => {
    expect(await pass({ lastTimestamp: at(5) }, t0 + 70_000)).toEqual({ result: undefined, asked: ['get', 'delete {"preconditions":{"uid":"u"}}'] });
    expect(await pass(undefined, t0 + 70_000)).toEqual({ result: undefined, asked: ['get'] });
  });
});

it('no controller has the server hold all ConfigMaps or Events whole', () => {
  const controllers = createControllers({ resources: new ResourceSet(allResources), rootCA: 'PEM', tokens: { legacy: () => Promise.resolve('') }, authority: {} as never });
  const many = new Set(['configmaps', 'events']);
  const rules = controllers.flatMap(({ name, watches = [], watchesServed }) => [...watches, ...(watchesServed?.rules(allResources) ?? [])].map((rule) => ({ name, ...rule })));
  const whole = controllers.flatMap(({ name, for: own, owns = [], reads = [] }) => [...(own ? [own] : []), ...owns, ...reads].map((resource) => ({ name, resource })));
  expect(rules.filter(({ resource }) => many.has(resource.plural)).length).toBeGreaterThan(2);
  expect([...whole, ...rules.filter(({ selector, metadataOnly }) => !selector && !metadataOnly)].filter(({ resource }) => many.has(resource.plural)).map(({ name, resource }) => `${name}: ${resource.plural}`)).toEqual([]);
});
