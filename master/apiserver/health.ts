// /healthz, /livez and /readyz: is this server alive, and does it answer. (upstream: apiserver server/healthz)
import { textAnswer, type Answer } from './request.ts';

interface Check { readonly name: string; healthy(): boolean }

export class Health {
  readonly #checks: Readonly<Record<string, readonly Check[]>>;
  constructor(ready: () => boolean) {
    const ping: Check = { name: 'ping', healthy: () => true };
    this.#checks = { healthz: [ping], livez: [ping], readyz: [ping, { name: 'storage', healthy: ready }] };
  }

  /** Undefined when the path is none of these. */
  answer(path: string, query: URLSearchParams): Answer | undefined {
    const [, endpoint = '', name, ...rest] = path.split('/');
    const checks = Object.hasOwn(this.#checks, endpoint) ? this.#checks[endpoint]! : undefined;
    if (!checks || rest.length) return undefined;
    if (name !== undefined) {
      const check = checks.find((c) => c.name === name);
      if (!check) return undefined;
      return check.healthy() ? plain(200, 'ok') : plain(500, `internal server error: ${name} is not healthy`);
    }
    const excluded = new Set(query.getAll('exclude'));
    const lines = checks.map((check) => (excluded.has(check.name) ? `[+]${check.name} excluded: ok` : check.healthy() ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`));
    if (lines.some((line) => line.startsWith('[-]'))) return plain(500, `${lines.join('\n')}\n${endpoint} check failed\n`);
    return query.has('verbose') ? plain(200, `${lines.join('\n')}\n${endpoint} check passed\n`) : plain(200, 'ok');
  }
}

const plain = (status: number, text: string): Answer => textAnswer(status, text, { 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache, private' });
