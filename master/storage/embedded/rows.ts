// The bytes of the embedded store's tables: revisions, log rows and the latest state of a key.

/** One row of the log. `previous` is the revision of the key's row before (0: none); `value` is undefined for a delete. */
export interface Row { readonly key: string; readonly value: Uint8Array | undefined; readonly created: number; readonly previous: number }

/** The latest row of a key: its revision, and its creation (0 when it is a delete). */
export interface Latest { readonly revision: number; readonly created: number }

const HIGH = 0x1_0000_0000;

/** Eight bytes, big-endian: the order of the bytes is the order of the numbers. */
function writeRevision(target: Uint8Array, offset: number, revision: number): void {
  const view = viewOf(target);
  view.setUint32(offset, Math.floor(revision / HIGH));
  view.setUint32(offset + 4, revision % HIGH);
}
export function readRevision(source: Uint8Array, offset = 0): number {
  const view = viewOf(source);
  return view.getUint32(offset) * HIGH + view.getUint32(offset + 4);
}
export function encodeRevision(revision: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeRevision(bytes, 0, revision);
  return bytes;
}

export function encodeLatest(latest: Latest): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  writeRevision(bytes, 0, latest.revision);
  writeRevision(bytes, 8, latest.created);
  return bytes;
}
export const decodeLatest = (bytes: Uint8Array): Latest => ({ revision: readRevision(bytes), created: readRevision(bytes, 8) });

// kind (0 put, 1 delete) · created 8 · previous 8 · key length 2 · key · value
const HEAD = 19;

export function encodeRow(row: Row): Buffer {
  const key = Buffer.from(row.key);
  const bytes = Buffer.allocUnsafe(HEAD + key.length + (row.value?.length ?? 0));
  bytes[0] = row.value ? 0 : 1;
  writeRevision(bytes, 1, row.created);
  writeRevision(bytes, 9, row.previous);
  bytes.writeUInt16BE(key.length, 17);
  bytes.set(key, HEAD);
  if (row.value) bytes.set(row.value, HEAD + key.length);
  return bytes;
}

/** A row without its value; `key` is a view into `bytes`. */
export function decodeHead(bytes: Buffer): { deleted: boolean; created: number; previous: number; key: Buffer } {
  return {
    deleted: bytes[0] === 1, created: readRevision(bytes, 1), previous: readRevision(bytes, 9),
    key: bytes.subarray(HEAD, HEAD + bytes.readUInt16BE(17)),
  };
}

/** The value is a copy in memory of its own. */
export function decodeRow(bytes: Buffer): Row {
  const { deleted, created, previous, key } = decodeHead(bytes);
  if (deleted) return { key: key.toString(), value: undefined, created, previous };
  const valueAt = HEAD + key.length;
  const value = Buffer.allocUnsafeSlow(bytes.length - valueAt);
  bytes.copy(value, 0, valueAt);
  return { key: key.toString(), value, created, previous };
}

/** The smallest key after all that begin with `prefix`, or undefined when there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  const end = Buffer.from(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    if (end[i]! < 0xff) {
      end[i]!++;
      return end.subarray(0, i + 1);
    }
  }
  return undefined;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
