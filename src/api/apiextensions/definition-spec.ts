// The fields of a CustomResourceDefinition. (upstream: apiextensions-apiserver pkg/apis/apiextensions/v1/types.go, defaults.go)
import { array, boolean, field, int32, object, required, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { webhookClientTypes } from '../webhook-client.ts';
import { apiextensionsPackage, schemaType } from './json-schema-props.ts';

const own = { package: apiextensionsPackage } as const;

export const { serviceReference, webhookClientConfig } = webhookClientTypes(apiextensionsPackage);

export const webhookConversion = object('WebhookConversion', {
  clientConfig: field(2, webhookClientConfig, { doc: 'How to reach the webhook.' }),
  conversionReviewVersions: array(3, types.string, { required: true, unchecked: true, listType: 'atomic', doc: 'Versions of ConversionReview it understands, the preferred one first.' }),
}, { ...own, doc: 'A webhook that converts.' });

export const customResourceConversion = object('CustomResourceConversion', {
  strategy: string(1, { required: true, unchecked: true, doc: 'None changes apiVersion only; Webhook asks a webhook.' }),
  webhook: field(2, webhookConversion, { doc: 'The webhook, for strategy Webhook.' }),
}, { ...own, doc: 'How objects are converted from one version to another.' });

export const customResourceValidation = object('CustomResourceValidation', {
  openAPIV3Schema: field(1, schemaType, { doc: 'Schema of the objects.' }),
}, { ...own, doc: 'What objects must look like.' });

export const customResourceSubresourceStatus = object('CustomResourceSubresourceStatus', {}, { ...own, doc: 'The status subresource: its presence is all it says.' });
export const customResourceSubresourceScale = object('CustomResourceSubresourceScale', {
  specReplicasPath: string(1, { required: true, unchecked: true, doc: 'JSON path of the wanted number, below .spec.' }),
  statusReplicasPath: string(2, { required: true, unchecked: true, doc: 'JSON path of the present number, below .status.' }),
  labelSelectorPath: string(3, { pointer: true, doc: 'JSON path of the selector as text, below .status or .spec.' }),
}, { ...own, doc: 'The scale subresource.' });
export const customResourceSubresources = object('CustomResourceSubresources', {
  status: field(1, customResourceSubresourceStatus, { doc: 'Whether there is /status.' }),
  scale: field(2, customResourceSubresourceScale, { doc: 'Whether there is /scale, and where its numbers are.' }),
}, { ...own, doc: 'Subresources of the objects.' });

export const customResourceColumnDefinition = object('CustomResourceColumnDefinition', {
  name: string(1, { required: true, unchecked: true, doc: 'Heading of the column.' }),
  type: string(2, { required: true, unchecked: true, doc: 'boolean, date, integer, number or string.' }),
  format: string(3, { doc: 'Form of the value; name for the object\'s name.' }),
  description: string(4, { doc: 'What the column shows.' }),
  priority: int32(5, { doc: '0 is always shown, more only when there is room.' }),
  jsonPath: string(6, { required: true, unchecked: true, doc: 'JSON path of the value.' }),
}, { ...own, doc: 'A column of tables.' });

export const selectableField = object('SelectableField', {
  jsonPath: string(1, { required: true, unchecked: true, doc: 'JSON path of the field.' }),
}, { ...own, doc: 'A field that field selectors may name.' });

export const customResourceDefinitionVersion = object('CustomResourceDefinitionVersion', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the version, for example v1.' }),
  served: boolean(2, { required: true, unchecked: true, doc: 'Whether it is served.' }),
  storage: boolean(3, { required: true, unchecked: true, doc: 'Whether objects are stored in it; true for exactly one.' }),
  deprecated: boolean(7, { doc: 'True warns who uses it.' }),
  deprecationWarning: string(8, { pointer: true, doc: 'What is told then.' }),
  schema: field(4, customResourceValidation, { doc: 'What objects must look like.' }),
  subresources: field(5, customResourceSubresources, { doc: 'Subresources of the objects.' }),
  additionalPrinterColumns: array(6, customResourceColumnDefinition, { listType: 'atomic', doc: 'Columns of tables, after the name.' }),
  selectableFields: array(9, selectableField, { listType: 'atomic', doc: 'Fields that field selectors may name.' }),
}, { ...own, doc: 'A version of the resource.' });

export const customResourceDefinitionNames = object('CustomResourceDefinitionNames', {
  plural: string(1, { required: true, unchecked: true, doc: 'Name in paths, in lower case.' }),
  singular: string(2, { doc: 'Name of one, in lower case.' }),
  shortNames: array(3, types.string, { listType: 'atomic', doc: 'Short names for people.' }),
  kind: string(4, { required: true, unchecked: true, doc: 'Kind of the objects, in CamelCase.' }),
  listKind: string(5, { doc: 'Kind of lists.' }),
  categories: array(6, types.string, { listType: 'atomic', doc: 'Groups of resources it is in, for example all.' }),
}, { ...own, doc: 'Names of the resource.' });

export const customResourceDefinitionSpec = object('CustomResourceDefinitionSpec', {
  group: string(1, { required: true, unchecked: true, doc: 'API group of the resource.' }),
  names: required(3, customResourceDefinitionNames, { doc: 'Names of the resource.' }),
  scope: string(4, { required: true, unchecked: true, doc: 'Namespaced or Cluster.' }),
  versions: array(7, customResourceDefinitionVersion, { required: true, unchecked: true, listType: 'atomic', doc: 'Versions of the resource.' }),
  conversion: field(9, customResourceConversion, { doc: 'How objects are converted from one version to another.' }),
  preserveUnknownFields: boolean(10, { doc: 'Must be false.' }),
}, {
  ...own, doc: 'The resource as it is wanted.',
  defaults: (spec) => {
    const names = spec['names'] as { kind?: string; singular?: string; listKind?: string };
    names.singular ||= (names.kind ?? '').toLowerCase();
    if (names.kind) names.listKind ||= `${names.kind}List`;
    spec['conversion'] ??= { strategy: 'None' };
  },
});
export interface CustomResourceDefinitionSpec extends FieldsValue<typeof customResourceDefinitionSpec.fields> {}

export const customResourceDefinitionCondition = object('CustomResourceDefinitionCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Established, NamesAccepted, NonStructuralSchema or Terminating.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { ...own, doc: 'One observed aspect of a definition.' });

export const customResourceDefinitionStatus = object('CustomResourceDefinitionStatus', {
  conditions: array(1, customResourceDefinitionCondition, { written: true, listType: 'map', keys: ['type'], doc: 'Observed aspects of the definition.' }),
  acceptedNames: field(2, customResourceDefinitionNames, { written: true, doc: 'Names in use.' }),
  storedVersions: array(3, types.string, { written: true, listType: 'atomic', doc: 'Versions objects may be stored in.' }),
}, { ...own, doc: 'The definition as it is.' });
export interface CustomResourceDefinitionStatus extends FieldsValue<typeof customResourceDefinitionStatus.fields> {}
