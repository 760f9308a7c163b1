// Nothing is created in a namespace that does not exist or is ending; the namespaces the system needs cannot be deleted.
// (upstream: apiserver admission/plugin/namespace/lifecycle)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin } from './admission.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);

export function namespaceLifecycle(registry: Registry): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    validate({ operation, resource, name }) {
      const subject = { group: resource.group, resource: resource.plural };
      const isNamespace = resource.group === '' && resource.plural === 'namespaces';
      if (operation === 'DELETE' && isNamespace && immortal.has(name)) throw errors.forbidden(subject, name, 'this namespace may not be deleted');
    },
    mutate({ operation, resource, name, namespace }) {
      if (operation !== 'CREATE' || !resource.namespaced || !namespace) return;
      const found = registry.find('', 'v1', 'namespaces')?.find(undefined, namespace);
      if (!found) throw errors.notFound({ group: '', resource: 'namespaces' }, namespace);
      if (!found.object.metadata.deletionTimestamp) return;
      const error = errors.forbidden({ group: resource.group, resource: resource.plural }, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
      error.status.details = { ...error.status.details, causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }] };
      throw error;
    },
  };
}
