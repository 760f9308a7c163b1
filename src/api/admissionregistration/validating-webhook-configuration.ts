// ValidatingWebhookConfiguration: webhooks that may refuse a request.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, object } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { admissionPackage, anything, matchConditions } from './rules.ts';
import { webhookFaults, webhookFields, webhookListFaults } from './webhooks.ts';

export const validatingWebhook = object('ValidatingWebhook', {
  ...webhookFields, namespaceSelector: anything(5, 'the namespace'), objectSelector: anything(10, 'the object'), matchConditions: matchConditions(11),
}, { package: admissionPackage, doc: 'A webhook that may refuse a request.', validate: webhookFaults });

export const ValidatingWebhookConfigurations = defineResource({
  group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingWebhookConfiguration', plural: 'validatingwebhookconfigurations', categories: ['api-extensions'], scope: 'Cluster',
  doc: 'Webhooks that may refuse requests.',
  fields: { webhooks: array(2, validatingWebhook, { listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name', doc: 'The webhooks.' }) },
  generation: true,
  validate: ({ webhooks }) => webhookListFaults(webhooks),
  requiresRevision: true,
  columns: [nameColumn, { name: 'Webhooks', type: 'integer', description: 'Number of webhooks.', value: ({ webhooks }) => webhooks?.length ?? 0 }, ageColumn],
});
export interface ValidatingWebhookConfiguration extends ObjectOf<typeof ValidatingWebhookConfigurations> {}
