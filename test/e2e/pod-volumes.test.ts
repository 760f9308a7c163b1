// Volumes of Pods on a real engine, as containers, the host and the API show them: what files hold, whose they are, how they change, and
// that no path leads out of its volume. All Pods are made at once, so that their waits overlap.
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMountInfo } from '../../agent/kubelet/volumes/mounts.ts';
import { eventually, findKubectl, startCluster, type Output, type TestCluster } from '../support/cluster.ts';
import { podsOf } from '../support/pods.ts';
import { testWhere } from '../support/test-where.ts';
import { busybox, manifest, password, refused } from './pod-volumes-pods.ts';

let cluster: TestCluster;
let host: string;
let socket: Server;
beforeAll(async () => {
  cluster = await startCluster({
    before: async ({ dataDir }) => {
      host = join(dataDir, 'host');
      for (const name of ['directory', 'disk/sub']) mkdirSync(join(host, name), { recursive: true });
      for (const name of ['file', 'disk/sub/old']) writeFileSync(join(host, name), 'of the host\n', { mode: 0o600 });
      execFileSync('mknod', [join(host, 'char'), 'c', '1', '3']);
      execFileSync('mknod', [join(host, 'block'), 'b', '7', '200']);
      socket = createServer().listen(join(host, 'socket'));
      await new Promise((resolve) => { socket.once('listening', resolve); });
    },
  });
  await cluster.kubectlInput(manifest(host), 'apply', '-f', '-');
});
afterAll(async () => {
  socket?.close();
  await cluster?.stop();
});

const { jsonpath, status, until, ready, inside, fails, described } = podsOf(() => cluster);
const podDirectory = async (name: string): Promise<string> => join(cluster.dataDir, 'pods', await jsonpath(name, '{.metadata.uid}'));
const mounts = (): { path: string; fsType: string }[] => parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));

test('files of ConfigMaps, Secrets and the downward API: layout, items, modes, what may be missing, what is read-only', async () => {
  await ready('files');
  const set = await inside('files', 'readlink /config/..data');
  expect(set).toMatch(/^\.\.\d{4}_\d\d_\d\d_/);
  expect((await inside('files', 'ls -A /config; for f in color file.conf script bytes; do readlink /config/$f; done')).split('\n').sort())
    .toEqual([set, '..data', 'bytes', 'color', 'file.conf', 'script', '..data/bytes', '..data/color', '..data/file.conf', '..data/script'].sort());
  expect(await inside('files', 'od -An -tx1 /config/bytes | tr -d " "; cat /config/color /etc/one.conf; /some/bin/run; cat /some/deep/er/color /info/note /info/labels /all/color /all/deep/password /all/name /fixed/color; ls /some /absent'))
    .toBe(`00ff01\nblueanswer = 42\nran\nbluebeforeapp="files"blue${password}filesgold/absent:\n\n/some:\nbin\ndeep`);
  // Without a limit the container may have what the node has.
  expect(await inside('files', 'cat /info/cpu')).toBe(await jsonpath(cluster.hosts[0]!.name, '{.status.allocatable.cpu}', 'node'));
  expect(await inside('files', 'stat -L -c "%a %u:%g" /config/color /some/bin/run /some/deep/er/color /secret/password /info/note /info/labels /all/color /all/deep/password'))
    .toBe(['644', '755', '440', '400', '600', '644', '444', '400'].map((mode) => `${mode} 0:0`).join('\n'));
  const written = await inside('files', 'for f in /config/new /some/bin/run /secret/password /info/note /all/new /fixed/color /etc/one.conf; do (echo x >> $f) 2>&1 || echo refused; done');
  expect(written.split('\n').map((line) => /Read-only file system|refused/.exec(line)?.[0])).toEqual(Array.from({ length: 7 }, () => ['Read-only file system', 'refused']).flat());
});

test('changes reach files within ten seconds, all at once; a mount with subPath stays as it was', async () => {
  await Promise.all([ready('files'), ready('reader')]);
  const took: Record<string, number> = {};
  const reaches = async (what: string, change: readonly string[], script: string, wanted: string): Promise<void> => {
    await cluster.kubectl(...change);
    const from = Date.now();
    await eventually(what, async () => (await inside('files', script)) === wanted, 60_000);
    took[what] = Date.now() - from;
  };
  await Promise.all([
    reaches('a ConfigMap', ['patch', 'configmap', 'settings', '-p', '{"data":{"color":"green"}}'], 'cat /config/color /some/deep/er/color /all/color', 'greengreengreen'),
    reaches('a Secret', ['patch', 'secret', 'keys', '-p', `{"stringData":{"password":"${password}-2"}}`], 'cat /secret/password /all/deep/password', `${password}-2`.repeat(2)),
    reaches('a label', ['label', 'pod', 'files', 'tier=front'], 'cat /info/labels', 'app="files"\ntier="front"'),
    reaches('an annotation', ['annotate', '--overwrite', 'pod', 'files', 'note=after'], 'cat /info/note', 'after'),
    reaches('a key that is gone', ['patch', 'configmap', 'settings', '-p', '{"binaryData":{"bytes":null}}'], 'ls /config', 'color\nfile.conf\nscript'),
  ]);
  await cluster.kubectl('patch', 'configmap', 'pair', '-p', '{"data":{"a":"1","b":"1"}}');
  for (let i = 2; i <= 4; i++) {
    await eventually(`set ${i - 1}`, async () => (await cluster.kubectl('logs', 'reader')).includes(`saw ${i - 1}\n`), 60_000);
    await cluster.kubectl('patch', 'configmap', 'pair', '-p', `{"data":{"a":"${i}","b":"${i}"}}`);
  }
  await eventually('the last set', async () => (await cluster.kubectl('logs', 'reader')).includes('saw 4\n'), 60_000);
  expect(await cluster.kubectl('logs', 'reader')).toBe('saw 0\nsaw 1\nsaw 2\nsaw 3\nsaw 4\n');
  expect(await inside('files', 'cat /etc/one.color; ls -A /config | grep -c "^\\.\\.2"')).toBe('blue1');
  console.info('milliseconds until containers read a change:', took);
  for (const ms of Object.values(took)) expect(ms).toBeLessThan(10_000);
});

test('an immutable ConfigMap cannot be changed; one that takes its place is what later Pods get', async () => {
  const change = await cluster.kubectl('patch', 'configmap', 'fixed', '-p', '{"data":{"color":"silver"}}').catch((error: Error) => error.message);
  expect(change).toContain('data: Forbidden: field is immutable when `immutable` is set');
  await ready('files');
  await cluster.kubectl('delete', 'configmap', 'fixed');
  await cluster.kubectl('create', 'configmap', 'fixed', '--from-literal=color=silver');
  await cluster.kubectlInput(JSON.stringify({
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'later' },
    spec: { terminationGracePeriodSeconds: 1, volumes: [{ name: 'fixed', configMap: { name: 'fixed' } }], containers: [{ name: 'main', image: busybox, command: ['sh', '-c', 'echo $(cat /fixed/color); sleep 3600'], volumeMounts: [{ name: 'fixed', mountPath: '/fixed' }] }] },
  }), 'apply', '-f', '-');
  await ready('later');
  await eventually('its words', async () => (await cluster.kubectl('logs', 'later')) === 'silver\n');
});

test('Secrets and tokens are in memory, and nothing of them is on a disk of the node', async () => {
  await Promise.all([ready('files'), ready('group'), ready('caller')]);
  const uids = await Promise.all(['files', 'group', 'caller'].map((name) => jsonpath(name, '{.metadata.uid}')));
  for (const uid of uids) expect(execFileSync('stat', ['-f', '-c', '%T', join(cluster.dataDir, 'memory', uid)], { encoding: 'utf8' })).toBe('tmpfs\n');
  expect(await inside('files', 'for v in secret info all; do stat -f -c %T /$v; done')).toBe('tmpfs\ntmpfs\ntmpfs');
  const tokens = [await inside('group', 'cat /token/token'), await inside('caller', 'cat /var/run/secrets/kubernetes.io/serviceaccount/token')];
  for (const token of tokens) expect(token.split('.')).toHaveLength(3);
  // The signature alone tells tokens apart. What the master keeps is no volume.
  const values = [password, ...tokens.map((token) => token.split('.')[2]!)];
  const found = (directory: string, ...more: string[]): string[] => {
    // Files come and go meanwhile, and grep that finds nothing is no success.
    const { stdout } = spawnSync('find', [directory, '-xdev', ...more, '-type', 'f', '-exec', 'grep', '-lF', ...values.flatMap((value) => ['-e', value]), '{}', '+'], { encoding: 'utf8' });
    return stdout.split('\n').filter(Boolean);
  };
  writeFileSync(join(host, 'canary'), password);
  expect(found(cluster.dataDir, '-not', '-path', `${join(cluster.dataDir, 'store')}*`)).toEqual([join(host, 'canary')]);
  expect(found(join(cluster.lan.directory, cluster.hosts[0]!.name))).toEqual([]);
});

test('tokens: audience, life and Pod are in them; the API takes those meant for it, as long as their Pod is there', async () => {
  await Promise.all([ready('group'), ready('caller')]);
  const [vault, own] = [await inside('group', 'cat /token/token'), await inside('caller', 'cat /var/run/secrets/kubernetes.io/serviceaccount/token')];
  const claims = JSON.parse(Buffer.from(vault.split('.')[1]!, 'base64url').toString()) as { aud: string[]; exp: number; iat: number; 'kubernetes.io': unknown };
  expect([claims.aud, claims.exp - claims.iat]).toEqual([['vault'], 600]);
  expect(claims['kubernetes.io']).toMatchObject({ namespace: 'default', pod: { name: 'group', uid: await jsonpath('group', '{.metadata.uid}') }, serviceaccount: { name: 'default' } });
  const authority = join(host, 'ca.crt');
  writeFileSync(authority, await inside('caller', 'cat /var/run/secrets/kubernetes.io/serviceaccount/ca.crt'));
  expect(await inside('caller', 'cat /var/run/secrets/kubernetes.io/serviceaccount/namespace')).toBe('default');
  const server = `https://${await inside('caller', 'echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT')}`;
  const kubectl = await findKubectl();
  const as = (token: string): Promise<Output> => cluster.run(kubectl, [`--server=${server}`, `--certificate-authority=${authority}`, `--token=${token}`, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.extra.authentication\\.kubernetes\\.io/pod-name[0]}'], { env: { KUBECONFIG: '/dev/null' } });
  expect(await as(own)).toEqual({ code: 0, stdout: 'system:serviceaccount:default:default caller', stderr: '' });
  expect((await as(vault)).stderr).toContain('You must be logged in to the server');
  await cluster.kubectl('delete', 'pod', 'caller');
  await eventually('an end of the token', async () => (await as(own)).stderr.includes('You must be logged in to the server'));
});

test('fsGroup owns what Pods write and read; a tmpfs has its size; what is mounted read-only stays as it is', async () => {
  await ready('group');
  expect(await inside('group', 'id -u; id -g; id -G')).toBe('1000\n3000\n3000 2000 4000');
  const token = '640 1000:2000';
  expect(await inside('group', 'stat -c "%a %u:%g" /work /memory; stat -L -c "%a %u:%g" /config/color /secret/password; stat -L -c "%a %u:%g" /token/token; touch /work/x /memory/x && stat -c "%u:%g" /work/x /memory/x; cat /config/color /secret/password > /dev/null'))
    .toBe(`2777 0:2000\n3777 0:2000\n440 0:2000\n440 0:2000\n${token}\n1000:2000\n1000:2000`);
  expect(await inside('group', 'stat -f -c %T /memory; df -k /memory | tail -1 | tr -s " " | cut -d" " -f2')).toBe('tmpfs\n2048');
  expect(await fails('group', 'dd if=/dev/zero of=/memory/much bs=1M count=3')).toContain('No space left on device');
  expect(await fails('group', 'touch /locked/y')).toContain('Read-only file system');
  // A volume of type local gets the group, down to what was there before; one of type hostPath is the host's.
  expect(await inside('group', 'stat -c "%a %u:%g" /disk /disk/sub /disk/sub/old; cat /disk/sub/old; touch /disk/sub/new; stat -c %g /disk/sub/new')).toBe('2775 0:2000\n2775 0:2000\n660 0:2000\nof the host\n2000');
  expect(await inside('group', 'stat -c "%a %u:%g" /claimed')).toBe('755 0:0');
  expect(readdirSync(join(host, 'disk/sub')).sort()).toEqual(['new', 'old']);
});

test('hostPath: each type takes what it names, makes what it may, and says what does not suit', async () => {
  await ready('host-paths');
  expect(await inside('host-paths', 'cd /h; stat -c "%n %F %a" Directory DirectoryOrCreate File FileOrCreate Socket CharDevice BlockDevice any | sed "s/ \\(socket\\|.* special file\\) .*/ \\1/"')).toBe([
    'Directory directory 755', 'DirectoryOrCreate directory 755', 'File regular file 600', 'FileOrCreate regular empty file 644', 'Socket socket', 'CharDevice character special file', 'BlockDevice block special file', 'any directory 755',
  ].join('\n'));
  expect([statSync(join(host, 'made/deep')).isDirectory(), statSync(join(host, 'made-file')).isFile(), statSync(join(host, 'any/thing')).isDirectory()]).toEqual([true, true, true]);
  const why = (type: string, path: string, what: string): string => `MountVolume.SetUp failed for volume "${type.toLowerCase()}" : hostPath type check failed: ${host}/${path} is not a ${what}`;
  await described('host-paths-wrong', ...[
    why('Directory', 'none', 'directory'), why('DirectoryOrCreate', 'file', 'directory'), why('File', 'directory', 'file'), why('Socket', 'file', 'socket file'), why('CharDevice', 'block', 'character device'), why('BlockDevice', 'char', 'block device'),
    `MountVolume.SetUp failed for volume "fileorcreate" : open ${host}/none/file: no such file or directory`,
  ]);
  expect(await status('host-paths-wrong', 'state.waiting.reason')).toBe('ContainerCreating');
  expect(existsSync(join(host, 'none'))).toBe(false);
});

test('subPath and subPathExpr: made where they are missing, by way of links inside, files too', async () => {
  await ready('sub');
  expect(await inside('sub', 'touch /made/x /named/y; ls /work/made/for/me /work/of/sub; cat /linked/file /one; stat -c %a /made /named')).toBe('/work/made/for/me:\nx\n\n/work/of/sub:\ny\nhere\nhere\n777\n777');
  expect(await fails('sub', 'echo x > /one')).toContain('Read-only file system');
  // Of an NFS directory, too, where it can be mounted: nobody serves there, and a kernel may know no NFS at all.
  await described('network-part', /FailedMount .* MountVolume\.SetUp failed for volume "far" : mount failed: exit status 32/, `Mounting arguments: -t nfs -o addr=127.0.0.1,nfsvers=4 :/exports ${await podDirectory('network-part')}/volumes/kubernetes.io~nfs/far`);
});

test('no path leads out of its volume', async () => {
  const said = await Promise.all(refused.map(([spec]) => cluster.kubectlInput(`{apiVersion: v1, kind: Pod, metadata: {name: refused}, spec: {${spec}}}`, 'create', '-f', '-').catch((error: Error) => error.message)));
  expect(said).toEqual(refused.map(([, why]) => expect.stringContaining(why)));
  // Of links the volume's contents lead out by, users are told no more than that: what is on the host is none of theirs.
  await until('escape', 'jsonpath={.status.containerStatuses[?(@.name=="below")].state.waiting.reason}=CreateContainerConfigError');
  expect((await jsonpath('escape', '{range .status.containerStatuses[*]}{.name}: {.state.waiting.reason}: {.state.waiting.message}{"\\n"}{end}')).trim().split('\n').sort()).toEqual([
    'below: CreateContainerConfigError: failed to resolve recursive read-only mode: volume "work" requested recursive read-only mode, but it is not supported by the runtime',
    ...['file', 'main', 'new', 'up'].map((name) => `${name}: CreateContainerConfigError: failed to prepare subPath for volumeMount "work" of container "${name}"`),
    "value: CreateContainerConfigError: unable to provision SubPath `a/../../x`: must not contain '..'",
  ]);
  expect(existsSync('/escaped')).toBe(false);
  const directory = await podDirectory('escape');
  expect([mounts().filter(({ path }) => path.startsWith(directory)), existsSync(join(directory, 'volume-subpaths'))]).toEqual([[], false]);
});

const shared = async (): Promise<string> => join(await podDirectory('shares'), 'volumes/kubernetes.io~empty-dir/work');
const list = (container: string, path: string): Promise<string> => cluster.kubectl('exec', 'shares', '-c', container, '--', 'ls', path);

test('a mount the host makes in a volume reaches the containers that ask for it', async () => {
  const volume = await shared();
  for (const name of ['sees', 'blind']) await until('shares', `jsonpath={.status.containerStatuses[?(@.name=="${name}")].state.running}`);
  mkdirSync(join(volume, 'inner'));
  execFileSync('mount', ['-t', 'tmpfs', 'inner', join(volume, 'inner')]);
  writeFileSync(join(volume, 'inner/file'), '');
  expect([await list('sees', '/work/inner'), await list('blind', '/work/inner')]).toEqual(['file\n', '']);
  const engine = cluster.hosts[0]!;
  const [id] = await eventually('the container main', async () => { const ids = await engine.docker('ps', '-aq', '--filter', 'name=k8s_main_shares_'); return ids !== '' && ids.split('\n'); });
  expect(await engine.docker('inspect', '-f', '{{.HostConfig.Privileged}}{{range .HostConfig.Mounts}}{{if eq .Target "/work"}} {{.BindOptions.Propagation}}{{end}}{{end}}', id!)).toBe('true rshared');
});

const allRights = BigInt(`0x${/^CapEff:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!}`);
const everyRight = (1n << (BigInt(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8').trim()) + 1n)) - 1n;
testWhere(allRights === everyRight, 'this machine lacks a capability, and so starts no privileged container', 'a mount a Bidirectional container makes reaches the host and the containers that ask for it', async () => {
  await ready('shares');
  await cluster.kubectl('exec', 'shares', '-c', 'main', '--', 'sh', '-c', 'mkdir /work/own && mount -t tmpfs own /work/own && touch /work/own/mark');
  expect([readdirSync(join(await shared(), 'own')), await list('sees', '/work/own'), await list('blind', '/work/own')]).toEqual([['mark'], 'mark\n', '']);
});

test('mounts in a volume go with the Pod', async () => {
  const volume = await shared();
  expect(mounts().map(({ path }) => path)).toContain(join(volume, 'inner'));
  await cluster.kubectl('delete', 'pod', 'shares');
  await eventually('a host without the mounts', async () => Promise.resolve(!mounts().some(({ path }) => path.startsWith(volume)) && !existsSync(volume)));
});

test('what has no name of an image says so', async () => {
  await until('image-invalid', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=InvalidImageName');
  const words = 'Failed to apply default image tag "Not:A:Name": couldn\'t parse image name "Not:A:Name": invalid reference format';
  expect(await status('image-invalid', 'state.waiting.message')).toBe(words);
  await described('image-invalid', /Warning +InspectFailed .* Failed to apply default image tag "Not:A:Name"/, /Warning +Failed .* Error: InvalidImageName/);
  expect((await cluster.kubectl('get', 'pod', 'image-invalid', '--no-headers')).trim().split(/\s+/)[2]).toBe('InvalidImageName');
});

test('the node lists its images, the largest first', async () => {
  const node = JSON.parse(await cluster.kubectl('get', 'node', cluster.hosts[0]!.name, '-o', 'json')) as { status: { images: { names: string[]; sizeBytes: number }[] } };
  const { images } = node.status;
  const size = Number(await cluster.hosts[0]!.docker('image', 'inspect', '-f', '{{.Size}}', busybox));
  expect(images.find(({ names }) => names.includes(busybox))?.sizeBytes).toBe(size);
  expect(images.map(({ sizeBytes }) => sizeBytes)).toEqual(images.map(({ sizeBytes }) => sizeBytes).sort((a, b) => b - a));
});
