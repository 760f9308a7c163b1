// Addresses and ranges of addresses in CEL. (upstream: apiserver pkg/cel/library/ip.go, cidr.go)
import type { Environment } from '@marcbachmann/cel-js';
import { isIP, SocketAddress } from 'node:net';

const bitsOf = { 4: 32, 6: 128 } as const;

function numberOf(text: string): bigint {
  if (isIP(text) === 4) return text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  // The last 32 bits may be written as an IPv4 address.
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_whole, ...parts: string[]) => [0, 2].map((i) => ((Number(parts[i]) << 8) | Number(parts[i + 1])).toString(16)).join(':'));
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const all = tail === undefined ? before : [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
function textOf(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  return new SocketAddress({ family: 'ipv6', address: Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':') }).address;
}

export class Address {
  readonly family: 4 | 6;
  readonly value: bigint;
  constructor(family: 4 | 6, value: bigint) {
    this.family = family;
    this.value = value;
  }
  static parse(text: string): Address {
    const family = isIP(text);
    if (family === 0 || text.includes('%')) throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`);
    const address = new Address(family as 4 | 6, numberOf(text));
    if (family === 6 && address.value >> 32n === 0xffffn) throw new Error(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
    return address;
  }
  get text(): string { return textOf(this.family, this.value); }
  within(range: string): boolean { return Range.parse(range).contains(this); }
}

export class Range {
  readonly base: Address;
  readonly bits: number;
  constructor(base: Address, bits: number) {
    this.base = base;
    this.bits = bits;
  }
  static parse(text: string): Range {
    const [address = '', bits = '', more] = text.split('/');
    const family = isIP(address);
    if (more !== undefined || family === 0 || !/^(0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > bitsOf[family as 4 | 6]) throw new Error(`network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): unable to parse`);
    return new Range(Address.parse(address), Number(bits));
  }
  get masked(): Range {
    const host = BigInt(bitsOf[this.base.family] - this.bits);
    return new Range(new Address(this.base.family, (this.base.value >> host) << host), this.bits);
  }
  get text(): string { return `${this.base.text}/${this.bits}`; }
  contains({ family, value }: Address): boolean {
    const host = BigInt(bitsOf[this.base.family] - this.bits);
    return family === this.base.family && value >> host === this.base.value >> host;
  }
  containsRange({ base, bits }: Range): boolean { return bits >= this.bits && this.contains(base); }
}

class AddressFunctions {}

const isLoopback = (ip: Address): boolean => ip.within(ip.family === 4 ? '127.0.0.0/8' : '::1/128');
const isLinkLocal = (ip: Address): boolean => ip.within(ip.family === 4 ? '169.254.0.0/16' : 'fe80::/10');
const isMulticast = (ip: Address): boolean => ip.within(ip.family === 4 ? '224.0.0.0/4' : 'ff00::/8');
const isGlobal = (ip: Address): boolean => ip.value !== 0n && !(ip.family === 4 && ip.value === 0xffff_ffffn) && !isLoopback(ip) && !isLinkLocal(ip) && !isMulticast(ip);
const same = (a: Address, b: Address): boolean => a.family === b.family && a.value === b.value;
/** Whether there is anything to parse without a fault. */
function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    // What is wrong is not asked for.
    return false;
  }
}

export function addAddresses(environment: Environment): Environment {
  return environment
    .registerType('net.IP', Address).registerType('net.CIDR', Range).registerType('kubernetes.AddressFunctions', AddressFunctions)
    .registerConstant('ip', 'kubernetes.AddressFunctions', new AddressFunctions())
    .registerFunction('ip(string): net.IP', (text: string) => Address.parse(text))
    .registerFunction('isIP(string): bool', (text: string) => parses(() => Address.parse(text)))
    .registerFunction('kubernetes.AddressFunctions.isCanonical(string): bool', (_ip: AddressFunctions, text: string) => Address.parse(text).text === text)
    .registerFunction('string(net.IP): string', ({ text }: Address) => text)
    .registerFunction('net.IP.family(): int', ({ family }: Address) => BigInt(family))
    .registerFunction('net.IP.isUnspecified(): bool', ({ value }: Address) => value === 0n)
    .registerFunction('net.IP.isLoopback(): bool', isLoopback)
    .registerFunction('net.IP.isLinkLocalMulticast(): bool', (ip: Address) => ip.within(ip.family === 4 ? '224.0.0.0/24' : 'ff02::/16'))
    .registerFunction('net.IP.isLinkLocalUnicast(): bool', isLinkLocal)
    .registerFunction('net.IP.isGlobalUnicast(): bool', isGlobal)
    .registerOperator('net.IP == net.IP', same)
    .registerFunction('cidr(string): net.CIDR', (text: string) => Range.parse(text))
    .registerFunction('isCIDR(string): bool', (text: string) => parses(() => Range.parse(text)))
    .registerFunction('string(net.CIDR): string', ({ text }: Range) => text)
    .registerFunction('net.CIDR.containsIP(net.IP): bool', (range: Range, ip: Address) => range.contains(ip))
    .registerFunction('net.CIDR.containsIP(string): bool', (range: Range, ip: string) => range.contains(Address.parse(ip)))
    .registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', (range: Range, other: Range) => range.containsRange(other))
    .registerFunction('net.CIDR.containsCIDR(string): bool', (range: Range, other: string) => range.containsRange(Range.parse(other)))
    .registerFunction('net.CIDR.ip(): net.IP', ({ base }: Range) => base)
    .registerFunction('net.CIDR.masked(): net.CIDR', ({ masked }: Range) => masked)
    .registerFunction('net.CIDR.prefixLength(): int', ({ bits }: Range) => BigInt(bits))
    .registerOperator('net.CIDR == net.CIDR', (a: Range, b: Range) => a.bits === b.bits && same(a.base, b.base));
}
