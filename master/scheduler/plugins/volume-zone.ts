// VolumeZone: a volume labelled with a zone or region is used only there. (upstream: pkg/scheduler/framework/plugins/volumezone)
import type { Plugin } from '../framework.ts';
import { claimNames } from '../pod-volumes.ts';

/** Labels that say where a volume is, with what they are called now. */
const topologyLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone': 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region': 'topology.kubernetes.io/region',
};
const keys = Object.keys(topologyLabels);
/** A volume in several zones names them all. */
const zonesOf = (value: string): string[] => value.split('__');

export const volumeZone: Plugin = {
  name: 'VolumeZone',
  curedBy: ['Node/add', 'Node/update', 'PersistentVolumeClaim', 'PersistentVolume', 'StorageClass'],
  check(pod, { related: { storage } }) {
    const wanted = claimNames(pod).filter(({ ephemeral }) => !ephemeral).flatMap(({ name }) => {
      const volumeName = storage.claim(pod.metadata.namespace ?? '', name)?.spec.volumeName;
      const labels = (volumeName && storage.volume(volumeName)?.metadata.labels) || {};
      return keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, zones: zonesOf(labels[key]) }]));
    });
    if (!wanted.length) return {};
    return {
      filter({ labels }) {
        // A cluster of one place need not name it.
        if (!keys.some((key) => labels[key] !== undefined)) return undefined;
        const suits = wanted.every(({ key, zones }) => zones.includes(labels[key] ?? labels[topologyLabels[key]!] ?? ''));
        return suits ? undefined : { reasons: ['node(s) had no available volume zone'], unresolvable: true };
      },
    };
  },
};
