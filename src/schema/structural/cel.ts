// CEL as rules of custom resources speak it: the language with Kubernetes' own functions for lists, patterns, quantities and
// addresses. (upstream: apiserver pkg/cel/library)
import { Environment, Optional } from '@marcbachmann/cel-js';
import { addQuantities, compareQuantities, isQuantity, parseQuantity, quantityValue, subtractQuantities } from '../../apimachinery/quantity.ts';
import { addAddresses } from './cel-addresses.ts';
import { addAuthorizer } from './cel-authorizer.ts';
import { evaluateCounted, meter, type Evaluation } from './cel-cost.ts';
import { format, quote } from './cel-format.ts';
import { addPatterns, InstantiationError, useGoPatterns } from './cel-patterns.ts';
import { addSets } from './cel-sets.ts';

/** A text that is a quantity, as a value of its own type. */
class Quantity {
  readonly text: string;
  constructor(text: string) { this.text = text; }
}
class Url {
  readonly url: URL;
  constructor(text: string) { this.url = new URL(text); }
}

type Comparable = bigint | number | string | boolean | Date;
const compare = (a: Comparable, b: Comparable): number => (a < b ? -1 : a > b ? 1 : 0);
function extreme(list: readonly Comparable[], sign: number): Comparable {
  if (list.length === 0) throw new Error('min/max called on empty list');
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}
function sum(list: readonly (bigint | number)[]): bigint | number {
  return list.reduce((total, item) => (typeof total === 'bigint' && typeof item === 'bigint' ? total + item : Number(total) + Number(item)), typeof list[0] === 'number' ? 0 : 0n);
}
const indexIn = (list: readonly unknown[], item: unknown, last: boolean): bigint => {
  const at = (value: unknown): boolean => value === item;
  return BigInt(last ? list.findLastIndex(at) : list.findIndex(at));
};
const absolute = (text: string): boolean => URL.canParse(text) && /^[a-z][a-z0-9+.-]*:/i.test(text);
/** What stands before `.quote`. */
class Strings {}
function replaceSome(text: string, from: string, to: string, limit: number): string {
  if (limit < 0) return text.split(from).join(to);
  const parts = text.split(from);
  return parts.slice(1).reduce((whole, part, i) => `${whole}${i < limit ? to : from}${part}`, parts[0] ?? '');
}

const library = addPatterns(addSets(addAddresses(new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: { maxAstNodes: 10_000, maxDepth: 100 } }))))
  .registerType('kubernetes.Quantity', Quantity)
  .registerType('kubernetes.URL', Url)
  .registerFunction('list<dyn>.isSorted(): bool', (list: readonly Comparable[]) => list.every((item, i) => i === 0 || compare(list[i - 1]!, item) <= 0))
  .registerFunction('list<dyn>.sum(): dyn', sum)
  .registerFunction('list<dyn>.min(): dyn', (list: readonly Comparable[]) => extreme(list, -1))
  .registerFunction('list<dyn>.max(): dyn', (list: readonly Comparable[]) => extreme(list, 1))
  .registerFunction('list<dyn>.indexOf(dyn): int', (list: readonly unknown[], item: unknown) => indexIn(list, item, false))
  .registerFunction('list<dyn>.lastIndexOf(dyn): int', (list: readonly unknown[], item: unknown) => indexIn(list, item, true))
  .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) => text.split(from).join(to))
  .registerFunction('string.replace(string, string, int): string', (text: string, from: string, to: string, limit: bigint) => replaceSome(text, from, to, Number(limit)))
  .registerFunction('string.format(list<dyn>): string', format)
  .registerType('kubernetes.Strings', Strings).registerConstant('strings', 'kubernetes.Strings', new Strings())
  .registerFunction('kubernetes.Strings.quote(string): string', (_strings: Strings, text: string) => quote(text))
  .registerFunction('string.charAt(int): string', (text: string, at: bigint) => text.charAt(Number(at)))
  .registerFunction('isURL(string): bool', absolute)
  .registerFunction('url(string): kubernetes.URL', (text: string) => new Url(text))
  .registerFunction('kubernetes.URL.getScheme(): string', ({ url }: Url) => url.protocol.replace(/:$/, ''))
  .registerFunction('kubernetes.URL.getHost(): string', ({ url }: Url) => url.host)
  .registerFunction('kubernetes.URL.getHostname(): string', ({ url }: Url) => url.hostname)
  .registerFunction('kubernetes.URL.getPort(): string', ({ url }: Url) => url.port)
  .registerFunction('kubernetes.URL.getEscapedPath(): string', ({ url }: Url) => url.pathname)
  .registerFunction('kubernetes.URL.getQuery(): map<string, list<string>>', ({ url }: Url) => Object.fromEntries([...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)])))
  .registerFunction('isQuantity(string): bool', (text: string) => isQuantity(text))
  .registerFunction('quantity(string): kubernetes.Quantity', (text: string) => {
    if (!isQuantity(text)) throw new Error(`quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`);
    return new Quantity(text);
  })
  .registerFunction('kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool', (a: Quantity, b: Quantity) => compareQuantities(a.text, b.text) > 0)
  .registerFunction('kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool', (a: Quantity, b: Quantity) => compareQuantities(a.text, b.text) < 0)
  .registerFunction('kubernetes.Quantity.compareTo(kubernetes.Quantity): int', (a: Quantity, b: Quantity) => BigInt(compareQuantities(a.text, b.text)))
  .registerFunction('kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity', (a: Quantity, b: Quantity) => new Quantity(addQuantities(a.text, b.text)))
  .registerFunction('kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity', (a: Quantity, b: Quantity) => new Quantity(subtractQuantities(a.text, b.text)))
  .registerFunction('kubernetes.Quantity.sign(): int', ({ text }: Quantity) => BigInt(compareQuantities(text, '0')))
  .registerFunction('kubernetes.Quantity.isInteger(): bool', ({ text }: Quantity) => compareQuantities(text, String(quantityValue(text))) === 0)
  .registerFunction('kubernetes.Quantity.asInteger(): int', ({ text }: Quantity) => BigInt(quantityValue(text)))
  .registerFunction('kubernetes.Quantity.asApproximateFloat(): double', ({ text }: Quantity) => Number(parseQuantity(text).nanos) / 1e9);

const ofRequests = (environment = library.clone(), object = 'dyn'): Environment => addAuthorizer(environment).registerVariable('object', object).registerVariable('oldObject', object).registerVariable('request', 'dyn');
const ofPolicies = (environment: Environment): Environment => environment.registerVariable('params', 'dyn').registerVariable('namespaceObject', 'dyn').registerVariable('variables', 'dyn');
/** `oldSelf` as rules know it, and as those do that are judged without one, too (`optionalOldSelf`); what conditions on requests know, and policies. */
const environments = {
  plain: library.clone().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn'), optional: library.clone().registerVariable('self', 'dyn').registerVariable('oldSelf', 'optional<dyn>'),
  request: ofRequests(), policy: ofPolicies(ofRequests()),
};
for (const environment of Object.values(environments)) meter(environment);
export { Optional };

/** What expressions of policies know, with an `object` of the type that `declare` registers and names: for checking only. */
export function typedPolicyEnvironment(declare: (environment: Environment) => string): Environment {
  const environment = library.clone();
  return ofPolicies(ofRequests(environment, declare(environment)));
}

export interface Expression {
  /** `bool`, `string`, or `dyn` where only a value can tell. */
  readonly type: string;
  /** What goes wrong is part of the result, in CEL's words. */
  evaluate(variables: Readonly<Record<string, unknown>>, most?: number): Evaluation;
}

const compiled: Readonly<Record<keyof typeof environments, Map<string, Expression>>> = { plain: new Map(), optional: new Map(), request: new Map(), policy: new Map() };
const compiledKept = 1000;

/** @throws SyntaxError with CEL's words */
export function compileExpression(text: string, variables: keyof typeof environments = 'plain'): Expression {
  const known = compiled[variables];
  let expression = known.get(text);
  if (!expression) {
    expression = compile(text, environments[variables]);
    if (known.size >= compiledKept) known.delete(known.keys().next().value!);
    known.set(text, expression);
  }
  return expression;
}

function compile(text: string, environment: Environment): Expression {
  try {
    const { valid, type, error } = environment.check(text);
    const parsed = environment.parse(text);
    if (valid) useGoPatterns(text, parsed.ast);
    if (valid && type !== undefined) return { type, evaluate: (variables, most) => evaluateCounted(parsed, { ...variables }, most) };
    throw error ?? new Error('the expression has no type');
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new SyntaxError((error as Error).message.split('\n')[0]!);
  }
}

/** How a refusal by `compileExpression` is told. */
export const compileFault = (error: SyntaxError): string => `${error instanceof InstantiationError ? 'program instantiation failed' : 'compilation failed'}: ${error.message}`;
