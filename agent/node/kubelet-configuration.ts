// What this agent does, in the words of KubeletConfiguration: only settings it has, with the values they have here. Served at /configz.
// upstream: staging/src/k8s.io/kubelet/config/v1beta1/types.go
import { formatQuantity } from '../../src/apimachinery/quantity.ts';
import type { Quantities } from '../../src/apimachinery/resource-list.ts';
import type { NodeTaint } from '../../src/api/core/node-flags.ts';
import { formatDuration } from '../../src/apimachinery/duration.ts';
import type { ShutdownPeriod } from '../kubelet/node-shutdown.ts';
import type { LogLimits, RuntimeInfo } from '../runtime/runtime.ts';

export interface ConfigurationFacts { readonly info: RuntimeInfo; /** Whether Pods have control groups of their own. */ readonly podGroups: boolean; readonly clusterDNS: string; readonly clusterDomain: string; readonly maxPods: number; readonly logs: LogLimits; readonly parallelPulls: number; /** Beside the safe ones. */ readonly unsafeSysctls: readonly string[]; readonly shutdown: readonly ShutdownPeriod[]; readonly reserved: readonly [system: Quantities, agent: Quantities]; readonly taints: readonly NodeTaint[] }

/** 10485760 is 10Mi. */
const binarySize = (bytes: number): string => formatQuantity({ nanos: BigInt(bytes) * 1_000_000_000n, format: 'BinarySI' });

const seconds = (count: number): string => formatDuration(count * 1000);

export const kubeletConfiguration = ({ info, podGroups, clusterDNS, clusterDomain, maxPods, logs, parallelPulls, unsafeSysctls, shutdown, reserved: [system, agent], taints }: ConfigurationFacts): object => ({
  kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1',
  // There is no port: requests come through the agent's own connection, from the API server that has authorised them.
  authentication: { x509: {}, webhook: { enabled: false }, anonymous: { enabled: false } }, authorization: { mode: 'Webhook' }, port: 0, readOnlyPort: 0,
  clusterDomain, clusterDNS: [clusterDNS], cgroupDriver: info.cgroupDriver, cgroupsPerQOS: podGroups, maxPods,
  containerLogMaxSize: binarySize(logs.maxSizeBytes), containerLogMaxFiles: logs.maxFiles,
  serializeImagePulls: parallelPulls === 1, ...(parallelPulls === Infinity ? {} : { maxParallelImagePulls: parallelPulls }),
  ...(unsafeSysctls.length ? { allowedUnsafeSysctls: unsafeSysctls } : {}),
  ...(Object.keys(system).length ? { systemReserved: system } : {}), ...(Object.keys(agent).length ? { kubeReserved: agent } : {}), ...(taints.length ? { registerWithTaints: taints } : {}),
  shutdownGracePeriod: seconds(shutdown.reduce((sum, { graceSeconds }) => sum + graceSeconds, 0)), shutdownGracePeriodCriticalPods: seconds(shutdown.at(-1)?.graceSeconds ?? 0),
  nodeStatusUpdateFrequency: '10s', nodeStatusReportFrequency: '5m0s', nodeLeaseDurationSeconds: 40, volumeStatsAggPeriod: '1m0s',
});
