// Writes POSIX ustar archives in memory, byte for byte the same for the same entries: no clock, no user, no host name.

export interface TarEntry {
  /** Relative path with `/`; up to 255 bytes. */
  readonly path: string;
  readonly type?: 'file' | 'directory' | 'symlink';
  readonly content?: Uint8Array | string;
  readonly target?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

const BLOCK = 512;
const flags = { file: '0', directory: '5', symlink: '2' } as const;

export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const entry of entries) {
    const content = typeof entry.content === 'string' ? Buffer.from(entry.content) : Buffer.from(entry.content ?? []);
    blocks.push(header(entry, content.length), content);
    const rest = content.length % BLOCK;
    if (rest > 0) blocks.push(Buffer.alloc(BLOCK - rest));
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(blocks);
}

function header(entry: TarEntry, size: number): Buffer {
  const type = entry.type ?? 'file';
  const block = Buffer.alloc(BLOCK);
  const { prefix, name } = split(type === 'directory' ? `${entry.path}/` : entry.path);
  const octal = (value: number, offset: number, width: number): void => { block.write(value.toString(8).padStart(width - 1, '0'), offset, 'latin1'); };
  block.write(name, 0);
  octal(entry.mode ?? (type === 'file' ? 0o644 : 0o755), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.fill(0x20, 148, 156); // the checksum counts its own field as blanks
  block.write(flags[type], 156);
  if (entry.target !== undefined) block.write(within(entry.target, 100), 157);
  block.write('ustar\u000000', 257, 'latin1');
  block.write(prefix, 345);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** ustar keeps a path over 100 bytes in two fields, cut at a slash. */
function split(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  const cut = path.indexOf('/', path.length - 101);
  if (cut < 1 || cut === path.length - 1) throw new RangeError(`path does not fit a ustar header: ${path}`);
  return { prefix: within(path.slice(0, cut), 155), name: within(path.slice(cut + 1), 100) };
}

function within(text: string, limit: number): string {
  if (Buffer.byteLength(text) > limit) throw new RangeError(`"${text}" does not fit a ustar header`);
  return text;
}
