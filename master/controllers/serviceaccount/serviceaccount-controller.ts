// Every namespace has a ServiceAccount named default, the identity of Pods that name none.
// upstream: pkg/controller/serviceaccount/serviceaccounts_controller.go
import { isAlreadyExists } from '../../../src/apimachinery/status-error.ts';
import { Namespaces } from '../../../src/api/core/namespace.ts';
import { ServiceAccounts, type ServiceAccount } from '../../../src/api/core/service-account.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';

const accountName = 'default';

export const serviceAccountController: Controller = {
  name: 'service-account-controller',
  for: Namespaces,
  watches: [{ resource: ServiceAccounts, map: ({ metadata }: ServiceAccount) => (metadata.name === accountName ? [metadata.namespace!] : []) }],
  async reconcile({ client, cached }: ControllerContext, name: string): Promise<void> {
    const namespace = cached(Namespaces).get(name);
    if (!namespace || namespace.metadata.deletionTimestamp || cached(ServiceAccounts).get(`${name}/${accountName}`)) return;
    await client.create(ServiceAccounts, { metadata: { name: accountName, namespace: name } }).catch((error: unknown) => { if (!isAlreadyExists(error)) throw error; });
  },
};
