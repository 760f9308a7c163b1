// Asks one resolver outside one question: over UDP, and over TCP when its answer does not fit.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../../src/util/clock.ts';
import { flags, headerBytes, optRecord, rcodes, skipName } from './message.ts';

export interface Question {
  /** Name, type and class. */
  readonly bytes: Buffer;
  readonly checkingDisabled: boolean;
  readonly dnssecOk: boolean;
}
/** Undefined when the resolver does not answer in time. */
export type Ask = (question: Question, upstream: string) => Promise<Buffer | undefined>;

const timeoutMs = 2_000;
/** A datagram may be lost: it is sent once more. */
const resendMs = 700;
/** What passes everywhere without fragments (DNS flag day 2020). */
const udpBytes = 1_232;

export function upstreamAddress(upstream: string): { readonly host: string; readonly port: number } {
  if (isIPv6(upstream)) return { host: upstream, port: 53 };
  const colon = upstream.lastIndexOf(':');
  return colon < 0 ? { host: upstream, port: 53 } : { host: upstream.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(upstream.slice(colon + 1)) };
}

export const createAsk = (clock: Clock): Ask => async (question, upstream) => {
  for (const edns of [true, false]) {
    let reply = await overUdp(queryMessage(question, edns), upstream, clock);
    if (reply && reply.readUInt16BE(2) & flags.truncated) reply = await overTcp(queryMessage(question, edns), upstream, clock) ?? reply;
    // A resolver from before EDNS says so by not understanding it.
    const rcode = reply && reply.readUInt16BE(2) & 0x0f;
    if (!edns || (rcode !== rcodes.FORMERR && rcode !== rcodes.NOTIMP)) return reply;
  }
  return undefined;
};

function queryMessage(question: Question, edns: boolean): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(randomInt(0x10000), 0);
  header.writeUInt16BE(flags.recursionDesired | (question.checkingDisabled ? flags.checkingDisabled : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(edns ? 1 : 0, 10);
  return Buffer.concat([header, question.bytes, ...(edns ? [optRecord(udpBytes, question.dnssecOk)] : [])]);
}

/** A socket per query: its random port is what a forger has to guess. */
function overUdp(query: Buffer, upstream: string, clock: Clock): Promise<Buffer | undefined> {
  const { host, port } = upstreamAddress(upstream);
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const send = (): void => { if (!finished) socket.send(query, () => undefined); };
    let finished = false;
    const finish = (reply?: Buffer): void => {
      if (finished) return;
      finished = true;
      for (const cancel of timers) cancel();
      socket.close();
      resolve(reply);
    };
    const timers = [clock.after(timeoutMs, () => finish()), clock.after(resendMs, send)];
    socket.on('error', () => finish());
    socket.on('message', (reply) => { if (answers(reply, query)) finish(reply); });
    socket.connect(port, host, send);
  });
}

function overTcp(query: Buffer, upstream: string, clock: Clock): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(upstreamAddress(upstream));
    let input = Buffer.alloc(0);
    const finish = (reply?: Buffer): void => {
      cancel();
      socket.destroy();
      resolve(reply && answers(reply, query) ? reply : undefined);
    };
    const cancel = clock.after(timeoutMs, () => finish());
    socket.on('error', () => finish());
    socket.on('close', () => finish());
    socket.on('data', (chunk: Buffer) => {
      input = Buffer.concat([input, chunk]);
      if (input.length >= 2 && input.length >= 2 + input.readUInt16BE(0)) finish(input.subarray(2, 2 + input.readUInt16BE(0)));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}

/** A reply to this very question; some that report an error leave the question out. */
function answers(reply: Buffer, query: Buffer): boolean {
  if (reply.length < headerBytes || reply.readUInt16BE(0) !== query.readUInt16BE(0) || !(reply.readUInt16BE(2) & flags.response)) return false;
  if (reply.readUInt16BE(4) === 0) return (reply.readUInt16BE(2) & 0x0f) !== 0;
  const end = skipName(query, headerBytes) + 4;
  return reply.readUInt16BE(4) === 1 && lower(reply.subarray(headerBytes, end)) === lower(query.subarray(headerBytes, end));
}

/** Letters A to Z made small, all other bytes as they are: a key for names, whatever is in them. */
export const lower = (bytes: Buffer): string => bytes.toString('latin1').replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
