// Label and field selectors: read from queries (`a=b,c!=d,e in (x,y),!f`), from LabelSelector objects and from plain maps;
// matched and written back. Error texts are the ones clients know.
// upstream: apimachinery/pkg/labels/selector.go, pkg/fields/selector.go, pkg/apis/meta/v1/helpers.go
import { aggregate } from './aggregate.ts';
import { isQualifiedName, isValidLabelValue } from './names.ts';

export type Labels = Readonly<Record<string, string>>;
export type SelectorOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';
export interface Requirement { readonly key: string; readonly operator: SelectorOperator; readonly values: readonly string[] }

/** A metav1.LabelSelector. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

const integer = (text: string | undefined): bigint | undefined => (text !== undefined && /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined);

function requirementMatches({ key, operator, values }: Requirement, labels: Labels): boolean {
  const has = Object.hasOwn(labels, key);
  switch (operator) {
    case '=': case '==': case 'in': return has && values.includes(labels[key]!);
    case '!=': case 'notin': return !has || !values.includes(labels[key]!);
    case 'exists': return has;
    case '!': return !has;
    case 'gt': case 'lt': {
      const [actual, bound] = [has ? integer(labels[key]) : undefined, integer(values[0])];
      return actual !== undefined && bound !== undefined && (operator === 'gt' ? actual > bound : actual < bound);
    }
  }
}

function requirementText({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'exists': return key;
    case '!': return `!${key}`;
    case 'in': case 'notin': return `${key} ${operator} (${[...values].sort().join(',')})`;
    case 'gt': case 'lt': return `${key}${operator === 'gt' ? '>' : '<'}${values[0]}`;
    default: return `${key}${operator}${values[0]}`;
  }
}

/** A label selector ready to match. All requirements must hold; `undefined` requirements match nothing. */
export class Selector {
  readonly requirements: readonly Requirement[] | undefined;
  constructor(requirements: readonly Requirement[] | undefined) {
    this.requirements = requirements && [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }
  matches(labels: Labels | null | undefined): boolean {
    return this.requirements?.every((requirement) => requirementMatches(requirement, labels ?? {})) ?? false;
  }
  /** True when nothing is demanded: it matches everything. */
  get empty(): boolean { return this.requirements?.length === 0; }
  /** The one value `key` must have, when the selector says so. */
  exactValue(key: string): string | undefined {
    const requirement = this.requirements?.find((r) => r.key === key);
    return requirement && ['=', '==', 'in'].includes(requirement.operator) && requirement.values.length === 1 ? requirement.values[0] : undefined;
  }
  /** The query form; empty for "everything" and "nothing". */
  toString(): string { return (this.requirements ?? []).map(requirementText).join(','); }
}
export const everything = new Selector([]);
export const nothing = new Selector(undefined);

const invalidValue = (path: string, value: string, why: string[]): string => `${path}: Invalid value: ${JSON.stringify(value)}: ${why.join('; ')}`;

/** What is wrong with a requirement; the words of labels.NewRequirement. */
function requirementFaults({ key, operator, values }: Requirement): string[] {
  const keyFaults = isQualifiedName(key);
  const faults = keyFaults.length ? [invalidValue('key', key, keyFaults)] : [];
  if (operator === 'gt' || operator === 'lt') {
    if (integer(values[0]) === undefined) faults.push(invalidValue('values[0]', values[0] ?? '', ["for 'Gt', 'Lt' operators, the value must be an integer"]));
  }
  values.forEach((value, i) => {
    const valueFaults = isValidLabelValue(value);
    if (valueFaults.length) faults.push(invalidValue(`values[${i}][${key}]`, value, valueFaults));
  });
  return faults;
}

interface Token { readonly kind: 'identifier' | 'symbol' | 'end'; readonly text: string }

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [part] of text.matchAll(/==|!=|[=!(),<>]|[^=!(),<>\s]+/g)) {
    tokens.push({ kind: /^[=!(),<>]/.test(part) ? 'symbol' : 'identifier', text: part });
  }
  return [...tokens, { kind: 'end', text: '' }];
}

const binaryOperators: Readonly<Record<string, SelectorOperator>> = { in: 'in', notin: 'notin', '=': '=', '==': '==', '!=': '!=', '>': 'gt', '<': 'lt' };

class SelectorParser {
  readonly #tokens: Token[];
  #at = 0;
  constructor(text: string) { this.#tokens = tokenize(text); }

  #peek(): Token { return this.#tokens[this.#at]!; }
  #next(): Token { return this.#tokens[this.#at++] ?? { kind: 'end', text: '' }; }
  #is(text: string): boolean { return this.#peek().kind === 'symbol' && this.#peek().text === text; }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (this.#peek().kind !== 'end') {
      if (this.#peek().kind !== 'identifier' && !this.#is('!')) throw new Error(`found '${this.#peek().text}', expected: !, identifier, or 'end of string'`);
      try { requirements.push(this.#requirement()); } catch (error) { throw new Error(`unable to parse requirement: ${(error as Error).message}`); }
      const { kind, text } = this.#next();
      if (kind === 'end') break;
      if (text !== ',') throw new Error(`found '${text}', expected: ',' or 'end of string'`);
      if (this.#peek().kind !== 'identifier' && !this.#is('!')) throw new Error(`found '${this.#peek().text}', expected: identifier after ','`);
    }
    return requirements;
  }

  #requirement(): Requirement {
    const absent = this.#is('!');
    if (absent) this.#next();
    const { kind, text: key } = this.#next();
    if (kind !== 'identifier') throw new Error(`found '${key}', expected: identifier`);
    const keyFaults = isQualifiedName(key);
    if (keyFaults.length) throw new Error(invalidValue('<nil>', key, keyFaults));
    if (this.#peek().kind === 'end' || this.#is(',')) return { key, operator: absent ? '!' : 'exists', values: [] };
    if (absent) return { key, operator: '!', values: [] };
    const word = this.#next().text;
    const operator = Object.hasOwn(binaryOperators, word) ? binaryOperators[word] : undefined;
    if (!operator) throw new Error(`found '${word}', expected: in, notin, =, ==, !=, gt, lt`);
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()];
    const requirement = { key, operator, values: [...new Set(values)].sort() };
    const faults = requirementFaults(requirement);
    if (faults.length) throw new Error(aggregate(faults));
    return requirement;
  }

  #value(): string {
    if (this.#peek().kind === 'end' || this.#is(',')) return '';
    const { kind, text } = this.#next();
    if (kind !== 'identifier') throw new Error(`found '${text}', expected: identifier`);
    return text;
  }

  /** `(x,,y)`: an empty place between commas is the empty value. */
  #values(): string[] {
    const open = this.#next();
    if (open.text !== '(') throw new Error(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (let value = '', filled = false; ;) {
      const { kind, text } = this.#next();
      if (kind === 'identifier') {
        if (filled) throw new Error(`found '${text}', expected: ',' or ')'`);
        [value, filled] = [text, true];
      } else if (text === ',' || text === ')') {
        values.push(value);
        if (text === ')') return values;
        [value, filled] = ['', false];
      } else if (filled) {
        throw new Error(`found '${text}', expected: ',' or ')'`);
      } else {
        throw new Error(values.length ? `found '${text}', expected: ',', or identifier` : `found '${text}', expected: ',', ')' or identifier`);
      }
    }
  }
}

/** Reads the query form; throws an Error with Kubernetes' words (the API answers it as a bad request). */
export const parseLabelSelector = (text: string): Selector => new Selector(new SelectorParser(text).parse());

/** Matches objects that have all these labels; an empty or absent map matches everything. */
export const selectorFromSet = (set: Labels | null | undefined): Selector =>
  new Selector(Object.entries(set ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));

const expressionOperators: Readonly<Record<string, SelectorOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** A LabelSelector ready to match: absent matches nothing, empty everything. Throws on what validation would refuse. */
export function selectorFromObject(selector: LabelSelectorObject | null | undefined): Selector {
  if (!selector) return nothing;
  const requirements: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] }));
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(expressionOperators, operator) ? expressionOperators[operator]! : undefined;
    if (!known) throw new Error(`"${operator}" is not a valid label selector operator`);
    if ((known === 'in' || known === 'notin') && values.length === 0) throw new Error("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
    if ((known === 'exists' || known === '!') && values.length > 0) throw new Error(`values: Invalid value: ${JSON.stringify(values)}: values set must be empty for exists and does not exist`);
    requirements.push({ key, operator: known, values });
  }
  for (const requirement of requirements) {
    const faults = requirementFaults(requirement);
    if (faults.length) throw new Error(faults.join(', '));
  }
  return new Selector(requirements);
}

/** The text of a LabelSelector in a table: the query form, `<none>` when absent or empty, `<error>` when it cannot be read. */
export function labelSelectorText(selector: LabelSelectorObject | null | undefined): string {
  try { return selectorFromObject(selector).toString() || '<none>'; } catch { return '<error>'; }
}

/** The text of a map of labels in a table: `k=v` sorted and joined, `<none>` when empty. */
export const labelsText = (labels: Labels | null | undefined): string =>
  Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`).sort().join(',') || '<none>';

export interface FieldRequirement { readonly field: string; readonly operator: '=' | '!='; readonly value: string }

/** A field selector ready to match. */
export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  constructor(requirements: readonly FieldRequirement[]) { this.requirements = requirements; }
  /** `valueOf` gives the value of a field of the object, '' when unset. */
  matches(valueOf: (field: string) => string): boolean {
    return this.requirements.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === '='));
  }
  get empty(): boolean { return this.requirements.length === 0; }
  exactValue(field: string): string | undefined { return this.requirements.find((r) => r.field === field && r.operator === '=')?.value; }
  toString(): string { return this.requirements.map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`).join(','); }
}

function unescapeValue(text: string): string {
  let value = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === ',' || character === '=') throw new Error(`invalid field selector: unescaped character in value: ${character}`);
    if (character !== '\\') { value += character; continue; }
    const escaped = text[++i] ?? '';
    if (!['\\', ',', '='].includes(escaped)) throw new Error(`invalid field selector: invalid escape sequence: \\${escaped}`);
    value += escaped;
  }
  return value;
}

/** Reads `a=b,c!=d` (`\,`, `\=` and `\\` escape); throws an Error with Kubernetes' words. Whether a field may be selected by is the caller's to judge. */
export function parseFieldSelector(text: string): FieldSelector {
  const terms = text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];
  return new FieldSelector([...terms].sort().map((term) => {
    const split = /^([^=!]*(?:!(?!=)[^=!]*)*)(!=|==|=)(.*)$/s.exec(term);
    if (!split) throw new Error(`invalid selector: '${text}'; can't understand '${term}'`);
    return { field: split[1]!, operator: split[2] === '!=' ? '!=' : '=', value: unescapeValue(split[3]!) };
  }));
}
