// Which fields of a Pod and which resources of a container environment variables and downward API files may show.
// upstream: pkg/apis/core/validation/validation.go, validateObjectFieldSelector; pkg/apis/core/pods/helpers.go
import { child, invalid, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { compareQuantities, isQuantity } from '../../apimachinery/quantity.ts';
import type { ObjectFieldSelector, ResourceFieldSelector } from './references.ts';

export const envFieldPaths = [
  'metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs',
] as const;
export const volumeFieldPaths = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'] as const;

/** Labels of the downward API that exist at all, although none may be used everywhere. */
const knownPaths: ReadonlySet<string> = new Set([...envFieldPaths, ...volumeFieldPaths, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase']);

/** `metadata.labels['app']` splits into its path and subscript; anything else is undefined. */
function splitSubscript(fieldPath: string): { readonly path: string; readonly subscript: string } | undefined {
  const match = /^([^[]+)\['(.*)'\]$/s.exec(fieldPath);
  return match ? { path: match[1] ?? '', subscript: match[2] ?? '' } : undefined;
}

export function fieldPathFaults({ apiVersion, fieldPath }: ObjectFieldSelector, path: string, allowed: readonly string[]): Fault[] {
  if (!apiVersion) return [required(child(path, 'apiVersion'))];
  if (!fieldPath) return [];
  const fieldPathPath = child(path, 'fieldPath');
  if (apiVersion !== 'v1') return [invalid(fieldPathPath, fieldPath, `error converting fieldPath: unsupported pod version: ${apiVersion}`)];
  const subscripted = splitSubscript(fieldPath);
  if (!subscripted) {
    const internal = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
    if (!knownPaths.has(internal)) return [invalid(fieldPathPath, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)];
    return allowed.includes(internal) ? [] : [notSupported(fieldPathPath, internal, allowed)];
  }
  switch (subscripted.path) {
    case 'metadata.annotations': return isQualifiedName(subscripted.subscript.toLowerCase()).map((problem) => invalid(path, subscripted.subscript, problem));
    case 'metadata.labels': return isQualifiedName(subscripted.subscript).map((problem) => invalid(path, subscripted.subscript, problem));
    default: return [invalid(fieldPathPath, fieldPath, `error converting fieldPath: field label does not support subscript: ${fieldPath}`)];
  }
}

const resourceNames = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'];
const cpuDivisors = ['1m', '1'];
const sizeDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

function divisorFaults(resource: string, divisor: string, path: string): Fault[] {
  if (!isQuantity(divisor) || compareQuantities(divisor, '0') === 0) return [];
  const kind = resource.replace(/^(limits|requests)\./, '');
  const allowed = kind === 'cpu' ? cpuDivisors : sizeDivisors;
  if (allowed.some((unit) => compareQuantities(unit, divisor) === 0)) return [];
  const values = kind === 'cpu' ? '1m and 1' : sizeDivisors.join(', ');
  const words = kind === 'ephemeral-storage' ? 'local ephemeral storage' : kind.startsWith('hugepages-') ? 'hugepages' : kind;
  return [invalid(child(path, 'divisor'), resource, `only divisor's values ${values} are supported with the ${words} resource`)];
}

/** A selector in a volume must name its container. */
export function containerResourceFieldFaults({ containerName, resource, divisor }: ResourceFieldSelector, path: string, inVolume = false): Fault[] {
  const faults: Fault[] = [];
  if (inVolume && !containerName) faults.push(required(child(path, 'containerName')));
  else if (resource && !resourceNames.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    faults.push(notSupported(child(path, 'resource'), resource, resourceNames));
  }
  return [...faults, ...divisorFaults(resource, divisor, path)];
}
