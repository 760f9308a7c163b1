// Proves, with one throw-away container and the sandbox it lives in, that this process shares the engine's mounts, network and
// process ids: everything an agent does on its host rests on that. Docker Desktop, rootless and remote engines fail here.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PodSandboxConfig, Runtime } from '../runtime/runtime.ts';
import type { Mounter } from '../kubelet/volumes/mounts.ts';

/** One line naming what is not shared. */
export class NotShared extends Error {
  constructor(what: string) {
    super(`the agent does not share ${what} with the Docker Engine: it must run on the engine's own host (no Docker Desktop, rootless or remote engine), in a container with the host's mounts, network and process ids`);
    this.name = 'NotShared';
  }
}

const mountPoint = '/proof';
const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const linkOf = (path: string): Promise<string | undefined> => readlink(path).catch(() => undefined);

/** Where the engine puts a container that is asked for without a control group: what /proc says of the one with that id. */
export interface EngineGroup { readonly id: string; readonly membership: string }

/** `image` is one that is in the engine's store once a sandbox has been made. @throws NotShared */
export async function prove(runtime: Runtime, options: { dataDir: string; mounter: Mounter; image: string }): Promise<EngineGroup> {
  const { dataDir, mounter, image } = options;
  const directory = join(dataDir, 'proof');
  const secret = randomUUID();
  const sandbox: PodSandboxConfig = { metadata: { name: 'proof', namespace: 'kube-system', uid: secret, attempt: 0 }, hostname: 'proof', network: 'host' };
  let id: string | undefined;
  try {
    // A mount made here, and a file only it holds: an engine with other mounts sees an empty directory, or none.
    await mkdir(directory, { recursive: true });
    await mounter.mountTmpfs(directory, { sizeBytes: 65_536 });
    await writeFile(join(directory, 'secret'), secret);
    id = await runtime.runPodSandbox(sandbox);
    const { pid } = await runtime.podSandboxStatus(id);
    const [network, membership, mounts] = await Promise.all([linkOf(`/proc/${pid}/ns/net`), textOf(`/proc/${pid}/cgroup`), textOf(`/proc/${pid}/mountinfo`)]);
    // A process of that number may be here by chance: the engine's has the host name it was given nowhere else.
    if (!network || !(membership.includes(id) || mounts.includes(id))) throw new NotShared('process ids');
    if (network !== (await linkOf('/proc/self/ns/net'))) throw new NotShared('the network');
    const config = { metadata: { name: 'proof', attempt: 0 }, image, imageReference: image, envs: [], mounts: [{ hostPath: directory, containerPath: mountPoint, readonly: true }] };
    const container = await runtime.createContainer(id, config, sandbox).catch((error: Error) => {
      if (/bind source path does not exist|invalid mount config/.test(error.message)) throw new NotShared('mounts');
      throw error;
    });
    await runtime.startContainer(container);
    const status = await runtime.containerStatus(container);
    const seen = await readFile(`/proc/${status.pid}/root${mountPoint}/secret`, 'utf8').catch(() => undefined);
    if (seen !== secret) throw new NotShared('mounts');
    return { id, membership };
  } finally {
    if (id !== undefined) await runtime.removePodSandbox(id);
    for (const path of await mounter.below(directory)) await mounter.unmount(path);
    await rm(directory, { recursive: true, force: true });
  }
}
