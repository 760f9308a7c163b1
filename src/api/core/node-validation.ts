// Rules a Node must pass, and what an update may not change. Paths of taints are upstream's own, below metadata.
// upstream: pkg/apis/core/validation/validation.go, ValidateNode and ValidateNodeUpdate
import { child, duplicate, forbidden, index, invalid, notSupported, required, show, type Fault } from '../../apimachinery/fault.ts';
import { cidrVersion, isConfigMapKey, isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidCIDR, isValidLabelValue } from '../../apimachinery/names.ts';
import { resourceQuantityFaults } from './resources.ts';
import type { NodeConfigSource, NodeSpec, Taint } from './node-spec.ts';
import type { NodeStatus } from './node-status.ts';
import { taintEffects } from './toleration.ts';
import { equalJson } from '../../util/json.ts';

const messages = (path: string, value: unknown, texts: readonly string[]): Fault[] => texts.map((text) => invalid(path, value, text));

function taintFaults(taints: readonly Taint[], path: string): Fault[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const at = index(path, i);
    const { key, value = '', effect } = taint;
    const valueFaults = isValidLabelValue(value);
    const faults = [
      ...messages(child(at, 'key'), key, isQualifiedName(key)),
      ...(valueFaults.length ? [invalid(child(at, 'value'), value, valueFaults.join(';'))] : []),
    ];
    if (!effect) faults.push(required(child(at, 'effect')));
    else if (!taintEffects.some((known) => known === effect)) faults.push(notSupported(child(at, 'effect'), effect, taintEffects, 'given'));
    if (seen.has(`${effect}/${key}`)) faults.push({ type: 'Duplicate', field: at, message: `Duplicate value: ${show(taint)}: taints must be unique by key and effect pair` });
    seen.add(`${effect}/${key}`);
    return faults;
  });
}

function podCIDRFaults(ranges: readonly string[]): Fault[] {
  const path = 'spec.podCIDRs';
  const faults = ranges.flatMap((range, i) => messages(index(path, i), range, isValidCIDR(range)));
  if (ranges.length > 1) {
    if (ranges.length > 2 || new Set(ranges.map(cidrVersion)).size !== 2) faults.push(invalid(path, ranges, 'may specify no more than one CIDR for each IP family'));
    ranges.forEach((range, i) => { if (ranges.indexOf(range) < i) faults.push(duplicate(index(path, i), range)); });
  }
  return faults;
}

function configSourceFaults(source: NodeConfigSource, path: string, inStatus: boolean): Fault[] {
  const { configMap } = source;
  if (!configMap) return [invalid(path, source, 'exactly one reference subfield must be non-nil')];
  const at = child(path, 'configMap');
  const faults: Fault[] = [];
  for (const field of ['uid', 'resourceVersion'] as const) {
    if (inStatus && !configMap[field]) faults.push(required(child(at, field), `${field} must be set in status`));
    if (!inStatus && configMap[field]) faults.push(forbidden(child(at, field), `${field} must not be set in spec`));
  }
  for (const [field, check] of [['namespace', isDNS1123Label], ['name', isDNS1123Subdomain], ['kubeletConfigKey', isConfigMapKey]] as const) {
    faults.push(...(configMap[field] ? messages(child(at, field), configMap[field], check(configMap[field])) : [required(child(at, field), `${field} must be set`)]));
  }
  return faults;
}

function updateFaults(spec: NodeSpec, old: NodeSpec): Fault[] {
  const faults: Fault[] = [];
  if (old.podCIDRs?.length && !equalJson(spec.podCIDRs, old.podCIDRs)) faults.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if (old.providerID && spec.providerID !== old.providerID) faults.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  if ((spec.externalID ?? '') !== (old.externalID ?? '')) faults.push(forbidden('spec.externalID', 'may not be updated'));
  return faults;
}

export const nodeFaults = (spec: NodeSpec, old?: NodeSpec): Fault[] => [
  ...taintFaults(spec.taints ?? [], 'metadata.taints'),
  ...podCIDRFaults(spec.podCIDRs ?? []),
  ...(spec.configSource ? configSourceFaults(spec.configSource, 'spec.configSource', false) : []),
  ...(old ? updateFaults(spec, old) : []),
];

export function nodeStatusFaults(status: NodeStatus): Fault[] {
  const faults: Fault[] = [];
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, quantity] of Object.entries(status[list] ?? {})) faults.push(...resourceQuantityFaults(name, quantity, `status.${list}.${name}`));
  }
  const seen = new Set<string>();
  (status.addresses ?? []).forEach((address, i) => {
    const text = `${address.type}/${address.address}`;
    if (seen.has(text)) faults.push(duplicate(index('status.addresses', i), address));
    seen.add(text);
  });
  for (const name of ['assigned', 'active', 'lastKnownGood'] as const) {
    const source = status.config?.[name];
    if (source) faults.push(...configSourceFaults(source, `status.config.${name}`, true));
  }
  return faults;
}
