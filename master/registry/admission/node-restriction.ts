// An agent writes only its own Node, its own Pods and its own Lease. (upstream: plugin/pkg/admission/noderestriction)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { AdmissionPlugin } from './admission.ts';

const userPrefix = 'system:node:';

export function nodeRestriction(): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    validate({ operation, resource, object, old, name, namespace, context }) {
      const { user } = context;
      if (!user.groups.includes('system:nodes') || !user.name.startsWith(userPrefix)) return;
      const node = user.name.slice(userPrefix.length);
      const subject = { group: resource.group, resource: resource.plural };
      const id = `${resource.group}/${resource.plural}`;
      if (id === '/nodes' && name !== node) throw errors.forbidden(subject, name, `node "${node}" is not allowed to modify node "${name}"`);
      if (id === '/pods') {
        const pod = object ?? old;
        const bound = (pod?.['spec'] as { nodeName?: string } | undefined)?.nodeName;
        if (operation === 'CREATE' && pod?.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined) throw errors.forbidden(subject, name, `pod does not have "kubernetes.io/config.mirror" annotation, node "${node}" can only create mirror pods`);
        if (bound !== node) throw errors.forbidden(subject, name, `node "${node}" can only ${operation === 'DELETE' ? 'delete' : operation === 'CREATE' ? 'create' : 'update status for'} pods with spec.nodeName set to itself`);
      }
      if (id === 'coordination.k8s.io/leases') {
        if (namespace !== 'kube-node-lease') throw errors.forbidden(subject, name, `can only access leases in the "kube-node-lease" system namespace`);
        if (name !== node) throw errors.forbidden(subject, name, `can only access node lease with the same name as the requesting node`);
      }
    },
  };
}
