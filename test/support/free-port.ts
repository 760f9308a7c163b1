// A port for a server that ends and comes back: nobody else takes it meanwhile. Ports the system gives out by itself are taken by clients
// too, and a client that asks for one of those while nobody listens there may meet itself.
import { once } from 'node:events';
import { createServer } from 'node:net';

const [first, count] = [12_000, 8_000];

export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * count);
    const server = createServer();
    const free = once(server, 'listening').then(() => true, () => false);
    server.listen(port, '0.0.0.0');
    if (!(await free)) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
