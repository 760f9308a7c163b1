// Faults of values that kinds of several groups have: what may not change, and names of a certain form.
// upstream: apimachinery pkg/util/validation/validation.go, pkg/api/validation/objectmeta.go; pkg/apis/storage/validation (ValidateCSIDriverName)
import { invalid, required, tooLong, type Fault } from '../apimachinery/fault.ts';
import { isDNS1123Label, isDNS1123Subdomain, isPathSegmentName, rangeError, regexError } from '../apimachinery/names.ts';
import { equalJson } from '../util/json.ts';

export const messages = (path: string, value: unknown, texts: readonly string[]): Fault[] => texts.map((text) => invalid(path, value, text));

/** A fault whose message shows no value. */
export const valueless = (path: string, detail: string): Fault => ({ type: 'Invalid', field: path, message: `Invalid value: ${detail}` });

/** A value that an update may not change; absent and null are the same. */
export const immutableFaults = (value: unknown, old: unknown, path: string): Fault[] =>
  (equalJson(value ?? null, old ?? null) ? [] : [invalid(path, value, 'field is immutable')]);

export const atLeastZero = (value: number | null | undefined, path: string): Fault[] =>
  ((value ?? 0) < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : []);

/** A name that must be given and can be part of a URL path. */
export const segmentFaults = (name: string | undefined, path: string, missing = ''): Fault[] =>
  (name ? messages(path, name, isPathSegmentName(name)) : [required(path, missing)]);

const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const httpPathPattern = new RegExp(`^${httpPath}$`);

/** `example.com/thing`. */
export function domainPrefixedPathFaults(text: string, path: string): Fault[] {
  if (text === '') return [required(path)];
  const slash = text.indexOf('/');
  const [domain, rest] = slash < 0 ? ['', ''] : [text.slice(0, slash), text.slice(slash + 1)];
  if (domain === '' || rest === '') return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  return [...messages(path, domain, isDNS1123Subdomain(domain)), ...(httpPathPattern.test(rest) ? [] : [invalid(path, rest, regexError('Invalid path', httpPath))])];
}

/** A domain name of at least three parts. */
export function fullyQualifiedNameFaults(name: string, path: string): Fault[] {
  if (name === '') return [required(path)];
  const problems = isDNS1123Subdomain(name);
  if (problems.length > 0) return [invalid(path, name, problems.join(','))];
  return name.split('.').length < 3 ? [invalid(path, name, 'should be a domain with at least three segments separated by dots')] : [];
}

const longestDriverName = 63;
export function csiDriverNameFaults(name: string | undefined, path: string): Fault[] {
  const text = name ?? '';
  return [
    ...(text === '' ? [required(path)] : []), ...(text.length > longestDriverName ? [tooLong(path, text, longestDriverName)] : []),
    ...messages(path, text, isDNS1123Subdomain(text.toLowerCase())),
  ];
}

/** Names that must be labels, for example of containers. */
export const labelFaults = (name: string, path: string): Fault[] => messages(path, name, isDNS1123Label(name));

export const rangeFaults = (value: number, low: number, high: number, path: string): Fault[] =>
  (value < low || value > high ? [invalid(path, value, rangeError(low, high))] : []);

const shortestToken = 600;
/** How long a ServiceAccount token may be asked to live. */
export function tokenExpirationFaults(seconds: number, path: string): Fault[] {
  if (seconds < shortestToken) return [invalid(path, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > 2 ** 32 ? [invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
}
