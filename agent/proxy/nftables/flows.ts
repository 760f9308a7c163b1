// Ends UDP flows whose endpoint is gone, with the program `conntrack`: looked for, and installed, when the first UDP port is there.
import type { Log } from '../../../src/util/log.ts';
import { CommandError, type Run } from '../../../src/util/run.ts';

export class Flows {
  readonly #run: Run;
  readonly #log: Log;
  readonly #install: (() => Promise<void>) | undefined;
  #conntrack: Promise<boolean> | undefined;
  #installing = false;

  constructor(run: Run, log: Log, install: (() => Promise<void>) | undefined) {
    this.#run = run;
    this.#log = log;
    this.#install = install;
  }

  readonly #present = (): Promise<boolean> => this.#run('conntrack', ['--version']).then(() => true, () => false);

  /** There are UDP ports: the program will be needed. */
  async expect(): Promise<void> {
    if (this.#conntrack !== undefined) return;
    const there = await this.#present();
    this.#conntrack = Promise.resolve(there);
    if (there || !this.#install) return;
    this.#installing = true;
    this.#conntrack = this.#install().catch((error: unknown) => this.#log.warn({ error }, 'conntrack could not be installed')).then(async () => {
      this.#installing = false;
      const found = await this.#present();
      if (!found) this.#log.warn({}, 'there is no program conntrack: UDP clients of an endpoint that is gone are moved only after they were silent');
      return found;
    });
  }

  /** A UDP client that goes on sending keeps its flow alive: what led to an endpoint that is gone must be forgotten. */
  async forget(flows: readonly (readonly string[])[]): Promise<void> {
    const forgotten = this.#forget(flows);
    // An installation may take its time: traffic does not wait for it.
    if (!this.#installing) await forgotten;
  }

  async #forget(flows: readonly (readonly string[])[]): Promise<void> {
    if (flows.length === 0 || !(await this.#conntrack)) return;
    for (const flow of flows) {
      await this.#run('conntrack', ['--delete', ...flow]).catch((error: unknown) => {
        if (error instanceof CommandError && error.stderr.includes('0 flow entries')) return;
        this.#log.warn({ error }, 'flows to an endpoint that is gone could not be ended');
      });
    }
  }
}
