// What a person may set of an agent, in the same words for `dray up` and `dray join`.
import { settingsOf } from './settings.ts';

export interface AgentSettings {
  readonly evictionHard?: string;
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
  /** A directory of static Pods. */
  readonly podManifestPath?: string;
}

export const agentSettings = settingsOf<AgentSettings>({
  evictionHard: '--eviction-hard', systemReserved: '--system-reserved', kubeReserved: '--kube-reserved', nodeLabels: '--node-labels', registerWithTaints: '--register-with-taints',
  containerLogMaxSize: '--container-log-max-size', containerLogMaxFiles: '--container-log-max-files',
  shutdownGracePeriod: '--shutdown-grace-period', shutdownGracePeriodCriticalPods: '--shutdown-grace-period-critical-pods', drainWait: '--drain-wait', podManifestPath: '--pod-manifest-path',
});
