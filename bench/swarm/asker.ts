// The client as the benchmark has it: one process in a host's network namespace for one system at a time.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Address, Replica, Tally, Version } from './system.ts';

export class Asker {
  /** Which replicas have answered with the version last looked for. */
  answered = new Set<string>();
  readonly #child: ChildProcess;
  readonly #tallies: ((tally: Tally) => void)[] = [];
  #want: Version | undefined;

  constructor(netns: string) {
    this.#child = spawn('nsenter', [`--net=${netns}`, process.execPath, join(import.meta.dirname, 'client.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const said = JSON.parse(line) as { answered?: string; tally?: Tally };
      if (said.answered) this.answered.add(said.answered);
      if (said.tally) this.#tallies.shift()!(said.tally);
    });
  }

  look(replicas: readonly Replica[], want: Version): void {
    if (want !== this.#want) this.answered = new Set();
    this.#want = want;
    this.#tell({ look: replicas, want });
  }
  load(addresses: readonly Address[]): void { this.#tell({ load: addresses }); }
  tally(): Promise<Tally> {
    const told = new Promise<Tally>((resolve) => { this.#tallies.push(resolve); });
    this.#tell({ tally: true });
    return told;
  }
  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await ended;
  }
  #tell(line: object): void { this.#child.stdin!.write(`${JSON.stringify(line)}\n`); }
}
