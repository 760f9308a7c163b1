// VolumeBinding: the claims of a Pod must be bound to volumes the node reaches, or be of classes that wait for a Pod and can
// be served there. (upstream: pkg/scheduler/framework/plugins/volumebinding)
import type { Plugin, PodCheck, Rejection } from '../framework.ts';
import { claimsOf, serve } from '../pod-volumes.ts';

const everywhere = (reason: string): PodCheck => ({ filter: (): Rejection => ({ reasons: [reason], unresolvable: true, everywhere: true }) });

export const volumeBinding: Plugin = {
  name: 'VolumeBinding',
  curedBy: ['Node/add', 'Node/update', 'PersistentVolumeClaim', 'PersistentVolume', 'StorageClass'],
  check(pod, { related: { storage } }) {
    const claims = claimsOf(pod, storage);
    if (typeof claims === 'string') return everywhere(claims);
    if (!claims.bound.length && !claims.waiting.length) return {};
    return {
      filter: (node) => {
        const served = serve(claims, node, storage);
        return 'reasons' in served ? { reasons: served.reasons, unresolvable: true } : undefined;
      },
    };
  },
};
