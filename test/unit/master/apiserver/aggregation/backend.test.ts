// Whoever does not want an answer any more does not wait for a connection that does not come about, and leaves none behind.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Backend } from '../../../../../master/apiserver/aggregation/backend.ts';

it('ends with the signal while it connects', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const backend = new Backend({ service: { namespace: 'n', name: 's', port: 443 } }, { registry: undefined as never, tunnels: undefined as never, clientPair: () => ({}) as never });
    const target = { unchecked: true, location: { scheme: 'http', address: '127.0.0.1', port: (server.address() as AddressInfo).port } } as const;
    const over = new AbortController();
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const answer = backend.get({ path: '/', headers: {}, signal: over.signal }, target);
    const [socket] = await accepted;
    // It waits for a handshake, which has ten seconds.
    over.abort(new Error('request timed out'));
    await expect(answer).rejects.toMatchObject({ status: { code: 503, message: 'error trying to reach service: request timed out' } });
    await expect(backend.get({ path: '/', headers: {}, signal: over.signal }, target)).rejects.toThrow('request timed out');
    socket.destroy();
  } finally {
    server.close();
  }
});
