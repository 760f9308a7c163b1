// CustomResourceDefinitions: what they define, and what is wrong with the defaults in their schemas.
import { customResourcesOf } from '../../../../src/api/apiextensions/custom-resources.ts';
import { CustomResourceDefinitions, type CustomResourceDefinition } from '../../../../src/api/apiextensions/custom-resource-definition.ts';
import { schemaFaults } from '../../../../src/api/apiextensions/schema-validation.ts';
import type { JSONSchemaProps } from '../../../../src/api/apiextensions/json-schema-props.ts';
import { planDeletion } from '../../../../master/registry/deletion.ts';
import { distinctResources, ResourceSet } from '../../../../src/schema/resource-set.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';
import { Pods } from '../../../../src/api/core/pod.ts';

const spec: JSONSchemaProps = { type: 'object', properties: { size: { type: 'integer', default: 1 } } };
const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', shortNames: ['wd'] };
function definition(versions: readonly object[], established = true): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.a.example.com', uid: '1', resourceVersion: '1', creationTimestamp: null },
    spec: { group: 'a.example.com', scope: 'Namespaced', names, versions: versions.map((version) => ({ served: true, storage: false, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } }, ...version })) },
    status: { acceptedNames: names, storedVersions: ['v1'], conditions: [{ type: 'Established', status: established ? 'True' : 'False', lastTransitionTime: null }] },
  } as unknown as CustomResourceDefinition;
}

describe('the resources of a definition', () => {
  it('are its served versions in order of preference, once it is established; that in which it is stored stands for all', () => {
    const versions = [{ name: 'v1beta1', storage: true }, { name: 'v1' }, { name: 'v2', served: false }];
    expect(customResourcesOf(definition(versions, false))).toEqual([]);
    const resources = customResourcesOf(definition(versions));
    expect(resources.map(({ apiVersion, hashVersion, namespaced, listKind, generation }) => ({ apiVersion, hashVersion, namespaced, listKind, generation }))).toEqual(
      ['v1', 'v1beta1'].map((version) => ({ apiVersion: `a.example.com/${version}`, hashVersion: 'v1beta1', namespaced: true, listKind: 'WidgetList', generation: true })));
    expect(distinctResources(resources).map(({ version }) => version)).toEqual(['v1beta1']);
  });
  it('are reached once more when a definition goes that serves none', () => {
    const hidden = definition([{ name: 'v1', storage: true, served: false }]);
    expect(customResourcesOf(hidden)).toEqual([]);
    expect(customResourcesOf({ ...hidden, metadata: { ...hidden.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } }).map(({ version, ending }) => ({ version, ending }))).toEqual([{ version: 'v1', ending: true }]);
  });
  it('are stored in the storage version and read in their own, defaulted', () => {
    const [v1] = customResourcesOf(definition([{ name: 'v1beta1', storage: true }, { name: 'v1' }]));
    const object = { apiVersion: 'a.example.com/v1', kind: 'Widget', metadata: { name: 'w', creationTimestamp: null }, spec: {} };
    const stored = v1!.storedAs!.encode(object) as ApiObject;
    expect(stored.apiVersion).toBe('a.example.com/v1beta1');
    expect(v1!.storedAs!.decode(stored)).toEqual({ ...object, spec: { size: 1 } });
  });
  it('judge objects by their schema and by the paths of their scale', () => {
    const [resource] = customResourcesOf(definition([{ name: 'v1', storage: true, subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.ready' } } }]));
    const texts = (object: object): string[] => resource!.validate!({ metadata: {}, ...object }).map(({ field, message }) => `${field}: ${message}`);
    expect(texts({ spec: { size: 'x' } })).toEqual(['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"', '.spec.size: Invalid value: 0: .spec.size accessor error: x is of the type string, expected int64']);
    expect(texts({ spec: { size: -1 } })).toEqual(['.spec.size: Invalid value: -1: should be a non-negative integer']);
    expect(texts({ spec: { size: 1 }, status: 'x' })).toEqual(['.status.ready: Invalid value: 0: .status accessor error: x is of the type string, expected map[string]interface {}']);
  });
  it('warn of deprecated versions and of finalizers without a domain', () => {
    const [resource] = customResourcesOf(definition([{ name: 'v1', storage: true, deprecated: true }]));
    expect(resource!.deprecation).toBe('a.example.com/v1 Widget is deprecated');
    expect(resource!.warnings!({ metadata: { finalizers: ['x', 'a.b/c', 'orphan'] } })).toEqual([expect.stringMatching(/^metadata\.finalizers: "x": prefer a domain-qualified/)]);
  });
});

it('a definition that is deleted gets a finalizer and says so', () => {
  const plan = planDeletion(CustomResourceDefinitions, definition([{ name: 'v1', storage: true }]) as unknown as ApiObject, {}, Date.UTC(2030, 0, 1));
  expect(plan.kind).toBe('mark');
  expect((plan as { object: ApiObject }).object).toMatchObject({
    metadata: { deletionTimestamp: '2030-01-01T00:00:00Z', finalizers: ['customresourcecleanup.apiextensions.k8s.io'] },
    status: { conditions: [{ type: 'Established' }, { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', lastTransitionTime: '2030-01-01T00:00:00Z' }] },
  });
});

it('the set of served resources tells of each change, and built-in ones give way to nobody', () => {
  const set = new ResourceSet([Pods]);
  let told = 0;
  const end = set.subscribe(() => { told++; });
  const resources = customResourcesOf(definition([{ name: 'v1', storage: true }]));
  set.define('one', resources);
  expect(set.current).toEqual([Pods, ...resources]);
  set.define('other', [{ ...Pods, custom: true }]);
  set.define('one', []);
  expect(set.current).toEqual([Pods]);
  expect(told).toBe(2);
  end();
  set.define('one', resources);
  expect(told).toBe(2);
});

describe('groups of the community', () => {
  const faults = (annotation: string | undefined, before?: string): string[] => {
    const of = (text: string | undefined): CustomResourceDefinition => {
      const crd = definition([{ name: 'v1', storage: true }]);
      return { ...crd, metadata: { ...crd.metadata, name: 'widgets.a.k8s.io', ...(text === undefined ? {} : { annotations: { 'api-approved.kubernetes.io': text } }) }, spec: { ...crd.spec, group: 'a.k8s.io' } };
    };
    return CustomResourceDefinitions.validate!(of(annotation), before === undefined ? undefined : of(before)).map(({ field, message }) => `${field}: ${message}`);
  };
  it('want to be approved', () => {
    expect(faults('https://example.com/1')).toEqual([]);
    expect(faults('unapproved, experimental')).toEqual([]);
    expect(faults(undefined)).toEqual([expect.stringMatching(/^metadata\.annotations\[api-approved\.kubernetes\.io\]: Required value: protected groups must have approval annotation "api-approved\.kubernetes\.io", see /)]);
    expect(faults('yes')).toEqual([expect.stringMatching(/Invalid value: "yes": protected groups must have approval annotation .* with either a URL or a reason starting with "unapproved"/)]);
    expect(faults('no', 'yes')).toEqual([]);
  });
});

describe('defaults of a schema', () => {
  const faults = (properties: Record<string, JSONSchemaProps>): string[] => schemaFaults({ type: 'object', properties }, 's').map(({ field, message }) => `${field}: ${message}`);
  it.each<[property: JSONSchemaProps, found: string[]]>([
    [{ type: 'string', default: 'x' }, []],
    [{ type: 'string', default: 5 }, ['s.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"']],
    [{ type: 'string', enum: ['x'], default: 'y' }, ['s.properties[a].default: Unsupported value: "y": supported values: "x"']],
    [{ type: 'object', properties: { b: { type: 'integer', maximum: 1 } }, default: { b: 2 } }, ['s.properties[a].default.b: Invalid value: 2: b in body should be less than or equal to 1']],
    [{ type: 'object', properties: { b: { type: 'integer' } }, default: { c: 2 } }, ['s.properties[a].default: Invalid value: {"c":2}: must not have unknown fields']],
    [{ type: 'array', items: { type: 'string', default: 1 } }, ['s.properties[a].items.default: Invalid value: "integer":  in body must be of type string: "integer"']],
    [{ type: 'object', default: null as unknown as string }, []],
  ])('%j', (property, found) => { expect(faults({ a: property })).toEqual(found); });
});
