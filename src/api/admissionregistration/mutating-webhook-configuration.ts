// MutatingWebhookConfiguration: webhooks that may change an object before it is stored.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, object, string } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { admissionPackage, anything, matchConditions } from './rules.ts';
import { webhookFaults, webhookFields, webhookListFaults } from './webhooks.ts';

export const mutatingWebhook = object('MutatingWebhook', {
  ...webhookFields, namespaceSelector: anything(5, 'the namespace'), objectSelector: anything(11, 'the object'),
  reinvocationPolicy: string(10, { pointer: true, default: 'Never', enum: ['IfNeeded', 'Never'], doc: 'Whether it is asked again after others changed the object: Never or IfNeeded.' }),
  matchConditions: matchConditions(12),
}, { package: admissionPackage, doc: 'A webhook that may change an object.', validate: webhookFaults });

export const MutatingWebhookConfigurations = defineResource({
  group: 'admissionregistration.k8s.io', version: 'v1', kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations', categories: ['api-extensions'], scope: 'Cluster',
  doc: 'Webhooks that may change objects before they are stored.',
  fields: { webhooks: array(2, mutatingWebhook, { listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name', doc: 'The webhooks, in no certain order.' }) },
  generation: true,
  validate: ({ webhooks }) => webhookListFaults(webhooks),
  requiresRevision: true,
  columns: [nameColumn, { name: 'Webhooks', type: 'integer', description: 'Number of webhooks.', value: ({ webhooks }) => webhooks?.length ?? 0 }, ageColumn],
});
export interface MutatingWebhookConfiguration extends ObjectOf<typeof MutatingWebhookConfigurations> {}
