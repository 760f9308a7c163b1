// A container's environment, computed from values already read: `$(VAR)` expansion, references, Service variables.
// upstream: pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), third_party/forked/golang/expansion, pkg/kubelet/envvars
import type { Service } from '../../src/api/core/service.ts';
import { isEnvVarName } from '../../src/apimachinery/names.ts';
import { fieldValue, resourceFieldValue, type NodeAllocatable, type PodAddresses } from './downward.ts';
import { quoted, type Container, type Pod } from './pod.ts';

export interface EnvSources {
  /** The ConfigMap's or Secret's text by key; undefined when there is no such object. */
  configMap(name: string): Readonly<Record<string, string>> | undefined;
  secret(name: string): Readonly<Record<string, string>> | undefined;
  /** Services whose variables the container gets. */
  readonly services: readonly Service[];
  readonly addresses: PodAddresses;
  readonly allocatable: NodeAllocatable;
}

/** The Pod's environment cannot be made: status reason CreateContainerConfigError. */
export class ContainerConfigError extends Error {}

/** Replaces `$(NAME)` by its value; unknown names stay as they are, `$$` is a `$`. */
export function expand(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^()]*)\))/gs, (whole, rest: string, name: string | undefined) => {
    if (rest === '$') return '$';
    return valueOf(name ?? '') ?? whole;
  });
}

const serviceVariable = (name: string): string => name.toUpperCase().replaceAll('-', '_');

/** `WEB_SERVICE_HOST`, `WEB_PORT_80_TCP`, …: the variables of the Services given, oldest form included. */
export function serviceVariables(services: readonly Service[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const service of services) {
    const ip = service.spec?.clusterIP;
    const ports = service.spec?.ports ?? [];
    const first = ports[0];
    if (!ip || ip === 'None' || !first) continue;
    const prefix = serviceVariable(service.metadata.name);
    const host = ip.includes(':') ? `[${ip}]` : ip;
    variables.set(`${prefix}_SERVICE_HOST`, ip);
    variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const port of ports) if (port.name) variables.set(`${prefix}_SERVICE_PORT_${serviceVariable(port.name)}`, String(port.port));
    variables.set(`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}`);
    for (const port of ports) {
      const protocol = port.protocol ?? 'TCP';
      const portPrefix = `${prefix}_PORT_${port.port}_${protocol}`;
      variables.set(portPrefix, `${protocol.toLowerCase()}://${host}:${port.port}`);
      variables.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
      variables.set(`${portPrefix}_PORT`, String(port.port));
      variables.set(`${portPrefix}_ADDR`, ip);
    }
  }
  return variables;
}

/** The Services a Pod's containers see: those of its namespace with enableServiceLinks, and the API server's always. */
export function visibleServices(pod: Pod, services: readonly Service[]): Service[] {
  const own = pod.metadata.namespace;
  const links = pod.spec.enableServiceLinks !== false;
  // The own namespace comes last: its `kubernetes` Service, if any, wins.
  return services
    .filter((s) => (s.metadata.namespace === 'default' && s.metadata.name === 'kubernetes') || (links && s.metadata.namespace === own))
    .sort((a, b) => Number(a.metadata.namespace === own) - Number(b.metadata.namespace === own) || (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** The variables in order, the last definition of a name winning. @throws ContainerConfigError naming what is missing. */
export function environment(pod: Pod, container: Container, sources: EnvSources): { key: string; value: string }[] {
  const result = new Map<string, string>();
  for (const source of container.envFrom ?? []) addAll(result, source, sources);
  const services = serviceVariables(sources.services);
  const lookup = (name: string): string | undefined => result.get(name) ?? services.get(name);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom ? reference(pod, container, variable.valueFrom, sources) : expand(variable.value ?? '', lookup);
    if (value !== undefined) result.set(variable.name, value);
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value);
  return [...result].map(([key, value]) => ({ key, value }));
}

type EnvFrom = NonNullable<Container['envFrom']>[number];
type ValueFrom = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

function addAll(result: Map<string, string>, source: EnvFrom, sources: EnvSources): void {
  const [kind, reference, data] = source.configMapRef
    ? ['configmap', source.configMapRef, sources.configMap(source.configMapRef.name ?? '')] as const
    : ['secret', source.secretRef, sources.secret(source.secretRef?.name ?? '')] as const;
  if (!data) {
    if (reference?.optional) return;
    throw new ContainerConfigError(`${kind} ${quoted(reference?.name ?? '')} not found`);
  }
  for (const key of Object.keys(data).sort()) {
    const name = `${source.prefix ?? ''}${key}`;
    if (isEnvVarName(name).length === 0) result.set(name, data[key] ?? '');
  }
}

function reference(pod: Pod, container: Container, from: ValueFrom, sources: EnvSources): string | undefined {
  if (from.fieldRef) return fieldValue(pod, from.fieldRef.fieldPath, sources.addresses);
  if (from.resourceFieldRef) {
    const { containerName, resource, divisor } = from.resourceFieldRef;
    const target = containerName ? [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === containerName) : container;
    if (!target) throw new ContainerConfigError(`container ${containerName} not found`);
    return resourceFieldValue(target, resource, divisor, sources.allocatable);
  }
  const { configMapKeyRef, secretKeyRef } = from;
  const [kind, selector, data] = configMapKeyRef
    ? ['ConfigMap', configMapKeyRef, sources.configMap(configMapKeyRef.name ?? '')] as const
    : ['Secret', secretKeyRef, sources.secret(secretKeyRef?.name ?? '')] as const;
  if (!selector) return undefined;
  const value = data?.[selector.key];
  if (value !== undefined || selector.optional) return value;
  if (!data) throw new ContainerConfigError(`${kind.toLowerCase()} ${quoted(selector.name ?? '')} not found`);
  throw new ContainerConfigError(`couldn't find key ${selector.key} in ${kind} ${pod.metadata.namespace}/${selector.name}`);
}
