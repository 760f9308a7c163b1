// Which Pods of a node a drain evicts, which it leaves, and which keep it from beginning. Pure, in kubectl's words.
// upstream: k8s.io/kubectl/pkg/drain/filters.go
import { isPodTerminal } from '../api/core/pod-conditions.ts';
import { controllerOf } from '../apimachinery/owners.ts';
import type { Pod } from '../api/core/pod.ts';
import { keyOf } from '../client/client.ts';

export interface DrainChoice { readonly force: boolean; readonly deleteEmptydirData: boolean }
export interface DrainPlan {
  readonly evict: readonly Pod[];
  readonly warnings: readonly string[];
  readonly faults: readonly string[];
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const ofDaemonSet = (pod: Pod): boolean => controllerOf(pod)?.kind === 'DaemonSet' && !isPodTerminal(pod);
const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorAnnotation] !== undefined;
const hasLocalStorage = ({ spec }: Pod): boolean => (spec.volumes ?? []).some((volume) => volume.emptyDir !== undefined);

export function planDrain(pods: readonly Pod[], { force, deleteEmptydirData }: DrainChoice): DrainPlan {
  const names = (list: readonly Pod[]): string => list.map(keyOf).sort().join(', ');
  const daemons = pods.filter(ofDaemonSet);
  const rest = pods.filter((pod) => !ofDaemonSet(pod) && !isMirror(pod));
  const running = rest.filter((pod) => !isPodTerminal(pod));
  const [local, alone] = [running.filter(hasLocalStorage), running.filter((pod) => !controllerOf(pod))];
  return {
    evict: rest,
    faults: [
      ...(local.length && !deleteEmptydirData ? [`cannot delete Pods with local storage (use --delete-emptydir-data to override): ${names(local)}`] : []),
      ...(alone.length && !force ? [`cannot delete Pods that declare no controller (use --force to override): ${names(alone)}`] : []),
    ],
    warnings: [
      ...(daemons.length ? [`ignoring DaemonSet-managed Pods: ${names(daemons)}`] : []),
      ...(local.length && deleteEmptydirData ? [`deleting Pods with local storage: ${names(local)}`] : []),
      ...(alone.length && force ? [`deleting Pods that declare no controller: ${names(alone)}`] : []),
    ],
  };
}
