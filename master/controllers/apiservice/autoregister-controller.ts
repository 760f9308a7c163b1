// Keeps the APIServices this server registers by itself: those of CustomResourceDefinitions come and go with them, and what somebody
// deletes is made again. upstream: kube-aggregator pkg/controllers/autoregister/autoregister_controller.go, pkg/controlplane/controller/crdregistration
import { CustomResourceDefinitions, type CustomResourceDefinition } from '../../../src/api/apiextensions/custom-resource-definition.ts';
import { APIServices, type APIService } from '../../../src/api/apiregistration/api-service.ts';
import { apiServiceName, planRegistration, registeredServices, type RegisteredService } from '../../../src/api/apiregistration/registered.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../../src/apimachinery/status-error.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import type { ServedResources } from '../../../src/schema/resource-set.ts';

const versionsOf = ({ spec: { group, versions } }: CustomResourceDefinition): string[] => versions.map(({ name }) => apiServiceName({ group, version: name }));

/** `served`: this server's own resources. */
export function createAutoRegisterController(served: ServedResources): Controller {
  let of: readonly ResourceDefinition[] | undefined;
  let wanted = new Map<string, RegisteredService>();
  const wantedOf = (name: string): RegisteredService | undefined => {
    if (of !== served.current) wanted = registeredServices((of = served.current));
    return wanted.get(name);
  };
  return {
    name: 'apiservice-autoregister-controller',
    for: APIServices,
    // What is served has changed before anybody hears of the definition.
    watches: [{ resource: CustomResourceDefinitions, map: (crd: CustomResourceDefinition, _context, old?: CustomResourceDefinition) => [...new Set([...versionsOf(crd), ...(old ? versionsOf(old) : [])])] }],
    reconcile: (context, name) => carryOut(context, name, wantedOf(name)),
  };
}

async function carryOut({ client, cached }: ControllerContext, name: string, wanted: RegisteredService | undefined): Promise<void> {
  const plan = planRegistration(wanted, cached(APIServices).get(name), true);
  try {
    if (plan.kind === 'create') await client.create(APIServices, plan.object as Draft<APIService>);
    else if (plan.kind === 'update') await client.update(APIServices, plan.object);
    else if (plan.kind === 'delete') await client.delete(APIServices, { name }, { preconditions: { uid: plan.uid } });
  } catch (error) {
    // Somebody else was faster: the change wakes this key again.
    if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
  }
}
