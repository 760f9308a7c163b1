// How long after a change of its endpoints a Service leads elsewhere: two servers of this process that say which of them they are, and
// connections to the cluster address until the other one answers.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { Services } from '../../src/api/core/service.ts';
import { EndpointSlices } from '../../src/api/discovery/endpoint-slice.ts';
import type { BenchContext } from '../context.ts';
import { median } from '../report.ts';
import { sliceOf } from './services.ts';

const name = 'moving';
const scratch = 'dray-bench';
const patienceMs = 180_000;
/** Between two tries: the processor is for others, too. */
const pauseMs = 1;
const ticksPerSecond = 100;

export interface Measured {
  /** From the request that changes the endpoints to the first connection that is led there. */
  readonly activeMs: readonly number[];
  /** One `nft` that adds an element to a set of its own, median. */
  readonly bareMs: number;
  /** Of the agent for each change, mean. */
  readonly agentMs: number;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function nft(input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile('nft', ['-f', '-'], (error) => (error ? reject(error) : resolve()));
    child.stdin!.end(input);
  });
}

export class Changes {
  readonly address: string;
  readonly direct: { readonly address: string; readonly port: number };
  readonly #context: BenchContext;
  readonly #servers: readonly Server[];
  #turn = 0;

  private constructor(context: BenchContext, address: string, host: string, servers: readonly Server[]) {
    this.#context = context;
    this.#servers = servers;
    this.address = address;
    this.direct = { address: host, port: this.#port(0) };
  }

  static async open(context: BenchContext, host: string): Promise<Changes> {
    const servers = await Promise.all(['0', '1'].map((which) => new Promise<Server>((resolve) => {
      const server: Server = createServer((socket) => { socket.on('error', () => socket.destroy()); socket.end(which); }).listen(0, host, () => resolve(server));
    })));
    const service = await context.cluster.client.create(Services, { metadata: { namespace: 'default', name }, spec: { ports: [{ name: 'tcp', port: 80 }] } } as never) as { spec: { clusterIP: string } };
    const changes = new Changes(context, service.spec.clusterIP, host, servers);
    await context.cluster.client.create(EndpointSlices, sliceOf(name, host, changes.#port(0)) as never);
    await nft(`table ip ${scratch} {\n  set x { type ipv4_addr; }\n}\n`);
    return changes;
  }
  async close(): Promise<void> {
    await nft(`delete table ip ${scratch}\n`);
    for (const server of this.#servers) server.close();
  }

  #port(which: number): number { return (this.#servers[which]!.address() as AddressInfo).port; }

  /** Resolves when a change is acted on: then everything before it is. */
  async settled(): Promise<void> { await this.#change(); }

  async measure(times: number): Promise<Measured> {
    const bare: number[] = [];
    const activeMs: number[] = [];
    const before = this.#agentSeconds();
    for (let i = 0; i < times; i++) activeMs.push(await this.#change());
    const agentMs = ((this.#agentSeconds() - before) * 1000) / times;
    for (let i = 0; i < 20; i++) {
      const start = performance.now();
      await nft(`add element ip ${scratch} x { 192.0.2.${i} }\n`);
      bare.push(performance.now() - start);
    }
    await nft(`flush set ip ${scratch} x\n`);
    return { activeMs, bareMs: median(bare), agentMs };
  }

  async #change(): Promise<number> {
    this.#turn = 1 - this.#turn;
    const start = performance.now();
    await this.#context.cluster.client.patch(EndpointSlices, { namespace: 'default', name }, { ports: [{ name: 'tcp', port: this.#port(this.#turn) }] });
    while ((await this.#asked()) !== String(this.#turn)) {
      if (performance.now() - start > patienceMs) throw new Error(`endpoints that were changed ${patienceMs / 1000} s ago are not in force`);
      await wait(pauseMs);
    }
    return performance.now() - start;
  }

  /** Who answers at the cluster address; '' when nobody does. */
  #asked(): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      const socket = connect({ host: this.address, port: 80, timeout: 2_000 });
      socket.on('data', (data) => { text += String(data); }).on('close', () => resolve(text)).on('error', () => socket.destroy()).on('timeout', () => socket.destroy());
    });
  }

  /** Processor time the agent has used. */
  #agentSeconds(): number {
    const stat = readFileSync(`/proc/${this.#context.cluster.pid('agent')}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }
}
