// ServiceAccount: the identity Pods act under.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { localObjectReference, objectReference } from './references.ts';

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets';

export const ServiceAccounts = defineResource({
  group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'], scope: 'Namespaced',
  doc: 'An identity for what runs in Pods, known to the API server.',
  fields: {
    secrets: array(2, objectReference, { listType: 'map', keys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name', doc: 'Secrets of the same namespace that Pods under this account may use.' }),
    imagePullSecrets: array(3, localObjectReference, { listType: 'atomic', doc: 'Secrets to pull images with, for Pods that name none.' }),
    automountServiceAccountToken: boolean(4, { pointer: true, doc: 'Whether Pods get a token mounted; a Pod may say otherwise.' }),
  },
  subresources: { others: [{ name: 'token', verbs: ['create'], kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1' }] },
  warnings: ({ metadata: { annotations } }, old) => (annotations?.[mountableSecrets] === undefined || (old && old.metadata.annotations?.[mountableSecrets] === annotations[mountableSecrets]) ? []
    : [`metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`]),
  columns: [
    nameColumn,
    { name: 'Secrets', type: 'string', description: 'Number of Secrets listed.', value: (account) => account.secrets?.length ?? 0 },
    ageColumn,
  ],
});
export interface ServiceAccount extends ObjectOf<typeof ServiceAccounts> {}
