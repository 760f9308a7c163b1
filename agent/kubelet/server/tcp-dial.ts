// `/tcp/{namespace}/{pod}/{port}` as an upgrade: a connection to a port of a Pod of this node, for the API server's proxy
// subresource. Only Pods of this node can be reached.
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { badRequest, serviceUnavailable } from '../../../src/apimachinery/status-error.ts';
import { joinConnections } from '../../../src/util/join-connections.ts';
import type { Pod } from '../pod.ts';

const connectTimeoutMs = 10_000;

/** Resolves when the connection stands and `socket` carries it. @throws StatusError */
export function dialPod(pod: Pod, port: number, socket: Duplex, head: Buffer): Promise<void> {
  const host = pod.status?.podIP;
  if (!host) throw serviceUnavailable(`pod ${pod.metadata.name} has no address yet`);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw badRequest(`invalid port ${port}`);
  return new Promise((resolve, reject) => {
    const upstream = connect({ host, port, noDelay: true, timeout: connectTimeoutMs });
    const fail = (why: string): void => {
      upstream.destroy();
      reject(serviceUnavailable(why));
    };
    upstream.once('timeout', () => fail(`dial tcp ${host}:${port}: i/o timeout`));
    const refused = (error: NodeJS.ErrnoException): void => fail(`dial tcp ${host}:${port}: connect: ${error.code === 'ECONNREFUSED' ? 'connection refused' : error.message}`);
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.setTimeout(0);
      upstream.off('error', refused);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: dray-tcp\r\n\r\n');
      if (head.length) upstream.write(head);
      joinConnections(upstream, socket);
      resolve();
    });
  });
}
