// Claims and volumes begin with a finalizer that keeps them while they are used; controllers take it away.
// upstream: plugin/pkg/admission/storage/storageobjectinuseprotection
import { claimProtection, volumeProtection } from '../../../src/api/core/volume-protection.ts';
import type { AdmissionPlugin } from './admission.ts';

const finalizers: Readonly<Record<string, string>> = { persistentvolumeclaims: claimProtection, persistentvolumes: volumeProtection };

export function storageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: 'StorageObjectInUseProtection',
    mutate({ operation, resource, object, subresource }) {
      const finalizer = resource.group === '' && operation === 'CREATE' && subresource === '' ? finalizers[resource.plural] : undefined;
      if (!finalizer || !object || object.metadata.finalizers?.includes(finalizer)) return;
      object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
    },
  };
}
