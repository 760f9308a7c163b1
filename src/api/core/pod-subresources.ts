// Pods written through a subresource: ephemeral containers are added, resources of running containers are changed.
// upstream: pkg/registry/core/pod/strategy.go; pkg/apis/core/validation/validation.go, ValidatePodEphemeralContainersUpdate
import { forbidden, invalid, type Fault } from '../../apimachinery/fault.ts';
import { compareQuantities } from '../../apimachinery/quantity.ts';
import type { Container } from './container.ts';
import type { Pod } from './pod.ts';
import { podQosClass } from './pod-qos.ts';
import { equalJson } from '../../util/json.ts';

const isStatic = ({ metadata }: Pod): boolean => metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;

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
    faults.push(invalid('metadata', old.status.qosClass, 'Pod QOS Class may not change as a result of resizing'));
  }
  if (!supportsResize(old)) faults.push(forbidden('spec', 'Pod running on node without support for resize'));
  for (const list of containerLists) {
    (pod.spec[list] ?? []).forEach(({ resources, resizePolicy, restartPolicy }, i) => {
      const before = old.spec[list]?.[i]?.resources;
      for (const kind of ['limits', 'requests'] as const) {
        const was: Record<string, string> = before?.[kind] ?? {};
        const is: Record<string, string> = resources[kind] ?? {};
        const path = `spec.${list}[${i}].resources.${kind}`;
        if (Object.keys(was).some((name) => is[name] === undefined)) faults.push(forbidden(path, `resource ${kind} cannot be removed`));
        const changed = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => was[name] !== is[name]);
        const fixed = list === 'initContainers' && restartPolicy !== 'Always';
        if (changed.some((name) => fixed || (name !== 'cpu' && name !== 'memory'))) faults.push(forbidden(path, 'only cpu and memory resources are mutable'));
        const restarts = resizePolicy?.some((p) => p.resourceName === 'memory' && p.restartPolicy === 'RestartContainer');
        if (kind === 'limits' && was['memory'] && is['memory'] && compareQuantities(is['memory'], was['memory']) < 0 && !restarts) {
          faults.push(forbidden(`${path}[memory]`, 'memory limits cannot be decreased unless resizePolicy is RestartContainer'));
        }
      }
    });
  }
  return faults;
}
