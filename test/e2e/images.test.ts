// Images on their way onto a node and off it again, on a real engine: pulled side by side and one after the other, from a registry that
// stops halfway until it is told to go on, and removed when the disk is said to be full.
import { DEMO_BUSYBOX as busybox } from '../../src/cli/demo-images.ts';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { podsOf } from '../support/pods.ts';
import { slowRegistryAddress, startRegistry, startSlowRegistry, type SlowRegistry, type TestRegistry } from '../support/registry.ts';

let cluster: TestCluster;
let registry: TestRegistry | undefined;
let slow: SlowRegistry | undefined;
const names = ['slow/one', 'slow/two', 'slow/three'];
const imageOf = (name: string): string => `${slowRegistryAddress}/${name}:1`;
beforeAll(async () => {
  cluster = await startCluster();
  const [host] = cluster.hosts as [TestCluster['hosts'][number]];
  registry = await startRegistry(host);
  for (const name of names) {
    // Four megabytes that no two have in common and that cannot be packed.
    await host.docker('run', '--name', 'filled', '--network', 'none', busybox, 'dd', 'if=/dev/urandom', 'of=/filled', 'bs=1M', 'count=4');
    await host.docker('commit', 'filled', 'dray.local/filled:1');
    await host.docker('rm', 'filled');
    await registry.push('dray.local/filled:1', `${name}:1`);
    await host.docker('rmi', 'dray.local/filled:1');
  }
  slow = await startSlowRegistry(host);
});
afterAll(async () => {
  await slow?.stop();
  await registry?.stop();
  await cluster?.stop();
});

const { until, ready, described } = podsOf(() => cluster);
const create = (name: string, image: string): Promise<string> => cluster.kubectlInput(JSON.stringify({
  apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, command: ['sleep', '100000'] }] },
}), 'apply', '-f', '-');
/** The images of the tests that the engine has. */
const present = async (): Promise<string[]> => (await cluster.hosts[0]!.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n').filter((image) => [...names.map(imageOf), busybox].includes(image)).sort();
const again = async (...flags: string[]): Promise<void> => {
  expect((await cluster.dray('down')).code).toBe(0);
  const up = await cluster.dray('up', '--detach', ...flags);
  expect([up.code, up.stderr]).toEqual([0, '']);
};

test('two images are pulled side by side, and how far each has come is told', async () => {
  await Promise.all([create('one', imageOf('slow/one')), create('two', imageOf('slow/two'))]);
  expect([...(await slow!.until(2))].sort()).toEqual(['slow/one', 'slow/two']);
  for (const [pod, name] of [['one', 'slow/one'], ['two', 'slow/two']] as const) {
    const image = imageOf(name).replaceAll('.', '\\.');
    await described(pod, new RegExp(`Normal +Pulling .* Pulling image "${image}"\n`), new RegExp(`Normal +Pulling .* Pulling image "${image}": 1 of 2 layers, [12]\\.\\d of 4\\.2 MB\n`));
    await until(pod, 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=ContainerCreating');
  }
  slow!.release('slow/two');
  await ready('two');
  await described('two', /Normal +Pulled .* Successfully pulled image "\S+" in (\d+m)?\d+(\.\d+)?s \((\d+m)?\d+(\.\d+)?s including waiting\)\. Image size: \d+ bytes\./);
  // The other has not been waited for.
  await until('one', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=ContainerCreating');
  slow!.release('slow/one');
  await ready('one');
});

test('a disk that is too full: images that nobody uses go, those in use and those of others stay, and what could not be freed is told', async () => {
  expect(await present()).toEqual([...[imageOf('slow/one'), imageOf('slow/two')], busybox].sort());
  await cluster.kubectl('delete', 'pod', 'one');
  // Every disk has more than a hundredth in use, and none can be emptied.
  await again('--image-gc-high-threshold', '1', '--image-gc-low-threshold', '0', '--minimum-image-ttl-duration', '0s', '--serialize-image-pulls');
  await eventually('the image to go', async () => !(await present()).includes(imageOf('slow/one')));
  const { name } = cluster.hosts[0]!;
  const told = (): Promise<string> => cluster.kubectl('get', 'events', '--field-selector', `involvedObject.kind=Node,involvedObject.name=${name},reason=FreeDiskSpaceFailed`, '-o', 'jsonpath={.items[0].type} {.items[0].message}');
  expect(await eventually('the Event', told)).toMatch(/^Warning Failed to garbage collect required amount of images\. Attempted to free \d+ bytes, but only found \d{7,} bytes eligible to free\.$/);
  expect(await present()).toEqual([imageOf('slow/two'), busybox].sort());
  await ready('two');
});

test('one image after the other: the second is asked for when the first is there, and says how long it waited', async () => {
  await create('first', imageOf('slow/one'));
  expect((await slow!.until(3)).at(-1)).toBe('slow/one');
  await create('second', imageOf('slow/three'));
  await described('second', `Pulling image "${imageOf('slow/three')}"`);
  expect(slow!.halfway).toHaveLength(3);
  slow!.release('slow/one');
  await ready('first');
  expect((await slow!.until(4)).at(-1)).toBe('slow/three');
  slow!.release('slow/three');
  await ready('second');
  await described('second', /Successfully pulled image "\S+" in \S+ \(\S+ including waiting\)/);
});
