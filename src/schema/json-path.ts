// JSONPath as the columns and selectable fields of custom resources use it: names, indexes, slices, wildcards, descent and
// filters. (upstream: client-go util/jsonpath)
type Step =
  | { readonly kind: 'name'; readonly name: string } | { readonly kind: 'names'; readonly names: readonly string[] } | { readonly kind: 'wildcard' } | { readonly kind: 'descent' }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly step: number } | { readonly kind: 'filter'; readonly holds: (item: unknown) => boolean };

/** The values a path finds; missing keys find nothing. */
export type JsonPath = (root: unknown) => unknown[];

/** Reads a path like `.spec.items[?(@.type=="A")].value`. @throws SyntaxError */
export function parseJsonPath(text: string): JsonPath {
  const steps = parseSteps(text.trim().replace(/^\$/, ''), text);
  return (root) => steps.reduce<unknown[]>((values, step) => values.flatMap((value) => walk(step, value)), [root]);
}

function walk(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'name': return isMap(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'names': return step.names.flatMap((name) => walk({ kind: 'name', name }, value));
    case 'wildcard': return Array.isArray(value) ? value : isMap(value) ? Object.values(value) : [];
    case 'descent': return [value, ...(Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []).flatMap((inner) => walk(step, inner))];
    case 'filter': return Array.isArray(value) ? value.filter(step.holds) : [];
    case 'slice': {
      if (!Array.isArray(value)) return [];
      const { from = 0, to = value.length, step: by } = step;
      const at = (i: number): number => (i < 0 ? i + value.length : i);
      const found: unknown[] = [];
      for (let i = Math.max(0, at(from)); i < Math.min(at(to), value.length); i += by) found.push(value[i]);
      return found;
    }
  }
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function parseSteps(text: string, whole: string): Step[] {
  const steps: Step[] = [];
  for (let rest = text; rest !== '';) {
    const descent = /^\.\.(?=[^.\s])/.exec(rest);
    if (descent) {
      steps.push({ kind: 'descent' });
      rest = `.${rest.slice(2)}`;
      if (rest.startsWith('.[')) rest = rest.slice(1);
      continue;
    }
    const dotted = /^\.((?:\\.|[^.[\]\s\\])+)/.exec(rest);
    if (dotted) {
      const name = dotted[1]!.replace(/\\(.)/g, '$1');
      steps.push(name === '*' ? { kind: 'wildcard' } : { kind: 'name', name });
      rest = rest.slice(dotted[0].length);
      continue;
    }
    const bracket = bracketOf(rest);
    if (bracket === undefined) throw new SyntaxError(`unrecognized JSONPath ${JSON.stringify(whole)}`);
    steps.push(bracketStep(bracket.trim(), whole));
    rest = rest.slice(bracket.length + 2);
  }
  return steps;
}

/** What stands between a leading `[` and its `]`; quotes and inner brackets are passed over. */
function bracketOf(text: string): string | undefined {
  if (!text.startsWith('[')) return undefined;
  let depth = 0;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote) {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '[') depth++;
    else if (c === ']' && --depth === 0) return text.slice(1, i);
  }
  return undefined;
}

function bracketStep(text: string, whole: string): Step {
  if (text === '*') return { kind: 'wildcard' };
  const filter = /^\?\((.*)\)$/s.exec(text);
  if (filter) return { kind: 'filter', holds: condition(filter[1]!.trim(), whole) };
  const slice = /^(-?\d+)?:(-?\d+)?(?::(\d+))?$/.exec(text);
  if (slice) return { kind: 'slice', from: slice[1] === undefined ? undefined : Number(slice[1]), to: slice[2] === undefined ? undefined : Number(slice[2]), step: Math.max(1, Number(slice[3] ?? 1)) };
  // An index is a slice of one.
  if (/^-?\d+$/.test(text)) return { kind: 'slice', from: Number(text), to: Number(text) === -1 ? undefined : Number(text) + 1, step: 1 };
  const names = [...text.matchAll(/\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*(?:,|$)/gy)];
  if (names.length && names.map(([part]) => part).join('') === text) return { kind: 'names', names: names.map(([, single, double]) => (single ?? double ?? '').replace(/\\(.)/g, '$1')) };
  throw new SyntaxError(`unrecognized JSONPath ${JSON.stringify(whole)}`);
}

const operators: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': (a, b) => a === b, '!=': (a, b) => a !== b, '<': (a, b) => comparable(a, b) && a! < b!, '<=': (a, b) => comparable(a, b) && a! <= b!, '>': (a, b) => comparable(a, b) && a! > b!, '>=': (a, b) => comparable(a, b) && a! >= b!,
};
const comparable = (a: unknown, b: unknown): boolean => typeof a === typeof b && (typeof a === 'number' || typeof a === 'string');

function condition(text: string, whole: string): (item: unknown) => boolean {
  const parts = /^(@(?:[^=!<>"']|"[^"]*"|'[^']*')*?)\s*(==|!=|<=|>=|<|>)\s*(.+)$/s.exec(text);
  const left = operand(parts ? parts[1]! : text, whole);
  if (!parts) return (item) => left(item).length > 0;
  const right = operand(parts[3]!, whole);
  const compare = operators[parts[2]!]!;
  return (item) => {
    const [a] = left(item);
    const [b] = right(item);
    return a !== undefined && compare(a, b);
  };
}

function operand(text: string, whole: string): JsonPath {
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) {
    const steps = parseSteps(trimmed.slice(1), whole);
    return (item) => steps.reduce<unknown[]>((values, step) => values.flatMap((value) => walk(step, value)), [item]);
  }
  const quoted = /^(["'])(.*)\1$/s.exec(trimmed);
  if (quoted) return () => [quoted[2]!.replace(/\\(.)/g, '$1')];
  if (trimmed === 'true' || trimmed === 'false') return () => [trimmed === 'true'];
  if (trimmed !== '' && !Number.isNaN(Number(trimmed))) return () => [Number(trimmed)];
  throw new SyntaxError(`unrecognized JSONPath ${JSON.stringify(whole)}`);
}
