// What a person does with kubectl, against a whole cluster, with the oldest, a middle and the newest supported kubectl.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, root, startCluster, type TestCluster } from '../support/cluster.ts';
import { describeKubectls } from '../support/kubectl.ts';

const image = 'dray.local/nginx:v1';
const newer = 'dray.local/nginx:v2';
let cluster: TestCluster;
// An example names a port of the default range, which another cluster of this machine may hold.
beforeAll(async () => { cluster = await startCluster({ args: ['--node-port-range', '30000-32767'] }); });
afterAll(() => cluster?.stop());

describeKubectls(['1.27', '1.30', '1.33'], (minor, binary) => {
  const namespace = `k${minor.replace('.', '')}`;
  const kubectl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.run(binary, ['-n', namespace, ...args]);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr || stdout}`);
    return stdout;
  };

  test('creates, shows and describes a Deployment', async () => {
    await kubectl('create', 'namespace', namespace);
    await kubectl('create', 'deployment', 'web', `--image=${image}`, '--replicas=2', '--port=80');
    expect(await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s')).toContain('successfully rolled out');
    const wide = await kubectl('get', 'pods', '-o', 'wide');
    expect(wide).toMatch(/NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES/);
    expect(wide.match(/1\/1 +Running/g)).toHaveLength(2);
    expect(await kubectl('get', 'deployment', 'web', '-o', 'yaml')).toContain('kind: Deployment');
    // Events are on a way of their own.
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) await eventually(reason, async () => (await kubectl('describe', 'pods', '-l', 'app=web')).includes(reason));
    await eventually('ScalingReplicaSet', async () => (await kubectl('describe', 'deployment', 'web')).includes('ScalingReplicaSet'));
  });

  test('scales and waits', async () => {
    await kubectl('scale', 'deployment/web', '--replicas=3');
    await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=3', 'deployment/web', '--timeout=120s');
    expect((await kubectl('get', 'pods', '-o', 'name')).trim().split('\n')).toHaveLength(3);
  });

  test('rolls forward, shows history, pauses, resumes, restarts and undoes', async () => {
    await kubectl('set', 'image', 'deployment/web', `nginx=${newer}`);
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    expect(await kubectl('rollout', 'history', 'deployment/web')).toMatch(/REVISION[\s\S]*1 [\s\S]*2 /);
    await kubectl('rollout', 'pause', 'deployment/web');
    await kubectl('rollout', 'resume', 'deployment/web');
    await kubectl('rollout', 'undo', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    expect(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe(image);
    await kubectl('rollout', 'restart', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
  });

  test('exposes a Service that curl reaches', async () => {
    await kubectl('expose', 'deployment', 'web', '--port=80', '--type=NodePort');
    const address = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    const port = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    for (const url of [`http://${address}/version`, `http://127.0.0.1:${port}/version`]) {
      expect(await eventually(`an answer from ${url}`, async () => (await cluster.run('curl', ['-sf', '--max-time', '3', url])).stdout.trim())).toBe('v1');
    }
  });

  test('reads logs and executes commands', async () => {
    // Those of the roll-outs before may still be ending.
    const pod = await eventually('three Pods', async () => {
      const names = (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
      return names.length === 3 && names[0];
    });
    expect(await kubectl('exec', pod, '--', 'sh', '-c', 'echo out; echo err >&2; hostname')).toContain(pod);
    const failed = await cluster.run(binary, ['-n', namespace, 'exec', pod, '--', 'sh', '-c', 'exit 7']);
    expect(failed.code).toBe(7);
    const echoed = await cluster.run(binary, ['-n', namespace, 'exec', '-i', pod, '--', 'cat'], { input: 'through stdin' });
    expect(echoed.stdout).toBe('through stdin');
    await kubectl('exec', pod, '--', 'sh', '-c', 'echo marked > /proc/1/fd/1');
    expect(await eventually('the logged line', async () => (await kubectl('logs', pod, '--tail=5')).includes('marked'))).toBe(true);
    const follow = cluster.spawn(binary, ['-n', namespace, 'logs', '-f', pod, '--tail=0']);
    let followed = '';
    follow.stdout!.on('data', (chunk: Buffer) => { followed += chunk.toString(); });
    await eventually('a followed line', async () => {
      await kubectl('exec', pod, '--', 'sh', '-c', 'echo followed > /proc/1/fd/1');
      return followed.includes('followed');
    });
    follow.kill();
  });

  test('labels, annotates, explains, lists resources and events', async () => {
    await kubectl('label', 'deployment', 'web', 'tier=front');
    await kubectl('annotate', 'deployment', 'web', 'note=hello');
    expect(await kubectl('get', 'deployments', '-l', 'tier=front', '-o', 'name')).toContain('deployment.apps/web');
    expect(await kubectl('explain', 'pod', '--recursive')).toContain('imagePullPolicy');
    expect(await kubectl('explain', 'deployment.spec.strategy')).toContain('rollingUpdate');
    expect(await kubectl('api-resources')).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
    await eventually('an Event', async () => (await kubectl('events')).includes('ScalingReplicaSet'));
  });

  test('watches', async () => {
    const watcher = cluster.spawn(binary, ['-n', namespace, 'get', 'configmaps', '-w', '-o', 'name']);
    let seen = '';
    watcher.stdout!.on('data', (chunk: Buffer) => { seen += chunk.toString(); });
    await eventually('the watch', async () => seen.includes('kube-root-ca.crt'));
    await kubectl('create', 'configmap', 'watched', '--from-literal=a=b');
    await eventually('the new ConfigMap', async () => seen.includes('configmap/watched'));
    watcher.kill();
  });

  test('applies every example', async () => {
    // compose.yaml is for Docker.
    for (const file of readdirSync(join(root, 'examples')).filter((f) => /^\d.*\.yaml$/.test(f))) {
      await kubectl('apply', '--dry-run=server', '-f', join(root, 'examples', file));
    }
  });

  test('refuses bad input in Kubernetes\' words', async () => {
    const unknown = await cluster.run(binary, ['-n', namespace, 'apply', '-f', '-'], { input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndatta: {a: b}\n' });
    expect(unknown.code).not.toBe(0);
    expect(unknown.stderr).toMatch(/unknown field "datta"/);
    const invalid = await cluster.run(binary, ['-n', namespace, 'create', 'deployment', 'Bad_Name', '--image=x']);
    expect(invalid.stderr).toContain('a lowercase RFC 1123 subdomain must consist of');
    const image404 = await kubectl('run', 'nope', '--image=dray.local/none:1', '--image-pull-policy=Never');
    expect(image404).toContain('created');
    await eventually('ErrImageNeverPull', async () => (await kubectl('describe', 'pod', 'nope')).includes('ErrImageNeverPull'));
  });

  test('deletes with each cascade', async () => {
    await kubectl('create', 'deployment', 'orphans', `--image=${image}`);
    await kubectl('rollout', 'status', 'deployment/orphans', '--timeout=120s');
    await kubectl('delete', 'deployment', 'orphans', '--cascade=orphan');
    expect(await kubectl('get', 'replicasets', '-l', 'app=orphans', '-o', 'name')).toContain('replicaset');
    await kubectl('delete', 'replicasets', '-l', 'app=orphans', '--cascade=foreground');
    await kubectl('wait', '--for=delete', 'pods', '-l', 'app=orphans', '--timeout=120s');
    await kubectl('delete', 'deployment', 'web', '--cascade=background');
    await kubectl('wait', '--for=delete', 'pods', '-l', 'app=web', '--timeout=120s');
    await kubectl('delete', 'namespace', namespace, '--timeout=120s');
  });
});
