// x-kubernetes-validations: rules in CEL over a value and, on updates, over what it replaces.
// upstream: apiextensions-apiserver pkg/apiserver/schema/cel/validation.go
import { forbidden, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { equalJson } from '../../util/json.ts';
import { CostExceeded, perCallLimit, perObjectBudget } from './cel-cost.ts';
import { compileExpression, compileFault, Optional } from './cel.ts';
import { additionalOf, isEmbedded, isIntOrString, isMap, itemsOf, propertyOf, type StructuralRule, type StructuralSchema } from './structural-schema.ts';

/** Rules that name the old value are judged only where there is one. */
export const namesOld = ({ rule }: Pick<StructuralRule, 'rule'>): boolean => /\boldSelf\b/.test(rule.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, ''));

/** What one evaluation may cost, and all over one object together; none left: no further one is judged. */
export interface Budget { left: number; readonly perCall: number }

/** Faults of a whole object; `old` is what it replaces. */
export function ruleFaults(root: StructuralSchema, value: unknown, old: unknown, budget: Budget = { left: perObjectBudget, perCall: perCallLimit }): Fault[] {
  return hasRules(root) ? judge({ ...root, 'type': 'object', 'x-kubernetes-embedded-resource': true }, value, old, '', budget) : [];
}

const known = new WeakMap<StructuralSchema, boolean>();
export function hasRules(schema: StructuralSchema): boolean {
  let answer = known.get(schema);
  if (answer === undefined) {
    const inner = [itemsOf(schema), additionalOf(schema), ...Object.values(schema.properties ?? {})];
    answer = (schema['x-kubernetes-validations']?.length ?? 0) > 0 || inner.some((s) => s !== undefined && hasRules(s));
    known.set(schema, answer);
  }
  return answer;
}

function judge(schema: StructuralSchema, value: unknown, old: unknown, path: string, budget: Budget): Fault[] {
  if (value === null || value === undefined || budget.left <= 0 || !hasRules(schema)) return [];
  // What has not changed is not judged again.
  if (old !== undefined && equalJson(value, old)) return [];
  const rules = schema['x-kubernetes-validations'] ?? [];
  const own = rules.length ? evaluateAll(rules, schema, value, old, path, budget) : [];
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    const before = previousItems(schema, old);
    return items ? [...own, ...value.flatMap((item, i) => judge(items, item, before(item), `${path}[${i}]`, budget))] : own;
  }
  if (!isMap(value)) return own;
  const oldMember = (name: string): unknown => (isMap(old) && Object.hasOwn(old, name) ? old[name] : undefined);
  const additional = additionalOf(schema);
  return [...own, ...Object.entries(value).flatMap(([name, member]) => {
    const property = propertyOf(schema, name);
    if (property) return judge(property, member, oldMember(name), path === '' ? name : `${path}.${name}`, budget);
    return additional ? judge(additional, member, oldMember(name), `${path}[${name}]`, budget) : [];
  })];
}

function previousItems(schema: StructuralSchema, old: unknown): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (!Array.isArray(old) || schema['x-kubernetes-list-type'] !== 'map') return () => undefined;
  return (item) => (isMap(item) ? old.find((other: unknown) => isMap(other) && keys.every((key) => equalJson(other[key], item[key]))) : undefined);
}

function evaluateAll(rules: readonly StructuralRule[], schema: StructuralSchema, value: unknown, old: unknown, path: string, budget: Budget): Fault[] {
  const self = celValue(schema, value);
  const oldSelf = old === undefined || old === null ? undefined : celValue(schema, old);
  const type = isIntOrString(schema) ? 'dyn' : schema.type;
  const faults: Fault[] = [];
  const fault = (why: string): void => { faults.push(invalid(path || '<nil>', type, why)); };
  for (const rule of rules) {
    if (namesOld(rule) && oldSelf === undefined && !rule.optionalOldSelf) continue;
    const variables = rule.optionalOldSelf ? { self, oldSelf: oldSelf === undefined ? Optional.none() : Optional.of(oldSelf) } : oldSelf === undefined ? { self } : { self, oldSelf };
    const named = (rule.message || rule.rule).trim();
    const { cost, value: holds, error } = compileExpression(rule.rule, rule.optionalOldSelf ? 'optional' : 'plain').evaluate(variables, budget.perCall);
    if (cost > budget.left) {
      budget.left = 0;
      fault('validation failed due to running out of cost budget, no further validation rules will be run');
      return faults;
    }
    budget.left -= cost;
    if (error instanceof CostExceeded) {
      budget.left = 0;
      fault(`'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${named}`);
      return faults;
    }
    if (error) {
      const why = error.message.split('\n')[0]!;
      fault(`${why.startsWith('No such key: ') ? why.replace('No', 'no') : why} evaluating rule: ${named}`);
    } else if (holds !== true) {
      const at = rule.fieldPath ? `${path}${rule.fieldPath}`.replace(/^\./, '') : path || '<nil>';
      const { text, spent } = messageOf(rule, variables, budget);
      faults.push(spent ? invalid(at, type, text) : faultOf(rule, at, type, value, text));
      if (spent) return faults;
    }
  }
  return faults;
}

const longestMessage = 5 * 1024;
/** What is told of a rule that does not hold; `spent`: nothing is left to judge another one. */
function messageOf({ rule, message, messageExpression, optionalOldSelf }: StructuralRule, variables: { self: unknown; oldSelf?: unknown }, budget: Budget): { readonly text: string; readonly spent: boolean } {
  const plain = { text: message ? message.trim() : `failed rule: ${rule.trim()}`, spent: false };
  if (!messageExpression) return plain;
  const { cost, value, error } = compileExpression(messageExpression, optionalOldSelf ? 'optional' : 'plain').evaluate(variables, budget.perCall);
  const over = cost > budget.left;
  if (over || error instanceof CostExceeded) {
    budget.left = 0;
    return { text: over ? 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run' : `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(messageExpression)}`, spent: true };
  }
  budget.left -= cost;
  // The plain message stands in for one that cannot be made, as upstream's does.
  const text = typeof value === 'string' ? value.trim() : '';
  return text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= longestMessage ? { text, spent: false } : plain;
}

function faultOf({ reason }: StructuralRule, path: string, type: string | undefined, value: unknown, detail: string): Fault {
  switch (reason) {
    case 'FieldValueForbidden': return forbidden(path, detail);
    case 'FieldValueRequired': return required(path, detail);
    case 'FieldValueDuplicate': return { type: 'Duplicate', field: path, message: `Duplicate value: ${JSON.stringify(type ?? value)}` };
    default: return invalid(path, type, detail);
  }
}

const reserved: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while']);
/** What is no identifier of CEL is named otherwise in it. */
const escapeName = (name: string): string => (reserved.has(name) ? `__${name}__` : name.replace(/__/g, '__underscores__').replace(/\./g, '__dot__').replace(/-/g, '__dash__').replace(/\//g, '__slash__'));

/** A value as CEL's types: whole numbers are ints, dates are timestamps; of objects only what their schema names. */
function celValue(schema: StructuralSchema, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isInteger(value) && (schema.type !== 'number') ? BigInt(value) : value;
  if (typeof value === 'string') return (schema.format === 'date-time' || schema.format === 'date') && !Number.isNaN(Date.parse(value)) ? new Date(value) : value;
  if (Array.isArray(value)) {
    const items = itemsOf(schema) ?? {};
    return value.map((item) => celValue(items, item));
  }
  if (!isMap(value)) return value;
  const additional = additionalOf(schema);
  const members: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    const property = propertyOf(schema, name);
    if (property) members.push([escapeName(name), celValue(property, member)]);
    else if (additional) members.push([name, celValue(additional, member)]);
    else if (isEmbedded(schema) && (name === 'apiVersion' || name === 'kind')) members.push([name, member]);
  }
  if (isEmbedded(schema) && isMap(value['metadata'])) members.push(['metadata', Object.fromEntries(Object.entries(value['metadata']).filter(([name]) => name === 'name' || name === 'generateName'))]);
  return Object.fromEntries(members);
}

/** What is wrong with a rule before it has seen a value, in CEL's words. */
export function expressionFault(text: string, wanted: 'bool' | 'string', optionalOldSelf = false): string | undefined {
  try {
    const { type } = compileExpression(text, optionalOldSelf ? 'optional' : 'plain');
    return type === wanted || type === 'dyn' ? undefined : wanted === 'bool' ? 'cel expression must evaluate to a bool' : 'messageExpression must evaluate to a string';
  } catch (error) {
    if (error instanceof SyntaxError) return compileFault(error);
    throw error;
  }
}
