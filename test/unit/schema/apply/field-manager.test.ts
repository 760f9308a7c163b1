// Who owns what through creates, updates and applies of one object.
import fc from 'fast-check';
import { Deployments } from '../../../../src/api/apps/deployment.ts';
import { ConfigMaps } from '../../../../src/api/core/config-map.ts';
import { Pods } from '../../../../src/api/core/pod.ts';
import { Services } from '../../../../src/api/core/service.ts';
import { ConfigurationError } from '../../../../src/schema/apply/field-manager.ts';
import { fieldsOf } from '../../../../src/schema/apply/fields-of.ts';
import { canonical, has, paths, type FieldSet } from '../../../../src/schema/apply/field-set.ts';
import { structureOf } from '../../../../src/schema/apply/structure.ts';
import type { ResourceDefinition } from '../../../../src/schema/resource.ts';
import { Fixture } from './fixture.ts';

const configMap = (data: Record<string, unknown>, metadata: object = {}): object => ({ metadata: { name: 'c', ...metadata }, data });
const containers = (...list: object[]): object => ({ metadata: { name: 'p' }, spec: { containers: list } });

describe('updates', () => {
  it('own what they create, parents that were not there included', () => {
    const map = new Fixture(ConfigMaps);
    map.put('curl', configMap({ a: '1' }, { labels: { l: 'x' } }));
    expect(map.entries).toEqual([{ manager: 'curl', operation: 'Update', apiVersion: 'v1', time: '1970-01-01T00:00:01Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } } } }]);
  });
  it('own keyed items with all their keys, defaulted ones too, and nothing of the status', () => {
    const pod = new Fixture(Pods);
    pod.put('curl', { ...containers({ name: 'c', image: 'i:1', ports: [{ containerPort: 80 }] }), status: { phase: 'Running' } });
    const fields = pod.entries[0]!.fieldsV1 as Record<string, any>;
    expect(fields['f:status']).toBeUndefined();
    expect(Object.keys(fields['f:spec']['f:containers'])).toEqual(['k:{"name":"c"}']);
    expect(fields['f:spec']['f:containers']['k:{"name":"c"}']['f:ports']).toEqual({ '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } });
  });
  it('take what they change from others and lose what goes', () => {
    const map = new Fixture(ConfigMaps);
    map.put('a', configMap({ a: '1', b: '2' }));
    map.put('b', configMap({ a: '1', b: '3', d: '4' }));
    expect(map.owners).toEqual(['a Update: .data .data.a', 'b Update: .data.b .data.d']);
    map.put('b', configMap({ a: '1', b: '3' }));
    expect(map.owners).toEqual(['a Update: .data .data.a', 'b Update: .data.b']);
    expect(map.entries[1]!.time).toBe('1970-01-01T00:00:02Z');
  });
  it('keep the entries as they are when nothing changes', () => {
    const map = new Fixture(ConfigMaps);
    map.put('a', configMap({ a: '1' }));
    const entries = map.entries;
    map.put('b', configMap({ a: '1' }));
    expect(map.entries).toBe(entries);
  });
  it('may hand over, reset and not garble the entries', () => {
    const map = new Fixture(ConfigMaps);
    map.put('a', configMap({ a: '1' }));
    map.put('b', configMap({ a: '1' }, { managedFields: [{ manager: 'x', operation: 'Nonsense' }] }));
    expect(map.owners).toEqual(['a Update: .data .data.a']);
    map.put('b', configMap({ a: '1' }, { managedFields: [{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {}, '.': {} } } }] }));
    expect(map.owners).toEqual(['x Update: .data .data.a']);
    map.put('b', configMap({ a: '1' }, { managedFields: [{}] }));
    expect(map.owners).toEqual([]);
    map.put('b', configMap({ a: '2' }));
    expect(map.owners).toEqual([]);
  });
  it('are kept for at most ten updaters', () => {
    const map = new Fixture(ConfigMaps);
    const data: Record<string, string> = {};
    for (let i = 0; i < 13; i++) {
      data[`k${i}`] = 'x';
      map.put(`m${i}`, configMap(data));
    }
    expect(map.owners).toHaveLength(10);
    expect(map.owners[0]).toBe('ancient-changes Update: .data .data.k0 .data.k1 .data.k2 .data.k3');
  });
  it('through a subresource have an entry of their own and leave the rest alone', () => {
    const pod = new Fixture(Pods);
    pod.put('a', containers({ name: 'c', image: 'i' }));
    pod.put('kubelet', { ...pod.object!, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, 'status');
    expect(pod.entries.map((e) => [e.manager, e.subresource])).toEqual([['a', undefined], ['kubelet', 'status']]);
    expect(Object.keys(pod.entries[1]!.fieldsV1 as object)).toEqual(['f:status']);
  });
});

describe('applies', () => {
  it('own exactly what they name', () => {
    const map = new Fixture(ConfigMaps);
    map.apply('m1', configMap({ a: '1' }));
    map.apply('m2', configMap({ b: '2' }));
    map.apply('m1', configMap({ a: '1', b: '2' }));
    // The object did not change, so neither does the time that orders the entries.
    expect(map.owners).toEqual(['m1 Apply: .data.a .data.b', 'm2 Apply: .data.b']);
    map.apply('m1', configMap({ a: '1' }));
    expect(map.object!['data']).toEqual({ a: '1', b: '2' });
  });
  it('take out what they no longer name unless others own it', () => {
    const map = new Fixture(ConfigMaps);
    map.apply('m1', configMap({ a: '1', b: '1' }));
    map.apply('m2', configMap({ a: '1' }));
    map.apply('m1', { metadata: { name: 'c' } });
    expect(map.object!['data']).toEqual({ a: '1' });
    map.apply('m2', { metadata: { name: 'c' } });
    expect(map.object!['data']).toBeUndefined();
    expect(map.owners).toEqual([]);
  });
  // Since structured-merge-diff 4.0.3, and so since Kubernetes 1.21: what is named, and holds nothing, is owned itself; of a list its items are.
  it.each<[resource: ResourceDefinition, configuration: object, owned: string[]]>([
    [ConfigMaps, { data: {} }, ['.data']], [ConfigMaps, { data: null }, ['.data']], [ConfigMaps, { data: {}, binaryData: {} }, ['.binaryData .data']], [ConfigMaps, { data: { a: null } }, ['.data.a']],
    [ConfigMaps, { metadata: { name: 'x', labels: {}, annotations: null } }, ['.metadata.annotations .metadata.labels']], [ConfigMaps, { metadata: { name: 'x', finalizers: [] } }, []], [ConfigMaps, {}, []],
    [Deployments, { spec: { strategy: {}, selector: { matchLabels: {} } } }, ['.spec.selector .spec.strategy']], [Pods, { spec: { containers: [], securityContext: {}, nodeSelector: {} } }, ['.spec.nodeSelector .spec.securityContext']],
    [Services, { spec: { selector: { a: 'b' }, ports: [] } }, ['.spec.selector']],
  ])('own what they name without saying anything: %#', (resource, configuration, owned) => {
    const object = new Fixture(resource);
    object.apply('m1', { metadata: { name: 'x' }, ...configuration });
    expect(object.owners).toEqual(owned.map((fields) => `m1 Apply: ${fields}`));
  });
  it('keep an empty map they name, and conflict where another one names it, as nothing of it is stored', () => {
    const map = new Fixture(ConfigMaps);
    map.apply('m1', configMap({}));
    delete map.object!['data'];
    expect(map.conflicts('m2', configMap({}))).toEqual(['m1.data']);
    expect(map.conflicts('m2', configMap({ a: '1' }))).toEqual(['m1.data']);
    expect(map.conflicts('m2', { metadata: { name: 'c' } })).toEqual([]);
    expect(map.conflicts('m1', configMap({}))).toEqual([]);
    map.apply('m1', { metadata: { name: 'c' } });
    expect(map.owners).toEqual([]);
  });
  it('give up what they hold in a map for the map alone', () => {
    const map = new Fixture(ConfigMaps);
    map.apply('m1', configMap({ a: '1' }));
    map.apply('m2', configMap({ b: '2' }));
    map.apply('m2', configMap({}));
    expect([map.object!['data'], map.owners]).toEqual([{ a: '1' }, ['m1 Apply: .data.a', 'm2 Apply: .data']]);
  });
  it('conflict where others own another value, until forced', () => {
    const map = new Fixture(ConfigMaps);
    map.apply('m1', configMap({ a: '1', b: '2' }));
    expect(map.conflicts('m2', configMap({ a: 'x', b: 'y' }))).toEqual(['m1.data.a', 'm1.data.b']);
    expect(map.conflicts('m2', configMap({ a: '1' }))).toEqual([]);
    map.apply('m2', configMap({ a: 'x' }), { force: true });
    expect(map.owners).toEqual(['m1 Apply: .data.b', 'm2 Apply: .data.a']);
    expect(map.conflicts('m1', configMap({ a: '1', b: '2' }))).toEqual(['m2.data.a']);
  });
  it('conflict with updates that stole a field, and let it go without a fight', () => {
    const map = new Fixture(ConfigMaps);
    map.apply('m1', configMap({ a: '1', b: '2' }));
    map.put('edit', configMap({ a: '5', b: '2' }));
    expect(map.conflicts('m1', configMap({ a: '1', b: '2' }))).toEqual(['edit.data.a']);
    map.apply('m1', configMap({ b: '2' }));
    expect(map.object!['data']).toEqual({ a: '5', b: '2' });
  });
  it('leave time and object alone when nothing changes', () => {
    const map = new Fixture(ConfigMaps);
    map.apply('m1', configMap({ a: '1' }));
    const before = map.object;
    map.apply('m1', configMap({ a: '1' }));
    expect(map.object).toEqual(before);
  });
  it('merge lists by key, keep their order and replace atomic ones', () => {
    const pod = new Fixture(Pods);
    pod.apply('m1', containers({ name: 'a', image: 'i:1', args: ['x', 'y'] }, { name: 'b', image: 'i:1' }));
    pod.apply('m2', containers({ name: 'z', image: 'i:1' }, { name: 'b', env: [{ name: 'E', value: '1' }] }));
    expect((pod.object!['spec'] as any).containers.map((c: any) => c.name)).toEqual(['a', 'z', 'b']);
    expect((pod.object!['spec'] as any).containers[2]).toMatchObject({ image: 'i:1', env: [{ name: 'E', value: '1' }] });
    expect(pod.conflicts('m2', containers({ name: 'a', args: ['z'] }))).toEqual(['m1.spec.containers[name="a"].args']);
    pod.apply('m1', containers({ name: 'b', image: 'i:1' }));
    expect((pod.object!['spec'] as any).containers.map((c: any) => c.name)).toEqual(['z', 'b']);
  });
  it('match items by their defaulted keys', () => {
    const service = new Fixture(Services);
    service.apply('m1', { metadata: { name: 's' }, spec: { ports: [{ port: 80, name: 'web' }] } });
    service.apply('m2', { metadata: { name: 's' }, spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] } }, { force: true });
    expect((service.object!['spec'] as any).ports).toEqual([expect.objectContaining({ port: 80, name: 'web', targetPort: 8080 })]);
  });
  it('share sets item by item', () => {
    const map = new Fixture(ConfigMaps);
    map.apply('m1', { metadata: { name: 'c', finalizers: ['a/1'] } });
    map.apply('m2', { metadata: { name: 'c', finalizers: ['a/2'] } });
    expect(map.object!.metadata.finalizers).toEqual(['a/1', 'a/2']);
    expect(map.entries[0]!.fieldsV1).toEqual({ 'f:metadata': { 'f:finalizers': { 'v:"a/1"': {} } } });
    map.apply('m1', { metadata: { name: 'c' } });
    expect(map.object!.metadata.finalizers).toEqual(['a/2']);
  });
  it('bring defaults back', () => {
    const deployment = new Fixture(Deployments);
    const spec = { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } };
    deployment.apply('m1', { metadata: { name: 'd' }, spec: { ...spec, revisionHistoryLimit: 4, replicas: 3 } });
    deployment.apply('m1', { metadata: { name: 'd' }, spec });
    expect(deployment.object!['spec']).toMatchObject({ revisionHistoryLimit: 10, replicas: 1 });
  });
  it('start the history of an object that had none', () => {
    const map = new Fixture(ConfigMaps);
    map.put('a', configMap({ a: '1', b: '2' }));
    map.put('a', configMap({ a: '1', b: '2' }, { managedFields: [{}] }));
    expect(map.conflicts('m1', configMap({ a: '2' }))).toEqual(['before-first-apply.data.a']);
    map.apply('m1', configMap({ a: '1' }));
    expect(map.owners).toEqual(['m1 Apply: .data.a', 'before-first-apply Update: .data .data.a .data.b']);
  });
  it('of kubectl take over what it applied from the client', () => {
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { annotations: {}, name: 'c' }, data: { a: '1', b: '1' } };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) };
    const map = new Fixture(ConfigMaps);
    map.put('kubectl-client-side-apply', configMap({ a: '1', b: '1' }, { annotations }));
    map.put('edit', configMap({ a: '1', b: '9' }, { annotations }));
    expect(map.conflicts('kubectl', configMap({ a: '2', b: '2' }))).toEqual(['edit.data.b']);
    expect(map.conflicts('other', configMap({ a: '2' }))).toEqual(['kubectl-client-side-apply.data.a']);
    map.apply('kubectl', configMap({ a: '2' }));
    expect(map.object!['data']).toEqual({ a: '2', b: '9' });
    expect(JSON.parse(map.object!.metadata.annotations!['kubectl.kubernetes.io/last-applied-configuration']!)).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '2' } });
  });
  it('of the status own the status', () => {
    const pod = new Fixture(Pods);
    pod.put('a', containers({ name: 'c', image: 'i' }));
    pod.apply('m1', { metadata: { name: 'p' }, status: { message: 'hello', conditions: [{ type: 'X', status: 'True' }] } }, { subresource: 'status' });
    expect(pod.owners[0]).toBe('m1 Apply/status: .status.message .status.conditions[type="X"] .status.conditions[type="X"].status .status.conditions[type="X"].type');
    expect(pod.conflicts('m2', { metadata: { name: 'p' }, status: { message: 'other' } }, 'status')).toEqual(['m1.status.message']);
    pod.apply('m1', { metadata: { name: 'p' } }, { subresource: 'status' });
    expect((pod.object!['status'] as any)?.conditions).toBeUndefined();
  });
  it('name each fault of a configuration', () => {
    const faults = (configuration: object): string => {
      try {
        new Fixture(Pods).apply('m', configuration);
      } catch (error) {
        if (error instanceof ConfigurationError) return error.message;
        throw error;
      }
      return '';
    };
    expect(faults(containers({ name: 'c' }, { name: 'c' }))).toBe('.spec.containers: duplicate entries for key [name="c"]');
    expect(faults({ spec: { nope: 1 } })).toBe('.spec.nope: field not declared in schema');
    expect(faults(containers({ name: 'c', env: [{ name: 'E', value: true }] }))).toBe('.spec.containers[name="c"].env[name="E"].value: expected string, got &value.valueUnstructured{Value:true}');
    expect(faults({ spec: { containers: 5, hostNetwork: 'x' } })).toBe('errors:\n  .spec.containers: expected list, got &{5}\n  .spec.hostNetwork: expected boolean, got &{x}');
    // Fields that are always written have their zero value as default; validation finds it.
    expect(faults(containers({ image: 'i' }))).toBe('');
    expect(faults({ spec: { nope: 1, neither: 2 } })).toBe('.spec.nope: field not declared in schema');
    expect(faults({ spec: { topologySpreadConstraints: [{}], imagePullSecrets: [{}] } })).toBe('');
    expect(faults({ metadata: { deletionTimestamp: {} } })).toBe('.metadata.deletionTimestamp: expected any scalar, got &{map[]}');
    expect(faults({ spec: { activeDeadlineSeconds: '5' } })).toBe('.spec.activeDeadlineSeconds: expected numeric (int or float), got string');
  });
});

describe('any writers', () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const texts = fc.constantFrom('1', '2');
  const data = fc.dictionary(names, texts, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
  const finalizers = fc.uniqueArray(fc.constantFrom('x/1', 'x/2', 'x/3'), { minLength: 1, maxLength: 3 });
  const step = fc.record({ kind: fc.constantFrom('apply', 'put'), manager: fc.constantFrom('m1', 'm2', 'm3'), data, finalizers });
  it('leave an object that holds what the last one applied, and no owner of what is not there', () => {
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const map = new Fixture(ConfigMaps);
      for (const { kind, manager, data, finalizers } of steps) {
        if (kind === 'put') map.put(manager, configMap(data, { finalizers }));
        else {
          map.apply(manager, configMap(data, { finalizers }), { force: true });
          expect(map.object!['data']).toMatchObject(data);
          expect(map.object!.metadata.finalizers).toEqual(expect.arrayContaining(finalizers));
          // Applying the same again changes nothing, the entries included.
          const before = JSON.stringify(map.object);
          map.apply(manager, configMap(data, { finalizers }));
          expect(JSON.stringify(map.object)).toBe(before);
        }
        const there = fieldsOf(structureOf(ConfigMaps.type), map.object as never);
        for (const entry of map.entries) {
          for (const path of paths(entry.fieldsV1 as FieldSet)) if (path.length > 2 || path[0] === 'f:data' && path.length > 1) expect([path, has(there, path)]).toEqual([path, true]);
          expect(canonical(entry.fieldsV1 as FieldSet)).toBe(entry.fieldsV1);
        }
        // Two owners of a field agree on its value, so at most one updater owns each.
        const updated = map.entries.filter((e) => e.operation === 'Update').flatMap((e) => paths(e.fieldsV1 as FieldSet).map((p) => p.join('/')));
        expect(new Set(updated).size).toBe(updated.length);
      }
    }), { numRuns: 150 });
  });
});
