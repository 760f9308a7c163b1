// `'…%s…'.format([…])` of CEL: texts with values put into them. (upstream: cel-go ext/formatting.go, as of ext.StringsVersion(2))

/** cel-js keeps the classes of these to itself. */
interface Duration { readonly seconds: bigint; readonly nanos: number }
const isDuration = (value: unknown): value is Duration => typeof value === 'object' && value !== null && typeof (value as Duration).seconds === 'bigint' && typeof (value as Duration).nanos === 'number';
const isUnsigned = (value: unknown): boolean => typeof value === 'object' && value !== null && typeof value.valueOf() === 'bigint';

const kindOf = (value: unknown): string => {
  if (value === null) return 'null_type';
  if (typeof value === 'bigint') return 'int';
  if (isUnsigned(value)) return 'uint';
  if (typeof value === 'number') return 'double';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Date) return 'google.protobuf.Timestamp';
  if (isDuration(value)) return 'google.protobuf.Duration';
  return Array.isArray(value) ? 'list' : 'map';
};
const integerOf = (value: unknown): bigint | undefined => (typeof value === 'bigint' ? value : isUnsigned(value) ? BigInt(String(value)) : undefined);

const special = (value: number): string | undefined => (Number.isNaN(value) ? 'NaN' : value === Infinity ? '∞' : value === -Infinity ? '-∞' : undefined);
const fixed = (value: number, digits: number): string => special(value) ?? value.toFixed(digits);
const superscript = '⁰¹²³⁴⁵⁶⁷⁸⁹';
function scientific(value: number, digits: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(digits).split('e');
  const power = exponent.slice(1).padStart(2, '0').replace(/\d/g, (digit) => superscript[Number(digit)]!);
  return special(value) ?? `${mantissa}\u202f×\u202f10${exponent.startsWith('-') ? '⁻' : ''}${power}`;
}
const secondsOf = (value: Duration): string => `${Number(value.seconds) + value.nanos / 1e9}s`;
const timeOf = (value: Date): string => value.toISOString().replace(/\.000Z$/, 'Z');
const decoded = (value: Uint8Array): string => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();

/** As `%s` shows it; inside of lists and maps texts are quoted, and what is written in words says what it is. */
function shown(value: unknown, inside = false): string {
  if (typeof value === 'string') return inside ? JSON.stringify(value) : value;
  if (value === null || typeof value === 'boolean') return String(value);
  const integer = integerOf(value);
  if (integer !== undefined) return String(integer);
  if (typeof value === 'number') return inside ? fixed(value, 6) : String(value);
  if (value instanceof Uint8Array) return inside ? `b${JSON.stringify(decoded(value))}` : decoded(value);
  if (value instanceof Date) return inside ? `timestamp(${JSON.stringify(timeOf(value))})` : timeOf(value);
  if (isDuration(value)) return inside ? `duration(${JSON.stringify(secondsOf(value))})` : secondsOf(value);
  if (Array.isArray(value)) return `[${value.map((item) => shown(item, true)).join(', ')}]`;
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value as object);
  return `{${entries.map(([key, member]) => [shown(key, true), shown(member, true)]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)).map((pair) => pair.join(':')).join(', ')}}`;
}

function inBase(value: unknown, base: 2 | 8 | 16, name: string, more: string): string {
  const integer = integerOf(value);
  if (integer !== undefined) return integer.toString(base);
  if (base === 2 && typeof value === 'boolean') return value ? '1' : '0';
  if (base === 16 && (typeof value === 'string' || value instanceof Uint8Array)) return Buffer.from(value).toString('hex');
  throw new Error(`error during formatting: ${name} clause can only be used on ${more}, was given ${kindOf(value)}`);
}

function clause(verb: string, digits: number | undefined, value: unknown): string {
  switch (verb) {
    case 's': return shown(value);
    case 'd': {
      const integer = integerOf(value);
      if (integer === undefined) throw new Error(`error during formatting: decimal clause can only be used on integers, was given ${kindOf(value)}`);
      return String(integer);
    }
    case 'f': case 'e': {
      const number = typeof value === 'number' ? value : { 'NaN': NaN, 'Infinity': Infinity, '-Infinity': -Infinity }[String(value)];
      if (number === undefined) throw new Error(`error during formatting: ${verb === 'f' ? 'fixed-point' : 'scientific'} clause can only be used on doubles, was given ${kindOf(value)}`);
      return (verb === 'f' ? fixed : scientific)(number, digits ?? 6);
    }
    case 'b': return inBase(value, 2, 'binary', 'integers and bools');
    case 'o': return inBase(value, 8, 'octal', 'integers');
    case 'x': return inBase(value, 16, 'hex', 'integers, byte buffers, and strings');
    case 'X': return inBase(value, 16, 'hex', 'integers, byte buffers, and strings').toUpperCase();
    default: throw new Error(`could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(verb)}`);
  }
}

/** @throws Error in CEL's words */
export function format(template: string, values: readonly unknown[]): string {
  let next = 0;
  return template.replace(/%(%|(?:\.(\d*))?([^]?))/g, (_whole, rest: string, precision: string | undefined, verb: string | undefined) => {
    if (rest === '%') return '%';
    if (next >= values.length) throw new Error(`index ${next} out of range`);
    if (!verb) throw new Error('could not parse formatting clause: unexpected end of string');
    if (precision === '') throw new Error('could not parse formatting clause: error while parsing precision: could not convert precision to integer');
    return clause(verb, precision === undefined ? undefined : Math.min(Number(precision), 100), values[next++]);
  });
}

const escapes: Readonly<Record<string, string>> = { '\x07': 'a', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v' };
/** A text as it would be written in CEL. (upstream: cel-go ext/strings.go, quote) */
export const quote = (text: string): string => `"${[...text].map((c) => (c === '\\' || c === '"' ? `\\${c}` : escapes[c] ? `\\${escapes[c]}` : c)).join('')}"`;
