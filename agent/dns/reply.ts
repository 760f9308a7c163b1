// What a resolver outside said, kept as the bytes it said it in: how long it holds, and the same again for another client. (RFC 1035, 2308, 6891)
import { flags, headerBytes, limitOf, maxUdpBytes, optRecord, rcodes, skipName, typeNumbers, type Query } from './message.ts';

export interface Reply {
  /** Without an OPT record, which is each client's own. */
  readonly bytes: Buffer;
  readonly rcode: number;
  /** Where the records' seconds to live stand. */
  readonly ttls: readonly number[];
  /** Where the message may be cut: after the question and after each answer. */
  readonly cuts: readonly number[];
  /** Seconds it may be kept; undefined when nobody said how long. */
  readonly keep?: number;
}

/** @throws RangeError for what is no whole message about one question */
export function parseReply(message: Buffer): Reply {
  const word = message.readUInt16BE(2);
  const counts = [message.readUInt16BE(6), message.readUInt16BE(8), message.readUInt16BE(10)];
  const ttls: number[] = [];
  const cuts: number[] = [];
  const kept = [0, 0, 0];
  let [answerTtl, denialTtl] = [Infinity, Infinity];
  let extended = 0;
  let offset = headerBytes;
  if (message.readUInt16BE(4) === 1) offset = skipName(message, offset) + 4;
  else if (message.readUInt16BE(4) !== 0) throw new RangeError('more than one question');
  cuts.push(offset);
  let end = offset;
  let cut = false;
  for (const [section, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      const fixed = skipName(message, offset);
      const type = message.readUInt16BE(fixed);
      offset = fixed + 10 + message.readUInt16BE(fixed + 8);
      if (offset > message.length) throw new RangeError('a record ends beyond the message');
      if (type === typeNumbers.OPT) {
        extended = message.readUInt8(fixed + 4);
        // What follows may point beyond the place that is taken out: it is left out, too.
        cut = true;
      }
      if (cut) continue;
      kept[section]!++;
      end = offset;
      ttls.push(fixed + 4);
      const ttl = message.readUInt32BE(fixed + 4);
      if (section === 0) {
        answerTtl = Math.min(answerTtl, ttl);
        cuts.push(offset);
      }
      if (section === 1 && type === typeNumbers.SOA) denialTtl = Math.min(ttl, message.readUInt32BE(offset - 4));
    }
  }
  const bytes = Buffer.from(message.subarray(0, end));
  kept.forEach((count, section) => bytes.writeUInt16BE(count, 6 + 2 * section));
  const rcode = (word & 0x0f) | (extended << 4);
  const denial = rcode === rcodes.NXDOMAIN || counts[0] === 0;
  const keep = (word & flags.truncated) || (rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN) ? Infinity : denial ? (denialTtl === Infinity ? Infinity : Math.min(answerTtl, denialTtl)) : answerTtl;
  return { bytes, rcode, ttls, cuts, ...(keep === Infinity ? {} : { keep }) };
}

/** The same for another client, `seconds` later. A stale one is to be asked for again after `staleTtl`. */
export function renderReply(reply: Reply, query: Query, transport: 'udp' | 'tcp', seconds: number, staleTtl?: number): Buffer {
  const room = limitOf(query, transport) - (query.edns ? optRecord(0, false).length : 0);
  const whole = reply.bytes.length <= room;
  const end = whole ? reply.bytes.length : reply.cuts.findLast((cut) => cut <= room) ?? reply.cuts[0]!;
  const message = Buffer.from(reply.bytes.subarray(0, end));
  const word = message.readUInt16BE(2);
  message.writeUInt16BE(query.id, 0);
  message.writeUInt16BE(flags.response | flags.recursionAvailable | (query.flags & (flags.recursionDesired | flags.checkingDisabled)) | (word & (flags.authenticData | flags.truncated | 0x0f)) | (whole ? 0 : flags.truncated), 2);
  if (!whole) [reply.cuts.indexOf(end), 0, 0].forEach((count, section) => message.writeUInt16BE(count, 6 + 2 * section));
  // The asker's case.
  if (message.readUInt16BE(4) === 1) query.question.copy(message, headerBytes);
  for (const offset of reply.ttls) {
    if (offset < end) message.writeUInt32BE(staleTtl ?? Math.max(0, message.readUInt32BE(offset) - Math.floor(seconds)), offset);
  }
  if (!query.edns) return message;
  message.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return Buffer.concat([message, optRecord(maxUdpBytes, query.edns.dnssecOk, reply.rcode >> 4)]);
}
