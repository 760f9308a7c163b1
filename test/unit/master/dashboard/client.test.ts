// What the web UI's pages know without a browser: addresses, lines of streams, discovery, pasted documents, ages.
import fc from 'fast-check';
import { parse } from 'yaml';
import { humanDuration } from '../../../../src/apimachinery/duration.ts';
import { apiVersionOf, menuOf, pathOf, resourceOf, resourcesIn, titleOf, type Found } from '../../../../master/dashboard/client/discovery.js';
import { documentsIn, editable, manifestsIn } from '../../../../master/dashboard/client/documents.js';
import { ageOf, formatDuration } from '../../../../master/dashboard/client/duration.js';
import { linesOf } from '../../../../master/dashboard/client/lines.js';
import { formatRoute, parseRoute, tokenIn, type Route } from '../../../../master/dashboard/client/route.js';

describe('addresses', () => {
  const part = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((s) => s !== '-');
  const maybe = fc.oneof(part, fc.constant(''));
  it('are read as they were written, whatever stands in them', () => {
    fc.assert(fc.property(fc.oneof(
      fc.record({ page: fc.constant('overview' as const), namespace: maybe }),
      fc.record({ page: fc.constant('create' as const), namespace: maybe }),
      fc.record({ page: fc.constant('list' as const), group: maybe, version: part, plural: part, namespace: maybe }),
      fc.record({ page: fc.constant('object' as const), group: maybe, version: part, plural: part, namespace: maybe, name: part, tab: part }),
    ), (route) => { expect(parseRoute(formatRoute(route as Route))).toEqual(route); }));
  });
  it.each(['#/list', '#/list/apps/v1', '#/object/-/v1/pods/d', '#/nowhere', '#/list/-/v1/pods/%', '#/object/-/v1/pods/d/n/logs/more'])('%s is none', (hash) => expect(parseRoute(hash)).toBeUndefined());
  it('begin with the overview', () => expect(parseRoute('#/')).toEqual({ page: 'overview', namespace: '' }));
  it('may hand over a token, which is no page', () => {
    expect(tokenIn('#token=ab.c-d_e')).toBe('ab.c-d_e');
    for (const hash of ['#/list/-/v1/pods', '#token=', '#token=a b', '#x&token=a', '#token=<b>']) expect(tokenIn(hash)).toBeUndefined();
  });
});

it('lines are whole however a stream is cut', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.string({ maxLength: 8, unit: 'grapheme' }).map((s) => s.replaceAll('\n', ' '))), fc.array(fc.nat(6)), async (lines, cuts) => {
    const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
    async function* chunks(): AsyncGenerator<Uint8Array> {
      let at = 0;
      for (const size of cuts) { yield bytes.subarray(at, at + size); at += size; }
      yield bytes.subarray(at);
    }
    const found: string[] = [];
    for await (const some of linesOf(chunks())) found.push(...some);
    expect(found).toEqual(lines);
  }));
});
it('a line without an end is the last one', async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> { yield new TextEncoder().encode('a\nb'); }
  const found = [];
  for await (const some of linesOf(chunks())) found.push(some);
  expect(found).toEqual([['a'], ['b']]);
});

it('ages are as the server prints them', () => {
  fc.assert(fc.property(fc.oneof(fc.integer({ min: -5000, max: 4_000_000 }), fc.integer({ min: 0, max: 400_000_000_000 })), (ms) => { expect(formatDuration(ms / 1000)).toBe(humanDuration(ms)); }));
  expect(ageOf(undefined, 0)).toBe('<unknown>');
  expect(ageOf('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:02:05Z'))).toBe('2m5s');
});

describe('discovery', () => {
  const resource = (name: string, kind: string, scope = 'Namespaced', subresources: string[] = [], verbs = ['get', 'list', 'watch', 'create']): Found['items'][0]['versions'][0]['resources'] extends (infer R)[] | undefined ? R : never =>
    ({ resource: name, scope, verbs, responseKind: { kind }, subresources: subresources.map((subresource) => ({ subresource })) });
  const found: Found[] = [
    { items: [{ metadata: {}, versions: [{ version: 'v1', resources: [resource('pods', 'Pod', 'Namespaced', ['log']), resource('nodes', 'Node', 'Cluster'), resource('bindings', 'Binding', 'Namespaced', [], ['create'])] }] }] },
    { items: [
      { metadata: { name: 'apps' }, versions: [{ version: 'v1', resources: [resource('deployments', 'Deployment', 'Namespaced', ['scale'])] }] },
      { metadata: { name: 'example.com' }, versions: [{ version: 'v2', resources: [resource('carts', 'Cart')] }, { version: 'v1', resources: [resource('carts', 'Cart'), resource('drays', 'Dray', 'Cluster')] }] },
      { metadata: { name: 'events.k8s.io' }, versions: [{ version: 'v1', resources: [resource('events', 'Event')] }] },
      { metadata: { name: 'flowcontrol.apiserver.k8s.io' }, versions: [{ version: 'v1', resources: [resource('flowschemas', 'FlowSchema', 'Cluster')] }] },
    ] },
  ];
  const resources = resourcesIn(found);
  it('gives each resource once, in its group\'s first version', () => {
    expect(resources.map((r) => `${apiVersionOf(r)} ${r.plural}`)).toEqual(['v1 pods', 'v1 nodes', 'v1 bindings', 'apps/v1 deployments', 'example.com/v2 carts', 'example.com/v1 drays', 'events.k8s.io/v1 events', 'flowcontrol.apiserver.k8s.io/v1 flowschemas']);
    expect(resources[0]).toMatchObject({ namespaced: true, subresources: ['log'], kind: 'Pod' });
  });
  it('puts everything that can be listed into the menu, custom kinds under their group', () => {
    expect(menuOf(resources).map(({ title, custom, resources: some }) => [title, custom, some.map((r) => r.plural)])).toEqual([
      ['Workloads', false, ['pods', 'deployments']], ['Cluster', false, ['nodes']], ['example.com', true, ['carts', 'drays']], ['More', false, ['flowschemas']],
    ]);
  });
  it('finds what an object names, in its version', () => {
    expect(resourceOf(resources, 'example.com/v1', 'Cart')).toMatchObject({ plural: 'carts', version: 'v1' });
    expect(resourceOf(resources, 'v1', 'Pod')).toMatchObject({ plural: 'pods', version: 'v1' });
    expect(resourceOf(resources, 'apps/v1', 'Pod')).toBeUndefined();
  });
  it.each([
    [{ group: '', version: 'v1', plural: 'pods' }, ['d', 'n', 'log'], '/api/v1/namespaces/d/pods/n/log'], [{ group: 'apps', version: 'v1', plural: 'deployments' }, ['', ''], '/apis/apps/v1/deployments'],
    [{ group: '', version: 'v1', plural: 'nodes' }, ['', 'a b/c'], '/api/v1/nodes/a%20b%2Fc'],
  ] as const)('%j is at its path', (r, parts, path) => expect(pathOf(r, ...(parts as readonly string[] as [string, string]))).toBe(path));
  it.each([['Pod', 'pods', 'Pods'], ['PersistentVolumeClaim', 'persistentvolumeclaims', 'Persistent Volume Claims'], ['NetworkPolicy', 'networkpolicies', 'Network Policies'], ['Ingress', 'ingresses', 'Ingresses'], ['Endpoints', 'endpoints', 'Endpoints'], ['CSIDriver', 'csidrivers', 'CSI Drivers'], ['Mouse', 'mice', 'mice']])('%s is called %s', (kind, plural, title) => expect(titleOf({ kind, plural })).toBe(title));
});

describe('pasted documents', () => {
  it('are parted by their lines of ---', () => {
    expect(documentsIn('# only a comment\n---\na: 1\n--- # why\nb: |\n  ---\n  text\n---\n')).toEqual(['\na: 1\n', '\nb: |\n  ---\n  text\n']);
    expect(documentsIn('{"a": "x\\n---\\ny"}')).toEqual(['{"a": "x\\n---\\ny"}']);
    expect(documentsIn('\n# nothing\n')).toEqual([]);
  });
  it('say where they go, and go as they were written', () => {
    const text = 'apiVersion: v1 # kept\nkind: ConfigMap\nmetadata: {name: a, namespace: n}\n';
    expect(manifestsIn(text, parse)).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'a', generateName: '', text, type: 'yaml' }]);
    expect(manifestsIn('{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-"}}', parse)).toMatchObject([{ generateName: 'p-', name: '', type: 'json' }]);
  });
  it('of a List go one by one', () => {
    expect(manifestsIn('apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: a}}, {apiVersion: v1, kind: Pod, metadata: {name: b}}]', parse).map((m) => [m.name, m.type, JSON.parse(m.text).kind])).toEqual([['a', 'json', 'Pod'], ['b', 'json', 'Pod']]);
  });
  it.each([['a: 1', 'apiVersion not set'], ['apiVersion: v1', 'kind not set'], ['- a', 'a document is no object'], ['apiVersion: v1\nkind: List', 'a List has no items']])('%j is refused', (text, why) => expect(() => manifestsIn(text, parse)).toThrow(why));
  it('are shown without who wrote which field', () => {
    const object = { kind: 'Pod', metadata: { name: 'a', managedFields: [{}], uid: 'u' } };
    expect(editable(object)).toEqual({ kind: 'Pod', metadata: { name: 'a', uid: 'u' } });
    expect(object.metadata.managedFields).toEqual([{}]);
  });
});
