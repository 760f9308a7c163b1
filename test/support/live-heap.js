// What a Node process holds once everything that is garbage is gone, in MB: `node live-heap.js PID`. The process opens its inspector for it, and
// closes it again. How much memory it has says less: V8 leaves garbage lying as long as there is room.
import { once } from 'node:events';
import { WebSocket } from 'ws';

const pid = Number(process.argv[2]);
const address = 'http://127.0.0.1:9229/json/list';
const deadline = performance.now() + 20_000;

async function target() {
  for (;;) {
    try {
      const [found] = await (await fetch(address)).json();
      return found;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

process.kill(pid, 'SIGUSR1');
const socket = new WebSocket((await target()).webSocketDebuggerUrl);
await once(socket, 'open');
let last = 0;
const waiting = new Map();
socket.on('message', (data) => {
  const { id, result, error } = JSON.parse(data.toString());
  waiting.get(id)?.(result ?? error);
});
const call = (method, params = {}) => new Promise((resolve) => {
  waiting.set(++last, resolve);
  socket.send(JSON.stringify({ id: last, method, params }));
});
const evaluate = async (expression) => {
  const { result, exceptionDetails, message } = await call('Runtime.evaluate', { expression, returnByValue: true });
  if (!result || exceptionDetails) throw new Error(exceptionDetails?.exception?.description ?? message);
  return result.value;
};
const owner = await evaluate('process.pid');
if (owner !== pid) throw new Error(`the inspector is that of ${owner}`);
await call('HeapProfiler.enable');
// Buffers go with the objects that held them, in the round after.
for (let round = 0; round < 2; round++) await call('HeapProfiler.collectGarbage');
const { heapUsed, external } = await evaluate('process.memoryUsage()');
// It waits until nobody is connected.
await evaluate("void setTimeout(() => process.getBuiltinModule('node:inspector').close(), 10)");
socket.close();
await once(socket, 'close');
for (let open = true; open && performance.now() < deadline;) open = await fetch(address).then(() => true, () => false);
process.stdout.write(`${JSON.stringify({ liveMB: (heapUsed + external) / 2 ** 20 })}\n`);
