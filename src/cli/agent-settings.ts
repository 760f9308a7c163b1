// What a person may set of an agent, in the same words for `dray up` and `dray join`.
import { settingsOf } from './settings.ts';

export interface AgentSettings {
  readonly evictionHard?: string;
  readonly evictionSoft?: string;
  readonly evictionSoftGracePeriod?: string;
  readonly evictionMinimumReclaim?: string;
  readonly evictionMaxPodGracePeriod?: string;
  readonly evictionPressureTransitionPeriod?: string;
  readonly imageGcHighThreshold?: string;
  readonly imageGcLowThreshold?: string;
  readonly minimumImageTtlDuration?: string;
  readonly imageGcAll?: boolean;
  readonly maxParallelImagePulls?: string;
  readonly serializeImagePulls?: boolean;
  readonly allowedUnsafeSysctls?: string;
  readonly systemReserved?: string;
  readonly kubeReserved?: string;
  readonly nodeLabels?: string;
  readonly registerWithTaints?: string;
  readonly containerLogMaxSize?: string;
  readonly containerLogMaxFiles?: number;
  readonly shutdownGracePeriod?: string;
  readonly shutdownGracePeriodCriticalPods?: string;
  /** Milliseconds. */
  readonly drainWait?: number;
  /** Where device plugins register. */
  readonly devicePluginsDir?: string;
  /** A directory of static Pods. */
  readonly podManifestPath?: string;
}

export const agentSettings = settingsOf<AgentSettings>({
  evictionHard: '--eviction-hard', evictionSoft: '--eviction-soft', evictionSoftGracePeriod: '--eviction-soft-grace-period', evictionMinimumReclaim: '--eviction-minimum-reclaim',
  evictionMaxPodGracePeriod: '--eviction-max-pod-grace-period', evictionPressureTransitionPeriod: '--eviction-pressure-transition-period',
  imageGcHighThreshold: '--image-gc-high-threshold', imageGcLowThreshold: '--image-gc-low-threshold', minimumImageTtlDuration: '--minimum-image-ttl-duration', imageGcAll: '--image-gc-all',
  maxParallelImagePulls: '--max-parallel-image-pulls', serializeImagePulls: '--serialize-image-pulls', allowedUnsafeSysctls: '--allowed-unsafe-sysctls',
  systemReserved: '--system-reserved', kubeReserved: '--kube-reserved', nodeLabels: '--node-labels', registerWithTaints: '--register-with-taints',
  containerLogMaxSize: '--container-log-max-size', containerLogMaxFiles: '--container-log-max-files',
  shutdownGracePeriod: '--shutdown-grace-period', shutdownGracePeriodCriticalPods: '--shutdown-grace-period-critical-pods', drainWait: '--drain-wait', podManifestPath: '--pod-manifest-path',
  devicePluginsDir: '--device-plugins-dir',
});
