// One cluster on three Docker hosts: every kind of workload is made, scaled, updated and rolled back on all of them; and while a host is cut
// off or has no power, what may run elsewhere does, but no Pod of a StatefulSet ever runs twice.
import { DEMO_BUSYBOX, DEMO_NGINX } from '../../src/cli/demo-images.ts';
import { dray, eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import type { DockerHost } from '../../bench/hosts/docker-hosts.ts';

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

/** Those whose engine can be asked. */
const powered = new Set<DockerHost>();
/** The Pods of a name that run as containers somewhere, whatever the API knows of them: their UIDs. */
async function running(name: string): Promise<string[]> {
  const lists = await Promise.all([...powered].map((host) => host.docker('ps', '--filter', `label=io.kubernetes.pod.name=${name}`, '--filter', 'label=io.kubernetes.container.name=c', '--format', '{{.Label "io.kubernetes.pod.uid"}}').catch((error: unknown) => {
    if (powered.has(host)) throw error;
    return '';
  })));
  return lists.flatMap(words);
}

interface Known { readonly name: string; readonly uid: string }
async function on(host: DockerHost, app: string): Promise<Known> {
  const lines = (await get('pods', '{range .items[*]}{.spec.nodeName} {.metadata.name} {.metadata.uid}{"\\n"}{end}', '-l', `app=${app}`)).split('\n');
  const [name = '', uid = ''] = lines.find((line) => line.startsWith(host.name))!.split(' ').slice(1);
  return { name, uid };
}

interface Outage { readonly host: DockerHost; readonly member: Known; readonly other: Known; /** Its containers run on. */ readonly goesOn: boolean; begin(): Promise<unknown>; end(): Promise<unknown> }

/** The cluster itself needs 40 s to see that a host is gone: until then somebody tells it that nothing is to be sent there, and what is to go. */
function cutOff(host: DockerHost, member: Known, other: Known): Outage {
  return {
    host, member, other, goesOn: true,
    async begin() {
      await cluster.kubectl('cordon', host.name);
      await cluster.lan.plug(host, false);
      await cluster.kubectl('delete', 'pod', member.name, other.name, '--wait=false');
    },
    async end() {
      await cluster.lan.plug(host, true);
      await cluster.kubectl('uncordon', host.name);
    },
  };
}
function powerless(host: DockerHost, member: Known, other: Known): Outage {
  return {
    host, member, other, goesOn: false,
    async begin() {
      powered.delete(host);
      await cluster.lan.powerOff(host, cluster.dataDirOf(host));
      await cluster.kubectl('taint', 'node', host.name, 'power=off:NoExecute');
    },
    async end() {
      await cluster.lan.powerOn(host);
      powered.add(host);
      const started = await cluster.on(host).run(process.execPath, [dray, 'join', '--detach', '--data-dir', cluster.dataDirOf(host)]);
      if (started.code !== 0) throw new Error(`${host.name} does not start: ${started.stderr}${started.stdout}`);
      await cluster.kubectl('taint', 'node', host.name, 'power-');
    },
  };
}

test('while one host is cut off and another has no power their Pods are replaced, but no Pod of a StatefulSet runs twice, then or when they are back', async () => {
  const [first, second, third] = cluster.hosts as [DockerHost, DockerHost, DockerHost];
  for (const host of cluster.hosts) powered.add(host);
  const outages = [powerless(second, await on(second, 'db'), await on(second, 'old')), cutOff(third, await on(third, 'db'), await on(third, 'old'))];
  let watching = true;
  const most = outages.map(() => 0);
  const watch = (async () => { while (watching) for (const [i, { member }] of outages.entries()) most[i] = Math.max(most[i]!, (await running(member.name)).length); })();
  try {
    await Promise.all(outages.map(({ begin }) => begin()));
    // What has no identity is made anew at once.
    const ready = async (): Promise<string[]> => words(await get('pods', '{range .items[*]}{.spec.nodeName}/{.metadata.deletionTimestamp}/{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}', '-l', 'app=old')).filter((line) => line === `${first.name}//True`);
    await eventually('successors in the ReplicationController', async () => (await ready()).length === 3);
    for (const { member, goesOn } of outages) {
      expect(await get(`pod ${member.name}`, '{.metadata.uid} {.metadata.deletionTimestamp}')).toMatch(new RegExp(`^${member.uid} \\d`));
      expect(await running(member.name)).toEqual(goesOn ? [member.uid] : []);
    }
    expect(await get('statefulset db', '{.status.replicas}')).toBe('3');
    await Promise.all(outages.map(({ end }) => end()));
    for (const { member } of outages) {
      const successor = await eventually('the successor in the StatefulSet', async () => { const uid = await get(`pod ${member.name}`, '{.metadata.uid}'); return uid !== member.uid && uid; });
      await eventually('its container, and none of the one before', async () => (await running(member.name)).join() === successor);
    }
    await complete('statefulset/db', 'daemonset/logs');
  } finally {
    watching = false;
    await watch;
  }
  expect(most).toEqual([1, 1]);
  const lost = outages.map(({ other }) => other.name);
  await eventually('the end of the others', async () => !words(await get('pods', '{.items[*].metadata.name}', '-l', 'app=old')).some((name) => lost.includes(name)));
  await eventually('a Pod on each host again', async () => (await spread('logs')).join() === names().join());
});
