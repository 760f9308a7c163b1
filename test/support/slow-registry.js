// A registry that answers slowly: before a real one, it lets half of each large blob through bit by bit (the engine counts ten times a
// second at most) and keeps the rest back until it is told so. Runs in a host's network namespace; says to its parent of which repository a
// blob is halfway, and hears from it which are to go on.
import { createServer, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [port, authorization, onwardHost, onwardPort] = process.argv.slice(2);
const largeBytes = 2 ** 20;
const [bitBytes, betweenBitsMs] = [2 ** 18, 150];
/** By repository. */
const held = new Map();
process.on('message', (repository) => {
  for (const goOn of held.get(repository) ?? []) goOn();
  held.delete(repository);
});
process.on('disconnect', () => process.exit());

async function pass(repository, source, answer) {
  const chunks = [];
  for await (const chunk of source) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  answer.writeHead(source.statusCode, source.headers);
  if (bytes.length < largeBytes) return answer.end(bytes);
  const half = bytes.length >> 1;
  for (let at = 0; at < half; at += bitBytes) {
    answer.write(bytes.subarray(at, Math.min(half, at + bitBytes)));
    await sleep(betweenBitsMs);
  }
  held.set(repository, [...(held.get(repository) ?? []), () => answer.end(bytes.subarray(half))]);
  return process.send({ repository });
}

createServer((incoming, answer) => {
  const [, repository = ''] = /^\/v2\/(.+)\/blobs\//.exec(incoming.url) ?? [];
  const fail = (error) => answer.destroy(error);
  const onward = request({ host: onwardHost, port: onwardPort, method: incoming.method, path: incoming.url, headers: { ...incoming.headers, authorization } }, (source) => void pass(repository, source, answer).catch(fail));
  incoming.pipe(onward.on('error', fail));
}).listen(Number(port), '127.0.0.1', () => process.send({ listening: true }));
