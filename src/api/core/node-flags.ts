// What the flags of an agent say of its Node: labels and taints it is registered with, and what is kept from its Pods. Pure.
// upstream: cmd/kubelet/app/options/options.go (ValidateKubeletFlags), pkg/util/taints/taints.go, cmd/kubelet/app/server.go (parseResourceList)
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { canonicalQuantity, compareQuantities } from '../../apimachinery/quantity.ts';
import { isKubeletLabel, isKubernetesLabel, kubeletLabels, kubeletPrefixes } from './kubelet-labels.ts';

export interface NodeTaint { readonly key: string; readonly value?: string; readonly effect: string }

const listed = (text: string): string[] => text.split(',').map((s) => s.trim()).filter(Boolean);
const pair = (text: string): [key: string, value: string | undefined] => {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
};

/** `key=value,…`. @throws Error in upstream's words, on one line */
export function parseNodeLabels(text: string): Record<string, string> {
  const labels = Object.fromEntries(listed(text).map((one): [string, string] => { const [key, value = ''] = pair(one); return [key, value]; }));
  const unknown = Object.keys(labels).filter((key) => isKubernetesLabel(key) && !isKubeletLabel(key)).sort();
  if (unknown.length) {
    throw new Error(`unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [${unknown.join(' ')}]; --node-labels in the 'kubernetes.io' namespace must begin with `
      + `an allowed prefix (${kubeletPrefixes.join(', ')}) or be in the specifically allowed set (${kubeletLabels.join(', ')})`);
  }
  const invalid = Object.entries(labels).flatMap(([key, value]) => [[key, isQualifiedName(key)] as const, [value, isValidLabelValue(value)] as const]).filter(([, errors]) => errors.length);
  if (invalid.length) throw new Error(`invalid node labels: ${invalid.map(([what, errors]) => `'${what}' - ${errors.join(', ')}`).join('; ')}`);
  return labels;
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** `key=value:effect,key:effect,…`. @throws Error in upstream's words */
export function parseTaints(text: string): NodeTaint[] {
  const taints: NodeTaint[] = [];
  for (const spec of listed(text)) {
    const [identity, effect, ...more] = spec.split(':') as [string, ...(string | undefined)[]];
    const [key, value = '', ...further] = identity.split('=') as [string, ...(string | undefined)[]];
    if (effect === undefined || more.length || further.length) throw new Error(`invalid taint spec: ${spec}`);
    if (!effects.includes(effect)) throw new Error(`invalid taint effect: ${effect}, unsupported taint effect`);
    const errors = [...isValidLabelValue(value), ...isQualifiedName(key)];
    if (errors.length) throw new Error(`invalid taint spec: ${spec}, ${errors.join('; ')}`);
    if (taints.some((other) => other.key === key && other.effect === effect)) throw new Error(`duplicated taints with the same key and effect: {${key} ${value} ${effect} <nil>}`);
    taints.push({ key, ...(value === '' ? {} : { value }), effect });
  }
  return taints;
}

/** Process ids cannot be kept back: nothing limits how many Pods have. */
const reservable = ['cpu', 'memory', 'ephemeral-storage'];

/** `cpu=500m,memory=1Gi`. @throws Error in upstream's words */
export function parseReserved(text: string): Record<string, string> {
  return Object.fromEntries(listed(text).map((one): [string, string] => {
    const [name, quantity] = pair(one);
    if (quantity === undefined) throw new Error('malformed pair, expect string=string');
    if (!reservable.includes(name)) throw new Error(`cannot reserve "${name}" resource`);
    let canonical: string;
    try {
      canonical = canonicalQuantity(quantity);
    } catch (error) {
      throw new Error(`failed to parse quantity "${quantity}" for "${name}" resource: ${(error as Error).message}`, { cause: error });
    }
    if (compareQuantities(canonical, '0') < 0) throw new Error(`resource quantity for "${name}" cannot be negative: ${quantity}`);
    return [name, canonical];
  }));
}
