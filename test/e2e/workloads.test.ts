// StatefulSets, Jobs, DaemonSets and CronJobs on a real Docker Engine, driven by kubectl as a person would; what is seen of them: logs
// and what they use.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { DEMO_BUSYBOX, DEMO_NGINX } from '../../src/cli/demo-images.ts';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { recordsOf, sourceOf } from '../support/log-collector.ts';

let cluster: TestCluster;
const apply = (...objects: object[]): Promise<string> => cluster.kubectlInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'apply', '-f', '-');
const get = async (what: string, path: string, ...args: string[]): Promise<string> => (await cluster.kubectl('get', ...what.split(' '), ...args, '-o', `jsonpath=${path}`)).trim();
const rollout = (...args: string[]): Promise<string> => cluster.kubectl('rollout', ...args);
const complete = (what: string): Promise<string> => rollout('status', what, '--timeout=150s');
const task = (script: string, more: object = {}): object => ({ restartPolicy: 'Never', containers: [{ name: 'c', image: DEMO_BUSYBOX, command: ['sh', '-c', script] }], ...more });
const job = (name: string, spec: object, script: string): object => ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { template: { spec: task(script) }, ...spec } });

beforeAll(async () => {
  cluster = await startCluster({ args: ['--container-log-max-size', '64Ki', '--container-log-max-files', '3'] });
  // First of all, so that its minute passes beside the rest.
  await apply({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'tick' }, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: task('echo tick') } } } } });
});
afterAll(() => cluster?.stop());

const pod = (image: string) => ({ containers: [{ name: 'nginx', image, ports: [{ containerPort: 80 }], readinessProbe: { httpGet: { path: '/version', port: 80 }, periodSeconds: 1 } }], terminationGracePeriodSeconds: 3 });

test('a StatefulSet scales, updates and rolls back in order, under names that last', async () => {
  const labels = { app: 'db' };
  await apply(
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db' }, spec: { clusterIP: 'None', selector: labels, ports: [{ name: 'http', port: 80 }] } },
    { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec: { serviceName: 'db', replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod(DEMO_NGINX[0]) } } },
  );
  await complete('statefulset/db');
  const names = (): Promise<string> => get('pods', '{.items[*].metadata.name}', '-l', 'app=db');
  expect(await names()).toBe('db-0 db-1');
  expect(await get('pod db-1', '{.metadata.labels.apps\\.kubernetes\\.io/pod-index} {.spec.hostname}')).toBe('1 db-1');
  // A Pod looks another one up by its name, and asks it.
  const ask = async (from: string, to: string): Promise<string> => {
    const found = await cluster.kubectl('exec', from, '--', 'nslookup', '-type=a', `${to}.db.default.svc.cluster.local`);
    const [, ip] = /Name:.*\nAddress(?: 1)?: ([\d.]+)/.exec(found) ?? [];
    if (!ip) throw new Error(found);
    const answer = await cluster.kubectl('exec', from, '--', 'sh', '-c', `printf 'GET /version HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${ip} 80`);
    return answer.trim().split('\n').at(-1)!;
  };
  for (const name of ['db-1', 'db-0']) expect(await eventually(`an answer of ${name}`, () => ask('db-0', name))).toBe('v1');
  expect((await cluster.kubectl('exec', 'db-1', '--', 'hostname')).trim()).toBe('db-1');

  await cluster.kubectl('scale', 'statefulset/db', '--replicas=3');
  await complete('statefulset/db');
  expect(await names()).toBe('db-0 db-1 db-2');
  await cluster.kubectl('set', 'image', 'statefulset/db', `nginx=${DEMO_NGINX[1]}`);
  await complete('statefulset/db');
  expect(await eventually('the new version', async () => (await ask('db-0', 'db-2')) === 'v2')).toBe(true);
  // The highest ordinal was made anew first.
  const made = (await get('pods', '{range .items[*]}{.metadata.creationTimestamp}{"\\n"}{end}', '-l', 'app=db')).split('\n');
  expect([...made].sort().reverse()).toEqual(made);
  expect(await rollout('history', 'statefulset/db')).toMatch(/^statefulset.apps\/db\s+REVISION\s+CHANGE-CAUSE\s+1\s+<none>\s+2\s+<none>/);
  await rollout('undo', 'statefulset/db');
  await complete('statefulset/db');
  expect(await get('pods', '{.items[*].spec.containers[0].image}', '-l', 'app=db')).toBe(Array(3).fill(DEMO_NGINX[0]).join(' '));
  await cluster.kubectl('delete', 'statefulset/db', '--wait=false');
});

test('a StatefulSet keeps what its Pods wrote, and lets go of it as it is told', async () => {
  const labels = { app: 'store' };
  const spec = { containers: [{ name: 'c', image: DEMO_BUSYBOX, command: ['sh', '-c', 'echo $(hostname) >> /data/log; exec sleep 100000'], volumeMounts: [{ name: 'data', mountPath: '/data' }] }], terminationGracePeriodSeconds: 0 };
  await apply({
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'store' },
    spec: {
      serviceName: 'store', selector: { matchLabels: labels }, template: { metadata: { labels }, spec }, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } }],
    },
  });
  await complete('statefulset/store');
  const before = await get('pod store-0', '{.metadata.uid}');
  await cluster.kubectl('delete', 'pod', 'store-0');
  await eventually('its successor', async () => (await get('pod store-0', '{.metadata.uid} {.status.phase}')).endsWith(' Running') && (await get('pod store-0', '{.metadata.uid}')) !== before);
  const log = await eventually('its line', async () => { const text = await cluster.kubectl('exec', 'store-0', '--', 'cat', '/data/log'); return text.split('\n').length > 2 && text; });
  expect(log).toBe('store-0\nstore-0\n');
  await cluster.kubectl('delete', 'statefulset/store');
  await cluster.kubectl('wait', '--for=delete', 'pvc/data-store-0', '--timeout=150s');
});

test('Jobs run to their completion, fail beyond their limit, and number their Pods', async () => {
  await apply(
    job('done', { completions: 2, parallelism: 2 }, 'echo hello'), job('broken', { backoffLimit: 0 }, 'exit 7'),
    job('indexed', { completionMode: 'Indexed', completions: 3, parallelism: 3 }, 'echo index $JOB_COMPLETION_INDEX on $(hostname)'),
    job('patient', { backoffLimit: 3, template: { spec: task('test -e /seen/it || { touch /seen/it; exit 1; }', { restartPolicy: 'OnFailure', volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', image: DEMO_BUSYBOX, command: ['sh', '-c', 'test -e /seen/it || { touch /seen/it; exit 1; }'], volumeMounts: [{ name: 'v', mountPath: '/seen' }] }] }) } }, ''),
    job('endless', { activeDeadlineSeconds: 3 }, 'trap "exit 1" TERM; sleep 1000 & wait'),
  );
  await cluster.kubectl('wait', '--for=condition=complete', 'job/done', 'job/indexed', 'job/patient', '--timeout=150s');
  await cluster.kubectl('wait', '--for=condition=failed', 'job/broken', 'job/endless', '--timeout=150s');
  expect(await get('job done', '{.status.succeeded} {.status.uncountedTerminatedPods} {.status.conditions[-1:].reason}')).toBe('2 {} CompletionsReached');
  expect(await cluster.kubectl('logs', 'job/done')).toBe('hello\n');
  expect(await get('pods', '{.items[*].status.phase} {.items[*].metadata.finalizers}', '-l', 'job-name=done')).toBe('Succeeded Succeeded');
  expect(await get('job broken', '{.status.failed} {.status.conditions[-1:].reason}')).toBe('1 BackoffLimitExceeded');
  expect(await get('pods', '{.items[*].status.containerStatuses[0].state.terminated.exitCode}', '-l', 'job-name=broken')).toBe('7');
  expect(await get('job endless', '{.status.failed} {.status.conditions[-1:].reason}')).toBe('1 DeadlineExceeded');
  expect(await get('job indexed', '{.status.completedIndexes}')).toBe('0-2');
  const logs = await Promise.all([0, 1, 2].map((index) => cluster.kubectl('logs', '-l', `job-name=indexed,batch.kubernetes.io/job-completion-index=${index}`)));
  expect(logs).toEqual([0, 1, 2].map((index) => `index ${index} on indexed-${index}\n`));
  await cluster.kubectl('delete', 'job', 'done', 'broken', 'indexed', 'patient', 'endless', '--timeout=150s');
  expect(await get('pods', '{.items[*].metadata.name}', '-l', 'job-name in (done,broken,indexed,patient,endless)')).toBe('');
});

test('a DaemonSet runs on its node, is updated and rolled back', async () => {
  const labels = { app: 'agent' };
  await apply({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod(DEMO_NGINX[0]) } } });
  await complete('daemonset/agent');
  expect(await get('pods', '{.items[*].spec.nodeName}', '-l', 'app=agent')).toBe(cluster.hosts[0]!.name);
  await cluster.kubectl('set', 'image', 'daemonset/agent', `nginx=${DEMO_NGINX[1]}`);
  await complete('daemonset/agent');
  const image = (): Promise<string> => get('pods', '{.items[*].spec.containers[0].image}', '-l', 'app=agent');
  expect(await image()).toBe(DEMO_NGINX[1]);
  await rollout('undo', 'daemonset/agent');
  await complete('daemonset/agent');
  expect(await image()).toBe(DEMO_NGINX[0]);
  expect(await get('daemonset agent', '{.status.desiredNumberScheduled} {.status.numberAvailable} {.status.updatedNumberScheduled}')).toBe('1 1 1');
});

test('a Pod under a budget is evicted only when the budget allows it', async () => {
  await apply({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'agent' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'agent' } } } });
  await cluster.kubectl('wait', '--for=jsonpath={.status.currentHealthy}=1', 'pdb/agent', '--timeout=150s');
  const name = await get('pods', '{.items[0].metadata.name}', '-l', 'app=agent');
  const evict = () => cluster.kubectlInput(JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } }), 'create', '--raw', `/api/v1/namespaces/default/pods/${name}/eviction`, '-f', '-');
  await expect(evict()).rejects.toThrow("Cannot evict pod as it would violate the pod's disruption budget.");
  await cluster.kubectl('patch', 'pdb/agent', '-p', '{"spec":{"minAvailable":0}}');
  await cluster.kubectl('wait', '--for=jsonpath={.status.disruptionsAllowed}=1', 'pdb/agent', '--timeout=150s');
  await evict();
  await cluster.kubectl('wait', '--for=delete', `pod/${name}`, '--timeout=150s');
});

test('a CronJob runs by hand and by its schedule', async () => {
  await cluster.kubectl('create', 'job', 'by-hand', '--from=cronjob/tick');
  await cluster.kubectl('wait', '--for=condition=complete', 'job/by-hand', '--timeout=150s');
  expect(await cluster.kubectl('logs', 'job/by-hand')).toBe('tick\n');
  const made = await eventually('a Job by the schedule', async () => (await get('jobs', '{.items[*].metadata.name}')).split(' ').find((name) => /^tick-\d+$/.test(name)), 150_000);
  await cluster.kubectl('wait', '--for=condition=complete', `job/${made}`, '--timeout=150s');
  await eventually('the last success', () => get('cronjob tick', '{.status.lastSuccessfulTime}'));
  expect(await cluster.kubectl('get', 'cronjob', 'tick')).toMatch(/tick\s+\* \* \* \* \*\s+<none>\s+False/);
});

test('a node is drained, which leaves what belongs to it, and taken into service again', async () => {
  const node = cluster.hosts[0]!.name;
  await cluster.kubectl('create', 'deployment', 'web', `--image=${DEMO_NGINX[0]}`, '--replicas=2');
  await complete('deployment/web');
  await cluster.kubectl('drain', node, '--ignore-daemonsets', '--force', '--timeout=150s');
  await eventually('their successors', async () => (await get('pods', '{.items[*].status.phase}', '-l', 'app=web')) === 'Pending Pending');
  expect(await get('pods', '{.items[*].status.phase}', '-l', 'app=agent')).toBe('Running');
  await cluster.kubectl('uncordon', node);
  await complete('deployment/web');
});

test('a log is followed while it is rotated, and found below /var/log until its Pod goes', async () => {
  const [lines, long] = [2000, 40_000];
  const script = `until [ -e /go ]; do sleep 0.1; done; i=0; while [ $i -lt ${lines} ]; do echo "line $i ${'x'.repeat(100)}"; i=$((i+1)); [ $((i % 50)) = 0 ] && sleep 0.05; done; head -c ${long} /dev/zero | tr '\\0' y; echo; echo end; sleep 1000`;
  const engineRoot = (await cluster.hosts[0]!.docker('info', '--format', '{{.DockerRootDir}}')).trim();
  const directories = ['/var/log/pods', '/var/log/containers', engineRoot];
  await apply(
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'chatty' }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: DEMO_BUSYBOX, command: ['sh', '-c', script] }] } },
    // As a collector sees it.
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'collector' }, spec: {
      terminationGracePeriodSeconds: 1, volumes: directories.map((path, i) => ({ name: `v${i}`, hostPath: { path } })),
      containers: [{ name: 'c', image: DEMO_BUSYBOX, command: ['sleep', '1000'], volumeMounts: directories.map((mountPath, i) => ({ name: `v${i}`, mountPath, readOnly: true })) }],
    } },
  );
  await cluster.kubectl('wait', 'pod/chatty', 'pod/collector', '--for=condition=Ready', '--timeout=150s');
  const follower = cluster.spawn('kubectl', ['logs', '-f', 'chatty']);
  let seen = '';
  const ended = new Promise<void>((resolve, reject) => {
    follower.stdout!.on('data', (chunk: Buffer) => { seen += chunk.toString(); if (seen.endsWith('end\n')) resolve(); });
    follower.once('exit', (code) => reject(new Error(`kubectl logs ended with ${code} after ${seen.split('\n').length} lines`)));
  });
  await cluster.kubectl('exec', 'chatty', '--', 'touch', '/go');
  await ended;
  follower.kill('SIGKILL');
  expect(seen.split('\n').slice(0, lines).map((line) => Number(line.split(' ')[1]))).toEqual(Array.from({ length: lines }, (_, i) => i));

  const id = (await get('pod chatty', '{.status.containerStatuses[0].containerID}')).replace('docker://', '');
  const uid = await get('pod chatty', '{.metadata.uid}');
  // The files are bounded: what the first lines were is gone.
  const files = readdirSync(`${engineRoot}/containers/${id}`).filter((name) => name.startsWith(`${id}-json.log`));
  expect(files).toHaveLength(3);
  const link = `/var/log/containers/chatty_default_c-${id}.log`;
  for (const path of [link, `/var/log/pods/default_chatty_${uid}/c/0.log`]) {
    expect(recordsOf(readFileSync(path, 'utf8')).at(-1)).toMatchObject({ stream: 'stdout', log: 'end\n' });
  }
  // A collector that was there all the time has read the older files too: the pieces of the long line may lie in two.
  const read = ['.2', '.1', ''].map((suffix) => readFileSync(`${engineRoot}/containers/${id}/${id}-json.log${suffix}`, 'utf8')).join('');
  expect(recordsOf(read).slice(-2).map(({ log }) => log)).toEqual([`${'y'.repeat(long)}\n`, 'end\n']);
  expect(sourceOf(link)).toEqual({ pod: 'chatty', namespace: 'default', container: 'c', id });
  expect(await cluster.kubectl('exec', 'collector', '--', 'sh', '-c', 'tail -n 1 /var/log/containers/chatty_default_c-*.log')).toContain('"log":"end\\n"');
  await cluster.kubectl('delete', 'pod', 'chatty');
  expect(await eventually('the links to go', () => Promise.resolve(!readdirSync('/var/log/containers').some((name) => name.includes(id)) && !existsSync(`/var/log/pods/default_chatty_${uid}`)))).toBe(true);
});

test('what nodes and Pods use is told', async () => {
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'busy' }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: DEMO_BUSYBOX, command: ['sh', '-c', 'while true; do :; done'], resources: { limits: { cpu: '50m', memory: '64Mi' } } }] } });
  await cluster.kubectl('wait', 'pod/busy', '--for=condition=Ready', '--timeout=150s');
  expect(await eventually('nodes', () => cluster.kubectl('top', 'nodes').then((text) => text.includes('%') && text))).toMatch(/^NAME\s+CPU\S+.*\n\S+\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%/);
  const [, cores, mebibytes] = /busy\s+(\d+)m\s+(\d+)Mi/.exec(await eventually('the Pod', () => cluster.kubectl('top', 'pod', 'busy')))!.map(Number) as [number, number, number];
  expect(cores).toBeGreaterThan(10);
  expect(cores).toBeLessThan(400);
  expect(mebibytes).toBeLessThan(64);
  const node = await get('nodes', '{.items[0].metadata.name}');
  const raw = (path: string): Promise<string> => cluster.kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy${path}`);
  const busy = JSON.parse(await raw('/stats/summary')).pods.find((p: { podRef: { name: string } }) => p.podRef.name === 'busy');
  expect(busy.containers[0].memory.availableBytes).toBeLessThanOrEqual(64 * 2 ** 20);
  expect(busy.containers[0].cpu.usageNanoCores).toBeGreaterThan(1e7);
  expect(busy.network).toMatchObject({ name: 'eth0', rxBytes: expect.any(Number) });
  expect(busy['ephemeral-storage'].usedBytes).toEqual(expect.any(Number));
  const throttled = async (): Promise<number> => Number(/container_cpu_cfs_throttled_periods_total\{container="c",[^}]*pod="busy"\} (\d+)/.exec(await raw('/metrics/cadvisor'))![1]);
  await eventually('a period without time', async () => (await throttled()) > 0);
  expect(await raw('/metrics/resource')).toContain('container_memory_working_set_bytes{container="c",namespace="default",pod="busy"} ');
  expect(JSON.parse(await raw('/configz')).kubeletconfig).toMatchObject({ containerLogMaxSize: '64Ki', containerLogMaxFiles: 3, cgroupsPerQOS: true });
  await cluster.kubectl('delete', 'pod', 'busy');
});
