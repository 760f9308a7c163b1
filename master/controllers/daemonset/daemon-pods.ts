// The Pods of a DaemonSet: how one looks, which node it is for, of which template it is, and which nodes want one.
// upstream: pkg/controller/daemon/util/daemonset_util.go, daemon_controller.go (NodeShouldRunDaemonPod)
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import { findUntolerated, type TolerationLike } from '../../../src/apimachinery/tolerations.ts';
import { DaemonSets, type DaemonSet } from '../../../src/api/apps/daemon-set.ts';
import { requiredNodes } from '../../../src/api/core/node-selector.ts';
import type { Node } from '../../../src/api/core/node.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { Draft } from '../../../src/client/client.ts';
import { revisionHashLabel } from '../history/revisions.ts';

const generationLabel = 'pod-template-generation';
const generationAnnotation = 'deprecated.daemonset.template.generation';
const nameField = 'metadata.name';

/** What keeps other Pods away from a node does not keep these: they are often what makes it ready. */
const taintsTolerated: readonly (readonly [string, 'NoExecute' | 'NoSchedule'])[] = [
  ['node.kubernetes.io/not-ready', 'NoExecute'], ['node.kubernetes.io/unreachable', 'NoExecute'], ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'], ['node.kubernetes.io/pid-pressure', 'NoSchedule'], ['node.kubernetes.io/unschedulable', 'NoSchedule'],
];
const networkTaint = ['node.kubernetes.io/network-unavailable', 'NoSchedule'] as const;

function tolerationsOf({ spec: { template } }: DaemonSet): TolerationLike[] {
  const own = (template.spec?.tolerations ?? []) as readonly TolerationLike[];
  const added = [...taintsTolerated, ...(template.spec?.hostNetwork ? [networkTaint] : [])].map(([key, effect]) => ({ key, operator: 'Exists', effect }));
  const has = (toleration: TolerationLike): boolean => own.some((o) => o.key === toleration.key && o.operator === toleration.operator && o.effect === toleration.effect && !o.value);
  return [...own, ...added.filter((toleration) => !has(toleration))];
}

export const templateGeneration = ({ metadata }: DaemonSet): string | undefined => metadata.annotations?.[generationAnnotation];

/** A Pod for one node, bound to it by its affinity and placed by the scheduler. */
export function newDaemonPod(set: DaemonSet, node: string, hash: string): Draft<Pod> {
  const { metadata, spec } = set.spec.template;
  const generation = templateGeneration(set);
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: nameField, operator: 'In', values: [node] }] }] };
  return {
    metadata: {
      generateName: `${set.metadata.name}-`, namespace: set.metadata.namespace, annotations: metadata?.annotations, finalizers: metadata?.finalizers,
      labels: { ...metadata?.labels, ...(generation === undefined ? {} : { [generationLabel]: generation }), [revisionHashLabel]: hash },
      ownerReferences: [newControllerRef(set, DaemonSets)],
    },
    spec: {
      ...spec, tolerations: tolerationsOf(set),
      affinity: { ...spec?.affinity, nodeAffinity: { ...spec?.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } },
    },
  } as Draft<Pod>;
}

/** Where the Pod is, or where it is meant to be. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key, operator, values }) => key === nameField && operator === 'In' && values?.length === 1)?.values?.[0];
}

export const isUpdated = (pod: Pod, set: DaemonSet, hash: string): boolean => {
  const generation = templateGeneration(set);
  return pod.metadata.labels?.[revisionHashLabel] === hash || (generation !== undefined && pod.metadata.labels?.[generationLabel] === generation);
};

/** `run`: a Pod is wanted there; `stay`: one that is there may stay, though a new one would not be made. */
export function wants(set: DaemonSet, node: Node): { readonly run: boolean; readonly stay: boolean } {
  const { spec } = set.spec.template;
  const { name, labels = {} } = node.metadata;
  if (spec?.nodeName && spec.nodeName !== name) return { run: false, stay: false };
  if (spec && !(requiredNodes({ spec })?.({ name, labels }) ?? true)) return { run: false, stay: false };
  const tolerations = tolerationsOf(set);
  const untolerated = (effects: readonly string[]): boolean => findUntolerated((node.spec.taints ?? []).filter(({ effect }) => effects.includes(effect)), tolerations) !== undefined;
  if (untolerated(['NoExecute'])) return { run: false, stay: false };
  return { run: !untolerated(['NoSchedule']), stay: true };
}
