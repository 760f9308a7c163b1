// The control groups of this node, opened where its host lets them be made; elsewhere containers stay in the engine's own group, with
// their own limits and shares. upstream: pkg/kubelet/cm
import { groupAround } from '../../../src/util/cgroup/location.ts';
import type { Log } from '../../../src/util/log.ts';
import type { Run } from '../../../src/util/run.ts';
import type { RuntimeInfo } from '../../runtime/runtime.ts';
import { openHierarchies, type Hierarchies } from './hierarchies.ts';
import { treeName } from './plan.ts';
import { PodGroups } from './pod-groups.ts';
import { readMounts, readTrees, sameTree, writeTrees, type RecordedTree } from './record.ts';

export interface OpenOptions {
  readonly info: Pick<RuntimeInfo, 'cgroupDriver' | 'cgroupVersion' | 'rootless' | 'cpus'>;
  /** Of the CPUs, kept from Pods. */
  readonly reservedMilliCpus?: number;
  /** What all Pods may use together; -1 is no limit. */
  readonly memoryLimitInBytes?: number;
  /** A container the engine put where it puts all that are asked for without a group. */
  readonly engineGroup: { readonly id: string; readonly membership: string };
  readonly clusterId: string;
  readonly nodeName: string;
  readonly dataDir: string;
  readonly run: Run;
  readonly log: Log;
  readonly mounts?: Awaited<ReturnType<typeof readMounts>>;
}

/** Undefined where there are none to be had, which is logged once. */
export async function openPodGroups(options: OpenOptions): Promise<PodGroups | undefined> {
  const { info, reservedMilliCpus = 0, memoryLimitInBytes = -1, engineGroup, clusterId, nodeName, dataDir, run, log, mounts = await readMounts() } = options;
  const driver = info.cgroupDriver;
  const version = info.cgroupVersion === '2' ? '2' : '1';
  const none = (why: string): undefined => { log.info({ why }, 'Pods and QoS classes have no control groups of their own: containers are in the engine\'s'); };
  if (info.rootless || (driver !== 'cgroupfs' && driver !== 'systemd')) return none(info.rootless ? 'the engine is rootless' : `the engine's cgroup driver is "${driver}"`);
  const below = groupAround(engineGroup.membership, engineGroup.id, version, mounts);
  if (below === undefined) return none('the control groups of the engine cannot be seen from here');
  const tree: RecordedTree = { driver, version, below, name: treeName(clusterId, nodeName) };
  const older = (await readTrees(dataDir)).filter((other) => !sameTree(other, tree));
  const open = (of: RecordedTree): Hierarchies => openHierarchies(of.driver, { version: of.version, mounts, run });
  let recorded = [...older, tree];
  await writeTrees(dataDir, recorded);
  const groups = new PodGroups({
    tree, hierarchies: open(tree), milliCpus: info.cpus * 1000 - reservedMilliCpus, memoryLimitInBytes, log, older: older.map((of) => ({ tree: of, hierarchies: open(of) })),
    onGone: async (gone) => {
      recorded = recorded.filter((of) => !sameTree(of, gone));
      await writeTrees(dataDir, recorded);
    },
  });
  try {
    await groups.prepare();
    return groups;
  } catch (error) {
    return none((error as Error).message);
  }
}
