// Looks for the Docker Engine where a person would: the flag, DOCKER_HOST, the default socket; the first that is named is the only one asked.
import { DEFAULT_DOCKER_HOST, engineRequest, parseDockerHost } from '../../../src/util/engine-http.ts';

export type EngineSource = '--docker-host' | 'DOCKER_HOST' | 'default socket';
export interface FoundEngine { readonly host: string; readonly source: EngineSource; readonly version: string }

/** One line saying where it looked and what happened there. */
export class EngineNotFound extends Error {
  readonly host: string;
  readonly source: EngineSource;
  readonly answer: string;
  /** `answer` is what came from there; `advice`, what a person can do about it. */
  constructor(host: string, source: EngineSource, answer: string, advice?: string) {
    const looked = source === 'default socket' ? `neither --docker-host nor DOCKER_HOST is set, and the default socket ${host} says` : `${source} names ${host}, which says`;
    super(`no Docker Engine found: ${looked} "${answer}"${advice ? `; ${advice}` : ''}`);
    this.host = host;
    this.source = source;
    this.answer = answer;
  }
}

const ANSWER_WITHIN_MS = 10_000;

export function engineAddress(options: { dockerHost?: string; env?: NodeJS.ProcessEnv }): { host: string; source: EngineSource } {
  if (options.dockerHost) return { host: options.dockerHost, source: '--docker-host' };
  const named = options.env?.['DOCKER_HOST'];
  return named ? { host: named, source: 'DOCKER_HOST' } : { host: DEFAULT_DOCKER_HOST, source: 'default socket' };
}

/** @throws EngineNotFound; TypeError for an address that cannot be one. */
export async function findEngine(options: { dockerHost?: string; env?: NodeJS.ProcessEnv }): Promise<FoundEngine> {
  const { host, source } = engineAddress(options);
  const endpoint = parseDockerHost(host, options.env);
  try {
    const answer = await engineRequest(endpoint, 'GET', '/version', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
    const { Version: version } = JSON.parse(answer.body.toString()) as { Version?: string };
    if (version === undefined) throw new Error('it is no Docker Engine');
    return { host, source, version };
  } catch (error) {
    throw new EngineNotFound(host, source, (error as Error).message);
  }
}
