// From rules to the elements of the kernel's maps, and from one change to the next: as tables, and as a property against a model of what
// the kernel does with the scripts it gets.
import fc from 'fast-check';
import { elementNames, keepSlots, sharedChains, type ElementName } from '../../../../../agent/proxy/nftables/parts.ts';
import { KernelPlan, type Content, type KernelChange } from '../../../../../agent/proxy/nftables/plan.ts';
import { changes } from '../../../../../agent/proxy/nftables/script.ts';
import type { Backend, ServicePortRule } from '../../../../../agent/proxy/rules.ts';
import { mustParseCIDR } from '../../../../../src/util/cidr.ts';
import '../../../../support/property-seed.ts';

const end = (n: number, net = 1): Backend => ({ address: `10.1.${net}.${n}`, port: 8080, pod: '', nodeName: '' });
const port = (fields: Partial<ServicePortRule> = {}): ServicePortRule => ({
  id: 'default/db:', protocol: 'TCP', mode: 'nftables', clusterIPs: ['10.2.0.1'], externalIPs: [], port: 80, nodePort: 0, loadBalancer: false, affinitySeconds: 0,
  internal: [end(1), end(2)], external: fields.internal ?? [end(1), end(2)], ...fields,
});
function settled(plan: KernelPlan): KernelChange {
  const steps = plan.settle();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
function planOf(ports: readonly ServicePortRule[], held: readonly string[] = []): KernelPlan {
  const plan = new KernelPlan(mustParseCIDR('10.1.1.0/24'));
  for (const each of ports) plan.put(each);
  plan.hold(new Set(held));
  settled(plan);
  return plan;
}
const entries = (content: Content<string>): string[] => [...content.keys()].map((key) => (content.get(key) === '' ? key : `${key} : ${content.get(key)}`));
const textOf = (change: KernelChange): string => [...changes('t', change)].join('');
/** What a change of one rule writes. */
function written(plan: KernelPlan, ...rules: ServicePortRule[]): string {
  for (const rule of rules) plan.put(rule);
  return textOf(settled(plan));
}

describe('the plan', () => {
  it('leads a place to the chain for as many endpoints', () => {
    const { elements, chains } = planOf([port({ internal: [end(1), end(2, 2)] })]);
    expect(entries(elements.services)).toEqual(['10.2.0.1 . tcp . 80 : goto service-outside-of-2']);
    expect(entries(elements.endpoints)).toEqual(['0 . 10.2.0.1 . tcp . 80 : 10.1.1.1 . 8080', '1 . 10.2.0.1 . tcp . 80 : 10.1.2.2 . 8080']);
    expect([entries(elements.hairpin), entries(elements.remote)]).toEqual([['10.1.1.1 . 10.1.1.1'], ['10.1.2.2 . tcp . 8080']]);
    expect(chains.size).toBe(0);
    expect(sharedChains(64).map(([name]) => name)).toContain('service-outside-of-2');
  });

  it.each<[string, Partial<ServicePortRule>, string[]]>([
    ['refuses where there is no endpoint', { internal: [] }, ['10.2.0.1 . tcp . 80 : goto refuse']],
    ['is silent where a Local policy allows none here', { internal: [], external: [end(1, 2)] }, ['10.2.0.1 . tcp . 80 : goto drop-all']],
    ['is silent to those outside alone', { externalIPs: ['10.2.9.9'], external: [] }, ['10.2.9.9 . tcp . 80 : goto drop-outside']],
  ])('%s', (_, fields, refused) => {
    expect(entries(planOf([port(fields)]).elements.refused)).toEqual(refused);
  });

  it('takes no port of the node that is not held, and no other mode', () => {
    expect(entries(planOf([port({ nodePort: 30080 })]).elements['node-services'])).toEqual([]);
    expect(entries(planOf([port({ nodePort: 30080, loadBalancer: true })], ['TCP/30080']).elements['node-services'])).toEqual(['tcp . 30080 : goto node-outside-of-2']);
    expect(textOf(planOf([port({ mode: 'relay' }), port({ mode: 'http', id: 'other' })], ['TCP/30080']).whole())).toBe('');
  });

  it('lets only those of its source ranges come by the load balancer\'s port', () => {
    const { elements, chains } = planOf([port({ nodePort: 30080, loadBalancer: true, sourceRanges: ['10.0.0.0/8', '192.0.2.1/32'] })], ['TCP/30080', 'TCP/80']);
    const [name, ...others] = [...chains.keys()];
    expect([chains.get(name!), others]).toEqual([['ip saddr != { 10.0.0.0/8, 192.0.2.1/32 } drop', 'goto node-outside-of-2'], []]);
    expect(entries(elements['node-services'])).toEqual(['tcp . 30080 : goto node-outside-of-2', `tcp . 80 : goto ${name}`]);
  });

  it('gives a place two claim to the first by id, and to the other when that goes', () => {
    const plan = planOf([port({ id: 'b', internal: [end(2)] }), port({ id: 'a', internal: [end(1)] })]);
    expect(entries(plan.elements.endpoints)).toEqual(['0 . 10.2.0.1 . tcp . 80 : 10.1.1.1 . 8080']);
    plan.remove('a');
    expect(textOf(settled(plan)).split('\n')).toContain('add element ip t endpoints { 0 . 10.2.0.1 . tcp . 80 : 10.1.1.2 . 8080 }');
  });

  it('keeps the numbers of endpoints that stay', () => {
    expect(keepSlots(['a', 'b', 'c'], ['b', 'c'])).toEqual(['c', 'b']);
    expect(keepSlots(['a', 'b'], ['0', 'a', 'b'])).toEqual(['a', 'b', '0']);
    expect(keepSlots([], ['a', 'b'])).toEqual(['a', 'b']);
  });

  it('has room for longer lists, and never less again', () => {
    const plan = planOf([port({ internal: Array.from({ length: 100 }, (_value, i) => end(i + 1)) })]);
    expect(plan.largest).toBe(128);
    plan.remove('default/db:');
    settled(plan);
    expect(plan.largest).toBe(128);
  });
});

describe('a change', () => {
  it('writes nothing when nothing changed', () => {
    const rules = (): ServicePortRule[] => [port({ affinitySeconds: 5 }), port({ id: 'b', clusterIPs: ['10.2.0.2'] })];
    expect(written(planOf(rules()), ...rules())).toBe('');
  });

  it('touches one element when one endpoint takes another\'s place', () => {
    const others = Array.from({ length: 50 }, (_value, i) => port({ id: `x${i}`, clusterIPs: [`10.2.1.${i}`] }));
    expect(written(planOf([port(), ...others]), port({ internal: [end(2), end(3)] }))).toBe([
      'delete element ip t endpoints { 0 . 10.2.0.1 . tcp . 80 : 10.1.1.1 . 8080 }',
      'add element ip t endpoints { 0 . 10.2.0.1 . tcp . 80 : 10.1.1.3 . 8080 }',
      'add element ip t hairpin { 10.1.1.3 . 10.1.1.3 }', '',
    ].join('\n'));
  });

  it('plans one place when one Service of many changed', () => {
    const plan = planOf(Array.from({ length: 500 }, (_value, i) => port({ id: `x${i}`, clusterIPs: [`10.2.${i >> 8}.${i & 255}`] })));
    plan.put(port({ id: 'x7', clusterIPs: ['10.2.0.7'], internal: [end(9)] }));
    // A step to take it away, and one to plan it.
    expect([...plan.settle()]).toHaveLength(2);
  });

  it('takes away what a port with affinity had, after the last that leads there', () => {
    const plan = planOf([port({ affinitySeconds: 5 })]);
    plan.remove('default/db:');
    const lines = textOf(settled(plan)).trim().split('\n').map((line) => line.split(' ').slice(0, 2).join(' '));
    expect(lines).toEqual(['delete element', 'delete element', ...Array<string>(3).fill('flush chain'), ...Array<string>(3).fill('delete chain'), 'delete set', 'delete set']);
  });

  it('keeps the clients of endpoints that stay', () => {
    const plan = planOf([port({ affinitySeconds: 5 })]);
    const lines = written(plan, port({ affinitySeconds: 5, internal: [end(2), end(3)] })).split('\n').filter((line) => line.includes(' set '));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['add', 'delete']);
  });

  it('names the UDP flows that end', () => {
    const plan = planOf([port({ protocol: 'UDP', nodePort: 30053 })], ['UDP/30053']);
    plan.put(port({ protocol: 'UDP', nodePort: 30053, internal: [end(2)] }));
    expect(settled(plan).flows.gone.map(([, words]) => words.join(' '))).toEqual([
      '--proto udp --orig-dst 10.2.0.1 --orig-port-dst 80 --reply-src 10.1.1.1 --reply-port-src 8080',
      '--proto udp --orig-port-dst 30053 --reply-src 10.1.1.1 --reply-port-src 8080',
    ]);
  });
});

const madeWithTables: ReadonlySet<string> = new Set([...sharedChains(64).map(([name]) => name), 'refuse', 'drop-all', 'drop-outside']);

/** What a kernel holds, and how it takes a script: it fails where the kernel would. */
class Model {
  readonly elements = Object.fromEntries(elementNames.map((name) => [name, new Map<string, string>()])) as Record<ElementName, Map<string, string>>;
  readonly chains = new Map<string, string[]>();
  readonly sets = new Set<string>();

  run(script: string): void {
    for (const line of script.split('\n').slice(0, -1)) {
      const [verb, what, , , name] = line.split(' ') as [string, string, string, string, string];
      const rest = line.split(' ').slice(5).join(' ');
      if (what === 'set') this.#toggle(verb, name, this.sets, () => this.sets.add(name));
      else if (what === 'chain' && verb === 'flush') this.#chain(name).length = 0;
      else if (what === 'chain') this.#toggle(verb, name, this.chains, () => this.chains.set(name, []));
      else if (what === 'rule') this.#chain(name).push(rest);
      else for (const item of rest.slice(2, -2).split(', ')) this.#element(verb, this.elements[name as ElementName], item);
      if (verb === 'delete') this.#references();
    }
    this.#references();
  }
  #toggle(verb: string, name: string, present: { has(name: string): boolean; delete(name: string): boolean }, add: () => void): void {
    if (present.has(name) !== (verb === 'delete')) throw new Error(`${verb} ${name}`);
    if (verb === 'delete') present.delete(name);
    else add();
  }
  #chain(name: string): string[] {
    const found = this.chains.get(name);
    if (!found) throw new Error(`no chain ${name}`);
    return found;
  }
  #element(verb: string, map: Map<string, string>, item: string): void {
    const [key, value = ''] = item.split(' : ') as [string, string?];
    const known = map.get(key);
    if (verb === 'delete' ? known !== value : known !== undefined && known !== value) throw new Error(`${verb} ${item}, there is ${known}`);
    if (verb === 'delete') map.delete(key);
    else map.set(key, value);
  }
  /** Whatever is named must be there. */
  #references(): void {
    const texts = [...elementNames.flatMap((name) => [...this.elements[name].values()]), ...[...this.chains.values()].flat()];
    for (const [, kind, name] of texts.join('\n').matchAll(/(goto |@)([\w-]+)/g)) {
      if (kind === '@' ? !this.sets.has(name!) : !this.chains.has(name!) && !madeWithTables.has(name!)) throw new Error(`nothing of the name ${name}`);
    }
  }
}

/** All a kernel holds, in one order; with numbers or without. */
function formOf({ elements, chains, sets }: Model, withoutNumbers: boolean): string {
  const sorted = (map: Iterable<[string, unknown]>): unknown[] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const maps = elementNames.map((name) => [name, sorted(withoutNumbers && name.endsWith('endpoints') ? unnumbered(elements[name]) : elements[name])]);
  return JSON.stringify([maps, sorted(chains), [...sets].sort()], undefined, 1);
}

/** Numbers depend on what was before: the endpoints of each place in any order, numbered without a gap. */
function unnumbered(elements: ReadonlyMap<string, string>): Map<string, string[]> {
  const found = new Map<string, { numbers: number[]; values: string[] }>();
  for (const [key, value] of elements) {
    const number = Number(key.slice(0, key.indexOf(' ')));
    const place = `${number >= 32_768 ? 'inside' : 'outside'}${key.slice(key.indexOf(' '))}`;
    const known = found.get(place) ?? { numbers: [], values: [] };
    known.numbers.push(number & 32_767);
    known.values.push(value);
    found.set(place, known);
  }
  return new Map([...found].map(([place, { numbers, values }]) => {
    if (!numbers.sort((a, b) => a - b).every((number, i) => number === i)) throw new Error(`${place} has the numbers ${numbers.join()}`);
    return [place, values.sort()];
  }));
}

const backends = fc.uniqueArray(fc.constantFrom(end(1), end(2), end(3), end(1, 2), end(2, 2)), { maxLength: 4 });
const anyRule = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'), protocol: fc.constantFrom('TCP', 'UDP'), mode: fc.constantFrom('nftables', 'nftables', 'nftables', 'relay'),
  clusterIPs: fc.uniqueArray(fc.constantFrom('10.2.0.1', '10.2.0.2', '10.2.0.3'), { minLength: 1, maxLength: 2 }), externalIPs: fc.uniqueArray(fc.constantFrom('10.2.0.1', '10.9.0.1'), { maxLength: 1 }),
  port: fc.constantFrom(80, 81), nodePort: fc.constantFrom(0, 30_080, 30_081), loadBalancer: fc.boolean(), affinitySeconds: fc.constantFrom(0, 0, 5, 6), internal: backends, external: backends,
  sourceRanges: fc.constantFrom(undefined, undefined, ['10.0.0.0/8'], ['10.0.0.0/8', '192.0.2.0/24']),
}).chain((rule) => fc.boolean().map((same): ServicePortRule => ({ ...rule, external: same ? rule.internal : rule.external }) as ServicePortRule));
const anyStep = fc.array(fc.oneof(
  { weight: 4, arbitrary: anyRule.map((rule) => ({ rule })) },
  { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c', 'd').map((id) => ({ id })) },
  { weight: 1, arbitrary: fc.subarray(['TCP/30080', 'TCP/30081', 'UDP/30080', 'TCP/80']).map((held) => ({ held })) },
), { maxLength: 5 });

it('any changes lead the kernel where planning all of it anew leads', () => {
  fc.assert(fc.property(fc.array(anyStep, { maxLength: 8 }), (steps) => {
    const plan = planOf([]);
    const model = new Model();
    const rules = new Map<string, ServicePortRule>();
    let held: string[] = [];
    for (const step of steps) {
      for (const change of step) {
        if ('rule' in change) {
          plan.put(change.rule);
          rules.set(change.rule.id, change.rule);
        } else if ('id' in change) {
          plan.remove(change.id);
          rules.delete(change.id);
        } else {
          plan.hold(new Set(held = change.held));
        }
      }
      model.run(textOf(settled(plan)));
      const anew = new Model();
      const full = planOf([...rules.values()], held);
      anew.run(textOf(full.whole()));
      expect(formOf(model, true)).toBe(formOf(anew, true));
      expect([...plan.flows.keys()].sort()).toEqual([...full.flows.keys()].sort());
      // And writing all of what the plan holds makes the same kernel.
      const again = new Model();
      again.run(textOf(plan.whole()));
      expect(formOf(again, false)).toBe(formOf(model, false));
    }
  }), { numRuns: 200 });
});
