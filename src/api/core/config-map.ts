// ConfigMap: configuration as keys and values. (upstream: pkg/apis/core/validation/validation.go, ValidateConfigMap)
import { forbidden, invalid, key, tooLong, type Fault } from '../../apimachinery/fault.ts';
import { isConfigMapKey } from '../../apimachinery/names.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { boolean, map, types } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { equalJson } from '../../util/json.ts';

/** Most bytes the values of a ConfigMap or a Secret may have together. */
export const maximumDataBytes = 1024 * 1024;

export const base64Bytes = (text: string): number => Buffer.byteLength(text, 'base64');

/** Faults of the names of entries. */
export const dataKeyFaults = (entries: Readonly<Record<string, string>> | undefined, path: string): Fault[] =>
  Object.keys(entries ?? {}).flatMap((name) => isConfigMapKey(name).map((message) => invalid(key(path, name), name, message)));

interface Data { readonly immutable?: boolean; readonly data?: Record<string, string>; readonly binaryData?: Record<string, string> }

/** Faults of changing what says it does not change. */
export function immutableDataFaults(object: Data, old: Data | undefined, fields: readonly ('data' | 'binaryData')[]): Fault[] {
  if (!old?.immutable) return [];
  const message = 'field is immutable when `immutable` is set';
  return [
    ...(object.immutable ? [] : [forbidden('immutable', message)]),
    ...fields.filter((name) => !equalJson({ ...object[name] }, { ...old[name] })).map((name) => forbidden(name, message)),
  ];
}

function dataFaults({ data = {}, binaryData = {} }: Data): Fault[] {
  const faults = dataKeyFaults(data, 'data');
  for (const name of Object.keys(data)) if (Object.hasOwn(binaryData, name)) faults.push(invalid(key('data', name), name, 'duplicate of key present in binaryData'));
  faults.push(...dataKeyFaults(binaryData, 'binaryData'));
  let bytes = 0;
  for (const value of Object.values(data)) bytes += Buffer.byteLength(value);
  for (const value of Object.values(binaryData)) bytes += base64Bytes(value);
  // The whole object is meant, which upstream's empty path shows as [].
  if (bytes > maximumDataBytes) faults.push(tooLong('[]', '', maximumDataBytes));
  return faults;
}

export const ConfigMaps = defineResource({
  group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', shortNames: ['cm'], scope: 'Namespaced',
  doc: 'Configuration for Pods to take: small values by key.',
  fields: {
    immutable: boolean(4, { pointer: true, doc: 'True freezes the data; only the metadata can then change.' }),
    data: map(2, types.string, { doc: 'Text values by key.' }),
    binaryData: map(3, types.bytes, { doc: 'Binary values by key, in base64; keys differ from those in data.' }),
  },
  validate: (configMap, old) => [...immutableDataFaults(configMap, old, ['data', 'binaryData']), ...dataFaults(configMap)],
  columns: [
    nameColumn,
    { name: 'Data', type: 'string', description: 'Number of entries.', value: ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length },
    ageColumn,
  ],
});
export interface ConfigMap extends ObjectOf<typeof ConfigMaps> {}
