// Links to the containers' logs: their names, which come and go with the containers, and what is left behind.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LogLinks, logLinks, sweepLogLinks, type LogDirectories } from '../../../../agent/kubelet/log-links.ts';
import type { ContainerStatus } from '../../../../agent/runtime/runtime.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { sourceOf } from '../../../support/log-collector.ts';
import { ran } from './pods.ts';

let directory: string;
let directories: LogDirectories;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dray-logs-'));
  directories = { pods: join(directory, 'pods'), containers: join(directory, 'containers') };
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const idOf = (letter: string): string => letter.repeat(64);
/** A container as the engine keeps it: a directory with its log. */
function container(name: string, id: string, restarts = 0): ContainerStatus {
  const logPath = join(directory, 'engine/containers', id, `${id}-json.log`);
  mkdirSync(dirname(logPath), { recursive: true });
  writeFileSync(logPath, '{"log":"hello\\n","stream":"stdout","time":"2026-01-01T00:00:00.123456789Z"}\n');
  return { ...ran(name, { restarts }), id, logPath };
}
const inPod = (...path: string[]): string => join(directories.pods, 'default_web_uid-1', ...path);

it('names are those collectors take apart', () => {
  const { ofPod, ofContainer } = logLinks({ ...ran('main', { restarts: 3 }), id: idOf('a') }, { pods: '/p', containers: '/c' });
  expect(ofPod).toBe('/p/default_web_uid-1/main/3.log');
  expect(sourceOf(ofContainer.replace('/c/', '/var/log/containers/'))).toEqual({ pod: 'web', namespace: 'default', container: 'main', id: idOf('a') });
  const long = logLinks({ ...ran('main'), pod: { ...ran('main').pod, name: 'x'.repeat(253) }, id: idOf('a') }, { pods: '/p', containers: '/c' }).ofContainer;
  expect(long).toHaveLength('/c/'.length + 255);
  expect(long).toMatch(/\.log$/);
});

it('links come with the first start, lead to the lines, and go with the container and the Pod', async () => {
  const links = new LogLinks(directories, silentLog);
  const [first, second, other] = [container('a', idOf('a')), container('a', idOf('b'), 1), container('b', idOf('c'))];
  links.add({ ...first, logPath: '' });
  await links.settled();
  expect(existsSync(directories.pods)).toBe(false);
  for (const status of [first, second, other, first]) links.add(status);
  await links.settled();
  expect([readdirSync(inPod()).sort(), readdirSync(inPod('a')).sort(), readdirSync(directories.containers)]).toEqual([['a', 'b'], ['0.log', '1.log'], expect.arrayContaining([`web_default_a-${idOf('b')}.log`])]);
  expect(JSON.parse(readFileSync(join(directories.containers, `web_default_a-${idOf('a')}.log`), 'utf8'))).toMatchObject({ log: 'hello\n', stream: 'stdout' });
  links.remove(idOf('a'));
  links.remove(idOf('c'));
  links.remove(idOf('c'));
  await links.settled();
  expect([readdirSync(inPod()), readdirSync(inPod('a')), readdirSync(directories.containers)]).toEqual([['a'], ['1.log'], [`web_default_a-${idOf('b')}.log`]]);
  links.remove(idOf('b'));
  await links.settled();
  expect([readdirSync(directories.pods), readdirSync(directories.containers)]).toEqual([[], []]);
});

it('a link that leads elsewhere is put right, and a failure stops nothing', async () => {
  const status = container('a', idOf('a'));
  mkdirSync(inPod('a'), { recursive: true });
  symlinkSync('/elsewhere', inPod('a', '0.log'));
  writeFileSync(directories.containers, 'no directory');
  const links = new LogLinks(directories, silentLog);
  links.add(status);
  await links.settled();
  expect(readlinkSync(inPod('a', '0.log'))).toBe(status.logPath);
  rmSync(directories.containers);
  links.add(container('b', idOf('b')));
  await links.settled();
  expect(readdirSync(directories.containers)).toEqual([`web_default_b-${idOf('b')}.log`]);
});

it('what went while nobody looked is swept away; what lives or is no link of ours stays', async () => {
  const links = new LogLinks(directories, silentLog);
  const [dead, live] = [container('a', idOf('a')), container('b', idOf('b'))];
  links.add(dead);
  links.add(live);
  await links.settled();
  rmSync(dirname(dead.logPath), { recursive: true });
  // Rotation takes the file away for a moment, not its directory.
  rmSync(live.logPath);
  mkdirSync(inPod('c'));
  writeFileSync(inPod('c', '0.log'), 'of another runtime');
  symlinkSync('/nowhere', join(directories.containers, 'stranger.log'));
  await sweepLogLinks(directories);
  expect([readdirSync(inPod()).sort(), readdirSync(inPod('b')), readdirSync(inPod('c'))]).toEqual([['b', 'c'], ['0.log'], ['0.log']]);
  expect(readdirSync(directories.containers).sort()).toEqual(['stranger.log', `web_default_b-${idOf('b')}.log`]);
});
