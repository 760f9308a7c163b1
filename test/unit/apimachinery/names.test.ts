// Name forms, in the words Kubernetes has for them.
import {
  cidrVersion, ipVersion, isConfigMapKey, isDNS1035Label, isDNS1123Label, isDNS1123Subdomain, isDNS1123SubdomainWithUnderscore, isEnvVarName, isHTTPHeaderName, isPathSegmentName, isQualifiedName,
  isValidCIDR, isValidIP, isValidLabelValue, isValidPercent, isValidPort, isValidPortName, maskTrailingDash,
} from '../../../src/apimachinery/names.ts';

const label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const label1035 = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const namePart = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValue = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const envName = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const search = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const configKey = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

it.each<[(text: string) => string[], string, string[]]>([
  [isDNS1123Label, 'a-1', []], [isDNS1123Label, 'A', [label]], [isDNS1123Label, 'a.b', ['must not contain dots']], [isDNS1123Label, '', [label]], [isDNS1123Label, `${'a'.repeat(64)}`, ['must be no more than 63 characters']],
  [isDNS1123Label, 'a\n', [label]], [isDNS1123Subdomain, 'a.b-c.d', []], [isDNS1123Subdomain, 'a..b', [subdomain]], [isDNS1123Subdomain, '-a', [subdomain]], [isDNS1123Subdomain, 'a'.repeat(254), ['must be no more than 253 characters']],
  [isDNS1035Label, 'abc-1', []], [isDNS1035Label, '1a', [label1035]], [isDNS1035Label, 'a.b', [label1035]],
  [isQualifiedName, 'app', []], [isQualifiedName, 'example.com/My_Name.x', []], [isQualifiedName, '/x', ['prefix part must be non-empty']], [isQualifiedName, 'A/x', [`prefix part ${subdomain}`]],
  [isQualifiedName, 'a/', ['name part must be non-empty', `name part ${namePart}`]], [isQualifiedName, '-a', [`name part ${namePart}`]], [isQualifiedName, 'a'.repeat(64), ['name part must be no more than 63 characters']],
  [isQualifiedName, 'a/b/c', [`a qualified name ${namePart} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]],
  [isValidLabelValue, '', []], [isValidLabelValue, 'a_B.1', []], [isValidLabelValue, 'a b', [labelValue]], [isValidLabelValue, 'é'.repeat(40), ['must be no more than 63 characters', labelValue]],
  [isEnvVarName, 'A_b.c-1', []], [isEnvVarName, '1 A', []], [isEnvVarName, '..~', []], [isEnvVarName, 'A=B', [envName]], [isEnvVarName, 'A\n', [envName]], [isEnvVarName, 'é', [envName]], [isEnvVarName, '', ['environment variable name must be non-empty']],
  [isDNS1123SubdomainWithUnderscore, '_sip._tcp.a_b', []], [isDNS1123SubdomainWithUnderscore, 'a_', [search]],
  [isConfigMapKey, 'app.conf', []], [isConfigMapKey, '', [configKey]], [isConfigMapKey, 'a/b', [configKey]], [isConfigMapKey, '..', ["must not be '..'"]], [isConfigMapKey, 'a'.repeat(254), ['must be no more than 253 characters']],
  [isValidPortName, 'http-2', []], [isValidPortName, '80', ['must contain at least one letter (a-z)']], [isValidPortName, 'a--b', ['must not contain consecutive hyphens']], [isValidPortName, '-a', ['must not begin or end with a hyphen']],
  [isValidPortName, 'HTTP', ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)', 'must contain at least one letter (a-z)']], [isValidPortName, 'a'.repeat(16), ['must be no more than 15 characters']],
  [isPathSegmentName, 'system:node', []], [isPathSegmentName, '..', ["may not be '..'"]], [isPathSegmentName, 'a/b%', ["may not contain '/'", "may not contain '%'"]],
  [isValidIP, '10.9.8.7', []], [isValidIP, '2001:db8::1', []], [isValidIP, '10.0.0.256', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']], [isValidIP, 'fe80::1%eth0', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
  [isValidCIDR, '10.0.0.0/8', []], [isValidCIDR, '10.0.0.0', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']], [isValidCIDR, '10.0.0.0/33', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
  [isValidPercent, '25%', []], [isValidPercent, 'a%', ["a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]],
  [isHTTPHeaderName, 'X-A', []], [isHTTPHeaderName, 'X A', ["a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"]],
])('%p %p', (check, text, faults) => {
  expect(check(text)).toEqual(faults);
});

it('ports by number and by name', () => {
  expect([isValidPort(1), isValidPort(65535), isValidPort('http'), isValidPort(0), isValidPort(65536), isValidPort('8080')])
    .toEqual([[], [], [], ['must be between 1 and 65535, inclusive'], ['must be between 1 and 65535, inclusive'], ['must contain at least one letter (a-z)']]);
});
it('address families', () => {
  expect(['1.2.3.4', '::1', 'x', '1.2.3'].map(ipVersion)).toEqual([4, 6, 0, 0]);
  expect(['1.2.3.0/24', '::/0', '::/129', '1.2.3.0/024', '/8'].map(cidrVersion)).toEqual([4, 6, 0, 0, 0]);
});
it('a prefix may end in hyphens', () => {
  expect(['web-', 'web--', 'web', '-'].map((p) => isDNS1123Label(maskTrailingDash(p)).length)).toEqual([0, 0, 0, 1]);
});
