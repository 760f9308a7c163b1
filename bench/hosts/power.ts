// A host whose power is cut, as far as one kernel can play it for a host in a network namespace: what is on its disk stays.
import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/util/run.ts';
import { killMembers, removeCgroups, unmountBelow } from './remains.ts';

const linkOf = (pid: string, name: string): string => {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return ''; // it ended while being looked at
  }
};
/** As the links in /proc name the network namespace bound there. */
const namespaceAt = async (path: string): Promise<string> => `net:[${(await stat(path)).ino}]`;

/** `directory` is the engine's, `dataDir` that of the host's node; both keep what a disk keeps. */
export async function cutPower(name: string, directory: string, netns: string, dataDir: string): Promise<void> {
  const own = await namespaceAt(netns);
  // The worker for Service addresses is in a namespace of its own, and is known by where it works.
  const isMember = (pid: string): boolean => linkOf(pid, 'ns/net') === own || linkOf(pid, 'cwd') === dataDir;
  const inUse = new Set(readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isMember(pid)).map((pid) => linkOf(pid, 'ns/net')));
  inUse.delete(linkOf('self', 'ns/net'));
  await killMembers(name, directory, isMember);
  for (const path of (existsSync('/run/netns') ? readdirSync('/run/netns') : []).map((entry) => join('/run/netns', entry))) {
    if (!inUse.has(await namespaceAt(path)) && path !== netns) continue;
    await run('umount', [path]);
    rmSync(path);
  }
  for (const mounted of [directory, dataDir]) unmountBelow(mounted);
  // Of /run nothing is left after a start.
  for (const path of ['exec', 'docker.sock', 'dockerd.pid']) rmSync(join(directory, path), { recursive: true, force: true });
  await removeCgroups(name);
}
