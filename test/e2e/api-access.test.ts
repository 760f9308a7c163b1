// A program in a Pod calls the API with nothing but what every Pod has: the Service's address from its environment, the authority and
// the token from its mounted volume. The program is kubectl itself, which finds them as any client library does.
import { realpathSync } from 'node:fs';
import { DEMO_BUSYBOX } from '../../src/cli/demo-images.ts';
import { findKubectl, startCluster, type Output, type TestCluster } from '../support/cluster.ts';

let cluster: TestCluster;
let binary: string;
beforeAll(async () => {
  [cluster, binary] = await Promise.all([startCluster(), findKubectl().then((path) => realpathSync(path))]);
  await cluster.kubectl('create', 'serviceaccount', 'robot');
  const pod = (name: string, more: object): object => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name },
    spec: {
      serviceAccountName: 'robot', terminationGracePeriodSeconds: 0, volumes: [{ name: 'program', hostPath: { path: binary, type: 'File' } }], ...more,
      containers: [{ name: 'main', image: DEMO_BUSYBOX, command: ['sleep', '3600'], volumeMounts: [{ name: 'program', mountPath: '/kubectl' }] }],
    },
  });
  await cluster.kubectlInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod('caller', {}), pod('mute', { automountServiceAccountToken: false })] }), 'apply', '-f', '-');
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/caller', 'pod/mute', '--timeout=90s');
});
afterAll(() => cluster?.stop());

const inside = (pod: string, ...args: string[]): Promise<Output> => cluster.run(binary, ['exec', pod, '--', '/kubectl', '--cache-dir=/tmp/cache', ...args]);

it('a Pod is known as its ServiceAccount, and may what that may', async () => {
  const refused = await inside('caller', 'get', 'configmaps');
  expect(refused.stderr).toContain('configmaps is forbidden: User "system:serviceaccount:default:robot" cannot list resource "configmaps" in API group "" in the namespace "default"');
  await cluster.kubectl('create', 'role', 'reader', '--verb=get,list', '--resource=configmaps');
  await cluster.kubectl('create', 'rolebinding', 'reader', '--role=reader', '--serviceaccount=default:robot');
  const { code, stdout } = await inside('caller', 'get', 'configmaps', '-o', 'name');
  expect([code, stdout]).toEqual([0, 'configmap/kube-root-ca.crt\n']);
});

it('its token ends with the Pod', async () => {
  const token = (await cluster.kubectl('exec', 'caller', '--', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token')).trim();
  const asRobot = (): Promise<Output> => cluster.run('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', '-H', `Authorization: Bearer ${token}`, `https://${cluster.hosts[0]!.ip}:6443/version`]);
  expect((await asRobot()).stdout).toBe('200');
  await cluster.kubectl('delete', 'pod', 'caller', '--wait=true');
  expect((await asRobot()).stdout).toBe('401');
});

it('a Pod that wants none has none', async () => {
  expect((await cluster.run(binary, ['exec', 'mute', '--', 'ls', '/var/run/secrets'])).code).not.toBe(0);
});
