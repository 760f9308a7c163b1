// Events about Pods and their containers, with the field path of the container they concern, and about the node.
import type { EventRecorder, EventTarget } from '../../src/client/event-recorder.ts';
import type { ContainerEvents } from './images.ts';
import { containerFieldPath, type Container, type Pod } from './pod.ts';

export function containerEvents(recorder: EventRecorder): ContainerEvents {
  const path = (pod: Pod, container: Container | undefined): string | undefined => (container ? containerFieldPath(pod, container.name) : undefined);
  // Items of a list carry no kind of their own.
  const target = ({ metadata }: Pod): EventTarget => ({ apiVersion: 'v1', kind: 'Pod', metadata });
  return {
    normal: (pod, container, reason, message) => recorder.normal(target(pod), reason, message, path(pod, container)),
    warning: (pod, container, reason, message, annotations) => recorder.warning(target(pod), reason, message, path(pod, container), annotations),
  };
}

/** How events name a node: its name stands for its UID. upstream: pkg/kubelet/kubelet.go (nodeRef) */
export const nodeReference = (name: string): EventTarget => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name } });
