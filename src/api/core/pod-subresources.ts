// Pods written through a subresource: ephemeral containers are added, resources of running containers are changed.
// upstream: pkg/registry/core/pod/strategy.go; pkg/apis/core/validation/validation.go, ValidatePodEphemeralContainersUpdate
import { forbidden, invalid, type Fault } from '../../apimachinery/fault.ts';
import { compareQuantities } from '../../apimachinery/quantity.ts';
import { isSidecar, type Container } from './container.ts';
import type { Pod } from './pod.ts';
import { mirrorAnnotation } from './pod-annotations.ts';
import { podQosClass } from './pod-qos.ts';
import { equalJson } from '../../util/json.ts';

const isStatic = ({ metadata }: Pod): boolean => metadata.annotations?.[mirrorAnnotation] !== undefined;

/** The stored Pod with the ephemeral containers of the given one; nothing else of it counts. */
export const withEphemeralContainers = (pod: Pod, old: Pod): Pod => {
  const { ephemeralContainers: _old, ...spec } = old.spec;
  const { ephemeralContainers } = pod.spec;
  return { ...old, spec: { ...spec, ...(ephemeralContainers && { ephemeralContainers }) } };
};

/** Ephemeral containers may be added, but neither taken away nor changed. The spec as a whole is judged elsewhere. */
export function ephemeralContainersFaults(pod: Pod, old: Pod): Fault[] {
  if (isStatic(old)) return [forbidden('', 'static pods do not support ephemeral containers')];
  const path = 'spec.ephemeralContainers';
  return (old.spec.ephemeralContainers ?? []).flatMap((before) => {
    const after = pod.spec.ephemeralContainers?.find(({ name }) => name === before.name);
    if (!after) return [forbidden(path, `existing ephemeral containers "${before.name}" may not be removed\n`)];
    return equalJson(before, after) ? [] : [forbidden(path, `existing ephemeral containers "${before.name}" may not be changed\n`)];
  });
}

const containerLists = ['containers', 'initContainers'] as const;
const namesOf = (containers: readonly Container[] | null | undefined): string[] => (containers ?? []).map(({ name }) => name);
const sameNames = (a: readonly Container[] | null | undefined, b: readonly Container[] | undefined): boolean => equalJson(namesOf(a), namesOf(b));

/** The stored Pod with the resources and resize policies of the given one, unless its containers are others: then as given. */
export function withResizedContainers(pod: Pod, old: Pod): Pod {
  if (containerLists.some((list) => !sameNames(pod.spec[list], old.spec[list]))) return pod;
  const resized = (list: readonly Container[], given: readonly Container[] = []): Container[] => list.map((container, i) => {
    const { resizePolicy: _old, ...rest } = container;
    const { resources, resizePolicy } = given[i] ?? container;
    return { ...rest, resources, ...(resizePolicy && { resizePolicy }) };
  });
  const { initContainers } = old.spec;
  return {
    ...old,
    spec: { ...old.spec, containers: resized(old.spec.containers, pod.spec.containers), ...(initContainers && { initContainers: resized(initContainers, pod.spec.initContainers) }) },
  };
}

/** A node that can resize tells the resources of what it runs. */
const supportsResize = ({ status }: Pod): boolean =>
  status.phase !== 'Running' || (status.containerStatuses ?? []).find(({ state }) => state.running)?.resources !== undefined || !status.containerStatuses?.some(({ state }) => state.running);

/** Only cpu and memory of running containers may change, none may be dropped, and the quality of service class stays. */
export function resizeFaults(pod: Pod, old: Pod): Fault[] {
  if (isStatic(old)) return [forbidden('', 'static pods cannot be resized')];
  if (containerLists.some((list) => !sameNames(pod.spec[list], old.spec[list]))) return [forbidden('spec', 'containers may not be renamed or reordered on resize')];
  const faults: Fault[] = [];
  if (old.status.qosClass !== undefined && podQosClass(pod.spec) !== old.status.qosClass) {
    faults.push(invalid('spec', old.status.qosClass, 'Pod QOS Class may not change as a result of resizing'));
  }
  if (!supportsResize(old)) faults.push(forbidden('spec', 'Pod running on node without support for resize'));
  return [...faults, ...containerLists.flatMap((list) => (pod.spec[list] ?? []).flatMap((container, i) => {
    const sidecar = list === 'initContainers' && isSidecar(container);
    const before = old.spec[list]?.[i]?.resources;
    if (list === 'initContainers' && !sidecar) return equalJson(container.resources, before) ? [] : [forbidden('spec', 'resources for non-sidecar init containers are immutable')];
    return containerResizeFaults(container, before, `spec.${list}[${i}].resources`, `only cpu and memory resources ${sidecar ? 'for sidecar containers ' : ''}are mutable`);
  }))];
}

function containerResizeFaults({ resources, resizePolicy }: Container, before: Container['resources'] | undefined, path: string, words: string): Fault[] {
  const kinds = (['requests', 'limits'] as const).map((kind) => ({ kind, was: before?.[kind] ?? {}, is: resources[kind] ?? {} }));
  const faults = kinds.filter(({ was, is }) => Object.keys(was).some((name) => is[name] === undefined)).map(({ kind }) => forbidden(`${path}.${kind}`, `resource ${kind} cannot be removed`));
  const [was, is] = [before?.limits?.['memory'], resources.limits?.['memory']];
  const restarts = resizePolicy?.some((policy) => policy.resourceName === 'memory' && policy.restartPolicy === 'RestartContainer');
  // Less than before, or a limit where there was none: what the container holds now may be too much.
  if (is !== undefined && !restarts && (was === undefined || compareQuantities(is, was) < 0)) {
    faults.push(forbidden(`${path}.limits[memory]`, `memory limits cannot be ${was === undefined ? 'added' : 'decreased'} unless resizePolicy is RestartContainer`));
  }
  const fixed = (list: Record<string, string>): [string, string][] => Object.entries(list).filter(([name]) => name !== 'cpu' && name !== 'memory').sort();
  if (kinds.some((kind) => !equalJson(fixed(kind.was), fixed(kind.is)))) faults.push(forbidden('spec', words));
  return faults;
}
