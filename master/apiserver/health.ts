// /healthz, /livez and /readyz: is this server alive, and does it answer. (upstream: apiserver server/healthz)
import { errorPage, textAnswer, type Answer } from './request.ts';

/** `fault` says what is wrong, to who may ask for this check alone. */
interface Check { readonly name: string; fault(): Promise<string | undefined> }
export interface HealthSources {
  /** All a started server writes is written. */
  readonly ready: () => boolean;
  /** Resolves when the storage can be read. */
  readonly storage: () => Promise<unknown>;
}

/** Named as upstream names what it asks of the same parts. */
function checksOf({ ready, storage }: HealthSources): Readonly<Record<string, readonly Check[]>> {
  const ping: Check = { name: 'ping', fault: () => Promise.resolve(undefined) };
  const etcd: Check = { name: 'etcd', fault: () => storage().then(() => undefined, (error: unknown) => `error getting data from the storage: ${String(error)}`) };
  const started: Check = { name: 'poststarthook/rbac/bootstrap-roles', fault: () => Promise.resolve(ready() ? undefined : 'not finished') };
  return { healthz: [ping, etcd], livez: [ping, etcd], readyz: [ping, etcd, started] };
}

export class Health {
  readonly #checks: ReturnType<typeof checksOf>;
  constructor(sources: HealthSources) { this.#checks = checksOf(sources); }

  get paths(): string[] { return Object.entries(this.#checks).flatMap(([endpoint, checks]) => [`/${endpoint}`, ...checks.map(({ name }) => `/${endpoint}/${name}`)]); }

  /** Undefined when the path is none of these. */
  async answer(path: string, query: URLSearchParams): Promise<Answer | undefined> {
    const [, endpoint = '', ...rest] = path.split('/');
    const checks = Object.hasOwn(this.#checks, endpoint) ? this.#checks[endpoint]! : undefined;
    if (!checks) return undefined;
    if (!rest.length) return whole(endpoint, checks, query);
    const check = checks.find(({ name }) => name === rest.join('/'));
    const fault = await check?.fault();
    return check && (fault === undefined ? textAnswer(200, 'ok') : errorPage(500, `internal server error: ${fault}`));
  }
}

async function whole(endpoint: string, checks: readonly Check[], query: URLSearchParams): Promise<Answer> {
  const excluded = new Set(query.getAll('exclude'));
  const lines = await Promise.all(checks.map(async (check) => {
    if (excluded.delete(check.name)) return `[+]${check.name} excluded: ok`;
    return (await check.fault()) === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`;
  }));
  const failed = lines.some((line) => line.startsWith('[-]'));
  if (excluded.size) lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].sort().map((name) => JSON.stringify(name)).join(',')}`);
  if (failed) return errorPage(500, `${lines.join('\n')}\n${endpoint} check failed`);
  return textAnswer(200, query.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok', { 'x-content-type-options': 'nosniff' });
}
