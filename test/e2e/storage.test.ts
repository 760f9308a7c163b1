// A claim of the default class on a real node: its data outlives Pods, and goes with the claim.
import { existsSync, readFileSync } from 'node:fs';
import { startCluster, type TestCluster } from '../support/cluster.ts';

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
const succeeded = (name: string): Promise<string> => cluster.kubectl('wait', `pod/${name}`, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=90s');

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
  await cluster.kubectl('wait', 'pvc/notes', '--for=delete', '--timeout=60s').catch((error: Error) => { if (!error.message.includes('NotFound') && !error.message.includes('no matching resources')) throw error; });
  await cluster.kubectl('wait', `pv/${volume}`, '--for=delete', '--timeout=60s').catch((error: Error) => { if (!error.message.includes('NotFound') && !error.message.includes('no matching resources')) throw error; });
  expect(existsSync(path)).toBe(false);
}, 300_000);
