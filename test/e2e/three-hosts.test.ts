// One cluster on three Docker hosts: every kind of workload is made, scaled, updated and rolled back on all of them; and while a host is cut
// off, what may run elsewhere does, but no Pod of a StatefulSet ever runs twice.
import { DEMO_BUSYBOX, DEMO_NGINX } from '../../src/cli/demo-images.ts';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import type { DockerHost } from '../support/docker-hosts.ts';

let cluster: TestCluster;
beforeAll(async () => { cluster = await startCluster({ hosts: 3 }); });
afterAll(() => cluster?.stop());

const apply = (...items: object[]): Promise<string> => cluster.kubectlInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
const get = async (what: string, path: string, ...args: string[]): Promise<string> => (await cluster.kubectl('get', ...what.split(' '), ...args, '-o', `jsonpath=${path}`)).trim();
const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);
const complete = (...names: string[]): Promise<string[]> => Promise.all(names.map((name) => cluster.kubectl('rollout', 'status', name, '--timeout=150s')));

/** One on each node, always or where that can be; cordoned nodes aside. */
const template = (app: string, whenUnsatisfiable = 'DoNotSchedule') => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 1, topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable, nodeTaintsPolicy: 'Honor', labelSelector: { matchLabels: { app } } }],
    containers: [{ name: 'c', image: DEMO_NGINX[0] }],
  },
});
const workload = (kind: string, app: string, spec: object): object => ({ apiVersion: 'apps/v1', kind, metadata: { name: app }, spec: { selector: { matchLabels: { app } }, template: template(app), ...spec } });
const spread = async (app: string): Promise<string[]> => words(await get('pods', '{.items[*].spec.nodeName}', '-l', `app=${app}`)).sort();
const images = async (app: string): Promise<string[]> => [...new Set(words(await get('pods', '{.items[*].spec.containers[0].image}', '-l', `app=${app}`)))];
const names = (): string[] => cluster.hosts.map((host) => host.name);
const rolled = ['deployment/web', 'statefulset/db', 'daemonset/logs'];

test('every kind of workload is made, scaled, updated and rolled back on all hosts', async () => {
  await apply(
    workload('Deployment', 'web', { replicas: 3, template: template('web', 'ScheduleAnyway') }), workload('StatefulSet', 'db', { replicas: 2, serviceName: 'db', podManagementPolicy: 'Parallel' }), workload('DaemonSet', 'logs', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 3 } } }),
    { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'old' }, spec: { replicas: 1, selector: { app: 'old' }, template: template('old') } },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: { completions: 3, parallelism: 3, completionMode: 'Indexed', template: { metadata: { labels: { app: 'once' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: DEMO_BUSYBOX, command: ['true'] }] } } } },
  );
  await complete(...rolled);
  expect([await spread('web'), await spread('logs')]).toEqual([names(), names()]);
  await cluster.kubectl('scale', 'statefulset/db', 'rc/old', '--replicas=3');
  await cluster.kubectl('wait', 'job/once', '--for=condition=Complete', '--timeout=150s');
  expect(await get('job once', '{.status.completedIndexes} {.status.succeeded}')).toBe('0-2 3');
  await complete('statefulset/db');
  await cluster.kubectl('wait', 'rc/old', '--for=jsonpath={.status.readyReplicas}=3', '--timeout=150s');
  expect([await spread('db'), await spread('old')]).toEqual([names(), names()]);

  await cluster.kubectl('set', 'image', ...rolled, `c=${DEMO_NGINX[1]}`);
  await complete(...rolled);
  for (const app of ['web', 'db', 'logs']) await eventually(`the new version of ${app}`, async () => (await images(app)).join() === DEMO_NGINX[1]);
  for (const what of rolled) await cluster.kubectl('rollout', 'undo', what);
  await complete(...rolled);
  for (const app of ['web', 'db', 'logs']) await eventually(`the old version of ${app}`, async () => (await images(app)).join() === DEMO_NGINX[0]);
  expect(await spread('db')).toEqual(names());
});

/** The Pods of a name that run as containers somewhere, whatever the API knows of them: their UIDs. */
async function running(name: string): Promise<string[]> {
  const lists = await Promise.all(cluster.hosts.map((host) => host.docker('ps', '--filter', `label=io.kubernetes.pod.name=${name}`, '--filter', 'label=io.kubernetes.container.name=c', '--format', '{{.Label "io.kubernetes.pod.uid"}}')));
  return lists.flatMap(words);
}

test('a host that is cut off keeps its Pods; no Pod of a StatefulSet runs twice, then or when it is back', async () => {
  const host = cluster.hosts[2]!;
  const of = async (app: string): Promise<Known> => {
    const [name = '', uid = ''] = (await get('pods', '{range .items[*]}{.spec.nodeName} {.metadata.name} {.metadata.uid}{"\\n"}{end}', '-l', `app=${app}`)).split('\n').find((line) => line.startsWith(host.name))!.split(' ').slice(1);
    return { name, uid };
  };
  const [member, other] = [await of('db'), await of('old')];
  let watching = true;
  let most = 0;
  const watch = (async () => { while (watching) most = Math.max(most, (await running(member.name)).length); })();
  try {
    await outage(host, member, other);
  } finally {
    watching = false;
    await watch;
  }
  expect(most).toBe(1);
});

interface Known { readonly name: string; readonly uid: string }

async function outage(host: DockerHost, member: Known, other: Known): Promise<void> {
  // So that nothing is sent there; the cluster itself needs 40 s to see that the host is gone.
  await cluster.kubectl('cordon', host.name);
  await cluster.lan.plug(host, false);
  await cluster.kubectl('delete', 'pod', member.name, other.name, '--wait=false');
  // What has no identity is made anew at once.
  const ready = async (): Promise<string[]> => words(await get('pods', '{range .items[*]}{.metadata.name}/{.spec.nodeName}/{.metadata.deletionTimestamp}/{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}', '-l', 'app=old')).filter((line) => line.endsWith('//True') && !line.includes(host.name));
  await eventually('a successor in the ReplicationController', async () => (await ready()).length === 3);
  expect(await get(`pod ${member.name}`, '{.metadata.uid} {.metadata.deletionTimestamp}')).toMatch(new RegExp(`^${member.uid} \\d`));
  expect(await running(member.name)).toEqual([member.uid]);
  expect(await get('statefulset db', '{.status.replicas}')).toBe('3');

  await cluster.lan.plug(host, true);
  await cluster.kubectl('uncordon', host.name);
  const successor = await eventually('the successor in the StatefulSet', async () => { const uid = await get(`pod ${member.name}`, '{.metadata.uid}'); return uid !== member.uid && uid; });
  await complete('statefulset/db');
  await eventually('its container, and none of the one before', async () => (await running(member.name)).join() === successor);
  await eventually('the end of the other', async () => !words(await get('pods', '{.items[*].metadata.name}', '-l', 'app=old')).includes(other.name));
}
