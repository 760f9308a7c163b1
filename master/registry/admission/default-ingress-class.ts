// An Ingress that names no class gets the default one: of several, the newest. (upstream: plugin/pkg/admission/network/defaultingressclass)
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin } from './admission.ts';
import { newestDefault } from './newest-default.ts';

const isDefault = 'ingressclass.kubernetes.io/is-default-class';
const oldClass = 'kubernetes.io/ingress.class';

export function defaultIngressClass(registry: Registry): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    mutate({ operation, resource, object, subresource }) {
      if (operation !== 'CREATE' || subresource !== '' || resource.group !== 'networking.k8s.io' || resource.plural !== 'ingresses' || !object) return;
      const spec = object['spec'] as { ingressClassName?: string };
      if (spec.ingressClassName !== undefined || object.metadata.annotations?.[oldClass] !== undefined) return;
      const name = newestDefault(registry, { group: 'networking.k8s.io', plural: 'ingressclasses' }, ({ metadata }) => metadata.annotations?.[isDefault] === 'true');
      if (name !== undefined) spec.ingressClassName = name;
    },
  };
}
