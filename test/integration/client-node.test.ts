// The official JavaScript client, as its users use it: typed APIs, objects of any kind, watches and informers, streams, and errors.
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type * as types from '@kubernetes/client-node';
import { WebSocket } from 'ws';
import '../support/newer-node.ts';
import { startStreamsCluster, type StreamsCluster } from './streams-cluster.ts';

const k8s = await import('@kubernetes/client-node');

/** A way to the server that can be cut. */
interface Wire { readonly url: string; cut(): void; stop(): void }
async function wireTo(url: string): Promise<Wire> {
  const { port } = new URL(url);
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const other = connect(Number(port), '127.0.0.1');
    for (const [one, its] of [[socket, other], [other, socket]] as const) {
      sockets.add(one);
      one.on('error', () => its.destroy());
      one.on('close', () => { sockets.delete(one); its.destroy(); });
      one.pipe(its);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => { for (const socket of sockets) socket.destroy(); };
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, cut, stop() { cut(); server.close(); } };
}

let cluster: StreamsCluster;
let wire: Wire;
let config: types.KubeConfig;
/** The same access over the wire that can be cut. */
let wired: types.KubeConfig;
let core: types.CoreV1Api;
let apps: types.AppsV1Api;
let objects: types.KubernetesObjectApi;
const namespace = 'default';

beforeAll(async () => {
  cluster = await startStreamsCluster();
  wire = await wireTo(cluster.access.server);
  config = new k8s.KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  wired = new k8s.KubeConfig();
  wired.loadFromString(readFileSync(cluster.kubeconfig, 'utf8').replaceAll(cluster.access.server, wire.url));
  core = config.makeApiClient(k8s.CoreV1Api);
  apps = config.makeApiClient(k8s.AppsV1Api);
  objects = k8s.KubernetesObjectApi.makeApiClient(config);
});
afterAll(async () => {
  wire.stop();
  await cluster.stop();
});

async function until<T>(what: string, check: () => T | undefined | false, timeoutMs = 60_000): Promise<T> {
  for (const end = Date.now() + timeoutMs; ;) {
    const found = check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const refusal = (promise: Promise<unknown>): Promise<types.ApiException<string>> => promise.then(() => { throw new Error('the call was expected to be refused'); }, (error: unknown) => error as types.ApiException<string>);
const deployment = (name: string): types.V1Deployment => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels: { app: name } },
  spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu: '0.5', memory: '64Mi' } } }] } } },
});

describe('typed APIs', () => {
  it('core: create, read, list in pages, replace, patch, delete', async () => {
    const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'typed', labels: { of: 'typed' } }, data: { a: '1' } } });
    expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'typed', body: { ...made, data: { a: '2' } } });
    expect((await core.readNamespacedConfigMap({ namespace, name: 'typed' })).data).toEqual({ a: '2' });
    expect((await refusal(core.replaceNamespacedConfigMap({ namespace, name: 'typed', body: { ...made, data: { a: '3' } } }))).code).toBe(409);
    for (let i = 0; i < 5; i++) await core.createNamespacedConfigMap({ namespace, body: { metadata: { generateName: 'page-', labels: { of: 'pages' } } } });
    const names: string[] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const page: types.V1ConfigMapList = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=pages', limit: 2, ...(token ? { _continue: token } : {}) });
      names.push(...page.items.map((i) => i.metadata!.name!));
      token = page.metadata?._continue || undefined;
    }
    expect(new Set(names).size).toBe(5);
    const patched = await core.patchNamespacedConfigMap({ namespace, name: 'typed', body: [{ op: 'add', path: '/data/b', value: '3' }] });
    expect([patched.data, patched.metadata?.uid]).toEqual([{ a: '2', b: '3' }, replaced.metadata?.uid]);
    expect((await core.deleteNamespacedConfigMap({ namespace, name: 'typed' })).status).toBe('Success');
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'of=pages' });
    expect((await core.listNamespacedConfigMap({ namespace, labelSelector: 'of in (pages,typed)' })).items).toEqual([]);
  });

  it('secrets keep bytes', async () => {
    const bytes = Buffer.from([0, 255, 10]).toString('base64');
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'bytes' }, type: 'Opaque', data: { b: bytes }, stringData: { s: 'text' } } });
    expect((await core.readNamespacedSecret({ namespace, name: 'bytes' })).data).toEqual({ b: bytes, s: Buffer.from('text').toString('base64') });
  });

  it('apps: a Deployment, its status and its scale', async () => {
    const made = await apps.createNamespacedDeployment({ namespace, body: deployment('typed') });
    expect([made.spec?.strategy?.rollingUpdate?.maxSurge, made.spec?.template.spec?.containers[0]?.resources?.requests]).toEqual(['25%', { cpu: '500m', memory: '64Mi' }]);
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'typed' });
    expect((await apps.replaceNamespacedDeploymentScale({ namespace, name: 'typed', body: { ...scale, spec: { replicas: 3 } } })).spec?.replicas).toBe(3);
    const { status } = await apps.patchNamespacedDeploymentStatus({ namespace, name: 'typed', body: [{ op: 'add', path: '/status/replicas', value: 3 }] });
    expect(status?.replicas).toBe(3);
    expect((await apps.listDeploymentForAllNamespaces({ fieldSelector: 'metadata.name=typed' })).items.map((d) => d.spec?.replicas)).toEqual([3]);
  });

  it('further groups: batch, networking, rbac, policy, autoscaling, coordination, storage, discovery, scheduling, events, authorization', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
    const job = await config.makeApiClient(k8s.BatchV1Api).createNamespacedJob({ namespace, body: { metadata: { name: 'j' }, spec: { template } } });
    expect([job.spec?.backoffLimit, job.spec?.completionMode]).toEqual([6, 'NonIndexed']);
    const cron = await config.makeApiClient(k8s.BatchV1Api).createNamespacedCronJob({ namespace, body: { metadata: { name: 'c' }, spec: { schedule: '@daily', jobTemplate: { spec: { template } } } } });
    expect(cron.spec?.concurrencyPolicy).toBe('Allow');
    const ingress = await config.makeApiClient(k8s.NetworkingV1Api).createNamespacedIngress({ namespace, body: { metadata: { name: 'i' }, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } } });
    expect(ingress.spec?.defaultBackend?.service?.port?.number).toBe(80);
    const role = await config.makeApiClient(k8s.RbacAuthorizationV1Api).createNamespacedRole({ namespace, body: { metadata: { name: 'r' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] } });
    expect(role.rules).toHaveLength(1);
    const budget = await config.makeApiClient(k8s.PolicyV1Api).createNamespacedPodDisruptionBudget({ namespace, body: { metadata: { name: 'b' }, spec: { maxUnavailable: '50%', selector: { matchLabels: { a: 'b' } } } } });
    expect(budget.spec?.maxUnavailable).toBe('50%');
    const scaler = await config.makeApiClient(k8s.AutoscalingV2Api).createNamespacedHorizontalPodAutoscaler({ namespace, body: { metadata: { name: 'h' }, spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'typed' } } } });
    expect(scaler.spec?.metrics?.[0]?.resource?.target.averageUtilization).toBe(80);
    const renewTime = new k8s.V1MicroTime('2026-01-02T03:04:05.678901Z');
    const lease = await config.makeApiClient(k8s.CoordinationV1Api).createNamespacedLease({ namespace, body: { metadata: { name: 'l' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime } } });
    expect(new Date(lease.spec!.renewTime as unknown as string).getTime()).toBe(renewTime.getTime());
    expect((await config.makeApiClient(k8s.StorageV1Api).createStorageClass({ body: { metadata: { name: 's' }, provisioner: 'example.com/p' } })).volumeBindingMode).toBe('Immediate');
    expect((await config.makeApiClient(k8s.DiscoveryV1Api).createNamespacedEndpointSlice({ namespace, body: { metadata: { name: 'e' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] } })).endpoints?.[0]?.addresses).toEqual(['10.0.0.1']);
    expect((await config.makeApiClient(k8s.SchedulingV1Api).createPriorityClass({ body: { metadata: { name: 'p' }, value: 7 } })).value).toBe(7);
    const event = await config.makeApiClient(k8s.EventsV1Api).createNamespacedEvent({ namespace, body: { metadata: { name: 'ev' }, eventTime: renewTime, type: 'Normal', reason: 'R', action: 'A', reportingController: 'example.com/c', reportingInstance: 'c-0', regarding: { kind: 'Pod', namespace, name: 'web' } } });
    expect(event.reason).toBe('R');
  });

  it('discovery, version, health', async () => {
    expect((await config.makeApiClient(k8s.VersionApi).getCode()).major).toBe('1');
    expect((await config.makeApiClient(k8s.ApisApi).getAPIVersions()).groups.map((g) => g.name)).toContain('apps');
    expect((await apps.getAPIResources()).resources.map((r) => r.name)).toContain('deployments/scale');
    const health = new k8s.Health(config);
    expect([await health.readyz({}), await health.livez({})]).toEqual([true, true]);
  });
});

describe('errors', () => {
  it.each<[what: string, call: () => Promise<unknown>, status: { code: number; reason: string; message: unknown }]>([
    ['404', () => core.readNamespacedPod({ namespace, name: 'none' }), { code: 404, reason: 'NotFound', message: 'pods "none" not found' }],
    ['409', () => core.createNamespace({ body: { metadata: { name: 'default' } } }), { code: 409, reason: 'AlreadyExists', message: 'namespaces "default" already exists' }],
    ['422', () => core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'Wrong_Name' } } }), { code: 422, reason: 'Invalid', message: expect.stringMatching(/^ConfigMap "Wrong_Name" is invalid: metadata\.name: Invalid value: "Wrong_Name": /) }],
    ['400', () => core.listNamespacedPod({ namespace, fieldSelector: 'spec.nothing=x' }), { code: 400, reason: 'BadRequest', message: expect.stringContaining('field label not supported: spec.nothing') }],
  ])('%s', async (_what, call, status) => {
    const error = await refusal(call());
    expect(error).toBeInstanceOf(k8s.ApiException);
    expect(error.code).toBe(status.code);
    expect(typeof error.body === 'string' ? JSON.parse(error.body) : error.body).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...status });
    expect(error.headers['content-type']).toBe('application/json');
  });
});

describe('objects of any kind', () => {
  it('are created, read, listed, replaced, patched, applied and deleted', async () => {
    const made = await objects.create(deployment('any'));
    expect((await objects.read<types.V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'any', namespace } })).metadata?.uid).toBe(made.metadata?.uid);
    expect((await objects.list<types.V1Deployment>('apps/v1', 'Deployment', namespace, undefined, undefined, undefined, undefined, 'app=any')).items).toHaveLength(1);
    const replaced = await objects.replace({ ...made, spec: { ...made.spec!, replicas: 4 } });
    expect(replaced.spec?.replicas).toBe(4);
    const head = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'any', namespace } };
    // The client's default is the strategic merge, which merges containers by name.
    const patched = await objects.patch({ ...head, spec: { template: { spec: { containers: [{ name: 'c', image: 'i:2' }, { name: 'd', image: 'j' }] } } } } as unknown as types.V1Deployment);
    expect(patched.spec?.template.spec?.containers.map((c) => `${c.name} ${c.image} ${c.resources?.requests?.['cpu']}`)).toEqual(['c i:2 500m', 'd j undefined']);
    const merged = await objects.patch({ ...head, spec: { replicas: 5 } } as unknown as types.V1Deployment, undefined, undefined, undefined, undefined, k8s.PatchStrategy.MergePatch);
    expect(merged.spec?.replicas).toBe(5);
    const labels = { ...head, metadata: { ...head.metadata, labels: { owned: 'yes' } } } as types.KubernetesObject;
    const applied = await objects.patch(labels, undefined, undefined, 'applier', false, k8s.PatchStrategy.ServerSideApply);
    expect(applied.metadata?.managedFields?.filter((f) => f.operation === 'Apply').map((f) => f.manager)).toEqual(['applier']);
    const other = { ...labels, metadata: { ...labels.metadata, labels: { owned: 'no' } } };
    const conflict = await refusal(objects.patch(other, undefined, undefined, 'other', false, k8s.PatchStrategy.ServerSideApply));
    expect([conflict.code, JSON.stringify(conflict.body)]).toEqual([409, expect.stringContaining('conflict with \\\\\\"applier\\\\\\"')]);
    expect((await objects.patch(other, undefined, undefined, 'other', true, k8s.PatchStrategy.ServerSideApply)).metadata?.labels).toMatchObject({ app: 'any', owned: 'no' });
    expect((await objects.delete(head)).status).toBe('Success');
    expect((await refusal(objects.read(head))).code).toBe(404);
  });

  it('are made by apply where there is none, and dry runs leave nothing', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied', namespace }, data: { a: '1' } };
    expect((await objects.patch(object, undefined, 'All', 'm', undefined, k8s.PatchStrategy.ServerSideApply)).metadata?.name).toBe('applied');
    expect((await refusal(objects.read(object))).code).toBe(404);
    await objects.patch(object, undefined, undefined, 'm', undefined, k8s.PatchStrategy.ServerSideApply);
    expect(await objects.read(object)).toMatchObject({ data: { a: '1' } });
  });

  it('come from YAML, and go into it', async () => {
    const [one] = k8s.loadAllYaml('apiVersion: v1\nkind: Service\nmetadata: {name: from-yaml}\nspec: {ports: [{port: 80}]}\n') as types.V1Service[];
    const made = await objects.create(one!);
    expect(made.spec?.clusterIP).toMatch(/^10\.43\./);
    expect(k8s.dumpYaml(made)).toContain('name: from-yaml');
  });
});

describe('watches', () => {
  it('tell what happens, bookmarks and their end', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const told = ['ADDED watched 1', 'MODIFIED watched 2', 'DELETED watched 2'];
    const watch = (more: object): { seen: string[]; ended: Promise<unknown> } => {
      const seen: string[] = [];
      const ended = new Promise<unknown>((resolve) => {
        void new k8s.Watch(config).watch(`/api/v1/namespaces/${namespace}/configmaps`, { resourceVersion: metadata!.resourceVersion!, labelSelector: 'of=watch', ...more }, (type, object: types.V1ConfigMap) => { seen.push(`${type} ${object.metadata?.name} ${object.data?.['a']}`); }, resolve);
      });
      return { seen, ended };
    };
    const live = watch({});
    const body = { metadata: { name: 'watched', labels: { of: 'watch' } }, data: { a: '1' } };
    await core.createNamespacedConfigMap({ namespace, body });
    await core.patchNamespacedConfigMap({ namespace, name: 'watched', body: [{ op: 'replace', path: '/data/a', value: '2' }] });
    await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
    await until('the events', () => live.seen.length === 3);
    expect(live.seen).toEqual(told);
    // One that ends by itself is told all that was before.
    const ending = watch({ timeoutSeconds: 1 });
    expect(await ending.ended).toBeFalsy();
    expect(ending.seen).toEqual(told);
  });

  it('feed informers, which are started again after an error', async () => {
    const wiredCore = wired.makeApiClient(k8s.CoreV1Api);
    const informer = k8s.makeInformer(wired, `/api/v1/namespaces/${namespace}/configmaps`, () => wiredCore.listNamespacedConfigMap({ namespace, labelSelector: 'of=informer' }), 'of=informer');
    const seen: string[] = [];
    let errors = 0;
    let stopped = false;
    for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, (object: types.V1ConfigMap) => { seen.push(`${verb} ${object.metadata?.name} ${object.data?.['a']}`); });
    informer.on('error', () => {
      errors++;
      again();
    });
    // The first try may meet connections whose end has not been heard of yet.
    const again = (): void => { if (!stopped) setTimeout(() => { informer.start().catch(again); }, 50); };
    const create = (name: string): Promise<unknown> => core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { of: 'informer' } }, data: { a: '1' } } });
    const patch = (name: string, value: string): Promise<unknown> => core.patchNamespacedConfigMap({ namespace, name, body: [{ op: 'replace', path: '/data/a', value }] });
    await create('early');
    await informer.start();
    await until('the list', () => seen.includes('add early 1'));
    await create('late');
    await until('an event', () => seen.includes('add late 1'));
    wire.cut();
    await patch('late', '2');
    await create('meanwhile');
    await until('what happened meanwhile', () => seen.includes('update late 2') && seen.includes('add meanwhile 1'));
    await core.deleteNamespacedConfigMap({ namespace, name: 'late' });
    await until('a deletion', () => seen.includes('delete late 2'));
    expect(errors).toBeGreaterThan(0);
    expect(informer.list().map((o) => o.metadata!.name).sort()).toEqual(['early', 'meanwhile']);
    expect(informer.get('early', namespace)?.data).toEqual({ a: '1' });
    expect(new Set(seen).size).toBe(seen.length);
    stopped = true;
    await informer.stop();
  });
});

describe('streams of a Pod', () => {
  const gather = (): PassThrough & { text(): string } => {
    const stream = new PassThrough() as PassThrough & { text(): string };
    let text = '';
    stream.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    stream.text = () => text;
    return stream;
  };
  const exec = (command: string[], stdin: Readable | null = null): Promise<{ status: types.V1Status; out: string; err: string }> => new Promise((resolve, reject) => {
    const [out, err] = [gather(), gather()];
    new k8s.Exec(config).exec(namespace, 'web', 'main', command, out, err, stdin, false, (status) => setImmediate(() => resolve({ status, out: out.text(), err: err.text() }))).catch(reject);
  });

  it('exec: both outputs, the exit code, the input', async () => {
    expect(await exec(['sh', '-c', 'echo out; echo err >&2'])).toMatchObject({ status: { status: 'Success' }, out: 'out\n', err: 'err\n' });
    const failed = await exec(['sh', '-c', 'exit 3']);
    expect(failed.status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } });
    expect(await exec(['head', '-n', '1'], Readable.from(['hello\nworld\n']))).toMatchObject({ status: { status: 'Success' }, out: 'hello\n' });
  });
  it('exec in what is not there is refused', async () => {
    const attempt = new k8s.Exec(config).exec(namespace, 'none', 'main', ['true'], null, null, null, false);
    await expect(attempt).rejects.toBeDefined();
  });
  it('attach: the main process', async () => {
    const [out, stdin] = [gather(), new PassThrough()];
    const socket = await new k8s.Attach(config).attach(namespace, 'web', 'main', out, null, stdin, false);
    stdin.write('through attach\n');
    await until('the echo', () => out.text().includes('through attach\n'));
    socket.close();
  });
  it('logs: what is there, its end, and as it comes', async () => {
    const whole = gather();
    await new k8s.Log(config).log(namespace, 'web', 'main', whole);
    await until('the log', () => whole.text().includes('through attach\n'));
    const followed = gather();
    // It ends by itself: the client takes an abort of its stream for an error nobody handles.
    await new k8s.Log(config).log(namespace, 'web', 'main', followed, { follow: true, tailLines: 1, limitBytes: 'through attach\nas it comes\n'.length });
    const stdin = new PassThrough();
    const socket = await new k8s.Attach(config).attach(namespace, 'web', 'main', gather(), null, stdin, false);
    stdin.write('as it comes\n');
    await until('the next line', () => followed.text().includes('as it comes\n'));
    await until('its end', () => followed.writableEnded);
    expect(followed.text()).toBe('through attach\nas it comes\n');
    socket.close();
    expect((await core.readNamespacedPodLog({ namespace, name: 'web', tailLines: 1 }))).toBe('as it comes\n');
    const error = await refusal(new k8s.Log(config).log(namespace, 'web', 'nothing', gather()));
    expect(error.code).toBe(400);
  });
  it.each<[protocol: string, decode: (data: Buffer, binary: boolean) => string]>([
    ['', (data, binary) => (binary ? data.toString() : 'not binary')],
    ['binary.k8s.io', (data, binary) => (binary ? data.toString() : 'not binary')],
    ['base64.binary.k8s.io', (data, binary) => (binary ? 'binary' : Buffer.from(data.toString(), 'base64').toString())],
  ])('logs over a WebSocket of protocol %j', async (protocol, decode) => {
    const { server, ca, cert, key } = cluster.access;
    const open = (query: string): WebSocket => new WebSocket(`${server.replace('https', 'wss')}/api/v1/namespaces/${namespace}/pods/web/log?${query}`, protocol ? [protocol] : [], { ca, cert, key });
    const socket = open('tailLines=1');
    let text = '';
    socket.on('message', (data: Buffer, binary) => { text += decode(data, binary); });
    const [code] = (await once(socket, 'close')) as [number];
    expect([code, socket.protocol, text]).toEqual([1000, protocol, 'as it comes\n']);
    const [error] = (await once(open('container=nothing'), 'error')) as [Error];
    expect(error.message).toContain('400');
  });
  it('port-forward: bytes there and back', async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const [out, input] = [gather(), new PassThrough()];
    const socket = await new k8s.PortForward(config).portForward(namespace, 'web', [(echo.address() as AddressInfo).port], out, null, input);
    input.write('there and back');
    await until('the echo', () => out.text() === 'there and back');
    (socket as { close(): void }).close();
    echo.close();
  });
  it('cp: there and back', async () => {
    const at = (name: string): string => join(cluster.directory, name);
    for (const name of ['from', 'pod', 'back']) mkdirSync(at(name));
    writeFileSync(join(at('from'), 'file'), 'x'.repeat(200_000));
    const cp = new k8s.Cp(config);
    await cp.cpToPod(namespace, 'web', 'main', at('from'), at('pod'));
    await until('the file in the Pod', () => existsSync(join(at('pod'), 'file')) && readFileSync(join(at('pod'), 'file'), 'utf8').length === 200_000);
    await cp.cpFromPod(namespace, 'web', 'main', 'file', at('back'), at('pod'));
    await until('the file back', () => existsSync(join(at('back'), 'file')) && readFileSync(join(at('back'), 'file'), 'utf8').length === 200_000);
  });
});
