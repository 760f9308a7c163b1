// The forms names, labels, keys and addresses must have: each check returns what is wrong, in Kubernetes' words.
// upstream: apimachinery/pkg/util/validation/validation.go, pkg/api/validation/path/name.go
import { isIPv4, isIPv6 } from 'node:net';

const label1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain1123 = `${label1123}(\\.${label1123})*`;
const wildcardSubdomain = `\\*\\.${subdomain1123}`;
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedNamePart = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = `(${qualifiedNamePart})?`;
const configMapKey = '[-._a-zA-Z0-9]+';
const percent = '[0-9]+%';
const headerName = '[-A-Za-z0-9]+';

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const patterns = {
  label1123: whole(label1123), subdomain1123: whole(subdomain1123), wildcardSubdomain: whole(wildcardSubdomain), label1035: whole(label1035), qualifiedNamePart: whole(qualifiedNamePart),
  labelValue: whole(labelValue), configMapKey: whole(configMapKey), percent: whole(percent), headerName: whole(headerName),
};

const label1123Words = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const subdomain1123Words = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const label1035Words = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const qualifiedNameWords = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const labelValueWords = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const envVarNameWords = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const configMapKeyWords = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";

/** `words (e.g. 'a',  or 'b', regex used for validation is 're')`. */
export function regexError(words: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${words} (regex used for validation is '${pattern}')`;
  return `${words} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`;
}
export const tooLongError = (limit: number): string => `must be no more than ${limit} characters`;
export const rangeError = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

/** Lengths are bytes, as in Go. */
const longer = (text: string, limit: number): string[] => (Buffer.byteLength(text) > limit ? [tooLongError(limit)] : []);

export function isDNS1123Label(text: string): string[] {
  const faults = longer(text, 63);
  if (patterns.label1123.test(text)) return faults;
  return [...faults, patterns.subdomain1123.test(text) ? 'must not contain dots' : regexError(label1123Words, label1123, 'my-name', '123-abc')];
}

export function isDNS1123Subdomain(text: string): string[] {
  const faults = longer(text, 253);
  return patterns.subdomain1123.test(text) ? faults : [...faults, regexError(subdomain1123Words, subdomain1123, 'example.com')];
}

const searchLabel = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const searchPattern = whole(`${searchLabel}(\\.${searchLabel})*`);
const searchWords = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
/** As a subdomain, with underscores. The words show the pattern without them, as upstream's do. */
export function isDNS1123SubdomainWithUnderscore(text: string): string[] {
  const faults = longer(text, 253);
  return searchPattern.test(text) ? faults : [...faults, regexError(searchWords, subdomain1123, 'example.com')];
}

const wildcardWords = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
/** `*.example.com`. */
export function isWildcardDNS1123Subdomain(text: string): string[] {
  const faults = longer(text, 253);
  return patterns.wildcardSubdomain.test(text) ? faults : [...faults, regexError(wildcardWords, wildcardSubdomain, '*.example.com')];
}

export function isDNS1035Label(text: string): string[] {
  const faults = longer(text, 63);
  return patterns.label1035.test(text) ? faults : [...faults, regexError(label1035Words, label1035, 'my-name', 'abc-123')];
}

/** `[prefix/]name`: label and annotation keys, resource names, condition types. */
export function isQualifiedName(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2) {
    return [`a qualified name ${regexError(qualifiedNameWords, qualifiedNamePart, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const faults: string[] = [];
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === '') faults.push('prefix part must be non-empty');
    else faults.push(...isDNS1123Subdomain(prefix).map((fault) => `prefix part ${fault}`));
  }
  const name = parts.at(-1)!;
  if (name === '') faults.push('name part must be non-empty');
  else faults.push(...longer(name, 63).map((fault) => `name part ${fault}`));
  if (!patterns.qualifiedNamePart.test(name)) faults.push(`name part ${regexError(qualifiedNameWords, qualifiedNamePart, 'MyName', 'my.name', '123-abc')}`);
  return faults;
}

export function isValidLabelValue(text: string): string[] {
  const faults = longer(text, 63);
  return patterns.labelValue.test(text) ? faults : [...faults, regexError(labelValueWords, labelValue, 'MyValue', 'my_value', '12345')];
}

/** Names that become file names must not climb out of their directory. */
function climbs(text: string): string[] {
  if (text === '.') return ["must not be '.'"];
  if (text === '..') return ["must not be '..'"];
  return text.startsWith('..') ? ["must not start with '..'"] : [];
}

export function isEnvVarName(text: string): string[] {
  if (text === '') return ['environment variable name must be non-empty'];
  return /^[ -<>-~]*$/.test(text) ? [] : [envVarNameWords];
}

export function isConfigMapKey(text: string): string[] {
  const faults = longer(text, 253);
  if (!patterns.configMapKey.test(text)) faults.push(regexError(configMapKeyWords, configMapKey, 'key.name', 'KEY_NAME', 'key-name'));
  return [...faults, ...climbs(text)];
}

/** An IANA service name. */
export function isValidPortName(text: string): string[] {
  const faults: string[] = [];
  if (text.length > 15) faults.push(tooLongError(15));
  if (!/^[-a-z0-9]+$/.test(text)) faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) faults.push('must contain at least one letter (a-z)');
  if (text.includes('--')) faults.push('must not contain consecutive hyphens');
  if (text !== '' && (text.startsWith('-') || text.endsWith('-'))) faults.push('must not begin or end with a hyphen');
  return faults;
}

export const isValidPortNum = (port: number): string[] => (port >= 1 && port <= 65535 ? [] : [rangeError(1, 65535)]);

/** A number in the range of ports, or the name of a container's port. */
export const isValidPort = (port: number | string): string[] => (typeof port === 'number' ? isValidPortNum(port) : isValidPortName(port));

/** The last part of a URL path: names of roles and of custom resources' bases. */
export function isPathSegmentName(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((c) => text.includes(c)).map((c) => `may not contain '${c}'`);
}

/** 4 or 6, or 0 for what is no address. */
export const ipVersion = (text: string): 0 | 4 | 6 => (isIPv4(text) ? 4 : isIPv6(text) && !text.includes('%') ? 6 : 0);

export const isValidIP = (text: string): string[] => (ipVersion(text) === 0 ? ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'] : []);
export const isValidIPv4Address = (text: string): string[] => (ipVersion(text) === 4 ? [] : ['must be a valid IPv4 address']);
export const isValidIPv6Address = (text: string): string[] => (ipVersion(text) === 6 ? [] : ['must be a valid IPv6 address']);

/** 4 or 6, or 0 for what is no `address/bits`. */
export function cidrVersion(text: string): 0 | 4 | 6 {
  const [, address, bits] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const version = address === undefined ? 0 : ipVersion(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128) ? version : 0;
}
export const isValidCIDR = (text: string): string[] => (cidrVersion(text) === 0 ? ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'] : []);

export const isValidPercent = (text: string): string[] =>
  (patterns.percent.test(text) ? [] : [regexError("a valid percent string must be a numeric string followed by an ending '%'", percent, '1%', '93%')]);

export const isHTTPHeaderName = (text: string): string[] =>
  (patterns.headerName.test(text) ? [] : [regexError("a valid HTTP header must consist of alphanumeric characters or '-'", headerName, 'X-Header-Name')]);

/** A `generateName` prefix: what would be wrong but for its trailing hyphens, as a suffix follows. */
export const maskTrailingDash = (prefix: string): string => (prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix);
