// Where a process's cgroup can be read: what /proc says of the process, joined with where the hierarchies are mounted. Pure, for
// cgroup v1 (one hierarchy a controller, or several together), v2, and both at once.

/** The controllers whose files are read; `unified` is the one hierarchy of v2. */
export type CgroupController = 'cpu' | 'cpuacct' | 'memory' | 'pids' | 'unified';
/** Directory by controller; a controller that is not mounted here is absent. */
export type CgroupDirectories = Readonly<Partial<Record<CgroupController, string>>>;

export interface CgroupMount { readonly controllers: readonly string[]; /** The part of the hierarchy that is seen at `at`. */ readonly root: string; readonly at: string }

const wanted: readonly string[] = ['cpu', 'cpuacct', 'memory', 'pids'];
const unescaped = (text: string): string => text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** The text of /proc/<pid>/mountinfo. (proc(5): …root mountpoint options [tags] - type source superOptions) */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', at = ''] = before.split(' ').map(unescaped);
    const [type, , options = ''] = after.split(' ');
    if (type === 'cgroup2') return [{ controllers: ['unified'], root, at }];
    return type === 'cgroup' ? [{ controllers: options.split(',').filter((option) => wanted.includes(option)), root, at }] : [];
  });
}

/** The text of /proc/<pid>/cgroup, joined with the mounts; a group outside of what is mounted here is left out. */
export function locateCgroup(membership: string, mounts: readonly CgroupMount[]): CgroupDirectories {
  const found: Partial<Record<CgroupController, string>> = {};
  for (const line of membership.split('\n')) {
    const [, id, names, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || path.startsWith('/..')) continue;
    for (const controller of id === '0' && names === '' ? ['unified'] : names!.split(',')) {
      const mount = mounts.find((m) => m.controllers.includes(controller) && (m.root === '/' || path === m.root || path.startsWith(`${m.root}/`)));
      if (mount) found[controller as CgroupController] = `${mount.at}${mount.root === '/' ? path : path.slice(mount.root.length)}`.replace(/\/$/, '');
    }
  }
  return found;
}

/**
 * The group that the one of `name` was made in, as a path below where each hierarchy is mounted; undefined where that cannot be seen from
 * here. `membership` is that of a process in it, `version` that of the hierarchies with the controllers.
 */
export function groupAround(membership: string, name: string, version: '1' | '2', mounts: readonly CgroupMount[]): string | undefined {
  const places = Object.entries(locateCgroup(membership, mounts)).flatMap(([controller, directory]) => {
    if ((controller === 'unified') !== (version === '2')) return [];
    const { at } = mounts.find((mount) => mount.controllers.includes(controller) && directory.startsWith(mount.at))!;
    return [directory.slice(at.length)];
  });
  const [place = ''] = places;
  const own = place.lastIndexOf('/');
  return places.every((other) => other === place) && place.slice(own).includes(name) ? place.slice(0, own) || '/' : undefined;
}
