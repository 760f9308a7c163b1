// The process of hollow nodes: agents without containers (`agent/hollow.ts`), all in one.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../agent/hollow.js');

export const hollowNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `hollow-${i}`);

export class HollowNodes {
  readonly #child: ChildProcess;
  private constructor(child: ChildProcess) { this.#child = child; }

  /** Resolves once every node has said that it is Ready. */
  static async start(dataDir: string, count: number): Promise<HollowNodes> {
    const child = spawn(process.execPath, [program, dataDir, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
    await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => { throw new Error('the hollow nodes ended'); })]);
    return new HollowNodes(child);
  }
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await once(this.#child, 'exit');
    clearTimeout(late);
  }
}
