// kubectl of seven ages, command by command, against a master without Docker with all its controllers: the rows of kubectl-rows.ts and
// its companions.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issue } from '../../master/pki/certificates.ts';
import { eventually, execute, type Output } from '../support/cluster.ts';
import { describeKubectls } from '../support/kubectl.ts';
import { masterProcess, type MasterProcess } from '../support/master-process.ts';
import { showing } from './kubectl-rows-reads.ts';
import { writing } from './kubectl-rows-writes.ts';
import { lanes, type Row } from './kubectl-rows.ts';

let directory: string;
let master: MasterProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dray-kubectl-'));
  master = await masterProcess(join(directory, 'master'));
  await master.start();
  const file = (name: string, text: string | Uint8Array): void => {
    mkdirSync(join(directory, 'input', name, '..'), { recursive: true });
    writeFileSync(join(directory, 'input', name), text);
  };
  file('files/one', '1\n');
  file('files/two', '2\n');
  file('env', 'A=1\nB=2\n');
  file('binary', Buffer.from([255, 0, 128]));
  file('columns', 'NAME POLICY\n.metadata.name .spec.restartPolicy\n');
  file('many/one.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n');
  file('many/deep/two.json', '{"apiVersion":"v1","kind":"Service","metadata":{"name":"two"},"spec":{"ports":[{"port":80}]}}');
  file('kustomization/kustomization.yaml', 'namePrefix: k-\nresources: [web.yaml]\nlabels: [{pairs: {team: a}}]\nconfigMapGenerator: [{name: made, literals: [a=1]}]\n');
  file('kustomization/web.yaml', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 0, selector: {matchLabels: {app: k}}, template: {metadata: {labels: {app: k}}, spec: {containers: [{name: c, image: i}]}}}\n');
  const { cert, key } = await issue(await createAuthority('test'), { commonName: 'example.com', usage: 'server' });
  file('tls.crt', cert);
  file('tls.key', key);
});
afterAll(async () => {
  await master?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Words of a command line; `'…'` keeps some together, `_` in a schedule is a space. */
const words = (line: string): string[] => [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", '').replace(/^--schedule=.*/, (s) => s.replaceAll('_', ' ')));

async function run(kubectl: string, minor: number, lane: string, rows: readonly Row[]): Promise<string[]> {
  const ns = `${lane}-${minor}`;
  const fill = (text: string): string => text.replaceAll('{ns}', ns).replaceAll('{dir}', join(directory, 'input')).replaceAll('{node}', `node-${ns}`);
  const call = (args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): ReturnType<typeof execute> =>
    execute(kubectl, args, { input, env: { HOME: directory, KUBECONFIG: master.kubeconfig, KUBECACHEDIR: join(directory, `cache-${minor}`), ...env }, timeoutMs: 60_000 });
  await call(['create', 'namespace', ns]);
  await eventually('the account Pods need', async () => (await call(['-n', ns, 'get', 'serviceaccount', 'default'])).code === 0);
  const failures: string[] = [];
  for (const { args, prints, says = [], input, env, code = 0, since = 0, until } of rows) {
    if (minor < since) continue;
    const given = words(fill(args));
    const ask = async (): Promise<Output & { readonly fits: boolean }> => {
      // What is completed has its flags behind it.
      const told = await call(given[0] === '__complete' ? given : ['-n', ns, ...given], input && fill(input), env);
      const holds = (text: string) => (expected: string | RegExp): boolean => (typeof expected === 'string' ? text.includes(fill(expected)) : new RegExp(fill(expected.source), expected.flags).test(text));
      return { ...told, fits: told.code === code && prints.every(holds(told.stdout)) && says.every(holds(told.stderr)) };
    };
    let told = await ask();
    for (const end = Date.now() + 60_000; until && !told.fits && Date.now() < end;) told = await ask();
    if (!told.fits) failures.push(`kubectl ${args}\n  exit code ${told.code}\n${told.stdout.slice(0, 1500)}\n${told.stderr.slice(0, 1500)}`);
  }
  return failures;
}

/** Which ages are asked a lane of rows: some each, and each something. KUBECTL_LANES=all asks all of them everything. */
const ages: readonly (readonly [versions: readonly string[], lanes: Readonly<Record<string, readonly Row[]>>])[] = [
  [['1.27', '1.30', '1.33'], lanes],
  [['1.33'], { managing: writing['managing']!, access: showing['access']! }],
  [['1.32'], { several: writing['several']! }],
  [['1.31'], { scales: writing['scales']! }],
  [['1.29'], { histories: writing['histories']! }],
  [['1.28'], { outputs: showing['outputs']! }],
  [['1.27'], { nodes: showing['nodes']!, completions: showing['completions']! }],
];
const lanesOf = (version: string): Readonly<Record<string, readonly Row[]>> =>
  (process.env['KUBECTL_LANES'] === 'all' ? { ...lanes, ...writing, ...showing } : Object.assign({}, ...ages.filter(([versions]) => versions.includes(version)).map(([, these]) => these)));

describeKubectls(['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'], (version, kubectl) => {
  it('does what the rows say', async () => {
    const minor = Number(version.split('.')[1]);
    const failures = await Promise.all(Object.entries(lanesOf(version)).map(([lane, rows]) => run(kubectl, minor, lane, rows)));
    expect(failures.flat().join('\n\n')).toBe('');
    expect(master.log).toEqual([]);
  });
});
