// IPv4 addresses and ranges as numbers: parsing, printing, overlap, and cutting subnets out of a range.

export interface CIDR {
  /** First address of the range, as an unsigned 32-bit number. */
  readonly base: number;
  /** Length of the prefix, 0 to 32. */
  readonly prefix: number;
}

/** The address as an unsigned 32-bit number; undefined when the text is no dotted-quad IPv4 address (leading zeros are none). */
export function parseIPv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

export const formatIPv4 = (address: number): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** Number of addresses in a range of this prefix. */
const sizeOfPrefix = (prefix: number): number => 2 ** (32 - prefix);

const firstOf = (address: number, prefix: number): number => address - (address % sizeOfPrefix(prefix));

/** The range that holds `address`; host bits are dropped. */
export const rangeOf = (address: number, prefix: number): CIDR => ({ base: firstOf(address, prefix), prefix });

/** Parses `a.b.c.d/n`, host bits allowed and dropped; a bare address is a /32. Undefined when it is neither. */
export function parseCIDR(text: string): CIDR | undefined {
  const slash = text.indexOf('/');
  const address = parseIPv4(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash < 0) return { base: address, prefix: 32 };
  const length = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]?)$/.test(length) || Number(length) > 32) return undefined;
  return rangeOf(address, Number(length));
}

/** Like parseCIDR for texts the program wrote itself. @throws when it is none. */
export function mustParseCIDR(text: string): CIDR {
  const range = parseCIDR(text);
  if (!range) throw new Error(`"${text}" is not an IPv4 range`);
  return range;
}

export const formatCIDR = (range: CIDR): string => `${formatIPv4(range.base)}/${range.prefix}`;

export const lastOf = (range: CIDR): number => range.base + sizeOfPrefix(range.prefix) - 1;

export const containsAddress = (range: CIDR, address: number): boolean => address >= range.base && address <= lastOf(range);

/** Whether every address of `inner` lies in `outer`. */
export const containsRange = (outer: CIDR, inner: CIDR): boolean => inner.base >= outer.base && lastOf(inner) <= lastOf(outer);

export const overlaps = (a: CIDR, b: CIDR): boolean => a.base <= lastOf(b) && b.base <= lastOf(a);

/** The `index`-th subnet of that prefix; undefined past the end of the range. */
export function subnetAt(range: CIDR, prefix: number, index: number): CIDR | undefined {
  if (prefix < range.prefix || index < 0 || index >= 2 ** (prefix - range.prefix)) return undefined;
  return { base: range.base + index * sizeOfPrefix(prefix), prefix };
}

/** The address `offset` places after the first one, printed. @throws when it lies outside the range. */
export function addressAt(range: CIDR, offset: number): string {
  if (offset < 0 || offset >= sizeOfPrefix(range.prefix)) throw new RangeError(`${formatCIDR(range)} has no address number ${offset}`);
  return formatIPv4(range.base + offset);
}
