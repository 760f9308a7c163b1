// Rules of CustomResourceDefinitions beside those of their schemas.
// upstream: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go (ValidateCustomResourceDefinition)
import { child, duplicate, forbidden, index, invalid, notSupported, required, tooMany, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1035Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { equalJson } from '../../util/json.ts';
import { immutableFaults, messages } from '../value-faults.ts';
import { webhookClientFaults } from '../webhook-client.ts';
import type { CustomResourceDefinitionSpec, CustomResourceDefinitionStatus } from './definition-spec.ts';
import { schemaFaults } from './schema-validation.ts';

type Version = CustomResourceDefinitionSpec['versions'][number];
const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const maxSelectableFields = 8;

/** One fault with all that is wrong with a name. */
const joined = (path: string, value: string, problems: readonly string[], prefix = ''): Fault[] => (problems.length ? [invalid(path, value, `${prefix}${problems.join(',')}`)] : []);
const mixedCase = 'may have mixed case, but should otherwise match: ';

function groupFaults(group: string): Fault[] {
  const path = 'spec.group';
  if (group === '') return [required(path)];
  const problems = isDNS1123Subdomain(group);
  if (problems.length) return joined(path, group, problems);
  return group.includes('.') ? [] : [invalid(path, group, 'should be a domain with at least one dot')];
}

function nameFaults({ plural, singular = '', kind, listKind = '', shortNames = [], categories = [] }: CustomResourceDefinitionSpec['names'], path: string): Fault[] {
  return [
    ...([['plural', plural], ['singular', singular], ['kind', kind], ['listKind', listKind]] as const).flatMap(([name, value]) => (value ? [] : [required(child(path, name))])),
    ...(plural ? joined(child(path, 'plural'), plural, isDNS1035Label(plural)) : []),
    ...(singular ? joined(child(path, 'singular'), singular, isDNS1035Label(singular)) : []),
    ...(kind ? joined(child(path, 'kind'), kind, isDNS1035Label(kind.toLowerCase()), mixedCase) : []),
    ...(listKind ? joined(child(path, 'listKind'), listKind, isDNS1035Label(listKind.toLowerCase()), mixedCase) : []),
    ...shortNames.flatMap((name, i) => joined(index(child(path, 'shortNames'), i), name, isDNS1035Label(name))),
    ...(kind && kind === listKind ? [invalid(child(path, 'listKind'), listKind, 'kind and listKind may not be the same')] : []),
    ...categories.flatMap((name, i) => joined(index(child(path, 'categories'), i), name, isDNS1035Label(name))),
  ];
}

const simplePath = /^(\.[A-Za-z_$][\w$-]*|\['[^']+'\]|\.[A-Za-z_$][\w$-]*\[\d+\])+$/;

function scalePathFaults(text: string, path: string, roots: readonly string[]): Fault[] {
  if (text === '') return [required(path)];
  if (!simplePath.test(text)) return [invalid(path, text, 'is invalid: must be a simple json path like .spec.replicas')];
  return roots.some((root) => text.startsWith(`.${root}.`)) ? [] : [invalid(path, text, `should be a json path under ${roots.length > 1 ? 'either ' : ''}${roots.map((root) => `.${root}`).join(' or ')}`)];
}

function subresourceFaults({ scale }: NonNullable<Version['subresources']>, path: string): Fault[] {
  if (!scale) return [];
  const at = child(path, 'scale');
  return [
    ...scalePathFaults(scale.specReplicasPath, child(at, 'specReplicasPath'), ['spec']),
    ...scalePathFaults(scale.statusReplicasPath, child(at, 'statusReplicasPath'), ['status']),
    ...(scale.labelSelectorPath ? scalePathFaults(scale.labelSelectorPath, child(at, 'labelSelectorPath'), ['status', 'spec']) : []),
  ];
}

const columnFaults = (columns: NonNullable<Version['additionalPrinterColumns']>, path: string): Fault[] => columns.flatMap(({ name, type, format, jsonPath }, i) => {
  const at = index(path, i);
  const types = `must be one of ${columnTypes.join(',')}`;
  return [
    ...(name ? [] : [required(child(at, 'name'))]),
    ...(type === '' ? [required(child(at, 'type'), types)] : columnTypes.includes(type) ? [] : [invalid(child(at, 'type'), type, types)]),
    ...(format && !columnFormats.includes(format) ? [invalid(child(at, 'format'), format, `must be one of ${columnFormats.join(',')}`)] : []),
    ...(jsonPath ? [] : [required(child(at, 'JSONPath'))]),
  ];
});

function selectableFaults(fields: NonNullable<Version['selectableFields']>, path: string): Fault[] {
  const paths = fields.map(({ jsonPath }) => jsonPath);
  return [
    ...(fields.length > maxSelectableFields ? [tooMany(path, fields.length, maxSelectableFields)] : []),
    ...paths.flatMap((text, i) => {
      const at = child(index(path, i), 'jsonPath');
      if (text === '') return [required(at)];
      if (!simplePath.test(text)) return [invalid(at, text, 'is an invalid path: must be a simple json path like .spec.color')];
      if (text.startsWith('.metadata')) return [invalid(at, text, 'must not point to fields in metadata')];
      return paths.indexOf(text) < i ? [duplicate(at, text)] : [];
    }),
  ];
}

/** Where a part stands that all versions have in common: upstream tells it of the whole definition. */
function partPath(versions: readonly Version[], part: 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields', i: number): string {
  const common = versions.every((version) => equalJson(version[part] ?? null, versions[0]![part] ?? null));
  if (!common) return `spec.versions[${i}].${part}`;
  return `spec.${part === 'schema' ? 'validation' : part}`;
}

function versionFaults(versions: readonly Version[]): Fault[] {
  const judged = new Set<string>();
  const once = (path: string, faults: () => Fault[]): Fault[] => {
    if (judged.has(path)) return [];
    judged.add(path);
    return faults();
  };
  const faults = versions.flatMap((version, i) => {
    const at = index('spec.versions', i);
    const { name, schema, subresources, additionalPrinterColumns: columns, selectableFields, deprecated, deprecationWarning } = version;
    const schemaPath = child(partPath(versions, 'schema', i), 'openAPIV3Schema');
    const rootSchema = schema?.openAPIV3Schema;
    return [
      ...joined(child(at, 'name'), name, isDNS1035Label(name)),
      ...(deprecationWarning !== undefined && !deprecated ? [invalid(child(at, 'deprecationWarning'), deprecationWarning, 'can only be set for deprecated versions')] : []),
      ...(rootSchema ? once(schemaPath, () => schemaFaults(rootSchema, schemaPath)) : [required(child(at, 'schema.openAPIV3Schema'), 'schemas are required')]),
      ...(subresources ? once(partPath(versions, 'subresources', i), () => subresourceFaults(subresources, partPath(versions, 'subresources', i))) : []),
      ...(columns ? once(partPath(versions, 'additionalPrinterColumns', i), () => columnFaults(columns, partPath(versions, 'additionalPrinterColumns', i))) : []),
      ...(selectableFields ? once(partPath(versions, 'selectableFields', i), () => selectableFaults(selectableFields, partPath(versions, 'selectableFields', i))) : []),
    ];
  });
  if (new Set(versions.map(({ name }) => name)).size !== versions.length) faults.push(invalid('spec.versions', versions, 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1) faults.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  return faults;
}

const reviewVersions = ['v1', 'v1beta1'];
function conversionFaults({ strategy, webhook }: NonNullable<CustomResourceDefinitionSpec['conversion']>): Fault[] {
  const path = 'spec.conversion';
  const configPath = child(path, 'webhookClientConfig');
  if (strategy === '') return [required(child(path, 'strategy'))];
  if (strategy !== 'None' && strategy !== 'Webhook') return [notSupported(child(path, 'strategy'), strategy, ['None', 'Webhook'])];
  if (strategy === 'None') return webhook?.clientConfig ? [forbidden(configPath, 'should not be set when strategy is not set to Webhook')] : [];
  const versions = webhook?.conversionReviewVersions ?? [];
  const versionsPath = child(path, 'conversionReviewVersions');
  return [
    ...(webhook?.clientConfig ? webhookClientFaults(webhook.clientConfig, configPath) : [required(configPath, 'required when strategy is set to Webhook')]),
    ...(versions.length === 0 ? [required(versionsPath)] : versions.some((version) => reviewVersions.includes(version)) ? [] : [invalid(versionsPath, versions, `must include at least one of ${reviewVersions.join(', ')}`)]),
    ...versions.flatMap((version, i) => [...messages(index(versionsPath, i), version, isDNS1035Label(version)), ...(versions.indexOf(version) < i ? [invalid(index(versionsPath, i), version, 'duplicate version')] : [])]),
  ];
}

/** Versions objects may be stored in must be known, or nobody could read them. */
function storedVersionFaults(stored: readonly string[] | null | undefined, versions: readonly Version[]): Fault[] {
  const path = 'status.storedVersions';
  const given = stored ?? [];
  if (given.length === 0) return [invalid(path, given, 'must have at least one stored version')];
  const storage = versions.find((version) => version.storage)?.name;
  return [
    ...given.flatMap((name, i) => (versions.some((version) => version.name === name) ? [] : [invalid(index(path, i), name, 'must appear in spec.versions')])),
    ...(storage !== undefined && !given.includes(storage) ? [invalid(path, given, `must have the storage version ${storage}`)] : []),
  ];
}

const approvedAnnotation = 'api-approved.kubernetes.io';
const protectedGroup = /(^|\.)(k8s|kubernetes)\.io$/;
type Approval = 'missing' | 'invalid' | 'given';
function approvalOf({ annotations }: Definition['metadata']): Approval {
  const text = annotations?.[approvedAnnotation] ?? '';
  if (text === '') return 'missing';
  return text.startsWith('unapproved') || (URL.canParse(text) && new URL(text).host !== '') ? 'given' : 'invalid';
}

/** Groups of the community are not for everyone; what an update leaves as it was is not asked again. */
function approvalFaults({ metadata, spec }: Definition, old: Definition | undefined): Fault[] {
  if (!protectedGroup.test(spec.group)) return [];
  const approval = approvalOf(metadata);
  if (approval === 'given' || (old && approvalOf(old.metadata) === approval)) return [];
  const path = `metadata.annotations[${approvedAnnotation}]`;
  const head = `protected groups must have approval annotation "${approvedAnnotation}"`;
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  return approval === 'missing' ? [required(path, `${head}, ${see}`)] : [invalid(path, metadata.annotations![approvedAnnotation], `${head} with either a URL or a reason starting with "unapproved", ${see}`)];
}

interface Definition { readonly metadata: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> }; readonly spec: CustomResourceDefinitionSpec; readonly status?: CustomResourceDefinitionStatus }

export function definitionFaults(definition: Definition, old: Definition | undefined): Fault[] {
  const { metadata, spec, status } = definition;
  const { name } = metadata;
  const established = old?.status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') ?? false;
  const versions = spec.versions ?? [];
  return [
    ...(name && name !== `${spec.names.plural}.${spec.group}` ? [invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')] : []),
    ...groupFaults(spec.group),
    ...(spec.scope === '' ? [required('spec.scope')] : spec.scope === 'Cluster' || spec.scope === 'Namespaced' ? [] : [notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced'])]),
    ...(spec.preserveUnknownFields && !old?.spec.preserveUnknownFields ? [invalid('spec.preserveUnknownFields', true, 'must be false')] : []),
    ...versionFaults(versions),
    ...nameFaults(spec.names, 'spec.names'),
    ...(spec.conversion ? conversionFaults(spec.conversion) : []),
    ...approvalFaults(definition, old),
    ...storedVersionFaults(status?.storedVersions, versions),
    ...(old ? [
      ...(established ? [...immutableFaults(spec.scope, old.spec.scope, 'spec.scope'), ...immutableFaults(spec.names.kind, old.spec.names.kind, 'spec.names.kind')] : []),
      ...immutableFaults(spec.group, old.spec.group, 'spec.group'), ...immutableFaults(spec.names.plural, old.spec.names.plural, 'spec.names.plural'),
    ] : []),
  ];
}

export const definitionStatusFaults = ({ spec, status }: Definition): Fault[] => storedVersionFaults(status?.storedVersions, spec.versions ?? []);
