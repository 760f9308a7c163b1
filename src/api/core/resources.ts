// Compute resources a container, a Pod or a volume asks for.
// upstream: pkg/apis/core/validation/validation.go, validateContainerResourceRequirements; pkg/apis/core/helper/helpers.go
import { child, forbidden, invalid, key, required, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { canonicalQuantity, compareQuantities, isQuantity, milliValue, parseQuantity, quantityValue } from '../../apimachinery/quantity.ts';
import { array, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';

/** Resource name to quantity text. */
export type ResourceList = Record<string, string>;

export const resourceClaim = object('ResourceClaim', {
  name: string(1, { required: true, doc: 'Name of an entry of the Pod\'s resourceClaims.' }),
  request: string(2, { doc: 'Request of the claim to use; empty is all of it.' }),
}, { doc: 'Refers to an entry of the Pod\'s resourceClaims.' });

export const resourceRequirements = object('ResourceRequirements', {
  limits: map(1, types.quantity, { doc: 'Most that may be used of each resource.' }),
  requests: map(2, types.quantity, { doc: 'Least that is set aside of each resource; equals the limit when only that is given.' }),
  claims: array(3, resourceClaim, { listType: 'map', keys: ['name'], doc: 'Device claims that are used.' }),
}, { doc: 'Compute resources: what is set aside and what may be used.' });
export interface ResourceRequirements extends FieldsValue<typeof resourceRequirements.fields> {}

export const volumeResourceRequirements = object('VolumeResourceRequirements', {
  limits: map(1, types.quantity, { doc: 'Most the volume may offer of each resource.' }),
  requests: map(2, types.quantity, { doc: 'Least the volume must offer of each resource.' }),
}, { doc: 'Storage a claim asks for.' });

const hugePagesPrefix = 'hugepages-';
const isHugePages = (name: string): boolean => name.startsWith(hugePagesPrefix);
const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
/** One that somebody advertises on a node. upstream: v1helper.IsExtendedResourceName */
export const isExtended = (name: string): boolean => !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0;
const containerResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
const quotaResources: ReadonlySet<string> = new Set([
  'requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage', 'pods', 'resourcequotas',
  'services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims', 'storage', 'requests.storage', 'services.nodeports', 'services.loadbalancers',
]);

/** Faults of a resource's name, where any kind of resource may stand. */
export function resourceNameFaults(name: string, path: string): Fault[] {
  const problems = isQualifiedName(name);
  if (problems.length > 0) return problems.map((problem) => invalid(path, name, problem));
  const standard = containerResources.has(name) || quotaResources.has(name) || isHugePages(name);
  return name.includes('/') || standard ? [] : [invalid(path, name, 'must be a standard resource type or fully qualified')];
}

/** Faults of a resource's name, where only what a container can use may stand. */
export function containerResourceNameFaults(name: string, path: string): Fault[] {
  const faults = resourceNameFaults(name, path);
  if (!name.includes('/')) {
    if (!containerResources.has(name) && !isHugePages(name)) faults.push(invalid(path, name, 'must be a standard resource for containers'));
  } else if (!isNative(name) && !isExtended(name)) faults.push(invalid(path, name, "doesn't follow extended resource name standard"));
  return faults;
}

/** Faults of a resource's name in a quota. */
export function quotaResourceNameFaults(name: string, path: string): Fault[] {
  const faults = resourceNameFaults(name, path);
  if (!name.includes('/') && !isQuotaResource(name)) faults.push(invalid(path, name, 'must be a standard resource for quota'));
  return faults;
}
export const isQuotaResource = (name: string): boolean => containerResources.has(name) || quotaResources.has(name) || isHugePages(name) || name.startsWith(`requests.${hugePagesPrefix}`);
/** Whether nodes may promise more of it than they have. */
export const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name);

const nanosPerUnit = 1_000_000_000n;

/** Faults of the amount of a resource: not negative, whole for what comes in pieces. */
export function resourceQuantityFaults(name: string, quantity: string, path: string): Fault[] {
  if (!isQuantity(quantity)) return [];
  const faults: Fault[] = [];
  if (compareQuantities(quantity, '0') < 0) faults.push(invalid(path, quantity, 'must be greater than or equal to 0'));
  if ((isExtended(name) || quotaResources.has(name) && !/^(requests|limits)\.|^storage$/.test(name)) && parseQuantity(quantity).nanos % nanosPerUnit !== 0n) {
    faults.push(invalid(path, quantity, 'must be an integer'));
  }
  return faults;
}

/** Faults of an amount that only has to be none below zero; whole units count, as upstream rounds up. */
export const basicQuantityFaults = (quantity: string, path: string): Fault[] =>
  (isQuantity(quantity) && quantityValue(quantity) < 0 ? [invalid(path, quantityValue(quantity), 'must be a valid resource quantity')] : []);

function hugePagesFaults(name: string, quantity: string, path: string): Fault[] {
  const size = name.slice(hugePagesPrefix.length);
  if (!isQuantity(size) || !isQuantity(quantity) || quantityValue(size) <= 0) return [];
  return parseQuantity(quantity).nanos % parseQuantity(size).nanos === 0n
    ? [] : [invalid(path, quantity, `${quantity} is not positive integer multiple of ${name}`)];
}

interface Requirements { readonly limits?: ResourceList; readonly requests?: ResourceList; readonly claims?: readonly { name: string; request?: string }[] }

/** Faults of a container's resources; `nameFaults` says which resources may be named (containers and Pods differ). */
export function resourceRequirementFaults(requirements: Requirements, path: string, nameFaults = containerResourceNameFaults): Fault[] {
  const { limits = {}, requests = {} } = requirements;
  const limitsPath = child(path, 'limits');
  const requestsPath = child(path, 'requests');
  const entryFaults = (list: ResourceList, listPath: string): Fault[] => Object.entries(list).flatMap(([name, quantity]) => [
    ...nameFaults(name, key(listPath, name)),
    ...resourceQuantityFaults(name, quantity, key(listPath, name)),
    ...(isHugePages(name) ? hugePagesFaults(name, quantity, key(listPath, name)) : []),
  ]);
  const faults = [...entryFaults(limits, limitsPath), ...entryFaults(requests, requestsPath)];
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    const overcommit = isOvercommitAllowed(name);
    if (limit === undefined) {
      if (!overcommit) faults.push(required(limitsPath, 'Limit must be set for non overcommitable resources'));
    } else if (isQuantity(request) && isQuantity(limit)) {
      const order = compareQuantities(request, limit);
      if (order !== 0 && !overcommit) faults.push(invalid(requestsPath, request, `must be equal to ${name} limit of ${limit}`));
      else if (order > 0) faults.push(invalid(requestsPath, request, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.some((name) => name === 'cpu' || name === 'memory')) faults.push(forbidden(path, 'HugePages require cpu or memory'));
  return faults;
}

/** Warnings about amounts of resources that come in whole bytes. */
export const fractionWarnings = (amounts: Readonly<ResourceList> | undefined, path: string, names: readonly string[]): string[] => names.flatMap((name) => {
  const amount = amounts?.[name];
  return amount !== undefined && isQuantity(amount) && milliValue(amount) % 1000 !== 0
    ? [`${key(path, name)}: fractional byte value ${JSON.stringify(canonicalQuantity(amount))} is invalid, must be an integer`] : [];
});
