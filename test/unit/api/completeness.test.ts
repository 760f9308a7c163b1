// Every field of every served kind is there with the right type: judged by the models of @kubernetes/client-node, which are
// generated from Kubernetes' own OpenAPI and written by nobody here.
import * as models from '@kubernetes/client-node/dist/gen/models/all.js';
import { allResources } from '../../../src/api/index.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { objectMeta } from '../../../src/schema/object-meta.ts';
import { resolveType, type ObjectType, type ScalarKind, type Type } from '../../../src/schema/schema.ts';

interface Attribute { readonly baseName: string; readonly type: string; readonly format: string }
const attributesOf = (name: string): readonly Attribute[] | undefined => (models as unknown as Record<string, { getAttributeTypeMap?: () => Attribute[] }>)[name]?.getAttributeTypeMap?.();

/** Fields the models (of a later Kubernetes) have beyond the level served here. */
const newer: readonly string[] = [
  'NodeStatus.declaredFeatures', 'CSIDriverSpec.preventPodSchedulingIfMissing', 'CSIDriverSpec.serviceAccountTokenInSecrets',
  'CustomResourceDefinitionCondition.observedGeneration', 'CustomResourceDefinitionStatus.observedGeneration',
  'PodSpec.hostnameOverride', 'PodSpec.schedulingGroup', 'Container.restartPolicyRules', 'EphemeralContainer.restartPolicyRules', 'EnvVarSource.fileKeyRef', 'VolumeProjection.podCertificate',
  'PodStatus.allocatedResources', 'PodStatus.resources', 'PodStatus.extendedResourceClaimStatus', 'PodStatus.nodeAllocatableResourceClaimStatuses', 'VolumeMountStatus.volumeStatus',
  'ResourceHealth.message',
];

const scalars: Readonly<Record<ScalarKind, readonly [type: string, format: string]>> = {
  string: ['string', ''], quantity: ['string', ''], duration: ['string', ''], bytes: ['string', 'byte'], int32: ['number', 'int32'], int64: ['number', 'int64'], double: ['number', 'double'],
  boolean: ['boolean', ''], time: ['Date', 'date-time'], microTime: ['V1MicroTime', 'date-time-micro'], intOrString: ['IntOrString', 'int-or-string'], any: ['any', ''], fieldsV1: ['any', ''],
};

/** Differences between a definition and a model, each once, as `Type.field: …`. */
function differences(root: ObjectType, rootModel: string): { found: string[]; excused: string[]; fields: number } {
  const found: string[] = [];
  const excused: string[] = [];
  const seen = new Set<string>();
  let fields = 0;

  function compare(type: Type, model: string, format: string, at: string): void {
    const t = resolveType(type);
    const item = t.kind === 'array' ? /^Array<(.+)>$/.exec(model) : t.kind === 'map' ? /^\{ \[key: string\]: (.+); \}$/.exec(model) : undefined;
    if (t.kind === 'array' || t.kind === 'map') {
      if (!item) found.push(`${at}: is a ${t.kind}, should be ${model}`);
      else compare(t.kind === 'array' ? t.items : t.values, item[1]!, format, at);
    } else if (t.kind === 'object') {
      // An object without fields has no model.
      if (model === 'any' && Object.keys(t.fields).length === 0) return;
      if (!attributesOf(model)) found.push(`${at}: is an object, should be ${model}`);
      else compareObject(t, model);
    } else if (t.kind === 'structural') found.push(`${at}: is described by a structural schema`);
    else {
      const [name, its] = scalars[t.scalar];
      if (model !== name || format !== its) found.push(`${at}: is ${t.scalar}, should be ${model} ${format}`);
    }
  }

  function compareObject(type: ObjectType, model: string): void {
    if (seen.has(model)) return;
    seen.add(model);
    const attributes = attributesOf(model)!;
    for (const { baseName, type: its, format } of attributes) {
      const at = `${type.name}.${baseName}`;
      const field = type.fields[baseName];
      fields++;
      if (field) compare(field.type, its, format, at);
      else if (newer.includes(at)) excused.push(at);
      else found.push(`${at}: missing`);
    }
    const known = new Set(attributes.map(({ baseName }) => baseName));
    for (const name of Object.keys(type.fields)) if (!known.has(name)) found.push(`${type.name}.${name}: unknown to Kubernetes`);
  }

  compareObject(root, rootModel);
  return { found, excused, fields };
}

const prefixes: Readonly<Record<string, string>> = { '': 'Core', 'events.k8s.io': 'Events', 'discovery.k8s.io': 'Discovery' };
function modelOf({ group, version, kind }: ResourceDefinition): string {
  const own = version.toUpperCase() + kind;
  const name = [own, (prefixes[group] ?? '') + own].find((candidate) => attributesOf(candidate));
  if (!name) throw new Error(`no model for ${group}/${version} ${kind}`);
  return name;
}

// Of an add-on's API, which has no models there: measured, never written.
const results = allResources.filter(({ group }) => group !== 'metrics.k8s.io').map((resource) => ({ name: `${resource.apiVersion} ${resource.kind}`, ...differences(resource.type, modelOf(resource)) }));

describe('fields of served kinds', () => {
  it.each(results)('$name', ({ found, fields }) => {
    expect(found).toEqual([]);
    expect(fields).toBeGreaterThan(4);
  });
  it('the excuses are all needed', () => {
    expect(new Set(results.flatMap(({ excused }) => excused))).toEqual(new Set(newer));
  });
  it('the judge sees what is wrong', () => {
    const { name: _name, ...fields } = objectMeta.fields;
    const broken: ObjectType = { ...objectMeta, fields: { ...fields, generation: objectMeta.fields.selfLink, extra: objectMeta.fields.selfLink, labels: objectMeta.fields.finalizers } };
    expect(differences(broken, 'V1ObjectMeta').found.sort()).toEqual([
      'ObjectMeta.extra: unknown to Kubernetes', 'ObjectMeta.generation: is string, should be number int64', 'ObjectMeta.labels: is a array, should be { [key: string]: string; }', 'ObjectMeta.name: missing',
    ]);
  });
});

describe('every definition', () => {
  const types = new Map<string, ObjectType>();
  const collect = (type: Type): void => {
    const t = resolveType(type);
    if (t.kind === 'array') collect(t.items);
    else if (t.kind === 'map') collect(t.values);
    else if (t.kind === 'object' && !types.has(`${t.package}.${t.name}`)) {
      types.set(`${t.package}.${t.name}`, t);
      for (const field of Object.values(t.fields)) collect(field.type);
    }
  };
  for (const { type } of allResources) collect(type);

  it('has a text for each field', () => {
    const silent = [...types.values()].flatMap((type) => [...(type.doc ? [] : [type.name]), ...Object.entries(type.fields).filter(([, field]) => !field.options.doc).map(([name]) => `${type.name}.${name}`)]);
    expect(silent).toEqual([]);
  });
  it('numbers its fields once each', () => {
    const clashes = [...types.values()].flatMap((type) => {
      const numbers = Object.entries(type.fields).filter(([, field]) => !field.embeddedIn && field.number !== 0).map(([, field]) => field.number);
      return numbers.filter((number, i) => numbers.indexOf(number) < i).map((number) => `${type.name} ${number}`);
    });
    expect(clashes).toEqual([]);
  });
  it('names keys that its items have, and merges only lists', () => {
    const wrong = [...types.values()].flatMap((type) => Object.entries(type.fields).filter(([, { type: fieldType, options }]) => {
      const t = resolveType(fieldType);
      const items = t.kind === 'array' ? resolveType(t.items) : undefined;
      const names = items?.kind === 'object' ? Object.keys(items.fields) : [];
      const keys = [...(options.keys ?? []), ...(options.patchMergeKey ? [options.patchMergeKey] : [])];
      return keys.some((key) => !names.includes(key)) || (options.listType === 'map') !== (options.keys !== undefined) || (options.listType !== undefined && t.kind !== 'array' && !(t.kind === 'scalar' && t.scalar === 'bytes'));
    }).map(([name]) => `${type.name}.${name}`));
    expect(wrong).toEqual([]);
  });
});
