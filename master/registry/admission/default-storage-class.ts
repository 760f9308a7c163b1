// A claim that names no class gets the default one: of several, the newest. (upstream: plugin/pkg/admission/storage/storageclass/setdefault)
import { storageClassAnnotation } from '../../../src/api/core/volume-columns.ts';
import { isDefaultClass } from '../../../src/api/storage/storage-class.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin } from './admission.ts';

export function defaultStorageClass(registry: Registry): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    mutate({ operation, resource, object, subresource }) {
      if (operation !== 'CREATE' || subresource !== '' || resource.group !== '' || resource.plural !== 'persistentvolumeclaims' || !object) return;
      const spec = object['spec'] as { storageClassName?: string };
      if (spec.storageClassName !== undefined || object.metadata.annotations?.[storageClassAnnotation] !== undefined) return;
      const classes = registry.find('storage.k8s.io', 'v1', 'storageclasses');
      const defaults = classes ? [...registry.cache.list(classes.prefix)].map((stored) => stored.object).filter(isDefaultClass) : [];
      const [newest] = defaults.sort((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') || (a.metadata.name < b.metadata.name ? -1 : 1));
      if (newest) spec.storageClassName = newest.metadata.name;
    },
  };
}
