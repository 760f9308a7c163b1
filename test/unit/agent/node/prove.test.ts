// One agent per data directory, and the proof that this process is on the engine's host.
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectoryInUse, lockDataDirectory } from '../../../../agent/node/lock.ts';
import { NotShared, prove } from '../../../../agent/node/prove.ts';
import type { Mounter } from '../../../../agent/kubelet/volumes/mounts.ts';
import { FakeRuntime } from '../../../../agent/runtime/fake.ts';
import type { Runtime } from '../../../../agent/runtime/runtime.ts';
import { realClock } from '../../../../src/util/clock.ts';

let dataDir: string;
beforeEach(() => { dataDir = mkdtempSync(join(tmpdir(), 'dray-proof-')); });
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

it('locks a data directory until it is released', async () => {
  const release = await lockDataDirectory(dataDir);
  await expect(lockDataDirectory(dataDir)).rejects.toBeInstanceOf(DataDirectoryInUse);
  release();
  (await lockDataDirectory(dataDir))();
});

const mounter: Mounter = { mountTmpfs: async (path) => { await mkdir(path, { recursive: true }); }, mountNetwork: () => Promise.resolve(), bind: () => Promise.resolve(), unmount: () => Promise.resolve(), below: () => Promise.resolve([]), makeShared: () => Promise.resolve() };
it('finds an engine whose processes are not here, and leaves nothing behind', async () => {
  const runtime = new FakeRuntime({ clock: realClock, images: { pause: {} } });
  const error = await prove(runtime, { dataDir, mounter, image: 'pause' }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(NotShared);
  expect((error as Error).message).toContain('does not share process ids with the Docker Engine');
  expect(await runtime.listPodSandbox()).toEqual([]);
});
it('tells mounts apart from the rest', async () => {
  // The sandbox is this very process: process ids and network agree, its root has no proof in it.
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  const id = /\S+/.exec(mountinfo)![0];
  const runtime = new FakeRuntime({ clock: realClock, images: { pause: {} } });
  const here = new Proxy(runtime as Runtime, {
    get: (target, name: keyof Runtime) => {
      if (name === 'runPodSandbox') return async (config: never) => { const real = await runtime.runPodSandbox(config); ids.set(id, real); return id; };
      if (name === 'podSandboxStatus') return () => Promise.resolve({ pid: process.pid });
      if (name === 'createContainer') return (sandbox: string, config: never, of: never) => runtime.createContainer(ids.get(sandbox)!, config, of);
      if (name === 'containerStatus') return async (container: string) => ({ ...(await runtime.containerStatus(container)), pid: process.pid });
      if (name === 'removePodSandbox') return (sandbox: string) => runtime.removePodSandbox(ids.get(sandbox)!);
      return (target[name] as () => unknown).bind(target);
    },
  });
  const ids = new Map<string, string>();
  expect(readlinkSync('/proc/self/ns/net')).toContain('net:');
  await expect(prove(here, { dataDir, mounter, image: 'pause' })).rejects.toThrow('does not share mounts with the Docker Engine');
  expect(await runtime.listPodSandbox()).toEqual([]);
});
