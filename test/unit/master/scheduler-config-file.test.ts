// The file `--scheduler-config` names, and the README's example of one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSchedulerConfigFile } from '../../../master/scheduler-config-file.ts';
import { UsageError } from '../../../src/cli/cluster.ts';
import { up, type UpHost } from '../../../src/cli/up.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dray-scheduler-config-'));
  file = join(directory, 'scheduler.yaml');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('is read as the README shows it', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
  writeFileSync(file, /```yaml\n(apiVersion: kubescheduler[^`]*)```/.exec(readme)![1]!);
  const { profiles } = readSchedulerConfigFile(file);
  expect(profiles.map(({ schedulerName, plugins }) => [schedulerName, plugins.some(({ name }) => name === 'NodeResourcesBalancedAllocation')])).toEqual([['default-scheduler', true], ['bin-packing', false]]);
});
it.each([
  ['is not there', undefined, 'no such file or directory'],
  ['is no YAML', 'a: [', 'Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ['is of another kind', 'kind: Pod\napiVersion: v1', 'no kind "Pod" is registered for version "v1"'],
  ['says one thing twice', 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nparallelism: 1\nparallelism: 2', 'strict decoding error: duplicate field "parallelism"'],
])('that %s stops dray up before anything is made', async (_, text, message) => {
  if (text !== undefined) writeFileSync(file, text);
  const dataDir = join(directory, 'cluster');
  const host = { checkSchedulerConfig: async (path: string) => { readSchedulerConfigFile(path); } } as UpHost;
  const refused = up({ dataDir, detach: true, schedulerConfig: file }, host);
  await expect(refused).rejects.toThrow(`--scheduler-config: ${file}: ${message}`);
  await expect(refused).rejects.toBeInstanceOf(UsageError);
  expect(() => readFileSync(join(dataDir, 'cluster.json'))).toThrow('ENOENT');
});
