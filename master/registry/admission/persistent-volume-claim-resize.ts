// A claim grows only when its class says its volumes can; one that is not bound is fixed anyway. (upstream: plugin/pkg/admission/storage/persistentvolume/resize)
import { compareQuantities } from '../../../src/apimachinery/quantity.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import { storageClassOf } from '../../../src/api/core/volume-columns.ts';
import type { Registry } from '../registry.ts';
import type { AdmissionPlugin } from './admission.ts';

const sizeOf = ({ spec }: PersistentVolumeClaim): string => spec.resources?.requests?.['storage'] ?? '0';

export function persistentVolumeClaimResize(registry: Registry): AdmissionPlugin {
  function growable(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
    const name = storageClassOf(claim as never);
    if (name === '' || name !== storageClassOf(old as never)) return false;
    return registry.find('storage.k8s.io', 'v1', 'storageclasses')?.find(undefined, name)?.object['allowVolumeExpansion'] === true;
  }
  return {
    name: 'PersistentVolumeClaimResize',
    validate({ operation, resource, object, old, name, subresource }) {
      if (operation !== 'UPDATE' || subresource !== '' || resource.group !== '' || resource.plural !== 'persistentvolumeclaims') return;
      const [claim, before] = [object, old] as unknown as [PersistentVolumeClaim, PersistentVolumeClaim];
      if (compareQuantities(sizeOf(claim), sizeOf(before)) <= 0) return;
      if (!growable(claim, before)) throw errors.forbidden({ group: '', resource: 'persistentvolumeclaims' }, name, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
    },
  };
}
