// Environment variables of a container, and where their values come from.
// upstream: pkg/apis/core/validation/validation.go, ValidateEnv and ValidateEnvFrom
import { child, invalid, type Fault } from '../../apimachinery/fault.ts';
import { boolean, embed, field, object, string, type FieldsValue } from '../../schema/schema.ts';
import { containerResourceFieldFaults, envFieldPaths, fieldPathFaults } from './field-path.ts';
import {
  configMapKeySelector, localObjectReference, nameFaults, objectFieldSelector, resourceFieldSelector, secretKeySelector,
} from './references.ts';

export const envVarSource = object('EnvVarSource', {
  fieldRef: field(1, objectFieldSelector, { doc: 'A field of the Pod, for example metadata.name or status.podIP.' }),
  resourceFieldRef: field(2, resourceFieldSelector, { doc: 'A limit or request of a container.' }),
  configMapKeyRef: field(3, configMapKeySelector, { doc: 'An entry of a ConfigMap.' }),
  secretKeyRef: field(4, secretKeySelector, { doc: 'An entry of a Secret.' }),
}, {
  doc: 'Where the value of a variable comes from; exactly one is given.',
  validate: (source, path) => [
    ...(source.fieldRef ? fieldPathFaults(source.fieldRef, child(path, 'fieldRef'), envFieldPaths) : []),
    ...(source.resourceFieldRef ? containerResourceFieldFaults(source.resourceFieldRef, child(path, 'resourceFieldRef')) : []),
  ],
});
export interface EnvVarSource extends FieldsValue<typeof envVarSource.fields> {}

function valueFromFaults({ value, valueFrom }: { value?: string; valueFrom?: EnvVarSource }, path: string): Fault[] {
  if (!valueFrom) return [];
  const sources = Object.values(valueFrom).filter((source) => source !== undefined).length;
  const fromPath = child(path, 'valueFrom');
  if (sources === 0) return [invalid(fromPath, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`')];
  if (value) return [invalid(fromPath, '', 'may not be specified when `value` is not empty')];
  return sources > 1 ? [invalid(fromPath, '', 'may not have more than one field specified at a time')] : [];
}

export const envVar = object('EnvVar', {
  name: string(1, { required: true, format: 'envVarName', doc: 'Name of the variable.' }),
  value: string(2, { doc: 'Value; $(NAME) stands for an earlier variable, $$ for a dollar sign.' }),
  valueFrom: field(3, envVarSource, { doc: 'Where the value comes from, instead of value.' }),
}, { doc: 'One environment variable.', validate: valueFromFaults });
export interface EnvVar extends FieldsValue<typeof envVar.fields> {}

export const configMapEnvSource = object('ConfigMapEnvSource', {
  ...embed(1, localObjectReference),
  optional: boolean(2, { pointer: true, doc: 'True when the ConfigMap may be missing.' }),
}, { doc: 'All entries of a ConfigMap as variables.', validate: nameFaults });

export const secretEnvSource = object('SecretEnvSource', {
  ...embed(1, localObjectReference),
  optional: boolean(2, { pointer: true, doc: 'True when the Secret may be missing.' }),
}, { doc: 'All entries of a Secret as variables.', validate: nameFaults });

export const envFromSource = object('EnvFromSource', {
  prefix: string(1, { format: 'envVarName', doc: 'Text put before each name.' }),
  configMapRef: field(2, configMapEnvSource, { doc: 'The ConfigMap to take entries from.' }),
  secretRef: field(3, secretEnvSource, { doc: 'The Secret to take entries from.' }),
}, {
  doc: 'Makes variables of all entries of a ConfigMap or Secret.',
  validate: ({ configMapRef, secretRef }, path) => {
    // Upstream names the list here, not the entry.
    const list = path.replace(/\[\d+\]$/, '');
    if (configMapRef && secretRef) return [invalid(list, '', 'may not have more than one field specified at a time')];
    return configMapRef || secretRef ? [] : [invalid(list, '', 'must specify one of: `configMapRef` or `secretRef`')];
  },
});
export interface EnvFromSource extends FieldsValue<typeof envFromSource.fields> {}
