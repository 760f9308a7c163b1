// What the kubelet writes on containers as annotations, so that a later agent learns from the engine alone what it looks at.
// upstream: pkg/kubelet/kuberuntime/labels.go
import type { Container as RuntimeContainer } from '../runtime/runtime.ts';
import { containerHash, type Container, type ContainerKind, type Pod } from './pod.ts';

const hashKey = 'io.kubernetes.container.hash';
const restartCountKey = 'io.kubernetes.container.restartCount';
const terminationPathKey = 'io.kubernetes.container.terminationMessagePath';
const terminationPolicyKey = 'io.kubernetes.container.terminationMessagePolicy';
const terminationFileKey = 'io.kubernetes.container.terminationMessageFile';
const graceKey = 'io.kubernetes.pod.terminationGracePeriod';
const kindKey = 'io.kubernetes.container.kind';
/** On the sandbox: the runtime its containers are to run with. */
export const runtimeHandlerKey = 'io.kubernetes.pod.runtimeHandler';
/** On the sandbox: the control group it and its containers are in; one of the engine's when it is absent. */
export const cgroupParentKey = 'io.kubernetes.pod.cgroupParent';

export function containerAnnotations(pod: Pod, container: Container, options: { kind: ContainerKind; restartCount: number; terminationFile: string }): Record<string, string> {
  return {
    [hashKey]: containerHash(container),
    [restartCountKey]: String(options.restartCount),
    [terminationPathKey]: container.terminationMessagePath ?? '/dev/termination-log',
    [terminationPolicyKey]: container.terminationMessagePolicy ?? 'File',
    [terminationFileKey]: options.terminationFile,
    [graceKey]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
    [kindKey]: options.kind,
  };
}

export interface ContainerFacts {
  readonly hash: string;
  readonly restartCount: number;
  /** File on the host the container's termination message is written to; '' for none. */
  readonly terminationFile: string;
  readonly terminationPolicy: string;
  readonly graceSeconds: number;
  readonly kind: string;
}

/** Reads the annotations back; a container that lost them counts as one that agrees with its spec. */
export function containerFacts(container: Pick<RuntimeContainer, 'annotations' | 'metadata'>): ContainerFacts {
  const { annotations, metadata } = container;
  return {
    hash: annotations[hashKey] ?? '',
    restartCount: Number(annotations[restartCountKey] ?? metadata.attempt),
    terminationFile: annotations[terminationFileKey] ?? '',
    terminationPolicy: annotations[terminationPolicyKey] ?? 'File',
    graceSeconds: Number(annotations[graceKey] ?? 30),
    kind: annotations[kindKey] ?? 'regular',
  };
}
