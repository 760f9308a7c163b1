// What a person may set of the master, for `dray up`.
import { settingsOf } from './settings.ts';

export interface MasterSettings {
  /** Path of a KubeSchedulerConfiguration. */
  readonly schedulerConfig?: string;
  /** How fast lost nodes lose their Pods, by zone; in nodes per second, as a share, and in nodes. */
  readonly nodeEvictionRate?: number;
  readonly secondaryNodeEvictionRate?: number;
  readonly unhealthyZoneThreshold?: number;
  readonly largeClusterSizeThreshold?: number;
}

export const masterSettings = settingsOf<MasterSettings>({
  schedulerConfig: '--scheduler-config', nodeEvictionRate: '--node-eviction-rate', secondaryNodeEvictionRate: '--secondary-node-eviction-rate',
  unhealthyZoneThreshold: '--unhealthy-zone-threshold', largeClusterSizeThreshold: '--large-cluster-size-threshold',
});
