// The engine as somebody at its host uses it: containers listed, killed, paused and removed, with a limit to how long it may be silent.
import { engineFault, engineRequest, parseDockerHost } from '../../src/util/engine-http.ts';

export interface EngineContainer { readonly Id: string; readonly Names: readonly string[]; readonly State: string; readonly Labels: Readonly<Record<string, string>> }

export class EngineApi {
  readonly #dockerHost: string;
  readonly #patienceMs: number;
  constructor(dockerHost: string, patienceMs: number) {
    this.#dockerHost = dockerHost;
    this.#patienceMs = patienceMs;
  }

  containers(): Promise<EngineContainer[]> { return this.#call('GET', '/containers/json?all=1') as Promise<EngineContainer[]>; }
  /** Ids of the containers an endpoint of the network is for. */
  async attached(network: string): Promise<string[]> { return Object.keys(((await this.#call('GET', `/networks/${network}`)) as { Containers?: object }).Containers ?? {}); }
  /** Does it unless there is nothing (left) to do it to. */
  async act(verb: 'kill' | 'stop' | 'remove' | 'pause' | 'rename', id: string): Promise<void> {
    const path = { kill: '/kill', stop: '/stop?t=1', remove: '?force=1&v=1', pause: '/pause', rename: `/rename?name=mine-${id.slice(0, 12)}-${Date.now()}` }[verb];
    await this.#call(verb === 'remove' ? 'DELETE' : 'POST', `/containers/${id}${path}`, [404, 409]);
  }

  async #call(method: string, path: string, allowed: readonly number[] = []): Promise<unknown> {
    const answer = await engineRequest(parseDockerHost(this.#dockerHost), method, path, { timeoutMs: this.#patienceMs });
    if (answer.status >= 400 && !allowed.includes(answer.status)) throw new Error(`${method} ${path}: ${answer.status} ${engineFault(answer)}`);
    return answer.body.length > 0 ? JSON.parse(answer.body.toString()) : undefined;
  }
}
