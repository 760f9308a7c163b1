// A load that counts, as a program of its own. `node load-client.js '<options as JSON>'`; lines on stdin: `phase NAME` names what
// follows, end of input ends it; each phase that ends, and the total, is printed as one line of JSON.
import { createInterface } from 'node:readline';
import { Connection } from './http-connection.js';

/**
 * targets: [{ host, port }]; expect: pattern of a right answer's body; path: what is asked for; keepAlive, perRequest: clients of
 * either kind; idleSeconds: one connection for each, used once per so many seconds; pauseMs: rest after an answer.
 */
const { targets, expect, path = '/hostname', keepAlive = 4, perRequest = 4, idleSeconds = [], timeoutMs = 10_000, pauseMs = 0 } = JSON.parse(process.argv[2]);
const right = new RegExp(expect);
const bodies = [64, 4096, 70_000].map((size) => Buffer.alloc(size, 'x'));
const faultsKept = 50;

const fresh = (name) => ({ phase: name, sent: 0, answered: 0, failed: 0, posts: 0, idleUses: 0, faults: {}, samples: [], slowestMs: 0, answers: {} });
const total = fresh('total');
let phase = fresh('start');
let stopping = false;
let end;
const ended = new Promise((resolve) => { end = resolve; });

const count = (key, by = 1) => { phase[key] += by; total[key] += by; };
function fault(client, target, started, error) {
  count('failed');
  const what = error.code ?? error.message;
  for (const tally of [phase, total]) {
    tally.faults[what] = (tally.faults[what] ?? 0) + 1;
    if (tally.samples.length < faultsKept) tally.samples.push({ at: new Date().toISOString(), client, target: `${target.host}:${target.port}`, afterMs: Math.round(performance.now() - started), what: error.message });
  }
}

/** One request on a connection; whether the connection may carry another. */
async function once(client, connection, n, close) {
  const started = performance.now();
  const post = n % 4 === 3;
  const body = post ? bodies[n % bodies.length] : undefined;
  count('sent');
  if (post) count('posts');
  try {
    const head = `${post ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nHost: ${connection.target.host}\r\n${close ? 'Connection: close\r\n' : ''}${body ? `Content-Length: ${body.length}\r\n` : ''}\r\n`;
    const answer = await connection.ask(head, body);
    if (answer.status !== 200) throw new Error(`status ${answer.status}: ${answer.body.slice(0, 80)}`);
    if (!right.test(answer.body)) throw new Error(`wrong answer ${answer.body.slice(0, 80)}`);
    count('answered');
    const known = phase.answers;
    if (answer.body in known || Object.keys(known).length < 100) known[answer.body] = (known[answer.body] ?? 0) + 1;
    const took = performance.now() - started;
    for (const tally of [phase, total]) tally.slowestMs = Math.max(tally.slowestMs, Math.round(took));
    return !answer.close;
  } catch (error) {
    fault(client, connection.target, started, error);
    return false;
  }
}

const rest = (ms) => Promise.race([ended, new Promise((resolve) => setTimeout(resolve, ms))]);

async function busyClient(index, kept) {
  let connection;
  for (let n = index; !stopping; n++) {
    connection ??= new Connection(targets[n % targets.length], timeoutMs);
    const usable = await once(kept ? 'kept' : 'single', connection, n, !kept);
    if (!kept || !usable) {
      connection.close();
      connection = undefined;
    }
    if (pauseMs > 0) await rest(pauseMs);
  }
  connection?.close();
}

/** Uses a connection, leaves it idle, and expects it to work still. */
async function idleClient(index, seconds) {
  let connection;
  for (let n = index; !stopping; n++) {
    const again = connection !== undefined;
    connection ??= new Connection(targets[n % targets.length], timeoutMs);
    if (again) count('idleUses');
    if (!await once(`idle ${seconds} s`, connection, n, false)) {
      connection.close();
      connection = undefined;
    } else {
      await rest(seconds * 1000);
    }
  }
  connection?.close();
}

const print = (tally) => process.stdout.write(`${JSON.stringify(tally)}\n`);
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  print(phase);
  phase = fresh(line.replace(/^phase /, ''));
});
input.on('close', () => { stopping = true; end(); });

await Promise.all([
  ...Array.from({ length: keepAlive }, (_, i) => busyClient(i, true)),
  ...Array.from({ length: perRequest }, (_, i) => busyClient(i + 1, false)),
  ...idleSeconds.map((s, i) => idleClient(i, s)),
]);
print(phase);
print(total);
