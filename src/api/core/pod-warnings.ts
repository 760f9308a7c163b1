// What is allowed in a Pod, or in a template, but surprises: sent as warnings, never a fault.
// upstream: pkg/api/pod/warnings.go; pkg/registry/core/pod/strategy.go, WarningsOnCreate
import { child, index, key } from '../../apimachinery/fault.ts';
import { isDNS1123Label } from '../../apimachinery/names.ts';
import type { Container } from './container.ts';
import { appArmorPrefix, useAppArmorField } from './pod-annotations.ts';
import { nodeLabelWarning, nodeLabelWarningAt, nodeSelectorTermWarnings } from './node-labels.ts';
import { oldVolumeSources } from './old-volume-sources.ts';
import type { PodSpec } from './pod-spec.ts';
import { portWarnings } from './port-warnings.ts';
import { fractionWarnings } from './resources.ts';
import { claimSpecWarnings } from './volume-claim-spec.ts';
import { overlappingPathWarnings } from './volume-path-warnings.ts';

type Annotations = Readonly<Record<string, string>>;
interface Judged { readonly metadata?: { readonly annotations?: Annotations | undefined } | undefined; readonly spec?: PodSpec | undefined }

const oldAnnotations: Annotations = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const useSeccompField = 'non-functional in v1.27+; use the "seccompProfile" field instead';
const noPod = 'a null labelSelector results in matching no pod';

const placementWarnings = ({ nodeSelector = {}, affinity, topologySpreadConstraints = [] }: PodSpec, path: string): string[] => {
  const nodePath = child(path, 'affinity.nodeAffinity');
  const node = affinity?.nodeAffinity;
  return [
    ...Object.keys(nodeSelector).flatMap((name) => nodeLabelWarningAt(key(child(path, 'nodeSelector'), name), name)),
    ...(node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [])
      .flatMap((term, i) => nodeSelectorTermWarnings(term, index(child(nodePath, 'requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'), i), false)),
    ...(node?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      .flatMap(({ preference }, i) => nodeSelectorTermWarnings(preference, child(index(child(nodePath, 'preferredDuringSchedulingIgnoredDuringExecution'), i), 'preference'), true)),
    ...topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, i) => {
      const at = index(child(path, 'topologySpreadConstraints'), i);
      return [...nodeLabelWarning(child(at, 'topologyKey'), topologyKey), ...(labelSelector ? [] : [`${child(at, 'labelSelector')}: ${noPod}`])];
    }),
  ];
};

/** Terms that have no selector mean nobody. */
const affinityWarnings = ({ affinity }: PodSpec, path: string): string[] => (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
  const at = child(child(path, 'affinity'), kind);
  const [required, preferred] = [child(at, 'requiredDuringSchedulingIgnoredDuringExecution'), child(at, 'preferredDuringSchedulingIgnoredDuringExecution')];
  return [
    ...(affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ labelSelector }, i) => (labelSelector ? [] : [`${index(required, i)}.labelSelector: ${noPod}`])),
    ...(affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm: { labelSelector } }, i) => (labelSelector ? [] : [`${index(preferred, i)}.podAffinityTerm.labelSelector: ${noPod}`])),
  ];
});

const volumeWarnings = ({ volumes = [] }: PodSpec, path: string): string[] => [
  ...volumes.flatMap((volume, i) => {
    const at = index(child(path, 'volumes'), i);
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    return [
      ...oldVolumeSources.flatMap(([field, name, message]) => (volume[field] === undefined ? [] : [`${child(at, name)}: ${message}`])),
      ...(claim ? claimSpecWarnings(claim, child(at, 'ephemeral.volumeClaimTemplate.spec')) : []),
    ];
  }),
  ...overlappingPathWarnings(volumes),
];

/** Those that repeat one before them. */
const repeated = (values: readonly string[], warn: (value: string, i: number) => string): string[] => values.flatMap((value, i) => (values.indexOf(value) < i ? [warn(value, i)] : []));

const listWarnings = ({ hostAliases = [], imagePullSecrets = [] }: PodSpec, path: string): string[] => {
  const names = imagePullSecrets.map(({ name }) => name ?? '');
  const nameAt = (i: number): string => child(index(child(path, 'imagePullSecrets'), i), 'name');
  return [
    ...repeated(hostAliases.map(({ ip }) => ip), (ip, i) => `${child(index(child(path, 'hostAliases'), i), 'ip')}: duplicate ip ${JSON.stringify(ip)}`),
    ...repeated(names, (name, i) => `${nameAt(i)}: duplicate name ${JSON.stringify(name)}`),
    ...names.flatMap((name, i) => (name === '' ? [`${nameAt(i)}: invalid empty name ""`] : [])),
  ];
};

/** A variable that is there already may be built upon; what replaces it wholly is lost in a merge by names. */
const environmentWarnings = ({ env = [] }: Container, path: string): string[] => env.flatMap(({ name, value = '', valueFrom }, i) => {
  const reference = `$(${name})`;
  if (env.findIndex((other) => other.name === name) === i || (!valueFrom && value !== reference && value.includes(reference))) return [];
  return [`${index(child(path, 'env'), i)}: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`];
});

function containerWarnings(container: Container, path: string, spec: PodSpec, annotations: Annotations, annotationsPath: string, isTemplate: boolean): string[] {
  const { name, securityContext, resources } = container;
  const [seccomp, appArmor] = [seccompContainer + name, appArmorPrefix + name];
  const confined = spec.securityContext?.appArmorProfile ?? securityContext?.appArmorProfile;
  const at = child(path, 'resources');
  return [
    ...(!securityContext?.seccompProfile && annotations[seccomp] !== undefined ? [`${key(annotationsPath, seccomp)}: ${useSeccompField}`] : []),
    // A Pod has got the field instead, and its maker been told, by now.
    ...(isTemplate && !confined && annotations[appArmor] !== undefined ? [`${key(annotationsPath, appArmor)}: ${useAppArmorField}`] : []),
    ...(['memory', 'ephemeral-storage'] as const).flatMap((resource) => (['limits', 'requests'] as const).flatMap((list) => fractionWarnings(resources?.[list], child(at, list), [resource]))),
    ...environmentWarnings(container, path),
  ];
}

function warningsOf({ metadata, spec }: Judged, path: string, isTemplate: boolean): string[] {
  if (!spec) return [];
  const annotations = metadata?.annotations ?? {};
  const [specPath, annotationsPath] = [child(path, 'spec'), child(path, 'metadata.annotations')];
  const lists = [['initContainers', spec.initContainers], ['containers', spec.containers], ['ephemeralContainers', spec.ephemeralContainers]] as const;
  const containers = lists.flatMap(([list, items]) => (items ?? []).map((container, i) => ({ container: container as Container, path: index(child(specPath, list), i) })));
  const grace = spec.terminationGracePeriodSeconds;
  return [
    ...placementWarnings(spec, specPath),
    ...Object.entries(oldAnnotations).flatMap(([name, message]) => (annotations[name] === undefined ? [] : [`${key(annotationsPath, name)}: ${message}`])),
    ...volumeWarnings(spec, specPath),
    ...listWarnings(spec, specPath),
    ...fractionWarnings(spec.overhead, child(specPath, 'overhead'), ['memory', 'ephemeral-storage']),
    ...(!spec.securityContext?.seccompProfile && annotations[seccompPod] !== undefined ? [`${key(annotationsPath, seccompPod)}: ${useSeccompField}`] : []),
    ...containers.flatMap(({ container, path: at }) => containerWarnings(container, at, spec, annotations, annotationsPath, isTemplate)),
    ...portWarnings(containers.map(({ container: { ports = [] }, path: at }) => ({ ports, path: child(at, 'ports') }))),
    ...(grace !== undefined && grace < 0 ? [`${child(specPath, 'terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`] : []),
    ...affinityWarnings(spec, specPath),
  ];
}

/** Warnings about a template of Pods at `path`; none when there is no template. */
export const podTemplateWarnings = (template: Judged | undefined, path: string): string[] => (template ? warningsOf(template, path, true) : []);

const nameWarning = (name: string, use: string): string[] => {
  const problems = isDNS1123Label(name);
  return problems.length > 0 ? [`metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`] : [];
};
/** Warnings about the name of an object whose Pods are named after it. */
export const podOwnerNameWarnings = (name: string): string[] => nameWarning(name, 'Pod names and hostnames');

interface Metadata { readonly name: string; readonly generation?: number; readonly annotations?: Annotations }
/** Warnings about an object that makes Pods from `spec.template`: new ones, and those whose spec has changed. */
export function podOwnerWarnings({ metadata, spec }: { readonly metadata: Metadata; readonly spec: { readonly template?: Judged } }, old?: { readonly metadata: Metadata }): string[] {
  if (old && metadata.generation === old.metadata.generation) return [];
  return [...(old ? [] : podOwnerNameWarnings(metadata.name)), ...podTemplateWarnings(spec.template, 'spec.template')];
}

/** Warnings about a new Pod. */
export const podWarnings = (pod: Judged & { readonly metadata: Metadata }): string[] => [...nameWarning(pod.metadata.name, "the Pod's hostname"), ...warningsOf(pod, '', false)];

