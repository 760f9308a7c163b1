// A load that counts: constant HTTP requests against addresses, each answered or failed, never retried.
import { Agent, request } from 'node:http';

export interface LoadResult { readonly sent: number; readonly failed: number; /** Failures by what went wrong. */ readonly faults: Readonly<Record<string, number>>; /** Answers by their body's first line. */ readonly answers: Readonly<Record<string, number>>; /** Slowest answer in ms. */ readonly slowestMs: number }
export interface LoadOptions { readonly urls: readonly string[]; /** Connections in use at any time, half of them kept alive. */ readonly clients: number; readonly timeoutMs?: number }

export class Load {
  readonly #options: LoadOptions;
  #stopped = false;
  #sent = 0;
  #failed = 0;
  #slowest = 0;
  readonly #faults: Record<string, number> = {};
  readonly #answers: Record<string, number> = {};
  readonly #clients: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    for (let i = 0; i < options.clients; i++) this.#clients.push(this.#client(i));
  }
  get sent(): number { return this.#sent; }
  async stop(): Promise<LoadResult> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return { sent: this.#sent, failed: this.#failed, faults: this.#faults, answers: this.#answers, slowestMs: this.#slowest };
  }

  async #client(index: number): Promise<void> {
    const keepAlive = index % 2 === 0;
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    const { urls } = this.#options;
    for (let n = index; !this.#stopped; n++) {
      const started = performance.now();
      this.#sent++;
      try {
        const answer = await this.#once(urls[n % urls.length]!, agent);
        this.#answers[answer] = (this.#answers[answer] ?? 0) + 1;
      } catch (error) {
        this.#failed++;
        const fault = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
        this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
      }
      this.#slowest = Math.max(this.#slowest, performance.now() - started);
    }
    agent.destroy();
  }

  #once(url: string, agent: Agent): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { agent, timeout: this.#options.timeoutMs ?? 10_000 }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => { body += chunk; });
        response.on('error', reject);
        response.on('end', () => {
          if (!response.complete) reject(new Error('truncated body'));
          else if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
          else resolve(body.split('\n')[0]!.trim());
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
      outgoing.on('error', reject);
      outgoing.end();
    });
  }
}
