// PodTemplateSpec, from which workloads make Pods, and the PodTemplate resource that only stores one.
// upstream: pkg/apis/core/validation/validation.go, ValidatePodTemplateSpec
import { child, forbidden } from '../../apimachinery/fault.ts';
import { validateAnnotations, validateLabels } from '../../schema/metadata-validation.ts';
import { objectMeta } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, object, type FieldsValue } from '../../schema/schema.ts';
import { nameColumn } from '../table-columns.ts';
import { podAnnotationFaults } from './pod-annotations.ts';
import { podSpec } from './pod-spec.ts';
import { podTemplateWarnings } from './pod-warnings.ts';

export const podTemplateSpec = object('PodTemplateSpec', {
  metadata: field(1, objectMeta, { written: true, doc: 'Labels and annotations of the Pods.' }),
  spec: field(2, podSpec, { written: true, doc: 'What the Pods run and how.' }),
}, {
  doc: 'What Pods are made from.',
  validate: ({ metadata, spec }, path) => [
    ...validateLabels(metadata?.labels, child(path, 'labels')),
    ...validateAnnotations(metadata?.annotations, child(path, 'annotations')),
    ...podAnnotationFaults(metadata?.annotations, spec ?? {}, child(path, 'annotations')),
    ...(spec?.ephemeralContainers?.length ? [forbidden(child(child(path, 'spec'), 'ephemeralContainers'), 'ephemeral containers not allowed in pod template')] : []),
  ],
});
export interface PodTemplateSpec extends FieldsValue<typeof podTemplateSpec.fields> {}

const labelText = (labels: Readonly<Record<string, string>> = {}): string =>
  Object.entries(labels).map(([key, value]) => `${key}=${value}`).sort().join(',') || '<none>';

export const PodTemplates = defineResource({
  group: '', version: 'v1', kind: 'PodTemplate', plural: 'podtemplates', scope: 'Namespaced',
  doc: 'A stored template of a Pod.',
  generation: true,
  fields: { template: field(2, podTemplateSpec, { written: true, doc: 'What Pods are made from.' }) },
  warnings: ({ metadata, template }, old) => (old && metadata.generation === old.metadata.generation ? [] : podTemplateWarnings(template, 'template')),
  columns: [
    nameColumn,
    { name: 'Containers', type: 'string', description: 'Names of the containers in the template.', value: ({ template }) => (template.spec.containers ?? []).map(({ name }) => name).join(',') },
    { name: 'Images', type: 'string', description: 'Images of the containers in the template.', value: ({ template }) => (template.spec.containers ?? []).map(({ image }) => image ?? '').join(',') },
    { name: 'Pod Labels', type: 'string', description: 'Labels of the template.', value: ({ template }) => labelText(template.metadata.labels) },
  ],
});
export interface PodTemplate extends ObjectOf<typeof PodTemplates> {}
