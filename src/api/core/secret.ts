// Secret: small confidential values by key; its type says which keys it needs.
// upstream: pkg/apis/core/validation/validation.go (ValidateSecret), pkg/apis/core/v1/conversion.go (stringData)
import { invalid, key, required, tooLong, type Fault } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { boolean, map, string, types } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { base64Bytes, dataKeyFaults, immutableDataFaults, maximumDataBytes } from './config-map.ts';
import { keyPairProblem } from './key-pair-warnings.ts';

const serviceAccountNameAnnotation = 'kubernetes.io/service-account.name';

/** What a client may never read back: why a docker configuration did not parse must not quote it. */
function dockerConfigFaults(data: Readonly<Record<string, string>>, name: string): Fault[] {
  const path = key('data', name);
  const encoded = data[name];
  if (encoded === undefined) return [required(path)];
  const refuse = (why: string): Fault[] => [invalid(path, '<secret contents redacted>', why)];
  const text = Buffer.from(encoded, 'base64').toString();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && !Array.isArray(value)) return [];
    return refuse(`json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value} into Go value of type map[string]interface {}`);
  } catch (error) {
    // Only the character at fault is told, as upstream does: what JSON.parse says may contain the secret.
    const { message } = error as Error;
    const at = /position (\d+)/.exec(message)?.[1];
    const character = /^Unexpected token '(.)'/s.exec(message)?.[1] ?? (at === undefined ? undefined : text[Number(at)]);
    return refuse(character === undefined ? 'unexpected end of JSON input' : `invalid character '${character}' looking for beginning of value`);
  }
}

function typeFaults(type: string, data: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>> | undefined): Fault[] {
  const missing = (...names: string[]): Fault[] => names.filter((name) => !Object.hasOwn(data, name)).map((name) => required(key('data', name)));
  switch (type) {
    case 'kubernetes.io/service-account-token': return annotations?.[serviceAccountNameAnnotation] ? [] : [required(key('metadata.annotations', serviceAccountNameAnnotation))];
    case 'kubernetes.io/dockercfg': return dockerConfigFaults(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson': return dockerConfigFaults(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const absent = missing('username', 'password');
      return absent.length === 2 ? absent : [];
    }
    case 'kubernetes.io/ssh-auth': return data['ssh-privatekey'] ? [] : [required(key('data', 'ssh-privatekey'))];
    case 'kubernetes.io/tls': return missing('tls.crt', 'tls.key');
    default: return [];
  }
}

function secretFaults({ metadata, type, data = {} }: ObjectHead & { type: string; data?: Record<string, string> }): Fault[] {
  const faults = dataKeyFaults(data, 'data');
  let bytes = 0;
  for (const value of Object.values(data)) bytes += base64Bytes(value);
  if (bytes > maximumDataBytes) faults.push(tooLong('data', '', maximumDataBytes));
  return [...faults, ...typeFaults(type, data, metadata.annotations)];
}

export const Secrets = defineResource({
  group: '', version: 'v1', kind: 'Secret', plural: 'secrets', scope: 'Namespaced',
  doc: 'Confidential values for Pods to take: small values by key.',
  fields: {
    immutable: boolean(5, { pointer: true, doc: 'True freezes the data; only the metadata can then change.' }),
    data: map(2, types.bytes, { doc: 'Values by key, in base64.' }),
    stringData: map(4, types.string, { doc: 'Values as plain text; merged into data on writing, never read back.' }),
    type: string(3, { default: 'Opaque', immutable: true, doc: 'What the Secret is for; some types need certain keys.' }),
  },
  selectable: { type: (secret) => secret.type },
  defaults: (secret) => {
    if (!secret.stringData) return;
    const data: Record<string, string> = { ...secret.data };
    for (const [name, value] of Object.entries(secret.stringData)) data[name] = Buffer.from(value).toString('base64');
    if (Object.keys(data).length > 0) secret.data = data;
    delete secret.stringData;
  },
  validate: (secret, old) => [...immutableDataFaults(secret, old, ['data']), ...secretFaults(secret)],
  warnings: ({ type, data = {} }) => {
    const text = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString('latin1');
    const problem = type === 'kubernetes.io/tls' ? keyPairProblem(text('tls.crt'), text('tls.key')) : undefined;
    return problem === undefined ? [] : [problem];
  },
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'What the Secret is for.', value: (secret) => secret.type },
    { name: 'Data', type: 'string', description: 'Number of entries.', value: (secret) => Object.keys(secret.data ?? {}).length },
    ageColumn,
  ],
});
export interface Secret extends ObjectOf<typeof Secrets> {}
