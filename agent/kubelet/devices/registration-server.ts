// Where device plugins register: a socket in the directory of their own. One that is taken by another kubelet of this host is left
// alone; one that vanishes, or whose owner does, is made again, which is the sign for plugins to register anew.
// upstream: pkg/kubelet/cm/devicemanager/plugin/v1beta1/server.go
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js';
import { isExtended } from '../../../src/api/core/resources.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { ifThere } from '../../../src/util/if-there.ts';
import { DirectoryChange } from '../directory-change.ts';
import { apiVersion, registrationService, type PluginOptions, type RegisterRequest } from './plugin-api.ts';
import { answers, registrationSocket, removeRegistration } from './plugin-directory.ts';

export interface Registration { readonly resource: string; /** Path of the plugin's socket. */ readonly socket: string; readonly options: PluginOptions }

/** The socket is looked after when something happens in its directory; and now and then, for what is not told. In ms. */
const repairMs = 60_000;
/** Where nothing is told, or nobody would tell: who listens in its place may end without a trace. */
const retryMs = 10_000;

/** Why a plugin is not taken; undefined when it is. */
export function registrationFault({ version, resourceName }: RegisterRequest): string | undefined {
  if (version !== apiVersion) return `requested API version "${version}" is not supported by kubelet. Supported version is ["${apiVersion}"]`;
  return isExtended(resourceName) ? undefined : `the ResourceName "${resourceName}" is invalid`;
}

/** Serves until the signal aborts; `registered` is told of each plugin that is taken. Never throws. */
export async function serveRegistration(directory: string, registered: (registration: Registration) => void, { clock, log }: { clock: Clock; log: Log }, signal: AbortSignal): Promise<void> {
  const path = join(directory, registrationSocket);
  const register: handleUnaryCall<RegisterRequest, object> = ({ request }, done) => {
    const fault = registrationFault(request);
    log.info({ resource: request.resourceName, endpoint: request.endpoint, ...(fault === undefined ? {} : { fault }) }, 'a device plugin registers');
    if (fault !== undefined) return done({ code: status.UNKNOWN, details: fault });
    // A socket of the directory, whatever its path says.
    registered({ resource: request.resourceName, socket: join(directory, basename(request.endpoint)), options: request.options ?? { preStartRequired: false, getPreferredAllocationAvailable: false } });
    return done(null, {});
  };
  let server: Server | undefined;
  let inode: number | undefined;
  let said: string | undefined;
  while (!signal.aborted) {
    let change: DirectoryChange | undefined;
    let latestMs = retryMs;
    try {
      await mkdir(directory, { recursive: true, mode: 0o750 });
      change = new DirectoryChange(directory);
      const there = await ifThere(lstat(path));
      if (!server || there?.ino !== inode) {
        server?.forceShutdown();
        server = undefined;
        if (there && (await answers(path))) throw new Error('another kubelet listens there');
        server = await listen(path, register);
        inode = (await lstat(path)).ino;
        said = undefined;
      }
      if (change.isNoticing) latestMs = repairMs;
    } catch (error) {
      const { message } = error as Error;
      if (said !== message) log.info({ path, error: message }, 'device plugins cannot register; it is tried again');
      said = message;
    }
    await (change?.orAfter(latestMs, clock, signal) ?? clock.sleep(latestMs, signal).catch(() => undefined)); // aborted: the loop ends
  }
  server?.forceShutdown();
  if (server) await removeRegistration(directory).catch((error: unknown) => log.warn({ error, directory }, 'what plugins registered with could not be taken away'));
}

/** Listens under a name of its own first: who stops to listen removes what has the name it began with, and that may be another's by then. */
async function listen(path: string, register: handleUnaryCall<RegisterRequest, object>): Promise<Server> {
  const own = `${path}.new`;
  const server = new Server();
  server.addService(registrationService, { Register: register });
  await rm(own, { force: true });
  await new Promise<void>((resolve, reject) => { server.bindAsync(`unix:${own}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())); });
  try {
    await rename(own, path);
  } catch (error) {
    server.forceShutdown();
    throw error;
  }
  return server;
}
