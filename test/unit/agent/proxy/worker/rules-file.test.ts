// What a worker wrote down is what it reads when it starts again, wherever it was killed; a change costs what it says, however much else there is.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { DnsTable } from '../../../../../agent/dns/table.ts';
import { loadRules, RulesWriter, unfinished } from '../../../../../agent/proxy/worker/rules-file.ts';
import { changedRules, orderedRules, rulesChange } from '../../../../../agent/proxy/rules-change.ts';
import type { ProxyRules, ServicePortRule } from '../../../../../agent/proxy/rules.ts';

let directory: string;
let file: string;
let writer: RulesWriter;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dray-rules-'));
  file = join(directory, 'rules.jsonl');
  writer = new RulesWriter(file);
});
afterEach(async () => {
  await writer.close();
  rmSync(directory, { recursive: true });
});

const port = (n: number, number = n): ServicePortRule => ({ id: `default/s${n}:`, protocol: 'TCP', mode: 'relay', clusterIPs: ['10.96.0.1'], externalIPs: [], port: number, nodePort: 0, loadBalancer: false, affinitySeconds: 0, internal: [], external: [] });
const rules = (revision: number, ports: number, services?: number): ProxyRules => orderedRules({
  revision, ports: Array.from({ length: ports }, (_, n) => port(n)),
  ...(services === undefined ? {} : { dns: { addresses: ['10.96.0.10'], port: 53, domain: 'cluster.local', upstreams: [], namespaces: ['default'], services: Array.from({ length: services }, (_, n) => ({ namespace: 'default', name: `s"${n}`, addresses: [], ports: [] })) } satisfies DnsTable }),
});

/** The writer is told as a worker is: what it has, and what changed. */
let told: ProxyRules;
function change(to: ProxyRules): Promise<void> {
  const [from, step] = [told, rulesChange(told, to)];
  told = changedRules(from, step);
  return writer.write(told, { from, change: step });
}
const start = (from: ProxyRules): Promise<void> => writer.write(told = from);
/** One port has another number. */
const moved = (number: number): ProxyRules => ({ ...told, revision: told.revision + 1, ports: told.ports.map((rule) => (rule.id === 'default/s1:' ? port(1, number) : rule)) });

it.each([[0, undefined], [0, 0], [1, 1], [100, undefined], [101, 250]])('%i ports and %s names', async (ports, services) => {
  expect(await loadRules(file)).toBeUndefined();
  await start(rules(7, ports, services));
  expect(await loadRules(file)).toEqual(rules(7, ports, services));
});

it('of several that come while one is written, the last', async () => {
  await Promise.all([1, 2, 3].map((revision) => writer.write(rules(revision, 300, 300))));
  expect((await loadRules(file))?.revision).toBe(3);
});

it.each([[rules(2, 101, 3)], [rules(2, 0)], [rules(2, 3, 0)], [{ ...rules(2, 2), ports: [port(0), port(7)] }]])('what changed, from and to rules of all kinds', async (next) => {
  await start(rules(1, 3, 3));
  await change(next);
  await change({ ...next, revision: 3 });
  expect(await loadRules(file)).toEqual({ ...next, revision: 3 });
  await change(rules(4, 3, 3));
  expect(await loadRules(file)).toEqual(rules(4, 3, 3));
});

it('all of several changes that come while one is written', async () => {
  await Promise.all([start(rules(1, 3)), change(moved(10)), change(rules(3, 5, 1)), change(moved(11))]);
  expect(await loadRules(file)).toEqual(told);
  expect(told.ports.map((rule) => rule.port)).toEqual([0, 11, 2, 3, 4]);
});

it('wherever a write was cut off: the rules before it', async () => {
  await start(rules(1, 3, 3));
  const whole = readFileSync(file);
  const states: { readonly end: number; readonly rules: ProxyRules }[] = [{ end: whole.length, rules: told }];
  for (const number of [10, 11]) {
    await change(moved(number));
    states.push({ end: statSync(file).size, rules: told });
  }
  const bytes = readFileSync(file);
  const cut = join(directory, 'cut');
  for (let size = 0; size <= bytes.length; size++) {
    writeFileSync(cut, bytes.subarray(0, size));
    const [found, wanted] = [await loadRules(cut), states.findLast(({ end }) => end <= size)?.rules];
    if (!isDeepStrictEqual(found, wanted)) throw new Error(`cut off after ${size} bytes of ${bytes.length}: ${JSON.stringify(found)} in the place of ${JSON.stringify(wanted)}`);
  }
});

it('namespaces that come and go, and those a worker of an earlier version has written into its table', async () => {
  await start(rules(1, 3, 3));
  const named = (revision: number, namespaces: readonly string[]): ProxyRules => ({ ...told, revision, dns: { ...told.dns!, namespaces } });
  await change(named(2, ['a', 'b', 'default']));
  await change(named(3, ['b', 'default']));
  expect((await loadRules(file))?.dns?.namespaces).toEqual(['b', 'default']);
  const { services, ...table } = told.dns!;
  writeFileSync(file, `{"lines":1}\n${JSON.stringify({ revision: 3, ports: { put: told.ports, removed: [] }, dns: { table, services: { put: services, removed: [] } } })}\n`);
  expect(await loadRules(file)).toEqual(told);
});

it('what follows bytes nobody can read counts for nothing', async () => {
  await start(rules(1, 3));
  await change(moved(10));
  const known = told;
  await change(moved(11));
  const lines = readFileSync(file, 'utf8').split('\n');
  lines[lines.length - 2] = '\0'.repeat(100);
  writeFileSync(file, `${lines.join('\n')}${JSON.stringify(rulesChange(told, moved(12)))}\n`);
  expect(await loadRules(file)).toEqual(known);
});

it('a change takes the same room among three ports and among a thousand', async () => {
  const sizes: number[] = [];
  for (const ports of [3, 1_000]) {
    await start({ ...rules(1, ports, ports), revision: 1 });
    const before = statSync(file).size;
    for (let number = 1_000; number < 1_010; number++) await change(moved(number));
    sizes.push(statSync(file).size - before);
    expect(await loadRules(file)).toEqual(told);
  }
  expect(sizes[0]).toBe(sizes[1]);
});

it('the file stays bounded, whatever changes', async () => {
  await start(rules(1, 200, 200));
  const whole = statSync(file).size;
  const sizes: number[] = [];
  for (let number = 0; number < 600; number++) {
    await change(moved(number));
    sizes.push(statSync(file).size);
  }
  expect(Math.max(...sizes)).toBeLessThan(whole + (1 << 16) + 2_000);
  expect(sizes.filter((size, n) => n > 0 && size < sizes[n - 1]!).length).toBeGreaterThan(0);
  expect(await loadRules(file)).toEqual(told);
});

it('after a write that failed, all is written anew', async () => {
  await start(rules(1, 3));
  rmSync(file);
  // The next whole write finds no place for itself.
  mkdirSync(unfinished(file));
  await expect(writer.write(rules(2, 4))).rejects.toThrow('EISDIR');
  rmSync(unfinished(file), { recursive: true });
  told = rules(2, 4);
  await change(moved(10));
  expect(await loadRules(file)).toEqual(told);
  expect(existsSync(unfinished(file))).toBe(false);
});
