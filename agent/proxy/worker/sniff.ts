// Tells from the first bytes of a connection whether an HTTP/1.x request line begins there.

export type Verdict = 'http' | 'other' | 'more';

/** Longest method name taken for one. */
const maxMethod = 32;

export function sniff(bytes: Buffer): Verdict {
  let i = 0;
  for (; i < bytes.length && bytes[i] !== 0x20; i++) {
    const byte = bytes[i]!;
    const method = (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d || byte === 0x5f;
    if (!method || i >= maxMethod) return 'other';
  }
  if (i === 0) return bytes.length === 0 ? 'more' : 'other';
  const end = bytes.indexOf(0x0a);
  if (end < 0) {
    // A NUL or other control byte never occurs in a request line.
    for (; i < bytes.length; i++) if (bytes[i]! < 0x20 && bytes[i] !== 0x0d) return 'other';
    return 'more';
  }
  const line = bytes.toString('latin1', i + 1, end);
  return / HTTP\/1\.[01]\r?$/.test(line) ? 'http' : 'other';
}
