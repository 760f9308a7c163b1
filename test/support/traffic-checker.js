// Samples connectivity from one place, all the time: every target by new connections and by one that is kept open, each request alone.
// `node traffic-checker.js '{"pauseMs":…,"timeoutMs":…}'`; lines on stdin, each with one line of JSON as its answer:
// `targets [{name, host, port, expect, kernel?, lookup?}]` replaces what is asked, `check` asks every target once and tells which did not
// answer, `tally` tells what was counted since the last one. End of input ends it. Each lost request is a line of its own, `{"lost": …}`.
import { Resolver } from 'node:dns/promises';
import { createInterface } from 'node:readline';
import { Connection } from './http-connection.js';

const { pauseMs, timeoutMs } = JSON.parse(process.argv[2]);
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const fresh = () => ({ sent: 0, lost: 0, reopened: 0, slowestMs: 0 });
let tally = fresh();
let running = [];

/** Where a name leads now: as a stub resolver does it, with three tries. */
async function address({ host, lookup }) {
  if (!lookup) return host;
  const resolver = new Resolver({ timeout: 1_000, tries: 3 });
  resolver.setServers([lookup]);
  const [found] = await resolver.resolve4(host);
  return found;
}
const connectionTo = async (target) => new Connection({ host: await address(target), port: target.port }, timeoutMs);

/** @throws what went wrong, a wrong answer too */
async function ask(connection, { expect }, close) {
  const answer = await connection.ask(`GET /hostname HTTP/1.1\r\nHost: checker\r\n${close ? 'Connection: close\r\n' : ''}\r\n`);
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  if (!new RegExp(expect).test(answer.body)) throw new Error(`wrong answer ${answer.body.slice(0, 60)}`);
  return !answer.close;
}
async function once(target) {
  const connection = await connectionTo(target);
  try {
    await ask(connection, target, true);
  } finally {
    connection.close();
  }
}
const causeOf = (error) => error.code ?? error.message;

/** Counts one request, whatever becomes of it. */
async function counted(target, way, request) {
  const started = performance.now();
  const at = Date.now();
  tally.sent++;
  try {
    await request();
    tally.slowestMs = Math.max(tally.slowestMs, Math.round(performance.now() - started));
    return true;
  } catch (error) {
    tally.lost++;
    print({ lost: { at, afterMs: Math.round(performance.now() - started), target: target.name, way, cause: causeOf(error) } });
    return false;
  }
}

async function byNewConnections(target, signal) {
  for (await rest(Math.random() * pauseMs); !signal.aborted; await rest(pauseMs)) await counted(target, 'new', () => once(target));
}

async function byOneKeptOpen(target, signal) {
  let connection;
  let used = false;
  const drop = () => { connection?.close(); connection = undefined; used = false; };
  const request = async () => {
    connection ??= await connectionTo(target);
    try {
      if (!await ask(connection, target, false)) drop();
      else used = true;
    } catch (error) {
      const { kernel } = target;
      const closed = used && /^closed|ECONNRESET|EPIPE/.test(causeOf(error));
      drop();
      // Where the server's own connection reaches the client, the server may end it between two requests (RFC 9112, 9.3.1).
      if (!kernel || !closed) throw error;
      tally.reopened++;
      await request();
    }
  };
  for (await rest(Math.random() * pauseMs); !signal.aborted; await rest(pauseMs)) await counted(target, 'kept', request);
  drop();
}

/** Those of before finish the request they are at. */
function follow(targets) {
  const still = new Map(running.map((each) => [each.key, each]));
  const next = targets.map((target) => still.get(JSON.stringify(target)) ?? { key: JSON.stringify(target), target, stop: new AbortController(), done: undefined });
  for (const each of running) if (!next.includes(each)) each.stop.abort();
  for (const each of next) each.done ??= Promise.all([byNewConnections(each.target, each.stop.signal), byOneKeptOpen(each.target, each.stop.signal)]);
  running = next;
}

const commands = {
  targets: (text) => { follow(JSON.parse(text)); return {}; },
  check: async () => {
    const failed = await Promise.all(running.map(({ target }) => once(target).then(() => undefined, (error) => `${target.name}: ${causeOf(error)}`)));
    return { unreachable: failed.filter((each) => each !== undefined) };
  },
  tally: () => { const told = tally; tally = fresh(); return told; },
};

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const [name, ...text] = line.split(' ');
  Promise.resolve(commands[name](text.join(' '))).then((answer) => print({ answer }), (error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
});
input.on('close', async () => {
  const last = running;
  follow([]);
  await Promise.all(last.map(({ done }) => done));
  process.exit(0);
});
