// Starts and kills masters without Docker: children of a test that run this repository's TypeScript, on a port of their own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

export interface MasterProcess {
  readonly url: string;
  readonly kubeconfig: string;
  /** What it logged since it was started first: errors only. */
  readonly log: readonly string[];
  /** Starts it, again after a kill. */
  start(): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const child = join(import.meta.dirname, 'master-child.ts');
const loader = join(import.meta.dirname, 'typescript-child.js');

/** Not started yet. `restarts` is how often it will be started again: what does so is loaded beforehand. */
export async function masterProcess(dataDir: string, restarts = 0): Promise<MasterProcess> {
  const port = await freePort();
  const log: string[] = [];
  const load = (): ChildProcess => {
    const loaded = spawn(process.execPath, ['--import', loader, child, dataDir, String(port)], { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [loaded.stdout, loaded.stderr]) createInterface({ input: stream! }).on('line', (line) => { if (line !== 'ready') log.push(line); });
    return loaded;
  };
  let spare: ChildProcess | undefined = load();
  let running: ChildProcess | undefined;
  const end = async (ending: ChildProcess | undefined, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = once(ending, 'exit');
    ending.kill(signal);
    await gone;
  };
  return {
    url: `https://127.0.0.1:${port}`, kubeconfig: join(dataDir, 'admin.kubeconfig'), log,
    start: () => new Promise((resolve, reject) => {
      const started = (running = spare ?? load());
      spare = restarts-- > 0 ? load() : undefined;
      createInterface({ input: started.stdout! }).on('line', (line) => { if (line === 'ready') resolve(); });
      started.once('exit', (code, signal) => reject(new Error(`the master ended with ${code ?? signal}: ${log.slice(-20).join('\n')}`)));
      started.stdin!.end('go\n');
    }),
    kill: () => end(running, 'SIGKILL'),
    async stop() {
      await end(spare, 'SIGKILL');
      await end(running, 'SIGTERM');
    },
  };
}
