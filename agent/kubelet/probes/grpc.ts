// The gRPC health check over plain HTTP/2: one unary call whose two messages are simple enough to write by hand.
// upstream: pkg/probe/grpc/grpc.go, grpc.health.v1
import { connect, constants } from 'node:http2';
import { formatDuration } from '../../../src/apimachinery/duration.ts';
import { rpcWords } from '../rpc-words.ts';
import type { ProbeOutcome } from './probe.ts';

const serving = 1;
/** The codes of an answer that is none, and of a connection that broke. */
const internal = 13;
const unavailable = 14;

/** A gRPC frame (not compressed, length) around HealthCheckRequest { string service = 1 }. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const length: number[] = [];
  for (let left = name.length; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  const message = name.length ? Buffer.concat([Buffer.from([0x0a, ...length]), name]) : Buffer.alloc(0);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
/** HealthCheckResponse { ServingStatus status = 1 }; 0 (UNKNOWN) when the field is not sent. */
export const healthStatus = (frame: Buffer): number => (frame.length >= 7 && frame[5] === 0x08 ? frame[6]! : 0);

/** As Go's library reads it: what is no escape stands for itself. */
const decoded = (message: string): string => message.replace(/(?:%[0-9A-Fa-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());

export function grpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const session = connect(`http://${address}`);
    const end = (result: ProbeOutcome['result'], output: string): void => {
      clearTimeout(timer);
      session.destroy();
      resolve({ result, output });
    };
    const unreachable = (why: string): void => end('failure', `timeout: failed to connect service ${JSON.stringify(address)} within ${formatDuration(timeoutMs)}: ${why}`);
    let connected = false;
    const timer = setTimeout(() => (connected ? end('failure', `timeout: health rpc did not complete within ${formatDuration(timeoutMs)}`) : unreachable('context deadline exceeded')), timeoutMs);
    session.on('connect', () => { connected = true; });
    const broke = (error: Error): void => (connected ? end('failure', `error: health rpc probe failed: ${rpcWords(unavailable, error.message)}`) : unreachable((error.cause as Error | undefined)?.message ?? error.message));
    session.on('error', broke);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST', [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc', te: 'trailers', 'user-agent': 'kube-probe/1.33',
    });
    const parts: Buffer[] = [];
    // Who says no more has not spoken gRPC.
    let code = String(internal);
    let words = 'server closed the stream without sending trailers';
    const take = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] === undefined) return;
      code = String(headers['grpc-status']);
      words = decoded(String(headers['grpc-message'] ?? ''));
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', broke);
    stream.on('end', () => {
      if (code === '12') return end('failure', `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${words}`);
      if (code !== '0') return end('failure', `error: health rpc probe failed: ${rpcWords(Number(code), words)}`);
      const status = healthStatus(Buffer.concat(parts));
      const name = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][status] ?? String(status);
      return status === serving ? end('success', 'service healthy') : end('failure', `service unhealthy (responded with ${JSON.stringify(name)})`);
    });
    stream.end(healthRequest(service));
  });
}
