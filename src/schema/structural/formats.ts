// String formats of structural schemas; unknown ones judge nothing. (upstream: kube-openapi pkg/validation/strfmt)
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isQuantity } from '../../apimachinery/quantity.ts';

const dateTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const duration = /^-?\d+(\.\d+)?\s*(ns|us|µs|μs|ms|s|m|h|d|w|nano(second)?s?|micros?|microseconds?|millis?|milliseconds?|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?|weeks?|wks?)(\s*\d+(\.\d+)?\s*(ns|us|µs|μs|ms|s|m|h))*$/i;
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const uuidOf = (version: number, variant: string): RegExp => new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i');
const hostname = /^(?=.{1,255}$)[a-zA-Z0-9\p{L}]([-a-zA-Z0-9\p{L}]{0,61}[a-zA-Z0-9\p{L}])?(\.[a-zA-Z0-9\p{L}]([-a-zA-Z0-9\p{L}]{0,61}[a-zA-Z0-9\p{L}])?)*\.?$/u;

function isDate(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!parts) return false;
  const day = new Date(Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])));
  return day.getUTCMonth() === Number(parts[2]) - 1 && day.getUTCDate() === Number(parts[3]);
}

function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  return /^\d{1,3}$/.test(bits) && ((isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128));
}

/** As Go's url.ParseRequestURI: absolute, or a path. */
function isUri(text: string): boolean {
  if (/[\s\p{Cc}]/u.test(text)) return false;
  return text.startsWith('/') || /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text);
}

const luhn = (digits: string): boolean => [...digits].reverse().reduce((sum, digit, i) => sum + (i % 2 ? (Number(digit) * 2 > 9 ? Number(digit) * 2 - 9 : Number(digit) * 2) : Number(digit)), 0) % 10 === 0;
const isbn10 = (text: string): boolean => /^\d{9}[\dXx]$/.test(text) && [...text].reduce((sum, c, i) => sum + (10 - i) * (/[Xx]/.test(c) ? 10 : Number(c)), 0) % 11 === 0;
const isbn13 = (text: string): boolean => /^\d{13}$/.test(text) && [...text].reduce((sum, c, i) => sum + (i % 2 ? 3 : 1) * Number(c), 0) % 10 === 0;
const bare = (text: string): string => text.replace(/[\s-]+/g, '');

const checks: Readonly<Record<string, (text: string) => boolean>> = {
  'bsonobjectid': (t) => /^[0-9a-f]{24}$/i.test(t), 'uri': isUri, 'email': (t) => /^[^\s@<>]+@[^\s@<>]+$/.test(t), 'hostname': (t) => hostname.test(t),
  'ipv4': (t) => isIPv4(t), 'ipv6': (t) => isIP(t) === 6, 'cidr': isCidr, 'mac': (t) => /^([0-9a-f]{2}([:-]))([0-9a-f]{2}\2){4,6}[0-9a-f]{2}$|^([0-9a-f]{4}\.){2,3}[0-9a-f]{4}$/i.test(t),
  'uuid': (t) => uuid.test(t), 'uuid3': (t) => uuidOf(3, '[0-9a-f]').test(t), 'uuid4': (t) => uuidOf(4, '[89ab]').test(t), 'uuid5': (t) => uuidOf(5, '[89ab]').test(t),
  'isbn': (t) => isbn10(bare(t)) || isbn13(bare(t)), 'isbn10': (t) => isbn10(bare(t)), 'isbn13': (t) => isbn13(bare(t)), 'creditcard': (t) => /^\d{12,19}$/.test(bare(t)) && luhn(bare(t)),
  'ssn': (t) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(t), 'hexcolor': (t) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(t),
  'rgbcolor': (t) => /^rgb\(\s*(\d{1,3}\s*,\s*){2}\d{1,3}\s*\)$/.test(t) && (t.match(/\d+/g) ?? []).every((n) => Number(n) <= 255),
  'byte': (t) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(t), 'password': () => true, 'date': isDate,
  'duration': (t) => t === '0' || duration.test(t), 'date-time': (t) => dateTime.test(t) && isDate(t.slice(0, 10)), 'datetime': (t) => dateTime.test(t) && isDate(t.slice(0, 10)), 'quantity': (t) => isQuantity(t),
};

/** Whether a text is one of a format; true for formats nobody knows. */
export const hasFormat = (format: string, text: string): boolean => !Object.hasOwn(checks, format) || checks[format]!(text);
