// Passes one DNS query to one upstream resolver and its answer back, byte for byte.
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../../src/util/clock.ts';

const timeoutMs = 2_000;

function target(upstream: string): { host: string; port: number } {
  if (isIPv6(upstream)) return { host: upstream, port: 53 };
  const colon = upstream.lastIndexOf(':');
  return colon < 0 ? { host: upstream, port: 53 } : { host: upstream.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(upstream.slice(colon + 1)) };
}

/** Undefined when the resolver does not answer in time. A socket per query: its random port is what a forger has to guess. */
export function forwardUdp(query: Buffer, upstream: string, clock: Clock): Promise<Buffer | undefined> {
  const { host, port } = target(upstream);
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    let finished = false;
    const finish = (reply?: Buffer): void => {
      if (finished) return;
      finished = true;
      cancel();
      socket.close();
      resolve(reply);
    };
    const cancel = clock.after(timeoutMs, () => finish());
    socket.on('error', () => finish());
    socket.on('message', (reply) => {
      if (reply.length >= 12 && reply.readUInt16BE(0) === query.readUInt16BE(0)) finish(reply);
    });
    socket.connect(port, host, () => { if (!finished) socket.send(query); });
  });
}

export function forwardTcp(query: Buffer, upstream: string, clock: Clock): Promise<Buffer | undefined> {
  const { host, port } = target(upstream);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let input = Buffer.alloc(0);
    const finish = (reply?: Buffer): void => {
      cancel();
      socket.destroy();
      resolve(reply);
    };
    const cancel = clock.after(timeoutMs, () => finish());
    socket.on('error', () => finish());
    socket.on('end', () => finish());
    socket.on('data', (chunk: Buffer) => {
      input = Buffer.concat([input, chunk]);
      if (input.length >= 2 && input.length >= 2 + input.readUInt16BE(0)) finish(input.subarray(2, 2 + input.readUInt16BE(0)));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}
