// Which control groups this node has made on its host, written before the first of them: a purge works from it when no agent lives.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCgroupMounts } from '../../../src/util/cgroup/location.ts';
import type { Run } from '../../../src/util/run.ts';
import { replaceFile } from '../../../src/util/replace-file.ts';
import { openHierarchies } from './hierarchies.ts';
import { groupAt, type GroupTree } from './plan.ts';

export interface RecordedTree extends GroupTree { readonly version: '1' | '2' }
export const sameTree = (a: GroupTree, b: GroupTree): boolean => a.driver === b.driver && a.below === b.below && a.name === b.name;

const pathIn = (dataDir: string): string => join(dataDir, 'control-groups.json');

/** Oldest first: an engine that was given another group, or another driver, leaves Pods in those of before. */
export async function readTrees(dataDir: string): Promise<RecordedTree[]> {
  try {
    return JSON.parse(await readFile(pathIn(dataDir), 'utf8')) as RecordedTree[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
export async function writeTrees(dataDir: string, trees: readonly RecordedTree[]): Promise<void> {
  const path = pathIn(dataDir);
  await replaceFile(path, `${JSON.stringify(trees, undefined, 2)}\n`);
}

export const readMounts = async (): Promise<ReturnType<typeof parseCgroupMounts>> => parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));

/** Removes all that is recorded, and the record. @throws when processes are in them still */
export async function removeControlGroups(dataDir: string, run: Run): Promise<void> {
  const mounts = await readMounts();
  for (const tree of await readTrees(dataDir)) {
    const first = groupAt(tree);
    if (!(await openHierarchies(tree.driver, { version: tree.version, mounts, run }).remove(first))) throw new Error(`processes are in the control group ${first.path} still, it is left alone`);
  }
  await rm(pathIn(dataDir), { force: true });
}
