// The identity of a StatefulSet's Pods: ordinals, names, labels, and how a Pod of one ordinal and revision looks.
// upstream: pkg/controller/statefulset/stateful_set_utils.go
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import { StatefulSets, type StatefulSet } from '../../../src/api/apps/stateful-set.ts';
import type { PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import type { PodTemplateSpec } from '../../../src/api/core/pod-template.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { Draft } from '../../../src/client/client.ts';
import { revisionHashLabel } from '../history/revisions.ts';

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

export const startOrdinal = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;
export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The number at the end of the name; undefined when the Pod is not named as one of this set. */
export function ordinalOf(set: StatefulSet, pod: { readonly metadata: { readonly name: string } }): number | undefined {
  const [, parent, digits] = /^(.*)-(\d+)$/.exec(pod.metadata.name) ?? [];
  const ordinal = Number(digits);
  return parent === set.metadata.name && ordinal < 2 ** 31 && String(ordinal) === digits ? ordinal : undefined;
}

export function inOrdinalRange(set: StatefulSet, ordinal: number): boolean {
  const start = startOrdinal(set);
  return ordinal >= start && ordinal < start + set.spec.replicas;
}

export const podRevision = (pod: Pod): string | undefined => pod.metadata.labels?.[revisionHashLabel];

const identityLabels = (set: StatefulSet, ordinal: number): Record<string, string> => ({ [podNameLabel]: podName(set, ordinal), [podIndexLabel]: String(ordinal) });

/** Labels of its identity the Pod lacks. */
export function missingLabels(set: StatefulSet, pod: Pod): Record<string, string> {
  const ordinal = ordinalOf(set, pod);
  if (ordinal === undefined) return {};
  return Object.fromEntries(Object.entries(identityLabels(set, ordinal)).filter(([name, value]) => pod.metadata.labels?.[name] !== value));
}

const claimTemplates = ({ spec }: StatefulSet): readonly PersistentVolumeClaim[] => (spec.volumeClaimTemplates ?? []) as readonly unknown[] as readonly PersistentVolumeClaim[];
export const claimName = (set: StatefulSet, template: string, ordinal: number): string => `${template}-${podName(set, ordinal)}`;

/** The claims of one ordinal, as they are to be made. */
export function claimsOf(set: StatefulSet, ordinal: number): Draft<PersistentVolumeClaim>[] {
  return claimTemplates(set).map(({ metadata, spec }) => ({
    metadata: {
      name: claimName(set, metadata.name, ordinal), namespace: set.metadata.namespace,
      labels: { ...metadata.labels, ...set.spec.selector.matchLabels }, annotations: metadata.annotations,
    },
    spec,
  }) as Draft<PersistentVolumeClaim>);
}

/** `template` and `revision`: what the Pod is made from. Its claims replace volumes of the same names. */
export function newPod(set: StatefulSet, ordinal: number, template: PodTemplateSpec, revision: string): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const templates = claimTemplates(set).map((claim) => claim.metadata.name);
  const claimed = templates.map((name) => ({ name, persistentVolumeClaim: { claimName: claimName(set, name, ordinal) } }));
  const volumes = [...claimed, ...(template.spec?.volumes ?? []).filter(({ name }) => !templates.includes(name))];
  return {
    metadata: {
      name: podName(set, ordinal), generateName: `${set.metadata.name}-`, namespace: set.metadata.namespace,
      labels: { ...labels, ...identityLabels(set, ordinal), [revisionHashLabel]: revision }, annotations, finalizers,
      ownerReferences: [newControllerRef(set, StatefulSets)],
    },
    spec: { ...template.spec, hostname: podName(set, ordinal), ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}), ...(volumes.length ? { volumes } : {}) },
  } as Draft<Pod>;
}
