// Lists taken as sets in CEL. (upstream: cel-go ext/sets.go)
import type { Environment } from '@marcbachmann/cel-js';
import { spend } from './cel-cost.ts';

type Members = Readonly<Record<string, unknown>>;
/** cel-js has unsigned numbers, times and durations as objects. */
const plain = (value: unknown): unknown => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value.valueOf() : value);
const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

/** Equal in CEL: numbers of whatever type by their value. */
function same(a: unknown, b: unknown): boolean {
  const [left, right] = [plain(a), plain(b)];
  // Whole numbers of every type are written alike.
  if (isNumber(left) && isNumber(right) && typeof left !== typeof right) return String(left) === String(right);
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right;
  if (Array.isArray(left) || Array.isArray(right)) return Array.isArray(left) && Array.isArray(right) && left.length === right.length && left.every((item, i) => same(item, right[i]));
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && same((left as Members)[name], (right as Members)[name]));
}

/** Each item is compared with each. */
function isIn(list: readonly unknown[], item: unknown): boolean {
  spend(list.length);
  return list.some((own) => same(own, item));
}
const containsAll = (list: readonly unknown[], others: readonly unknown[]): boolean => others.every((item) => isIn(list, item));

/** What stands before the names of the functions. */
class Sets {}

export function addSets(environment: Environment): Environment {
  return environment
    .registerType('kubernetes.Sets', Sets).registerConstant('sets', 'kubernetes.Sets', new Sets())
    .registerFunction('kubernetes.Sets.contains(list<dyn>, list<dyn>): bool', (_sets: Sets, a: readonly unknown[], b: readonly unknown[]) => containsAll(a, b))
    .registerFunction('kubernetes.Sets.equivalent(list<dyn>, list<dyn>): bool', (_sets: Sets, a: readonly unknown[], b: readonly unknown[]) => containsAll(a, b) && containsAll(b, a))
    .registerFunction('kubernetes.Sets.intersects(list<dyn>, list<dyn>): bool', (_sets: Sets, a: readonly unknown[], b: readonly unknown[]) => a.some((item) => isIn(b, item)));
}
