// The client of both systems, a process of its own in a host's network namespace. Lines of JSON on stdin: `{"look": […], "want": "v1"}` asks each of
// these replicas until it answers 200 with that version, and tells of each once, `{"answered": id}`; `{"load": […]}` asks these addresses in turn, by a
// new connection each time, until there are none; `{"tally": true}` tells what was sent and lost since the last one. End of input ends it.
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';
import type { Address, Replica, Tally } from './system.ts';

const timeoutMs = 2_000;
const pauseMs = 10;
const flows = 4;
const agent = new Agent({ keepAlive: false });
const rest = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
const print = (value: object): void => { process.stdout.write(`${JSON.stringify(value)}\n`); };

/** The body of a 200. @throws whatever else comes */
function ask({ host, port }: Address): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path: '/version', agent, timeout: timeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; }).on('error', reject);
      response.on('end', () => { if (response.statusCode === 200) resolve(body.trim()); else reject(new Error(`status ${response.statusCode}`)); });
    });
    request.on('timeout', () => request.destroy(new Error('timeout'))).on('error', reject);
  });
}

let wanted = '';
let replicas = new Map<string, Replica>();
const looking = new Set<string>();

async function look(replica: Replica): Promise<void> {
  const key = `${replica.id} ${wanted}`;
  if (looking.has(key)) return;
  looking.add(key);
  // One that went again is nobody's any more.
  while (replicas.has(replica.id) && key.endsWith(` ${wanted}`)) {
    if (await ask(replica).catch(() => '') === wanted) { print({ answered: replica.id }); return; }
    await rest(pauseMs);
  }
  looking.delete(key);
}

let addresses: readonly Address[] = [];
let turn = 0;
let tally: Tally = { sent: 0, lost: 0, causes: {} };

async function flow(): Promise<void> {
  while (addresses.length > 0) {
    const address = addresses[turn++ % addresses.length]!;
    tally.sent++;
    await ask(address).catch((error: NodeJS.ErrnoException) => {
      tally.lost++;
      const cause = error.code ?? error.message;
      tally.causes[cause] = (tally.causes[cause] ?? 0) + 1;
    });
    await rest(pauseMs);
  }
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const said = JSON.parse(line) as { look?: Replica[]; want?: string; load?: Address[]; tally?: true };
  if (said.look) {
    wanted = said.want!;
    replicas = new Map(said.look.map((replica) => [replica.id, replica]));
    for (const replica of said.look) void look(replica);
  }
  if (said.load) {
    const idle = addresses.length === 0;
    addresses = said.load;
    if (idle) for (let i = 0; i < flows; i++) void flow();
  }
  if (said.tally) {
    print({ tally });
    tally = { sent: 0, lost: 0, causes: {} };
  }
});
input.on('close', () => process.exit(0));
