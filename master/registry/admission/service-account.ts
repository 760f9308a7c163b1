// Every Pod runs as a ServiceAccount of its namespace: `default` unless it names one, and it must exist.
// (upstream: plugin/pkg/admission/serviceaccount)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin } from './admission.ts';
import { cloneJson } from '../../../src/util/json.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';

export function serviceAccount(registry: Registry): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    mutate({ operation, resource, object, namespace, name }) {
      if (operation !== 'CREATE' || resource.group !== '' || resource.plural !== 'pods' || !object) return;
      if (object.metadata.annotations?.[mirrorAnnotation] !== undefined) return;
      const spec = object['spec'] as { serviceAccountName?: string; serviceAccount?: string; imagePullSecrets?: unknown[] };
      spec.serviceAccountName ||= 'default';
      spec.serviceAccount = spec.serviceAccountName;
      const account = registry.find('', 'v1', 'serviceaccounts')?.find(namespace, spec.serviceAccountName);
      if (!account) {
        throw errors.forbidden({ group: '', resource: 'pods' }, name, `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`);
      }
      const secrets = account.object['imagePullSecrets'] as unknown[] | undefined;
      if (!spec.imagePullSecrets?.length && secrets?.length) spec.imagePullSecrets = cloneJson(secrets);
    },
  };
}
