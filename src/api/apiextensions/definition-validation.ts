// Rules of CustomResourceDefinitions beside those of their schemas.
// upstream: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go (ValidateCustomResourceDefinition)
import { child, duplicate, forbidden, index, invalid, notSupported, required, tooMany, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1035Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { equalJson } from '../../util/json.ts';
import { immutableFaults, messages } from '../value-faults.ts';
import { webhookClientFaults } from '../webhook-client.ts';
import type { CustomResourceDefinitionSpec, CustomResourceDefinitionStatus } from './definition-spec.ts';
import { followFieldPath } from './field-path.ts';
import { hasDefaults, schemaFaults } from './schema-validation.ts';

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
    ...(plural ? joined(child(path, 'plural'), plural, isDNS1035Label(plural)) : []),
    ...(singular ? joined(child(path, 'singular'), singular, isDNS1035Label(singular)) : []),
    ...(kind ? joined(child(path, 'kind'), kind, isDNS1035Label(kind.toLowerCase()), mixedCase) : []),
    ...(listKind ? joined(child(path, 'listKind'), listKind, isDNS1035Label(listKind.toLowerCase()), mixedCase) : []),
    ...shortNames.flatMap((name, i) => joined(index(child(path, 'shortNames'), i), name, isDNS1035Label(name))),
    ...(kind && kind === listKind ? [invalid(child(path, 'listKind'), listKind, 'kind and listKind may not be the same')] : []),
    ...categories.flatMap((name, i) => joined(index(child(path, 'categories'), i), name, isDNS1035Label(name))),
  ];
}

const missingNames = (names: CustomResourceDefinitionSpec['names']): Fault[] => (['plural', 'singular', 'kind', 'listKind'] as const).flatMap((name) => (names[name] ? [] : [required(child('spec.names', name))]));

const dotFaults = (text: string, path: string): Fault[] => (text.startsWith('.') ? [] : [invalid(path, text, 'must be a simple json path starting with .')]);

function scalePathFaults(text: string, path: string, roots: readonly string[]): Fault[] {
  if (text === '') return [required(path)];
  const faults = dotFaults(text, path);
  if (faults.length > 0 || roots.some((root) => text.startsWith(`.${root}.`))) return faults;
  return [invalid(path, text, `should be a json path under ${roots.length > 1 ? 'either ' : ''}${roots.map((root) => `.${root}`).join(' or ')}`)];
}

function subresourceFaults({ scale }: NonNullable<Version['subresources']>, path: string): Fault[] {
  if (!scale) return [];
  const at = child(path, 'scale');
  return [
    ...scalePathFaults(scale.specReplicasPath, child(at, 'specReplicasPath'), ['spec']),
    ...scalePathFaults(scale.statusReplicasPath, child(at, 'statusReplicasPath'), ['status']),
    ...(scale.labelSelectorPath ? scalePathFaults(scale.labelSelectorPath, child(at, 'labelSelectorPath'), ['spec', 'status']) : []),
  ];
}

const columnFaults = (columns: NonNullable<Version['additionalPrinterColumns']>, path: string): Fault[] => columns.flatMap(({ name, type, format, jsonPath }, i) => {
  const at = index(path, i);
  const types = `must be one of ${columnTypes.join(',')}`;
  return [
    ...(name ? [] : [required(child(at, 'name'))]),
    ...(type === '' ? [required(child(at, 'type'), types)] : columnTypes.includes(type) ? [] : [invalid(child(at, 'type'), type, types)]),
    ...(format && !columnFormats.includes(format) ? [invalid(child(at, 'format'), format, `must be one of ${columnFormats.join(',')}`)] : []),
    ...(jsonPath ? dotFaults(jsonPath, child(at, 'JSONPath')) : [required(child(at, 'JSONPath'))]),
  ];
});

const selectableTypes = ['string', 'boolean', 'integer'];
function selectableFaults(fields: NonNullable<Version['selectableFields']>, schema: object, path: string): Fault[] {
  const known = new Set<string>();
  const faults = fields.flatMap(({ jsonPath: text }, i) => {
    const at = child(index(path, i), 'jsonPath');
    if (text === '') return [required(at)];
    const followed = followFieldPath(text, schema, false);
    if ('fault' in followed) return [invalid(at, text, `is an invalid path: ${followed.fault}`)];
    const repeated = known.has(followed.path);
    known.add(followed.path);
    return [
      ...(/^metadata(\.|$)/.test(followed.path) ? [invalid(at, text, 'must not point to fields in metadata')] : []),
      ...(selectableTypes.includes(followed.schema.type ?? '') ? [] : [invalid(at, text, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.')]),
      ...(repeated ? [duplicate(at, text)] : []),
    ];
  });
  return known.size > maxSelectableFields ? [...faults, tooMany(path, known.size, maxSelectableFields)] : faults;
}

type Part = 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields';
/** What all versions have in common, upstream tells of the whole definition. */
const isCommon = (versions: readonly Version[], part: Part): boolean => versions.every((version) => equalJson(version[part] ?? null, versions[0]![part] ?? null));

const longestWarning = 256;
function warningFaults({ deprecated, deprecationWarning: text }: Version, path: string): Fault[] {
  if (text === undefined) return [];
  const told = (words: string): Fault[] => [invalid(path, text, words)];
  if (!deprecated) return told('can only be set for deprecated versions');
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text);
  return [
    ...(Buffer.byteLength(text) > longestWarning ? told(`must be <= ${longestWarning} characters long`) : []),
    ...(text === '' ? told('must not be an empty string') : []),
    ...(unprintable ? told(`must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(text.slice(0, unprintable.index))}`) : []),
  ];
}

const hasStatus = ({ subresources }: Version): boolean => subresources?.status !== undefined;

/** Faults of what versions say each for itself, or of what they have in common. */
function partFaults(versions: readonly Version[], common: boolean, path: (part: Part) => string, version: Version): Fault[] {
  const { schema, subresources, additionalPrinterColumns: columns, selectableFields } = version;
  const judges = (part: Part): boolean => isCommon(versions, part) === common;
  const rootSchema = schema?.openAPIV3Schema;
  return [
    ...(rootSchema && judges('schema') ? schemaFaults(rootSchema, child(path('schema'), 'openAPIV3Schema'), common ? versions.some(hasStatus) : hasStatus(version)) : []),
    ...(subresources && judges('subresources') ? subresourceFaults(subresources, path('subresources')) : []),
    ...(columns && judges('additionalPrinterColumns') ? columnFaults(columns, path('additionalPrinterColumns')) : []),
    ...(selectableFields?.length && rootSchema && judges('selectableFields') ? selectableFaults(selectableFields, rootSchema, path('selectableFields')) : []),
  ];
}

function versionFaults(versions: readonly Version[]): Fault[] {
  const faults = versions.flatMap((version, i) => {
    const at = index('spec.versions', i);
    return [
      ...joined(child(at, 'name'), version.name, isDNS1035Label(version.name)),
      ...warningFaults(version, child(at, 'deprecationWarning')),
      ...partFaults(versions, false, (part) => child(at, part), version),
    ];
  });
  if (new Set(versions.map(({ name }) => name)).size !== versions.length) faults.push(invalid('spec.versions', versions, 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1) faults.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  return faults;
}

const missingSchemas = (versions: readonly Version[]): Fault[] => versions.flatMap(({ schema }, i) => (schema?.openAPIV3Schema ? [] : [required(child(index('spec.versions', i), 'schema.openAPIV3Schema'), 'schemas are required')]));

const reviewVersions = ['v1', 'v1beta1'];
function conversionFaults({ strategy, webhook }: NonNullable<CustomResourceDefinitionSpec['conversion']>): Fault[] {
  const path = 'spec.conversion';
  const configPath = child(path, 'webhookClientConfig');
  const versions = webhook?.conversionReviewVersions ?? [];
  const versionsPath = child(path, 'conversionReviewVersions');
  const onlyForWebhooks = 'should not be set when strategy is not set to Webhook';
  if (strategy !== 'Webhook') return [
    ...(strategy === '' ? [required(child(path, 'strategy'))] : strategy === 'None' ? [] : [notSupported(child(path, 'strategy'), strategy, ['None', 'Webhook'])]),
    ...(webhook?.clientConfig ? [forbidden(configPath, onlyForWebhooks)] : []),
    ...(versions.length ? [forbidden(versionsPath, onlyForWebhooks)] : []),
  ];
  return [
    ...(webhook?.clientConfig ? webhookClientFaults(webhook.clientConfig, configPath) : [required(configPath, 'required when strategy is set to Webhook')]),
    ...(versions.length === 0 ? [required(versionsPath)] : []),
    ...versions.flatMap((version, i) => (versions.indexOf(version) < i ? [invalid(index(versionsPath, i), version, 'duplicate version')] : messages(index(versionsPath, i), version, isDNS1035Label(version)))),
    ...(versions.length > 0 && !versions.some((version) => reviewVersions.includes(version)) ? [invalid(versionsPath, versions, `must include at least one of ${reviewVersions.join(', ')}`)] : []),
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
  const preserves = spec.preserveUnknownFields === true;
  return [
    ...(!old && name && name !== `${spec.names.plural}.${spec.group}` ? [invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')] : []),
    ...groupFaults(spec.group),
    ...(spec.scope === '' ? [required('spec.scope')] : spec.scope === 'Cluster' || spec.scope === 'Namespaced' ? [] : [notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced'])]),
    ...missingSchemas(versions),
    ...(preserves && versions.some(({ schema }) => schema?.openAPIV3Schema && hasDefaults(schema.openAPIV3Schema)) ? [invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema')] : []),
    ...versionFaults(versions),
    ...missingNames(spec.names), ...nameFaults(spec.names, 'spec.names'),
    ...(versions[0] ? partFaults(versions, true, (part) => `spec.${part === 'schema' ? 'validation' : part}`, versions[0]) : []),
    ...(spec.conversion && spec.conversion.strategy !== 'None' && preserves ? [invalid('spec.conversion.strategy', spec.conversion.strategy, 'must be None if spec.preserveUnknownFields is true')] : []),
    ...(spec.conversion ? conversionFaults(spec.conversion) : []),
    ...(old ? [
      ...(established ? [...immutableFaults(spec.scope, old.spec.scope, 'spec.scope'), ...immutableFaults(spec.names.kind, old.spec.names.kind, 'spec.names.kind')] : []),
      ...immutableFaults(spec.group, old.spec.group, 'spec.group'), ...immutableFaults(spec.names.plural, old.spec.names.plural, 'spec.names.plural'),
    ] : []),
    ...storedVersionFaults(status?.storedVersions, versions),
    ...approvalFaults(definition, old),
    ...(preserves && !old?.spec.preserveUnknownFields ? [invalid('spec.preserveUnknownFields', true, 'must be false')] : []),
  ];
}

export const definitionStatusFaults = ({ status }: Definition): Fault[] => (status ? nameFaults(status.acceptedNames, 'status.acceptedNames') : []);
