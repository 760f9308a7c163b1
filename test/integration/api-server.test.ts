// The API server's verbs end to end in process: the real filters, registry and watch cache over the memory store.
import { ConfigMaps, type ConfigMap } from '../../src/api/core/config-map.ts';
import { Namespaces } from '../../src/api/core/namespace.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { Services } from '../../src/api/core/service.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { Jobs } from '../../src/api/batch/job.ts';
import { Deployments } from '../../src/api/apps/deployment.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { refusal } from '../support/refusal.ts';
import { ask, type Answered } from '../support/ask.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.client.create(ServiceAccounts, { metadata: { name: 'default', namespace: 'default' } });
});
afterAll(() => api.stop());

const deployment = (name: string, replicas = 3): object => ({
  metadata: { name, namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'nginx:1.28', ports: [{ containerPort: 80 }] }] } } },
});

describe('objects', () => {
  it('are created with defaults, read, updated under optimistic locking, and deleted', async () => {
    const created = await api.client.create(Deployments, deployment('crud') as never);
    expect(created.metadata.generation).toBe(1);
    expect(created.spec).toMatchObject({ replicas: 3, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } } });
    expect(created.spec.template.spec.containers[0]).toMatchObject({ imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log' });
    const read = await api.client.get(Deployments, { namespace: 'default', name: 'crud' });
    expect(read).toEqual(created);
    const scaled = await api.client.update(Deployments, { ...read, spec: { ...read.spec, replicas: 5 } } as never);
    expect(scaled.metadata.generation).toBe(2);
    const error = await refusal(api.client.update(Deployments, { ...read, spec: { ...read.spec, replicas: 6 } } as never));
    expect(error.message).toBe('Operation cannot be fulfilled on deployments.apps "crud": the object has been modified; please apply your changes to the latest version and try again');
    await api.client.delete(Deployments, { namespace: 'default', name: 'crud' });
    expect((await refusal(api.client.get(Deployments, { namespace: 'default', name: 'crud' }))).message).toBe('deployments.apps "crud" not found');
  });

  it('name every fault at once', async () => {
    const error = await refusal(api.client.create(Deployments, { metadata: { name: 'Bad_Name', namespace: 'default' }, spec: { replicas: -1, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'c' } }, spec: { containers: [{ name: 'x' }] } } } } as never));
    expect(error.code).toBe(422);
    expect(error.status.details?.causes?.map((c) => c.field)).toEqual(expect.arrayContaining(['metadata.name', 'spec.replicas', 'spec.template.metadata.labels', 'spec.template.spec.containers[0].image']));
  });

  it('merge strategic patches by key and scale through the subresource', async () => {
    await api.client.create(Deployments, deployment('patched') as never);
    const key = { namespace: 'default', name: 'patched' };
    const patched = await api.client.patch(Deployments, key, { spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] } } } }, { type: 'strategic' });
    expect(patched.spec.template.spec.containers).toHaveLength(1);
    expect(patched.spec.template.spec.containers[0]).toMatchObject({ image: 'nginx:1.29', ports: [{ containerPort: 80, protocol: 'TCP' }] });
    const scale = await api.client.patch(Deployments, key, { spec: { replicas: 7 } }, { type: 'merge', subresource: 'scale' });
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 7 }, status: { selector: 'app=patched' } });
    expect((await api.client.get(Deployments, key)).spec.replicas).toBe(7);
  });

  it('get cluster addresses and node ports from their ranges, once each', async () => {
    const one = await api.client.create(Services, { metadata: { name: 'one', namespace: 'default' }, spec: { type: 'NodePort', selector: { a: 'b' }, ports: [{ port: 80 }] } } as never);
    expect(one.spec!.clusterIP).toMatch(/^10\.43\./);
    expect(one.spec!.ports![0]!.nodePort).toBeGreaterThanOrEqual(30000);
    const error = await refusal(api.client.create(Services, { metadata: { name: 'two', namespace: 'default' }, spec: { clusterIP: one.spec!.clusterIP!, ports: [{ port: 80 }] } } as never));
    expect(error.message).toContain('provided IP is already allocated');
  });

  it('get a health check port where a load balancer keeps traffic on its nodes, and keep it', async () => {
    const key = { namespace: 'default', name: 'balanced' };
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector: { a: 'b' }, ports: [{ port: 80 }] };
    const { healthCheckNodePort = 0, ports } = (await api.client.create(Services, { metadata: key, spec } as never)).spec!;
    expect(healthCheckNodePort).toBeGreaterThanOrEqual(30000);
    expect(healthCheckNodePort).not.toBe(ports![0]!.nodePort);
    expect((await api.client.patch(Services, key, { metadata: { labels: { a: 'b' } } })).spec!.healthCheckNodePort).toBe(healthCheckNodePort);
    const moved = await refusal(api.client.patch(Services, key, { spec: { healthCheckNodePort: healthCheckNodePort === 30000 ? 30001 : 30000 } }));
    expect([moved.code, moved.message]).toEqual([422, expect.stringContaining('spec.healthCheckNodePort: Forbidden: field is immutable')]);
    const taken = await refusal(api.client.create(Services, { metadata: { ...key, name: 'second' }, spec: { ...spec, healthCheckNodePort } } as never));
    expect(taken.message).toContain('spec.healthCheckNodePort: Invalid value');
    expect(taken.message).toContain('provided port is already allocated');
    const given = await refusal(api.client.create(Services, { metadata: { ...key, name: 'second' }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort: healthCheckNodePort }] } } as never));
    expect(given.message).toContain('provided port is already allocated');
    expect((await api.client.patch(Services, key, { spec: { externalTrafficPolicy: 'Cluster' } })).spec!.healthCheckNodePort).toBeUndefined();
    expect((await api.client.create(Services, { metadata: { ...key, name: 'second' }, spec: { ...spec, healthCheckNodePort } } as never)).spec!.healthCheckNodePort).toBe(healthCheckNodePort);
  });

  it('end gracefully: a scheduled Pod stays until its grace is over', async () => {
    const pod = { metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } };
    await api.client.create(Pods, pod as never);
    const ending = await api.client.delete(Pods, { namespace: 'default', name: 'p' });
    expect(ending.metadata).toMatchObject({ deletionGracePeriodSeconds: 30 });
    await api.client.delete(Pods, { namespace: 'default', name: 'p' }, { gracePeriodSeconds: 0 });
    expect((await refusal(api.client.get(Pods, { namespace: 'default', name: 'p' }))).code).toBe(404);
  });

  it('are refused in a namespace that is missing or ending', async () => {
    expect((await refusal(api.client.create(ConfigMaps, { metadata: { name: 'x', namespace: 'none' } }))).message).toBe('namespaces "none" not found');
    await api.client.create(Namespaces, { metadata: { name: 'ending' } });
    const ending = await api.client.delete(Namespaces, { name: 'ending' });
    expect(ending.status.phase).toBe('Terminating');
    expect((await refusal(api.client.create(ConfigMaps, { metadata: { name: 'x', namespace: 'ending' } }))).message).toBe('configmaps "x" is forbidden: unable to create new content in namespace ending because it is being terminated');
  });
});

describe('lists and watches', () => {
  it('page over one snapshot', async () => {
    for (let i = 0; i < 5; i++) await api.client.create(ConfigMaps, { metadata: { name: `page-${i}`, namespace: 'default', labels: { page: 'yes' } } });
    const first = await api.client.list(ConfigMaps, { namespace: 'default', labelSelector: 'page=yes', limit: 2 });
    await api.client.delete(ConfigMaps, { namespace: 'default', name: 'page-4' });
    const names = [...first.items];
    let token = first.metadata.continue;
    while (token) {
      const page = await api.client.list(ConfigMaps, { namespace: 'default', labelSelector: 'page=yes', limit: 2, continue: token });
      names.push(...page.items);
      token = page.metadata.continue;
    }
    expect(names.map((o) => o.metadata.name)).toEqual(['page-0', 'page-1', 'page-2', 'page-3', 'page-4']);
  });

  it('page on over the present when the snapshot is forgotten, and over that to the end', async () => {
    const { store } = api.registry;
    await api.client.create(Namespaces, { metadata: { name: 'pages' } });
    const make = (n: number): Promise<unknown> => api.client.create(ConfigMaps, { metadata: { name: `page-${n}`, namespace: 'pages' } });
    const list = (token = ''): Promise<Answered> => ask(api, 'GET', `/api/v1/namespaces/pages/configmaps?limit=2&continue=${token}`);
    const page = async (token?: string): Promise<{ names: string[]; revision: string; remaining: number | undefined; next: string | undefined }> => {
      const { items, metadata } = (await list(token)).object;
      return { names: items.map((o: ConfigMap) => o.metadata.name), revision: metadata.resourceVersion, remaining: metadata.remainingItemCount, next: metadata.continue };
    };
    for (let i = 0; i < 7; i++) await make(i);
    const first = await page();
    expect(first).toMatchObject({ names: ['page-0', 'page-1'], remaining: 5 });
    await make(7);
    await store.compact(await store.revision());
    const late = await list(first.next);
    expect(late.object).toMatchObject({ code: 410, reason: 'Expired' });
    const second = await page(late.object.metadata.continue);
    expect(second).toMatchObject({ names: ['page-2', 'page-3'], remaining: 4 });
    expect(second.revision).not.toBe(first.revision);
    await make(8);
    const third = await page(second.next);
    expect(third).toMatchObject({ names: ['page-4', 'page-5'], revision: second.revision, remaining: 2 });
    expect(await page(third.next)).toEqual({ names: ['page-6', 'page-7'], revision: second.revision, remaining: undefined, next: undefined });
  });

  it('tell of changes from a revision on, and of objects that stop matching', async () => {
    const start = await api.client.list(ConfigMaps, { namespace: 'default' });
    const stop = new AbortController();
    const seen: string[] = [];
    const done = (async () => {
      for await (const event of api.client.watch(ConfigMaps, { namespace: 'default', labelSelector: 'w=1', resourceVersion: start.metadata.resourceVersion, signal: stop.signal })) {
        seen.push(`${event.type} ${event.object.metadata.name}`);
        if (seen.length === 4) stop.abort();
      }
    })();
    await api.client.create(ConfigMaps, { metadata: { name: 'w', namespace: 'default', labels: { w: '1' } } });
    await api.client.patch(ConfigMaps, { namespace: 'default', name: 'w' }, { data: { a: 'b' } });
    await api.client.patch(ConfigMaps, { namespace: 'default', name: 'w' }, { metadata: { labels: { w: '2' } } });
    await api.client.patch(ConfigMaps, { namespace: 'default', name: 'w' }, { metadata: { labels: { w: '1' } } });
    await done;
    expect(seen).toEqual(['ADDED w', 'MODIFIED w', 'DELETED w', 'ADDED w']);
  });

  it('of one object or of one node\'s Pods see those alone, coming and going', async () => {
    const follow = async (resource: typeof Pods | typeof ConfigMaps, fieldSelector: string, count: number): Promise<string[]> => {
      const { metadata } = await api.client.list(resource as typeof Pods, { namespace: 'default' });
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const event of api.client.watch(resource as typeof Pods, { namespace: 'default', fieldSelector, resourceVersion: metadata.resourceVersion, signal: stop.signal })) {
        seen.push(`${event.type} ${event.object.metadata.name}`);
        if (seen.length === count) stop.abort();
      }
      return seen;
    };
    const maps = follow(ConfigMaps, 'metadata.name=one', 3);
    const here = follow(Pods, 'spec.nodeName=n7', 3);
    const elsewhere = follow(Pods, 'spec.nodeName!=n7', 4);
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const name of ['one', 'one-more']) await api.client.create(ConfigMaps, { metadata: { name, namespace: 'default' } });
    await api.client.patch(ConfigMaps, { namespace: 'default', name: 'one' }, { data: { a: 'b' } });
    await api.client.delete(ConfigMaps, { namespace: 'default', name: 'one' });
    const pod = (name: string, nodeName?: string) => api.client.create(Pods, { metadata: { name, namespace: 'default' }, spec: { ...(nodeName ? { nodeName } : {}), containers: [{ name: 'c', image: 'i' }] } } as never);
    await pod('bound');
    await pod('other', 'n8');
    await api.client.post(Pods, { namespace: 'default', name: 'bound' }, 'binding', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'bound' }, target: { kind: 'Node', name: 'n7' } });
    await api.client.patch(Pods, { namespace: 'default', name: 'bound' }, { status: { phase: 'Running' } }, { subresource: 'status' });
    await api.client.delete(Pods, { namespace: 'default', name: 'bound' }, { gracePeriodSeconds: 0 });
    await api.client.delete(Pods, { namespace: 'default', name: 'other' }, { gracePeriodSeconds: 0 });
    expect(await maps).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one']);
    expect(await here).toEqual(['ADDED bound', 'MODIFIED bound', 'DELETED bound']);
    expect(await elsewhere).toEqual(['ADDED bound', 'ADDED other', 'DELETED bound', 'DELETED other']);
  });

  it('refuse field selectors a kind does not have', async () => {
    expect((await refusal(api.client.list(Jobs, { fieldSelector: 'spec.suspend=true' }))).message).toBe('field label "spec.suspend" not supported for Job');
    expect((await refusal(api.client.list(Pods, { fieldSelector: 'spec.image=x' }))).message).toBe('field label not supported: spec.image');
  });
});

describe('access', () => {
  it('is refused to a stranger, in upstream\'s words', async () => {
    const stranger = api.as('jane');
    expect((await refusal(stranger.get(Pods, { namespace: 'default', name: 'x' }))).message).toBe('pods "x" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "default"');
  });
  it('lets a node write its own Pods only', async () => {
    await api.client.create(Pods, { metadata: { name: 'mine', namespace: 'default' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] } } as never);
    const node = api.as('system:node:n2', 'system:nodes');
    const error = await refusal(node.patch(Pods, { namespace: 'default', name: 'mine' }, { status: { phase: 'Running' } }, { subresource: 'status' }));
    expect(error.code).toBe(403);
    const owner = api.as('system:node:n1', 'system:nodes');
    expect((await owner.patch(Pods, { namespace: 'default', name: 'mine' }, { status: { phase: 'Running' } }, { subresource: 'status' })).status?.phase).toBe('Running');
  });
});
