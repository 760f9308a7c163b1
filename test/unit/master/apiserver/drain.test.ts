// Who is waited for before a Pod is told to stop: every connected agent, and every node that was heard of until a moment ago.
import { Duplex } from 'node:stream';
import { drainHandler } from '../../../../master/apiserver/drain.ts';
import { Tunnels } from '../../../../master/apiserver/tunnel.ts';
import { Nodes } from '../../../../src/api/core/node.ts';
import { realClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { startTestApi, type TestApi } from '../../../support/api-server.ts';

/** The master's end of an agent's control connection. */
class Agent extends Duplex {
  override _read(): void { /* fed by `applied` */ }
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void { done(); }
  applied(revision: number): void { this.push(`${JSON.stringify({ applied: revision })}\n`); }
}

let api: TestApi;
let tunnels: Tunnels;
const agents: Agent[] = [];
beforeEach(async () => {
  api = await startTestApi();
  tunnels = new Tunnels({ clock: realClock, log: silentLog });
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await api.stop();
});

async function node(name: string, ready?: 'True' | 'False' | 'Unknown'): Promise<void> {
  const made = await api.client.create(Nodes, { metadata: { name } });
  if (ready) await api.client.updateStatus(Nodes, { ...made, status: { conditions: [{ type: 'Ready', status: ready, reason: 'Test', message: '' }] } } as never);
}
function connect(name: string): Agent {
  const agent = new Agent();
  agents.push(agent);
  tunnels.accept(`/dray/v1/nodes/${name}/tunnel`, { name: `system:node:${name}`, groups: ['system:nodes'] }, agent, Buffer.alloc(0));
  return agent;
}
/** Whether everybody had acted within the time. */
async function ask(revision: number, timeoutMs: number): Promise<boolean> {
  const query = new URLSearchParams({ revision: String(revision), timeoutMs: String(timeoutMs) });
  const answer = await drainHandler(tunnels, api.registry).handle({ query, signal: new AbortController().signal } as never);
  return ((answer as { value: () => unknown }).value() as { applied: boolean }).applied;
}
const soon = 20;
const long = 20_000;

it('waits for every connected agent', async () => {
  await node('n1', 'True');
  const [first, second] = [connect('n1'), connect('unregistered')];
  first.applied(7);
  expect(await ask(7, soon)).toBe(false);
  const asked = ask(7, long);
  second.applied(8);
  expect(await asked).toBe(true);
  expect(await ask(8, soon)).toBe(false);
});

it.each(['True', 'False'] as const)('waits for the agent of a node with Ready=%s that is away, and for no longer than asked', async (ready) => {
  await node('n1', 'True');
  await node('n2', ready);
  connect('n1').applied(7);
  expect(await ask(7, soon)).toBe(false);
  const asked = ask(7, long);
  const back = connect('n2');
  expect(await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, soon))])).toBeUndefined();
  back.applied(7);
  expect(await asked).toBe(true);
});

it('goes on waiting when an agent breaks off in the middle', async () => {
  await node('n1', 'True');
  const agent = connect('n1');
  const asked = ask(7, long);
  agent.destroy();
  expect(await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, soon))])).toBeUndefined();
  connect('n1').applied(7);
  expect(await asked).toBe(true);
});

it('waits for all nodes after a start of the master, before any agent is back', async () => {
  await node('n1', 'True');
  expect(await ask(7, soon)).toBe(false);
});

it.each([['that is not heard of any more', 'Unknown'], ['that never was ready', undefined]] as const)('does not wait for a node %s', async (_, ready) => {
  await node('n1', 'True');
  await node('n2', ready);
  connect('n1').applied(7);
  expect(await ask(7, long)).toBe(true);
});
