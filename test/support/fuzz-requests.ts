// Random requests to the API, from nearly right to hostile: bodies in every form, patches of every type, selectors, tokens, queries
// and paths, for any served resource.
import fc from 'fast-check';
import { stringify } from 'yaml';
import { encodeProtobuf } from '../../src/schema/protobuf.ts';
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import { cloneJson } from '../../src/util/json.ts';
import { canonicalValue } from '../unit/schema/arbitrary-value.ts';

export interface FuzzedRequest { readonly method: string; readonly path: string; readonly query: string; readonly contentType: string; readonly accept: string; readonly body: Uint8Array | undefined }

/** The one object of each resource that requests are about. */
export const seedName = 'seed';
export const namespace = 'fuzz';

export const collectionOf = ({ group, version, namespaced, plural }: ResourceDefinition): string => `${group ? `/apis/${group}` : '/api'}/${version}${namespaced ? `/namespaces/${namespace}` : ''}/${plural}`;

const evilKeys = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'toJSON', 'then', 'length', '', '.', '..', 'a/b', '%2f', '$patch', '$retainKeys', '$setElementOrder/containers', '$deleteFromPrimitiveList/finalizers', 'f:metadata'];
/** An object whose keys are its own, whatever they are called. */
const evilObject = fc.array(fc.tuple(fc.constantFrom(...evilKeys), fc.jsonValue({ maxDepth: 1 })), { minLength: 1, maxLength: 3 }).map((entries) => Object.fromEntries(entries));
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 0.5, 2 ** 31, 2 ** 53, 2 ** 63, -(2 ** 63), 1e308, '', ' ', 'x', '1', '-1', '\ud800', '\u0000', 'a'.repeat(300), 'é'.repeat(700), '9'.repeat(400), '1e299', '2026-02-30T00:00:00Z', '0000-01-01T00:00:00+23:59', '9999-12-31T23:59:59-23:59', [], {}, [null], [[]], [{}], 'merge', 'delete', 'replace'),
  evilObject, fc.array(evilObject, { maxLength: 2 }), fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'binary', maxLength: 40 }),
);

type Json = Record<string | number, unknown>;
/** Puts junk somewhere into a value: which member of each level is chosen by `steps`. */
function damage(root: unknown, steps: readonly number[], value: unknown, evil: string | undefined): void {
  let at = root as Json;
  for (const step of steps) {
    const keys = Object.keys(at);
    if (!keys.length) break;
    const key = keys[step % keys.length]!;
    const next = at[key];
    if (step === steps.at(-1) || typeof next !== 'object' || next === null) {
      setOwn(at, Array.isArray(at) ? key : evil ?? key, value);
      return;
    }
    at = next as Json;
  }
  if (!Array.isArray(at)) setOwn(at, evil ?? 'x', value);
}
const setOwn = (object: Json, key: string, value: unknown): void => { Object.defineProperty(object, key, { value: cloneJson(value), enumerable: true, configurable: true, writable: true }); };

const wounds = fc.array(fc.tuple(fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }), junk, fc.option(fc.constantFrom(...evilKeys), { nil: undefined, freq: 3 })), { maxLength: 3 });

/** Fits the definition of test/support/seed-objects.ts. */
const customValue = fc.record({
  spec: fc.record({ count: fc.nat(), names: fc.uniqueArray(fc.record({ name: fc.string({ maxLength: 3 }), size: fc.oneof(fc.integer(), fc.string({ maxLength: 3 })) }, { requiredKeys: ['name'] }), { maxLength: 3, selector: (n) => n.name }), open: fc.jsonValue({ maxDepth: 2 }) }, { requiredKeys: [] }),
  status: fc.record({ replicas: fc.nat() }),
}, { requiredKeys: [], noNullPrototype: true });

/** An object of the kind, as it should be or damaged. */
const objectOf = (resource: ResourceDefinition): fc.Arbitrary<Json> => fc.tuple(resource.custom ? customValue : canonicalValue(resource.type), wounds, fc.constantFrom(seedName, seedName, 'other', 'generated')).map(([canonical, hurt, name]) => {
  const { metadata, ...rest } = canonical as { metadata?: Json };
  const object: Json = { ...rest, apiVersion: resource.apiVersion, kind: resource.kind, metadata: { labels: { constructor: 'x' }, ...(metadata?.['annotations'] ? { annotations: { 'example.com/a': 'b' } } : {}), ...(name === 'generated' ? { generateName: 'made-' } : { name }), ...(resource.namespaced ? { namespace } : {}) } };
  for (const [steps, value, evil] of hurt) damage(object, steps, value, evil);
  return object;
});

const textDamage = fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.tuple(fc.nat(400), fc.nat(10), fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('{', '[', '"', '\\', ',', ':', '&a', '*a', '<<', '---\n', '!!binary', '\ufeff', '\n\t', '"__proto__":{"polluted":1},'))) });
function hurtText(text: string, wound: readonly [number, number, string] | undefined): Uint8Array {
  if (!wound) return Buffer.from(text);
  const at = wound[0] % (text.length + 1);
  return Buffer.from(text.slice(0, at) + wound[2] + text.slice(at + wound[1]));
}

const json = (value: fc.Arbitrary<unknown>, contentType = 'application/json'): fc.Arbitrary<[string, Uint8Array]> => fc.tuple(value, textDamage).map(([v, wound]) => [contentType, hurtText(JSON.stringify(v), wound)]);
const yaml = (value: fc.Arbitrary<unknown>, contentType = 'application/yaml'): fc.Arbitrary<[string, Uint8Array]> => fc.tuple(value, textDamage).map(([v, wound]) => [contentType, hurtText(stringify(v), wound)]);
const protobuf = ({ type, apiVersion, kind }: ResourceDefinition): fc.Arbitrary<[string, Uint8Array]> => fc.tuple(canonicalValue(type), fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { maxLength: 4 }), fc.boolean()).map(([value, flips, cut]) => {
  const bytes = Buffer.from(encodeProtobuf(type, apiVersion, kind, { ...value, metadata: { name: seedName } }));
  for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
  return ['application/vnd.kubernetes.protobuf', cut && flips[0] ? bytes.subarray(0, flips[0][0] % bytes.length) : bytes];
});
const strange: fc.Arbitrary<[string, Uint8Array]> = fc.tuple(fc.constantFrom('application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'constructor', '__proto__', 'application/json-patch+json', 'application/apply-patch+yaml', ''), fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom('null', '[]', '1', '"x"', 'true', '', '{}', '{"kind":null}', '{"metadata":null}', '{"metadata":[]}', '{"spec":null}', '- a', 'a: &a [*a]', '? [a]\n: b', '!!js/function x', 'k8s\0').map((text) => Buffer.from(text)),
));
const body = (resource: ResourceDefinition): fc.Arbitrary<[string, Uint8Array]> => fc.oneof({ weight: 4, arbitrary: json(objectOf(resource)) }, { weight: 2, arbitrary: yaml(objectOf(resource)) }, { weight: 2, arbitrary: protobuf(resource) }, { weight: 1, arbitrary: strange }, { weight: 1, arbitrary: json(fc.record({ metadata: junk, target: junk, deleteOptions: fc.oneof(junk, fc.record({ gracePeriodSeconds: junk, preconditions: junk, dryRun: junk })), spec: fc.oneof(junk, fc.record({ finalizers: junk, replicas: junk })) }, { requiredKeys: [] })) });

const pointer = fc.oneof(fc.constantFrom('', '/', '/metadata', '/metadata/labels', '/metadata/labels/x', '/metadata/annotations/a~1b', '/metadata/name', '/metadata/resourceVersion', '/metadata/managedFields', '/metadata/finalizers/-', '/metadata/finalizers/0', '/metadata/ownerReferences', '/metadata/creationTimestamp', '/__proto__/polluted', '/constructor/prototype/polluted', '/metadata/labels/__proto__', '/spec', '/spec/x', '/spec/-', '/status', '/data', '/data/a', '/spec/containers/0', '/spec/containers/99999999999', '/spec/containers/01', '/kind', '~', '/~2', 'x'), fc.string({ maxLength: 6 }).map((text) => `/${text}`));
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', '_get', 'x'), path: pointer, from: pointer, value: junk }, { requiredKeys: ['op', 'path'] }) },
  { weight: 1, arbitrary: junk },
);
const patch = (resource: ResourceDefinition): fc.Arbitrary<[string, Uint8Array]> => fc.oneof(
  json(fc.array(operation, { maxLength: 4 }), 'application/json-patch+json'),
  json(fc.oneof(objectOf(resource), evilObject, fc.record({ metadata: junk }), fc.record({ spec: junk, status: junk, data: junk })), 'application/merge-patch+json'),
  json(fc.oneof(objectOf(resource), evilObject, fc.record({ metadata: junk }), fc.record({ spec: junk, status: junk, data: junk })), 'application/strategic-merge-patch+json'),
  yaml(objectOf(resource), 'application/apply-patch+yaml'), json(objectOf(resource), 'application/apply-patch+yaml'), strange,
);

const number = fc.constantFrom('0', '1', '-1', '3', '99999999999999999999', '9223372036854775807', '1.5', '1e3', 'x', '', ' 1', '+1', '0x10', 'NaN');
const token = fc.oneof(
  fc.record({ v: fc.constantFrom('meta.k8s.io/v1', 'x', null), rv: fc.constantFrom<unknown>(-1, 0, 1, 1.5, -7, 1e300, '1', null, {}), start: fc.constantFrom<unknown>('', 'a', '../', '\u0000', 'x'.repeat(5000), '\ud800', null, 7) }).map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
  fc.base64String(), fc.string({ maxLength: 10 }),
);
const labelText = fc.oneof(fc.constantFrom('constructor', '__proto__', 'constructor=x', 'a in (b,c)', 'a notin ()', '!a', 'a>1', 'a<x', 'a,', ',', 'a=b=c', 'in in in (in)', '(', 'a in (', `${'a,'.repeat(2000)}a`, 'é=1', 'x=' + 'y'.repeat(70)), fc.string({ maxLength: 12 }));
const fieldText = fc.oneof(fc.constantFrom('metadata.name=seed', 'metadata.name=', 'metadata.name!=seed', 'metadata.namespace=fuzz', 'constructor=x', '__proto__=x', 'spec.nodeName=', 'status.phase=x\\,y', 'a=b\\', '=', '!=', ','), fc.string({ maxLength: 12 }));
const fixed = (name: string, ...values: string[]): fc.Arbitrary<[string, string]> => fc.constantFrom(...values).map((value) => [name, value]);
const named = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> => value.map((text) => [name, text]);
const parameter: fc.Arbitrary<[string, string]> = fc.oneof(
  named('labelSelector', labelText), named('fieldSelector', fieldText), named('continue', token),
  ...['limit', 'resourceVersion', 'timeoutSeconds', 'gracePeriodSeconds'].map((name) => named(name, number)),
  fixed('resourceVersionMatch', 'Exact', 'NotOlderThan', 'x'), fixed('watch', 'true', '1', 'x'), fixed('sendInitialEvents', 'true', 'false', 'x'), fixed('allowWatchBookmarks', 'true'),
  fixed('dryRun', 'All', '', 'x'), fixed('fieldManager', 'fuzz', '', '\u0000', 'm'.repeat(200)), fixed('fieldValidation', 'Strict', 'Warn', 'Ignore', 'x'), fixed('force', 'true', 'x'),
  fixed('propagationPolicy', 'Orphan', 'Foreground', 'Background', 'x'), fixed('orphanDependents', 'true', 'false', 'x'), fixed('includeObject', 'None', 'Object', 'x'), fixed('uid', 'x'), fixed('pretty', '1', 'x'), fixed('timeout', '1s', '-1s', '1e9h', 'x', '0'),
  named('__proto__', fc.string({ maxLength: 3 })),
);
const query = fc.array(parameter, { maxLength: 3 }).map((pairs) => new URLSearchParams(pairs).toString());

const accept = fc.constantFrom('', '', 'application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json', 'application/json;q=0,constructor', '__proto__,*/*;q=x', ';;,,', 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io');

/** Writes and reads of a resource and its subresources. */
export function requestOf(resource: ResourceDefinition): fc.Arbitrary<FuzzedRequest> {
  const collection = collectionOf(resource);
  const { status, scale, others = [] } = resource.subresources;
  const suffixes = ['', '', '', ...(status ? ['/status'] : []), ...(scale ? ['/scale'] : []), ...others.map((o) => `/${o.name}`)];
  const objectPath = fc.tuple(fc.constantFrom(seedName, seedName, seedName, 'other', 'none'), fc.constantFrom(...suffixes)).map(([name, suffix]) => `${collection}/${name}${suffix}`);
  const none = fc.constant<[string, undefined]>(['', undefined]);
  const request = (method: string, path: fc.Arbitrary<string>, content: fc.Arbitrary<[string, Uint8Array | undefined]>): fc.Arbitrary<FuzzedRequest> =>
    fc.record({ path, query, accept, content }).map(({ content: [contentType, bytes], ...rest }) => ({ method, contentType, body: bytes, ...rest }));
  return fc.oneof(
    { weight: 4, arbitrary: request('POST', fc.oneof({ weight: 4, arbitrary: fc.constant(collection) }, { weight: 1, arbitrary: objectPath }), body(resource)) },
    { weight: 4, arbitrary: request('PUT', objectPath, body(resource)) },
    { weight: 6, arbitrary: request('PATCH', objectPath, patch(resource)) },
    { weight: 3, arbitrary: request('GET', fc.oneof(fc.constant(collection), objectPath), none) },
    { weight: 1, arbitrary: request('DELETE', fc.oneof({ weight: 1, arbitrary: fc.constant(collection) }, { weight: 3, arbitrary: objectPath }), fc.oneof(none, json(fc.record({ kind: fc.constantFrom('DeleteOptions', 'x'), gracePeriodSeconds: junk, preconditions: junk, propagationPolicy: junk, dryRun: junk }, { requiredKeys: [] })), strange)) },
  );
}

const segment = fc.oneof(fc.constantFrom('api', 'apis', 'v1', 'apps', 'namespaces', namespace, 'pods', 'configmaps', 'watch', 'status', 'seed', 'constructor', '__proto__', '%2e%2e', '%2f', '%00', '%zz', '%', 'dray', 'openapi', 'v3', 'v2', 'healthz', 'metrics', 'proxy', 'log', ''), fc.webSegment(), fc.string({ maxLength: 4 }));
/** Anything else a client may ask for. */
export const anyRequest: fc.Arbitrary<FuzzedRequest> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'constructor', '__proto__', 'TRACE'),
  path: fc.array(segment, { maxLength: 9 }).map((parts) => `/${parts.join('/')}`),
  query, accept, contentType: fc.constantFrom('', 'application/json'), body: fc.constantFrom(undefined, Buffer.from('{}')),
});
