// A claim that names no class gets the default one: of several, the newest. (upstream: plugin/pkg/admission/storage/storageclass/setdefault)
import { storageClassAnnotation } from '../../../src/api/core/volume-columns.ts';
import { isDefaultClass } from '../../../src/api/storage/storage-class.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin } from './admission.ts';
import { newestDefault } from './newest-default.ts';

export function defaultStorageClass(registry: Registry): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    mutate({ operation, resource, object, subresource }) {
      if (operation !== 'CREATE' || subresource !== '' || resource.group !== '' || resource.plural !== 'persistentvolumeclaims' || !object) return;
      const spec = object['spec'] as { storageClassName?: string };
      if (spec.storageClassName !== undefined || object.metadata.annotations?.[storageClassAnnotation] !== undefined) return;
      const name = newestDefault(registry, { group: 'storage.k8s.io', plural: 'storageclasses' }, isDefaultClass);
      if (name !== undefined) spec.storageClassName = name;
    },
  };
}
