// Volumes on a real node: a claim of the default class outlives Pods, its data go with it; an emptyDir keeps to its sizeLimit,
// and a node without room takes nothing in.
import { existsSync, readFileSync } from 'node:fs';
import { DEMO_BUSYBOX } from '../../src/cli/demo-images.ts';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';

const image = 'dray.local/nginx:v1';
let cluster: TestCluster;
beforeAll(async () => { cluster = await startCluster(); });
afterAll(() => cluster?.stop());

const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'notes' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
const pod = (name: string, command: string, mount: object = {}): object => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1, restartPolicy: 'Never', securityContext: { runAsUser: 1000 }, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'notes', ...mount } }],
    containers: [{ name: 'c', image, command: ['sh', '-c', command], volumeMounts: [{ name: 'v', mountPath: '/notes' }] }],
  },
});
const apply = (...objects: object[]): Promise<string> => cluster.kubectlInput(objects.map((object) => JSON.stringify(object)).join('\n---\n'), 'apply', '-f', '-');
const succeeded = (name: string): Promise<string> => cluster.kubectl('wait', `pod/${name}`, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=150s');

it('keeps what Pods write until the claim is deleted', async () => {
  expect(await cluster.kubectl('get', 'storageclass')).toMatch(/local-path \(default\) +dray\.local\/local-path +Delete +WaitForFirstConsumer/);
  await apply(claim);
  expect(await cluster.kubectl('get', 'pvc', 'notes', '-o', 'jsonpath={.status.phase}')).toBe('Pending');
  await apply(pod('first', 'echo one >> /notes/log'));
  await succeeded('first');
  const volume = await cluster.kubectl('get', 'pvc', 'notes', '-o', 'jsonpath={.spec.volumeName}');
  const path = await cluster.kubectl('get', 'pv', volume, '-o', 'jsonpath={.spec.hostPath.path}');
  expect(readFileSync(`${path}/log`, 'utf8')).toBe('one\n');
  await cluster.kubectl('delete', 'pod', 'first');
  await apply(pod('second', 'echo two >> /notes/log && cat /notes/log'));
  await succeeded('second');
  expect(await cluster.kubectl('logs', 'second')).toBe('one\ntwo\n');
  await apply(pod('reader', 'cat /notes/log && ! touch /notes/x 2> /dev/null', { readOnly: true }));
  await succeeded('reader');
  await cluster.kubectl('delete', 'pvc', 'notes', '--wait=false');
  expect(await cluster.kubectl('get', 'pvc', 'notes', '-o', 'jsonpath={.metadata.deletionTimestamp}')).not.toBe('');
  await cluster.kubectl('delete', 'pod', 'second', 'reader');
  await cluster.kubectl('wait', 'pvc/notes', '--for=delete', '--timeout=150s').catch((error: Error) => { if (!error.message.includes('NotFound') && !error.message.includes('no matching resources')) throw error; });
  await cluster.kubectl('wait', `pv/${volume}`, '--for=delete', '--timeout=150s').catch((error: Error) => { if (!error.message.includes('NotFound') && !error.message.includes('no matching resources')) throw error; });
  expect(existsSync(path)).toBe(false);
});

it('has the engine mount what a claim has of an NFS server, and says why that fails', async () => {
  await apply(
    { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'exports' }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany'], storageClassName: '', mountOptions: ['soft', 'timeo=10', 'retrans=1'], nfs: { server: '127.0.0.1', path: '/exports' } } },
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'shared' }, spec: { accessModes: ['ReadWriteMany'], storageClassName: '', volumeName: 'exports', resources: { requests: { storage: '1Gi' } } } },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'sharing' }, spec: {
      terminationGracePeriodSeconds: 1, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'shared' } }],
      containers: [{ name: 'c', image, command: ['sleep', '1000'], volumeMounts: [{ name: 'v', mountPath: '/shared' }] }],
    } },
  );
  // Nobody serves there, and a kernel may know no NFS at all.
  const said = await eventually('the engine\'s answer', async () => {
    const events = await cluster.kubectl('get', 'events', '--field-selector', 'involvedObject.name=sharing,reason=Failed', '-o', 'jsonpath={.items[*].message}');
    return events.includes('mount') && events;
  });
  expect(said).toMatch(/^Error: .*error while mounting volume '.*': failed to mount local volume: mount :\/exports:.*addr=127\.0\.0\.1,nfsvers=4,soft,timeo=10,retrans=1/);
  const engine = cluster.hosts[0]!;
  const [id] = (await engine.docker('ps', '-aq', '--filter', 'name=k8s_c_sharing_')).split('\n');
  const [volume] = (await engine.docker('inspect', '-f', '{{range .Mounts}}{{if eq .Destination "/shared"}}{{.Name}}{{end}}{{end}}', id!)).split('\n');
  expect(JSON.parse(await engine.docker('volume', 'inspect', '-f', '{{json .Options}}', volume!))).toEqual({ type: 'nfs', device: ':/exports', o: 'addr=127.0.0.1,nfsvers=4,soft,timeo=10,retrans=1' });
  await cluster.kubectl('delete', 'pod', 'sharing');
  // Containers go after their Pod's object.
  await eventually('an engine without volumes', async () => (await engine.docker('volume', 'ls', '-q')) === '');
});

it('evicts a Pod whose emptyDir outgrows its sizeLimit', async () => {
  const scratch = (name: string, bytes: number): object => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 30, volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '4Mi' } }],
      containers: [{ name: 'c', image: DEMO_BUSYBOX, command: ['sh', '-c', `head -c ${bytes} /dev/zero > /scratch/data; trap '' TERM; sleep 1000`], volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] }],
    },
  });
  await apply(scratch('greedy', 6_000_000), scratch('modest', 1_000_000));
  await cluster.kubectl('wait', 'pod/greedy', '--for=jsonpath={.status.phase}=Failed', '--timeout=150s');
  const message = 'Usage of EmptyDir volume "scratch" exceeds the limit "4Mi". ';
  const { status } = JSON.parse(await cluster.kubectl('get', 'pod', 'greedy', '-o', 'json'));
  expect(status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message });
  expect(await cluster.kubectl('get', 'events', '--field-selector', 'involvedObject.name=greedy,reason=Evicted', '-o', 'jsonpath={.items[*].type} {.items[*].message}')).toBe(`Warning ${message}`);
  expect(await cluster.kubectl('get', 'pod', 'modest', '-o', 'jsonpath={.status.phase}')).toBe('Running');
  await cluster.kubectl('delete', 'pod', 'greedy', 'modest', '--grace-period=1');
});

it('says that it is short of disk, and takes in no Pod', async () => {
  const [{ name, dockerHost }] = cluster.hosts as [TestCluster['hosts'][number]];
  expect((await cluster.dray('down')).code).toBe(0);
  const up = await cluster.dray('up', '--detach', '--docker-host', dockerHost, '--eviction-hard', 'nodefs.available<99.99%');
  expect([up.code, up.stderr]).toEqual([0, '']);
  await cluster.kubectl('wait', `node/${name}`, '--for=condition=DiskPressure', '--timeout=150s');
  await cluster.kubectl('wait', `node/${name}`, '--for=jsonpath={.spec.taints[0].key}=node.kubernetes.io/disk-pressure', '--timeout=150s');
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'refused' }, spec: { nodeName: name, containers: [{ name: 'c', image, command: ['sleep', '1000'] }] } });
  await cluster.kubectl('wait', 'pod/refused', '--for=jsonpath={.status.phase}=Failed', '--timeout=150s');
  expect(await cluster.kubectl('get', 'pod', 'refused', '-o', 'jsonpath={.status.reason}: {.status.message}')).toBe('Evicted: Pod was rejected: The node had condition: [DiskPressure]. ');
});
