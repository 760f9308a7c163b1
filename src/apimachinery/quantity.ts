// Exact resource quantities ("100m", "1.5Gi", "2e3"): a whole number of nanos and the family of suffixes they print in.
// upstream: apimachinery/pkg/api/resource/quantity.go, suffix.go
import { remembered } from '../util/remembered.ts';

/** A quantity as it stands in JSON: text, or a bare number. */
export type QuantityText = string | number;
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
export interface Quantity { readonly nanos: bigint; readonly format: QuantityFormat }

const nanosPerUnit = 10n ** 9n;
const nanosPerMilli = 10n ** 6n;
/** Binary quantities are capped at the largest int64. */
const maximumBinary = (2n ** 63n - 1n) * nanosPerUnit;
/** Exponents beyond this are refused: no resource needs them, and expanding them would cost the server its memory. */
const largestExponent = 300;

const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const numericWrong = "unable to parse numeric part of quantity";
const suffixWrong = "unable to parse quantity's suffix";

const decimalSuffixes: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binarySuffixes: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalSuffixOf = new Map(Object.entries(decimalSuffixes).map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixNames = ['', ...Object.keys(binarySuffixes)];

function interpretSuffix(suffix: string): { exponent: number; format: QuantityFormat } {
  const decimal = decimalSuffixes[suffix];
  if (decimal !== undefined) return { exponent: decimal, format: 'DecimalSI' };
  const binary = binarySuffixes[suffix];
  if (binary !== undefined) return { exponent: binary, format: 'BinarySI' };
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix);
  if (!exponent || Math.abs(Number(exponent[1])) > largestExponent) throw new Error(suffixWrong);
  return { exponent: Number(exponent[1]), format: 'DecimalExponent' };
}

/** Away from zero: asking for a little never becomes asking for nothing. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (value % by === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** Of different quantities a cluster has few, and reads them at every write of a Pod and every look at a node. */
const quantitiesKept = 4096;
const read = remembered(readQuantity, quantitiesKept);

/** Reads a quantity; throws an Error with Go's words. Anything finer than a nano is rounded away from zero. */
export const parseQuantity = (text: QuantityText): Quantity => read(typeof text === 'string' ? text : String(text));

function readQuantity(text: string): Quantity {
  const match = /^([+-]?)([0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text.trim());
  if (!match) throw new Error(formatWrong);
  const [, sign, number, suffix] = match as unknown as [string, string, string, string];
  const digits = /^(\d*)(?:\.(\d*))?$/.exec(number);
  if (!digits) throw new Error(formatWrong);
  const fraction = digits[2] ?? '';
  const unscaled = `${digits[1]}${fraction}`;
  if (unscaled === '') throw new Error(numericWrong);
  const { exponent, format } = interpretSuffix(suffix);

  let nanos = BigInt(unscaled) * (format === 'BinarySI' ? 2n ** BigInt(exponent) : 1n);
  const scale = 9 - fraction.length + (format === 'BinarySI' ? 0 : exponent);
  nanos = scale >= 0 ? nanos * 10n ** BigInt(scale) : divideUp(nanos, 10n ** BigInt(-scale));
  if (format === 'BinarySI' && nanos > maximumBinary) nanos = maximumBinary;
  return Object.freeze<Quantity>({
    nanos: sign === '-' ? -nanos : nanos,
    format: format === 'BinarySI' && nanos > 0n && nanos < nanosPerUnit ? 'DecimalSI' : format,
  });
}

export function isQuantity(text: unknown): text is QuantityText {
  if (typeof text !== 'string' && typeof text !== 'number') return false;
  try { parseQuantity(text); return true; } catch { return false; }
}

function formatDecimal(nanos: bigint, format: QuantityFormat): string {
  let mantissa = nanos;
  let exponent = -9;
  while (mantissa % 1000n === 0n && (format === 'DecimalExponent' || exponent < 18)) { mantissa /= 1000n; exponent += 3; }
  if (format === 'DecimalExponent') return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`;
  return `${mantissa}${decimalSuffixOf.get(exponent)!}`;
}

/** The canonical text: whole digits and the largest suffix of the family that loses nothing. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const size = nanos < 0n ? -nanos : nanos;
  if (format !== 'BinarySI') return formatDecimal(nanos, format);
  if (size < 1024n * nanosPerUnit || nanos % nanosPerUnit !== 0n) return formatDecimal(nanos, 'DecimalSI');
  let mantissa = nanos / nanosPerUnit;
  let step = 0;
  while (step < 6 && mantissa % 1024n === 0n) { mantissa /= 1024n; step++; }
  return `${mantissa}${binarySuffixNames[step]!}`;
}

/** `canonicalQuantity('1.5Gi')` → `1536Mi`. Throws on malformed text. */
export const canonicalQuantity = (text: QuantityText): string => canonical(typeof text === 'string' ? text : String(text));
const canonical = remembered((text) => formatQuantity(readQuantity(text)), quantitiesKept);

/** Canonical text of the value rounded up to whole milli units, as resource lists are stored. */
export function roundUpToMilli(text: QuantityText): string {
  const { nanos, format } = parseQuantity(text);
  return formatQuantity({ nanos: divideUp(nanos, nanosPerMilli) * nanosPerMilli, format });
}

/** Canonical text of the value rounded up to whole base units. */
export function roundUpToUnit(text: QuantityText): string {
  const { nanos, format } = parseQuantity(text);
  return formatQuantity({ nanos: divideUp(nanos, nanosPerUnit) * nanosPerUnit, format });
}

/** Negative, 0 or positive, as `a` is less than, equal to or more than `b`. */
export function compareQuantities(a: QuantityText, b: QuantityText): number {
  const difference = parseQuantity(a).nanos - parseQuantity(b).nanos;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function combine(a: QuantityText, b: QuantityText, sign: bigint): string {
  const left = parseQuantity(a);
  const right = parseQuantity(b);
  return formatQuantity({ nanos: left.nanos + sign * right.nanos, format: left.nanos === 0n ? right.format : left.format });
}

/** Canonical text of `a + b`, in the family of `a` (of `b` when `a` is zero). */
export const addQuantities = (a: QuantityText, b: QuantityText): string => combine(a, b, 1n);
/** Canonical text of `a - b`, in the family of `a` (of `b` when `a` is zero). */
export const subtractQuantities = (a: QuantityText, b: QuantityText): string => combine(a, b, -1n);

/** The value in base units (cores, bytes, pieces), rounded up. */
export const quantityValue = (text: QuantityText): number => Number(divideUp(parseQuantity(text).nanos, nanosPerUnit));
/** The value in thousandths of the base unit (millicores), rounded up. */
export const milliValue = (text: QuantityText): number => Number(divideUp(parseQuantity(text).nanos, nanosPerMilli));
