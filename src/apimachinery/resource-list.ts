// Sums and comparisons of whole lists of quantities (`{ cpu: '1', memory: '1Gi' }`), name by name.
// upstream: apiserver/pkg/quota/v1/resources.go
import { addQuantities, compareQuantities, subtractQuantities } from './quantity.ts';

export type Quantities = Readonly<Record<string, string>>;

/** Each name of either list, added up. */
export function addLists(a: Quantities | undefined, b: Quantities | undefined): Record<string, string> {
  const sum: Record<string, string> = { ...a };
  for (const [name, quantity] of Object.entries(b ?? {})) sum[name] = sum[name] === undefined ? quantity : addQuantities(sum[name], quantity);
  return sum;
}

/** Each name of either list, the larger quantity. */
export function largerOf(a: Quantities | undefined, b: Quantities | undefined): Record<string, string> {
  const most: Record<string, string> = { ...a };
  for (const [name, quantity] of Object.entries(b ?? {})) if (most[name] === undefined || compareQuantities(quantity, most[name]) > 0) most[name] = quantity;
  return most;
}

/** `a - b` for the names of `a`; less than nothing is nothing. */
export function subtractLists(a: Quantities, b: Quantities): Record<string, string> {
  return Object.fromEntries(Object.entries(a).map(([name, quantity]) => {
    const rest = b[name] === undefined ? quantity : subtractQuantities(quantity, b[name]);
    return [name, compareQuantities(rest, '0') < 0 ? '0' : rest];
  }));
}

export const pick = (list: Quantities, names: Iterable<string>): Record<string, string> => {
  const wanted = new Set(names);
  return Object.fromEntries(Object.entries(list).filter(([name]) => wanted.has(name)));
};

export const withoutZeros = (list: Quantities): Record<string, string> => Object.fromEntries(Object.entries(list).filter(([, quantity]) => compareQuantities(quantity, '0') !== 0));

/** Names of `list` that are above their bound, sorted; a name without a bound is not. */
export const exceeding = (list: Quantities, bounds: Quantities): string[] =>
  Object.keys(list).filter((name) => bounds[name] !== undefined && compareQuantities(list[name]!, bounds[name]) > 0).sort();

export function equalLists(a: Quantities | undefined, b: Quantities | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => b[name] !== undefined && compareQuantities(a[name]!, b[name]) === 0);
}

/** `cpu=1,memory=1Gi` */
export const listText = (list: Quantities): string => Object.keys(list).sort().map((name) => `${name}=${list[name]!}`).join(',');
