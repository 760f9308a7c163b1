// What a worker wrote down is what it reads when it starts again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DnsTable } from '../../../../../agent/dns/table.ts';
import { loadRules, RulesWriter } from '../../../../../agent/proxy/worker/rules-file.ts';
import type { ProxyRules } from '../../../../../agent/proxy/rules.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'dray-rules-')); });
afterEach(() => rmSync(directory, { recursive: true }));

const rules = (revision: number, ports: number, services?: number): ProxyRules => ({
  revision,
  ports: Array.from({ length: ports }, (_, n) => ({ id: `default/s${n}:`, protocol: 'TCP', mode: 'relay', clusterIPs: ['10.96.0.1'], externalIPs: [], port: n, nodePort: 0, loadBalancer: false, affinitySeconds: 0, internal: [], external: [] })),
  ...(services === undefined ? {} : { dns: { addresses: ['10.96.0.10'], port: 53, domain: 'cluster.local', upstreams: [], namespaces: ['default'], services: Array.from({ length: services }, (_, n) => ({ namespace: 'default', name: `s"${n}`, addresses: [], ports: [] })) } satisfies DnsTable }),
});

it.each([[0, undefined], [0, 0], [1, 1], [100, undefined], [101, 250]])('%i ports and %s names', async (ports, services) => {
  const file = join(directory, 'rules.json');
  expect(await loadRules(file)).toBeUndefined();
  await new RulesWriter(file).write(rules(7, ports, services));
  expect(await loadRules(file)).toEqual(rules(7, ports, services));
});

it('of several that come while one is written, the last', async () => {
  const file = join(directory, 'rules.json');
  const writer = new RulesWriter(file);
  await Promise.all([1, 2, 3].map((revision) => writer.write(rules(revision, 300, 300))));
  expect((await loadRules(file))?.revision).toBe(3);
});
