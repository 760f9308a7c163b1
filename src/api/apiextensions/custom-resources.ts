// From a CustomResourceDefinition to the resources it defines: one definition for each served version, like those of built-in
// kinds but made at run time. upstream: apiextensions-apiserver pkg/apiserver/customresource_handler.go, pkg/registry/customresource
import { invalid, type Fault } from '../../apimachinery/fault.ts';
import { compareVersions } from '../../apimachinery/kube-version.ts';
import { decode } from '../../schema/decode.ts';
import { objectMeta } from '../../schema/object-meta.ts';
import { allVerbs, type ApiObject, type ConvertObjects, type ResourceDefinition, type ScaleSubresource } from '../../schema/resource.ts';
import { field, object, string, type Field, type ObjectType } from '../../schema/schema.ts';
import { fillDefaults } from '../../schema/structural/defaults.ts';
import { embeddedFaults } from '../../schema/structural/embedded.ts';
import { listTypeFaults } from '../../schema/structural/lists.ts';
import { hasRules, ruleFaults } from '../../schema/structural/rules.ts';
import type { StructuralSchema } from '../../schema/structural/structural-schema.ts';
import { schemaFaults } from '../../schema/structural/validate.ts';
import { deepFreeze } from '../../util/json.ts';
import type { CustomResourceDefinition } from './custom-resource-definition.ts';
import { customColumns, selectableFieldsOf } from './custom-columns.ts';
import { scaleFaults } from './custom-scale.ts';

type Version = CustomResourceDefinition['spec']['versions'][number];
const headNames = new Set(['apiVersion', 'kind', 'metadata']);
const anything: StructuralSchema = { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true };

export const hasCondition = ({ status }: CustomResourceDefinition, type: string): boolean => status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

/** Whether the definition is being deleted: what it serves is the same until it is gone, so this alone changes under it. */
export interface DefinitionLife { readonly ending: boolean }

/** The served versions of an established definition, the preferred one first; none before it is established. `convert`: by the definition's webhook, if it has one. */
export function customResourcesOf(crd: CustomResourceDefinition, life: DefinitionLife = { ending: crd.metadata.deletionTimestamp !== undefined }, convert?: ConvertObjects): ResourceDefinition[] {
  if (!hasCondition(crd, 'Established') || !crd.status?.acceptedNames) return [];
  return shownVersions(crd).sort((a, b) => compareVersions(a.name, b.name)).map((version) => resourceOf(crd, version, life, convert));
}

/** A definition that goes has to reach its objects to delete them, even when it let nobody see them. */
export function shownVersions({ metadata, spec }: CustomResourceDefinition): Version[] {
  const served = spec.versions.filter((version) => version.served);
  return served.length === 0 && metadata.deletionTimestamp ? spec.versions.filter(({ storage }) => storage) : served;
}

function resourceOf(crd: CustomResourceDefinition, version: Version, life: DefinitionLife, convert: ConvertObjects | undefined): ResourceDefinition {
  const { spec } = crd;
  const { group } = spec;
  const { plural, singular = '', kind, listKind = '', shortNames = [], categories = [] } = crd.status.acceptedNames!;
  const apiVersion = `${group}/${version.name}`;
  const storage = spec.versions.find((v) => v.storage) ?? version;
  const root = (version.schema?.openAPIV3Schema ?? anything) as StructuralSchema;
  const type = typeOf(kind, `${group.split('.').reverse().join('.')}.${version.name}`, root);
  const scale = scaleOf(version);
  const status = version.subresources?.status !== undefined;
  const read = (value: object): ApiObject => {
    const read = decode(type, value, { unknown: [] }) as ApiObject;
    read.apiVersion = apiVersion;
    read.kind = kind;
    fillDefaults(root, read);
    return read;
  };
  const faults = (value: ApiObject, old: ApiObject | undefined): Fault[] => {
    const found = [
      ...schemaFaults(root, value, old), ...scaleFaults(scale, value), ...embeddedFaults(root, value),
      // A list that was wrong before may stay so.
      ...(old && listTypeFaults(root, old).length ? [] : listTypeFaults(root, value)),
    ];
    if (!hasRules(root)) return found;
    return found.some((fault) => blocking.has(fault.type)) ? [...found, unchecked] : [...found, ...ruleFaults(root, value, old)];
  };
  return {
    group, version: version.name, kind, plural, singular, shortNames, categories, apiVersion, listKind: listKind || `${kind}List`, type, custom: true,
    scope: spec.scope as 'Namespaced' | 'Cluster', namespaced: spec.scope === 'Namespaced', doc: type.doc, nameFormat: 'dns1123Subdomain',
    verbs: allVerbs, get ending() { return life.ending; },
    subresources: { ...(status ? { status } : {}), ...(scale ? { scale } : {}) },
    hashVersion: storage.served ? storage.name : '',
    anyFinalizer: true, generation: true, requiresRevision: true, statusKeeps: ['labels', 'annotations', 'finalizers', 'ownerReferences'],
    selectable: selectableFieldsOf(version.selectableFields ?? []), columns: customColumns(version.additionalPrinterColumns ?? []),
    ...(version.deprecated ? { deprecation: version.deprecationWarning ?? `${apiVersion} ${kind} is deprecated` } : {}),
    validate: faults, validateStatus: faults, warnings: finalizerWarnings,
    storedAs: { group, plural, apiVersion: `${group}/${storage.name}`, encode: (value: object) => ({ ...value, apiVersion: `${group}/${storage.name}` }), decode: remembered(read), ...(convert ? { convert } : {}) },
  };
}

/** Faults of values that rules could not make sense of. */
const blocking: ReadonlySet<string> = new Set(['NotSupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid']);
const unchecked = invalid('<nil>', null, 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation');

/** What is stored is read again and again: each value is decoded once, as long as somebody holds it. */
function remembered(read: (value: object) => ApiObject): (stored: object) => ApiObject {
  const views = new WeakMap<object, ApiObject>();
  return (stored) => {
    let view = views.get(stored);
    if (!view) {
      view = deepFreeze(read(stored));
      // Only what cannot change may be remembered.
      if (Object.isFrozen(stored)) views.set(stored, view);
    }
    return view;
  };
}

function typeOf(kind: string, packageName: string, root: StructuralSchema): ObjectType {
  const properties = Object.entries(root.properties ?? {}).filter(([name]) => !headNames.has(name));
  return object(kind, {
    apiVersion: string(0, { doc: 'APIVersion defines group and version of this object, for example apps/v1.' }),
    kind: string(0, { doc: 'Name of the REST resource this object represents.' }),
    metadata: field(1, objectMeta, { written: true, doc: "Standard object's metadata." }),
    ...Object.fromEntries(properties.map(([name, schema]): [string, Field] => [name, field(0, { kind: 'structural', schema })])),
  }, { doc: root.description ?? '', package: packageName, root, defaults: (value) => fillDefaults(root, value) });
}

function scaleOf({ subresources }: Version): ScaleSubresource | undefined {
  const scale = subresources?.scale;
  return scale && { specReplicasPath: scale.specReplicasPath, statusReplicasPath: scale.statusReplicasPath, labelSelectorPath: scale.labelSelectorPath ?? '' };
}

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
function finalizerWarnings({ metadata }: ApiObject, old?: ApiObject): string[] {
  const added = (metadata.finalizers ?? []).filter((name) => !old?.metadata.finalizers?.includes(name));
  return [...new Set(added)].sort().filter((name) => !name.includes('/') && !standardFinalizers.has(name))
    .map((name) => `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`);
}

