// Speaks to a Docker Engine in plain HTTP: what set-up needs before there is a runtime (ping, load an image), without dockerode.
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';

export const DEFAULT_DOCKER_HOST = 'unix:///var/run/docker.sock';

export interface EngineEndpoint {
  readonly protocol: 'http' | 'https';
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** `unix:///path`, `tcp://host:port`, `http(s)://host:port`; DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as the docker command reads them. @throws TypeError with one line. */
export function parseDockerHost(host: string, env: NodeJS.ProcessEnv = process.env): EngineEndpoint {
  if (host.startsWith('unix://')) {
    const path = host.slice('unix://'.length);
    if (!path.startsWith('/')) throw new TypeError(`invalid Docker host "${host}": a unix socket needs an absolute path, as in ${DEFAULT_DOCKER_HOST}`);
    return { protocol: 'http', socketPath: path };
  }
  let url: URL;
  try {
    url = new URL(host.includes('://') ? host : `tcp://${host}`);
  } catch {
    throw new TypeError(`invalid Docker host "${host}": use unix:///path or tcp://host:port`);
  }
  if (!['tcp:', 'http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new TypeError(`unsupported Docker host "${host}": use unix:///path or tcp://host:port`);
  }
  const secure = url.protocol === 'https:' || (env['DOCKER_TLS_VERIFY'] ?? '') !== '' || url.port === '2376';
  const directory = secure ? env['DOCKER_CERT_PATH'] : undefined;
  return {
    protocol: secure ? 'https' : 'http',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 2376 : 2375)),
    ...(directory ? { ca: readFileSync(join(directory, 'ca.pem')), cert: readFileSync(join(directory, 'cert.pem')), key: readFileSync(join(directory, 'key.pem')) } : {}),
  };
}

export interface EngineAnswer { readonly status: number; readonly body: Buffer }

/** The engine took a request and said nothing more. */
export class EngineSilent extends Error {}

export interface EngineRequestOptions {
  readonly body?: Uint8Array;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** How long the engine may be silent. */
  readonly timeoutMs?: number;
}

/** One request on a connection of its own; connection errors reject as Node words them. @throws EngineSilent after `timeoutMs` */
export function engineRequest(endpoint: EngineEndpoint, method: string, path: string, options: EngineRequestOptions = {}): Promise<EngineAnswer> {
  const { protocol, ...target } = endpoint;
  const { timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https' ? httpsRequest : httpRequest)({
      ...target, method, path, agent: false,
      headers: { host: 'docker', ...(options.body ? { 'content-type': options.contentType ?? 'application/json', 'content-length': options.body.length } : {}) },
      ...(options.signal ? { signal: options.signal } : {}), ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new EngineSilent(`no answer to ${method} ${path.split('?')[0]} within ${timeoutMs! / 1000} s`)));
    request.end(options.body);
  });
}

/** The engine's own words in an error answer. */
export function engineFault(answer: EngineAnswer): string {
  const text = answer.body.toString();
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text || `HTTP ${answer.status}`;
  }
}
