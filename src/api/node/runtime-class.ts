// RuntimeClass: how the containers of Pods that name it are run. (upstream: pkg/apis/node/validation/validation.go)
import { duplicate, index } from '../../apimachinery/fault.ts';
import { validateLabels } from '../../schema/metadata-validation.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, map, object, string, types } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { nodeLabelWarningAt } from '../core/node-labels.ts';
import { resourceRequirementFaults } from '../core/resources.ts';
import { toleration } from '../core/toleration.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';

const node = 'io.k8s.api.node.v1';

export const overhead = object('Overhead', {
  podFixed: map(1, types.quantity, { doc: 'What a Pod costs beside its containers.', validate: (resources, path) => resourceRequirementFaults({ limits: resources }, path) }),
}, { package: node, doc: 'What the runtime itself needs.' });

export const scheduling = object('Scheduling', {
  nodeSelector: map(1, types.string, { mapType: 'atomic', validate: validateLabels, doc: 'Labels a node must have to know the runtime.' }),
  tolerations: array(2, toleration, {
    listType: 'atomic', doc: 'Taints that Pods of the class bear.',
    validate: (tolerations, path) => tolerations.flatMap((item, i) => (tolerations.findIndex((other) => equalJson(other, item)) < i ? [duplicate(index(path, i), item)] : [])),
  }),
}, { package: node, doc: 'Where Pods of the class can run.' });

export const RuntimeClasses = defineResource({
  group: 'node.k8s.io', version: 'v1', kind: 'RuntimeClass', plural: 'runtimeclasses', scope: 'Cluster',
  doc: 'How the containers of Pods that name it are run.',
  fields: {
    handler: string(2, { required: true, immutable: true, format: 'dns1123Label', doc: 'Name the node knows the runtime by.' }),
    overhead: field(3, overhead, { doc: 'What the runtime itself needs.' }),
    scheduling: field(4, scheduling, { doc: 'Where Pods of the class can run.' }),
  },
  requiresRevision: true,
  warnings: ({ scheduling: wanted }) => Object.keys(wanted?.nodeSelector ?? {}).flatMap((label) => nodeLabelWarningAt('scheduling.nodeSelector', label)),
  columns: [nameColumn, { name: 'Handler', type: 'string', description: 'Name the node knows the runtime by.', value: ({ handler }) => handler }, ageColumn],
});
export interface RuntimeClass extends ObjectOf<typeof RuntimeClasses> {}
