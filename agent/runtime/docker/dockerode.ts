// Loads dockerode without the parts an agent never calls, and connects it to one engine at an API version both sides speak.
import { createRequire } from 'node:module';
import type Docker from 'dockerode';
import { parseDockerHost } from '../../../src/util/engine-http.ts';
import { translate } from './errors.ts';

export interface EngineVersion { readonly version: string; readonly apiVersion: string; readonly architecture: string; readonly os: string; readonly kernelVersion: string }
export interface Connection { readonly docker: Docker; readonly engine: EngineVersion }

/** The API this code is written for (Engine 20.10); a newer engine is asked for its own minimum when that is higher. */
const WRITTEN_FOR = '1.41';

/**
 * dockerode requires its BuildKit session (gRPC, protobuf) and its ssh transport when it is loaded: 13 MB of resident memory per agent.
 * Both are leaves that nothing here reaches, so they are answered with a function that says so.
 */
function loadDockerode(): typeof Docker {
  const require = createRequire(import.meta.url);
  const main = require.resolve('dockerode');
  const inner = createRequire(main);
  const leaves = [inner.resolve('./session'), createRequire(inner.resolve('docker-modem')).resolve('./ssh')];
  for (const id of leaves) {
    const unused = (): never => { throw new Error(`${id} is left out of this process`); };
    require.cache[id] ??= { id, filename: id, loaded: true, exports: unused, children: [], paths: [], path: id, parent: null, isPreloading: false, require } as unknown as NodeJS.Module;
  }
  return require(main) as typeof Docker;
}

export function chooseApiVersion(engine: { ApiVersion: string; MinAPIVersion?: string }): string {
  const lowest = engine.MinAPIVersion ?? '1.12';
  if (compare(engine.ApiVersion, WRITTEN_FOR) < 0) return engine.ApiVersion;
  return compare(lowest, WRITTEN_FOR) > 0 ? lowest : WRITTEN_FOR;
}

function compare(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

/** With `timeoutMs` a request fails when the engine is silent for so long. @throws RuntimeUnavailable when nothing answers at `host`. */
export async function connect(host: string, timeoutMs?: number): Promise<Connection> {
  const DockerClient = loadDockerode();
  // `host: undefined` keeps DOCKER_HOST out: dockerode would prefer it to the socket named here.
  const options = { host: undefined, ...parseDockerHost(host), ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) };
  const version = await new DockerClient(options as Docker.DockerOptions).version().catch((error: unknown) => { throw translate(error); });
  const apiVersion = chooseApiVersion(version);
  return {
    docker: new DockerClient({ ...options, version: `v${apiVersion}` } as Docker.DockerOptions),
    engine: { version: version.Version, apiVersion, architecture: version.Arch, os: version.Os, kernelVersion: version.KernelVersion ?? '' },
  };
}
