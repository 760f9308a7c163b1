// Keeps the APIServices this server registers by itself: those of CustomResourceDefinitions come and go with them, and what somebody
// deletes is made again. upstream: kube-aggregator pkg/controllers/autoregister/autoregister_controller.go, pkg/controlplane/controller/crdregistration
import { CustomResourceDefinitions, type CustomResourceDefinition } from '../../../src/api/apiextensions/custom-resource-definition.ts';
import { APIServices, type APIService } from '../../../src/api/apiregistration/api-service.ts';
import { apiServiceName, planRegistration, registeredServices, type RegisteredService, type RegistrationPlan } from '../../../src/api/apiregistration/registered.ts';
import { Namespaces, type Namespace } from '../../../src/api/core/namespace.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../../src/apimachinery/status-error.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import type { ServedResources } from '../../../src/schema/resource-set.ts';

const versionsOf = ({ spec: { group, versions } }: CustomResourceDefinition): string[] => versions.map(({ name }) => apiServiceName({ group, version: name }));

/** `served`: this server's own resources. */
export function createAutoRegisterController(served: ServedResources): Controller {
  let of: readonly ResourceDefinition[] | undefined;
  let wanted: ReadonlyMap<string, RegisteredService> = new Map();
  const wantedNow = (): ReadonlyMap<string, RegisteredService> => {
    if (of !== served.current) wanted = registeredServices((of = served.current));
    return wanted;
  };
  // Looked at since this process began.
  const synced = new Set<string>();
  return {
    name: 'apiservice-autoregister-controller',
    for: APIServices,
    watches: [
      // What is served has changed before anybody hears of the definition.
      { resource: CustomResourceDefinitions, map: (crd: CustomResourceDefinition, _context, old?: CustomResourceDefinition) => [...new Set([...versionsOf(crd), ...(old ? versionsOf(old) : [])])] },
      // Of those that are not there nobody else tells; this namespace is in every cluster.
      { resource: Namespaces, map: (namespace: Namespace, _context, old?: Namespace) => (namespace.metadata.name === 'kube-system' && !old ? [...wantedNow().keys()] : []) },
    ],
    async reconcile(context, name) {
      await carryOut(context, name, planRegistration(wantedNow().get(name), context.cached(APIServices).get(name), synced.has(name)));
      synced.add(name);
    },
  };
}

async function carryOut({ client }: ControllerContext, name: string, plan: RegistrationPlan): Promise<void> {
  try {
    if (plan.kind === 'create') await client.create(APIServices, plan.object as Draft<APIService>);
    else if (plan.kind === 'update') await client.update(APIServices, plan.object);
    else if (plan.kind === 'delete') await client.delete(APIServices, { name }, { preconditions: { uid: plan.uid } });
  } catch (error) {
    // Somebody else was faster: the change wakes this key again.
    if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
  }
}
