// As whom a container's first process runs: the engine knows names and what was asked for, and the kernel who it is.
import type { LinuxContainerUser } from '../runtime.ts';
import { textOf } from '../../../src/util/cgroup/limits.ts';

/** Of a process' status file; its groups are those the engine gave it, the image's /etc/group among them. Pure. */
export function userInStatus(status: string): LinuxContainerUser | undefined {
  const numbers = (name: string): number[] | undefined => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/).filter(Boolean).map(Number);
  const [[uid] = [], [gid] = [], groups] = [numbers('Uid'), numbers('Gid'), numbers('Groups')];
  return uid === undefined || gid === undefined || !groups ? undefined : { uid, gid, supplementalGroups: groups };
}

/** Whether users have in a namespace the numbers they have outside of it. */
const isIdentity = (map: string): boolean => /^\s*0\s+0\s+4294967295\s*$/.test(map);

/** Undefined where it cannot be seen, or is seen under other numbers. */
export function userOf(id: string, pid: number): LinuxContainerUser | undefined {
  const user = isIdentity(textOf(`/proc/${pid}/uid_map`)) ? userInStatus(textOf(`/proc/${pid}/status`)) : undefined;
  // Read last: another's process may have the number by now.
  return user && textOf(`/proc/${pid}/cgroup`).includes(id) ? user : undefined;
}
