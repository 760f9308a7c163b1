// What every Runtime does, run against the fake and against a real Docker Engine.
import { NameConflict, ImagePullError, RuntimeError, RuntimeNotFound, StartError } from '../../agent/runtime/runtime.ts';
import type { ContainerConfig, ExecSession, PodSandboxConfig, Runtime, RuntimeEvent } from '../../agent/runtime/runtime.ts';

export interface RuntimeUnderTest {
  readonly runtime: Runtime;
  /** An image with a POSIX shell (or that plays `scripts`). */
  readonly image: string;
  readonly network: string;
  /** The n-th free address on that network. */
  address(n: number): string;
  /** A control group that can be asked for, and the one a container or sandbox that runs is in. */
  readonly group: string;
  groupOf(id: string, pid: number): Promise<string | undefined>;
}

/** What containers and execs run, as `sh -c` scripts; the fake knows each by its text. */
export const scripts = {
  untilStopped: "echo first; trap 'exit 0' TERM; sleep 1000 & wait",
  stubborn: "trap '' TERM; echo ready; while :; do sleep 1; done",
  talks: 'echo one; echo two >&2; echo three',
  fails: 'echo broken; exit 3',
  echoes: 'cat',
  result: 'echo out; echo err >&2; exit 5',
  hangs: 'echo started; exec sleep 1000',
  floods: 'head -c 3000000 /dev/zero',
  environment: 'echo "$GREETING"',
} as const;
const missing = ['/no/such/program'];

export function runtimeContract(name: string, open: () => Promise<RuntimeUnderTest>): void {
  describe(name, () => {
    let test: RuntimeUnderTest;
    let runtime: Runtime;
    let pods = 0;
    const created: string[] = [];
    const stop = new AbortController();

    beforeAll(async () => {
      test = await open();
      runtime = test.runtime;
    });
    afterEach(async () => { for (const id of created.splice(0)) await runtime.removePodSandbox(id); });
    afterAll(async () => {
      stop.abort();
      await runtime?.close();
    });

    const sandboxConfig = (overrides: Partial<PodSandboxConfig> = {}): PodSandboxConfig => {
      const n = ++pods;
      return {
        metadata: { name: `pod-${n}`, namespace: 'default', uid: `uid-${n}`, attempt: 0 }, hostname: `pod-${n}`, network: test.network, ip: test.address(n),
        labels: { app: 'contract' }, annotations: { 'example.com/note': 'a b' }, ...overrides,
      };
    };
    const containerConfig = (script: keyof typeof scripts, overrides: Partial<ContainerConfig> = {}): ContainerConfig => ({
      metadata: { name: 'main', attempt: 0 }, image: test.image, imageReference: test.image, command: ['sh', '-c'], args: [scripts[script]], envs: [], mounts: [], ...overrides,
    });
    async function sandbox(overrides?: Partial<PodSandboxConfig>): Promise<{ id: string; config: PodSandboxConfig }> {
      const config = sandboxConfig(overrides);
      const id = await runtime.runPodSandbox(config);
      created.push(id);
      return { id, config };
    }
    async function container(script: keyof typeof scripts, overrides?: Partial<ContainerConfig>): Promise<{ id: string; sandboxId: string; config: PodSandboxConfig }> {
      const { id: sandboxId, config } = await sandbox();
      const id = await runtime.createContainer(sandboxId, containerConfig(script, overrides), config);
      return { id, sandboxId, config };
    }
    /** Starts it and waits for an event of it. */
    async function until(id: string, type: RuntimeEvent['type'], act: () => Promise<unknown>): Promise<void> {
      const watching = new AbortController();
      const events = runtime.events(watching.signal);
      await act();
      for await (const event of events) if (event.containerId === id && event.type === type) break;
      watching.abort();
    }
    async function running(script: keyof typeof scripts, overrides?: Partial<ContainerConfig>): Promise<string> {
      const { id } = await container(script, overrides);
      await runtime.startContainer(id);
      return id;
    }
    async function finished(script: keyof typeof scripts, overrides?: Partial<ContainerConfig>): Promise<string> {
      const { id } = await container(script, overrides);
      await until(id, 'exited', () => runtime.startContainer(id));
      return id;
    }

    it('describes itself', async () => {
      const info = await runtime.info();
      expect(info).toMatchObject({ operatingSystem: 'linux', rootless: false });
      expect(info.cpus).toBeGreaterThan(0);
      expect(info.memoryBytes).toBeGreaterThan(2 ** 20);
      expect(info.apiVersion).toMatch(/^1\.\d+$/);
    });

    describe('sandboxes', () => {
      it('run, are found again as they were described, stop and go', async () => {
        const { id, config } = await sandbox();
        const status = await runtime.podSandboxStatus(id);
        expect(status).toMatchObject({ id, metadata: config.metadata, state: 'ready', ip: config.ip, network: test.network, labels: config.labels, annotations: config.annotations });
        expect(status.pid).toBeGreaterThan(1);
        expect(await runtime.listPodSandbox({ podUid: config.metadata.uid })).toMatchObject([{ id, metadata: config.metadata, state: 'ready', labels: config.labels, annotations: config.annotations }]);
        expect(await runtime.listPodSandbox({ podUid: 'none' })).toEqual([]);
        await runtime.stopPodSandbox(id);
        await runtime.stopPodSandbox(id);
        expect(await runtime.podSandboxStatus(id)).toMatchObject({ state: 'notReady', pid: 0 });
        await runtime.removePodSandbox(id);
        await runtime.removePodSandbox(id);
        await expect(runtime.podSandboxStatus(id)).rejects.toThrow(RuntimeNotFound);
      });

      it('refuse a name that is taken and say by whom', async () => {
        const { id, config } = await sandbox();
        const error = await runtime.runPodSandbox({ ...config, ip: test.address(200) }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(NameConflict);
        expect((error as NameConflict).existingId).toBe(id);
        const next = await sandbox({ metadata: { ...config.metadata, attempt: 1 } });
        expect((await runtime.podSandboxStatus(next.id)).metadata.attempt).toBe(1);
      });

      it('are removed with all their containers', async () => {
        const { id, sandboxId, config } = await container('untilStopped');
        await runtime.startContainer(id);
        await runtime.removePodSandbox(sandboxId);
        expect(await runtime.listContainers({ podUid: config.metadata.uid })).toEqual([]);
        await expect(runtime.containerStatus(id)).rejects.toThrow(RuntimeNotFound);
      });
    });

    describe('containers', () => {
      it('go from created to running to exited', async () => {
        const { id, sandboxId, config } = await container('untilStopped', { metadata: { name: 'main', attempt: 2 }, labels: { tier: 'web' }, annotations: { 'example.com/hash': 'abc' } });
        const { imageId } = (await runtime.listContainers({ podUid: config.metadata.uid }))[0]!;
        expect(imageId).toBe((await runtime.imageStatus(test.image))!.id);
        const known = { id, podSandboxId: sandboxId, metadata: { name: 'main', attempt: 2 }, image: test.image, imageId, labels: { tier: 'web' }, annotations: { 'example.com/hash': 'abc' }, pod: config.metadata };
        expect(await runtime.containerStatus(id)).toMatchObject({ ...known, state: 'created', startedAt: 0, finishedAt: 0, reason: '' });
        await runtime.startContainer(id);
        const status = await runtime.containerStatus(id);
        expect(status).toMatchObject({ ...known, state: 'running', finishedAt: 0, exitCode: 0 });
        expect(status.startedAt).toBeGreaterThan(0);
        expect(await runtime.listContainers({ podUid: config.metadata.uid })).toMatchObject([{ ...known, state: 'running' }]);
        await runtime.stopContainer(id, 10);
        await runtime.stopContainer(id, 10);
        const end = await runtime.containerStatus(id);
        expect(end).toMatchObject({ ...known, state: 'exited', exitCode: 0, reason: 'Completed' });
        expect(end.finishedAt).toBeGreaterThanOrEqual(status.startedAt);
        await runtime.removeContainer(id);
        await runtime.removeContainer(id);
        expect(await runtime.listContainers({ podUid: config.metadata.uid })).toEqual([]);
      });

      it('tell their exit code', async () => {
        expect(await runtime.containerStatus(await finished('fails'))).toMatchObject({ state: 'exited', exitCode: 3, reason: 'Error' });
      });

      it('are killed when the grace period ends', async () => {
        const { id } = await container('stubborn');
        await runtime.startContainer(id);
        for await (const text of runtime.logs(id, { follow: true })) if (Buffer.from(text).includes('ready')) break;
        await runtime.stopContainer(id, 1);
        expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 137, reason: 'Error' });
      });

      it('say why they cannot start', async () => {
        const { id } = await container('talks', { command: missing, args: [] });
        const error = await runtime.startContainer(id).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(StartError);
        expect(error).toMatchObject({ exitCode: 127, reason: 'ContainerCannotRun' });
        expect((error as Error).message).toContain('no such file or directory');
        expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 127, reason: 'ContainerCannotRun' });
      });

      it('do not start in a sandbox that has ended', async () => {
        const { id, sandboxId } = await container('untilStopped');
        await runtime.stopPodSandbox(sandboxId);
        const refused: unknown = await runtime.startContainer(id).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(StartError);
        expect((refused as Error).message).toContain('cannot join network of a non running container');
      });
      it('refuse a name that is taken', async () => {
        const { id, sandboxId, config } = await container('talks');
        await expect(runtime.createContainer(sandboxId, containerConfig('talks'), config)).rejects.toMatchObject({ existingId: id });
      });

      it('get their environment', async () => {
        expect(await text(runtime.logs(await finished('environment', { envs: [{ key: 'GREETING', value: 'a=b $x "q"' }] }), {}))).toBe('a=b $x "q"\n');
      });

      it('keep their limits, and change them', async () => {
        const { id } = await container('untilStopped', { resources: { cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 512, memoryLimitInBytes: 64 * 2 ** 20 } });
        expect((await runtime.containerStatus(id)).resources).toMatchObject({ cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 512, memoryLimitInBytes: 64 * 2 ** 20 });
        await runtime.startContainer(id);
        const events = runtime.events(stop.signal);
        await runtime.updateContainerResources(id, { cpuPeriod: 100_000, cpuQuota: 80_000, memoryLimitInBytes: 96 * 2 ** 20 });
        expect((await runtime.containerStatus(id)).resources).toMatchObject({ cpuQuota: 80_000, memoryLimitInBytes: 96 * 2 ** 20 });
        for await (const event of events) if (event.containerId === id && event.type === 'updated') break;
        await runtime.unpauseContainer(id); // as it is not paused: nothing
        expect((await runtime.containerStatus(id)).state).toBe('running');
      });

      it('say as whom they were started, while they run', async () => {
        const { id } = await container('untilStopped', { security: { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [4000, 2000] } });
        const user = async (): Promise<unknown> => (await runtime.containerStatus(id)).user;
        await runtime.startContainer(id);
        expect(await user()).toMatchObject({ uid: 1000, gid: 3000, supplementalGroups: expect.arrayContaining([2000, 4000]) });
        await runtime.stopContainer(id, 0);
        expect(await user()).toBeUndefined();
      });

      it('are in the control group of their sandbox, or together in the engine\'s', async () => {
        const groups = async (overrides?: Partial<PodSandboxConfig>): Promise<(string | undefined)[]> => {
          const { id: sandboxId, config } = await sandbox(overrides);
          const id = await runtime.createContainer(sandboxId, containerConfig('untilStopped'), config);
          await runtime.startContainer(id);
          return Promise.all([test.groupOf(sandboxId, (await runtime.podSandboxStatus(sandboxId)).pid), test.groupOf(id, (await runtime.containerStatus(id)).pid)]);
        };
        expect(await groups({ cgroupParent: test.group })).toEqual([test.group, test.group]);
        const [first, second] = await groups();
        expect(first).toBe(second);
        expect(first).not.toBe(test.group);
      });

      it('that do not exist: started, an error; stopped or removed, nothing to do', async () => {
        const id = 'f'.repeat(64);
        await expect(runtime.startContainer(id)).rejects.toThrow(RuntimeNotFound);
        await runtime.stopContainer(id, 1);
        await runtime.removeContainer(id);
      });
    });

    it('tells events in order', async () => {
      const events = runtime.events(stop.signal);
      const { id, sandboxId, config } = await container('talks');
      await runtime.startContainer(id);
      const seen: RuntimeEvent[] = [];
      for await (const event of events) {
        if (event.podUid !== config.metadata.uid) continue;
        seen.push(event);
        if (event.type === 'exited') await runtime.removePodSandbox(sandboxId);
        if (event.sandbox && event.type === 'removed') break;
      }
      expect(seen.filter((event) => !event.sandbox).map(({ type, containerId }) => [type, containerId])).toEqual([['created', id], ['started', id], ['exited', id], ['removed', id]]);
      expect(seen.filter((event) => event.sandbox).map(({ type }) => type)).toEqual(['created', 'started', 'exited', 'removed']);
      expect(seen.every((event) => event.at > 0)).toBe(true);
    });

    describe('usage', () => {
      it('tells memory and processes of what runs, and the writable layer on request', async () => {
        const id = await running('untilStopped');
        const stats = await runtime.containerStats(id, { writableLayer: false });
        expect(stats.memoryWorkingSetBytes).toBeGreaterThan(0);
        expect(stats.processes).toBeGreaterThan(0);
        expect(stats).not.toHaveProperty('writableLayer');
        const { writableLayer } = await runtime.containerStats(id, { writableLayer: true });
        expect(writableLayer!.usedBytes).toBeLessThan(2 ** 20);
        await runtime.stopContainer(id, 5);
        expect(await runtime.containerStats(id, { writableLayer: true })).toMatchObject({ memoryWorkingSetBytes: 0, processes: 0, writableLayer: { usedBytes: writableLayer!.usedBytes } });
        await expect(runtime.containerStats('none', { writableLayer: false })).rejects.toThrow(RuntimeNotFound);
      });
    });

    describe('logs', () => {
      it('come whole, by stream, by tail and cut', async () => {
        const id = await finished('talks');
        const lines = async (options: Parameters<Runtime['logs']>[1]): Promise<string[]> => (await text(runtime.logs(id, options))).split('\n').slice(0, -1);
        expect((await lines({})).sort()).toEqual(['one', 'three', 'two']);
        expect(await lines({ stream: 'stdout' })).toEqual(['one', 'three']);
        expect(await lines({ stream: 'stderr' })).toEqual(['two']);
        expect(await lines({ tailLines: 1 })).toHaveLength(1);
        expect(await lines({ tailLines: 0 })).toEqual([]);
        expect(await text(runtime.logs(id, { stream: 'stdout', limitBytes: 5 }))).toBe('one\nt');
        for (const line of await lines({ timestamps: true })) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (one|two|three)$/);
        expect(await lines({ sinceMs: (await runtime.containerStatus(id)).finishedAt + 60_000 })).toEqual([]);
      });

      it('are followed until the container ends', async () => {
        const id = await running('untilStopped');
        let all = '';
        for await (const piece of runtime.logs(id, { follow: true })) {
          all += Buffer.from(piece).toString();
          if (all.includes('first')) await runtime.stopContainer(id, 10);
        }
        expect(all).toBe('first\n');
      });

      it('stop being followed when the reader says so', async () => {
        const id = await running('untilStopped');
        const reader = new AbortController();
        for await (const _ of runtime.logs(id, { follow: true, signal: reader.signal })) reader.abort();
        expect((await runtime.containerStatus(id)).state).toBe('running');
      });

      it('of nothing are an error', async () => { await expect(text(runtime.logs('f'.repeat(64), {}))).rejects.toThrow(RuntimeNotFound); });
    });

    describe('exec', () => {
      const shell = (script: keyof typeof scripts): string[] => ['sh', '-c', scripts[script]];
      const read = (session: ExecSession): Promise<string[]> => Promise.all([text(session.stdout), text(session.stderr)]);

      it('runs to its end with a time-out', async () => {
        const id = await running('untilStopped');
        const result = await runtime.execSync(id, shell('result'), 60_000);
        expect({ ...result, stdout: decode(result.stdout), stderr: decode(result.stderr) }).toEqual({ exitCode: 5, stdout: 'out\n', stderr: 'err\n', timedOut: false });
        expect((await runtime.execSync(id, shell('floods'), 60_000)).stdout).toHaveLength(16 * 1024);
        // On a busy machine a program may have said nothing yet when its time is over.
        for (let timeoutMs = 400, said = ''; said !== 'started\n'; timeoutMs *= 2) {
          const late = await runtime.execSync(id, shell('hangs'), timeoutMs);
          said = decode(late.stdout);
          expect([late.timedOut, ['', 'started\n'].includes(said)]).toEqual([true, true]);
        }
      });

      it('carries input to its end-of-file, and the exit code', async () => {
        const session = await runtime.exec(await running('untilStopped'), { command: shell('echoes'), stdin: true });
        session.stdin!.write('hello ');
        session.stdin!.end('world');
        expect(await read(session)).toEqual(['hello world', '']);
        expect(await session.wait()).toBe(0);
        const failing = await runtime.exec(await running('untilStopped'), { command: shell('result') });
        expect(await read(failing)).toEqual(['out\n', 'err\n']);
        expect(await failing.wait()).toBe(5);
      });

      it('waits for a slow reader', async () => {
        const session = await runtime.exec(await running('untilStopped'), { command: shell('floods') });
        let size = 0;
        const errors = text(session.stderr);
        for await (const chunk of session.stdout) {
          size += chunk.length;
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(size).toBe(3_000_000);
        expect(await errors).toBe('');
        expect(await session.wait()).toBe(0);
      });

      it('has a terminal that can be resized', async () => {
        const session = await runtime.exec(await running('untilStopped'), { command: shell('result'), tty: true, stdin: true });
        await session.resize(120, 40).catch((error: unknown) => expect(error).toBeInstanceOf(Error)); // the process may have ended
        const [stdout, stderr] = await read(session);
        expect(stdout!.replaceAll('\r\n', '\n').trim().split('\n').sort()).toEqual(['err', 'out']);
        expect(stderr).toBe('');
        expect(await session.wait()).toBe(5);
      });

      it('can be closed', async () => {
        const session = await runtime.exec(await running('untilStopped'), { command: shell('hangs') });
        const outputs = read(session).catch(() => []); // cut off, or at its end
        session.close();
        await expect(session.wait()).rejects.toThrow();
        await outputs;
      });

      it('tells that there is no such program', async () => {
        const result = await runtime.execSync(await running('untilStopped'), missing, 60_000);
        expect([126, 127]).toContain(result.exitCode);
      });

      it('attaches to what runs', async () => {
        const { id } = await container('echoes', { stdin: true, stdinOnce: true });
        await runtime.startContainer(id);
        const session = await runtime.attach(id, { stdin: true, stdout: true, stderr: true });
        session.stdin!.end('over the wire\n');
        expect(await read(session)).toEqual(['over the wire\n', '']);
        await session.wait();
      });
    });

    describe('images', () => {
      it('are looked up by reference and id', async () => {
        const image = (await runtime.imageStatus(test.image))!;
        expect(image.repoTags).toContain(test.image);
        expect(image.size).toBeGreaterThan(0);
        expect(await runtime.imageStatus(image.id)).toMatchObject({ id: image.id });
        expect(await runtime.imageStatus('dray.local/none:1')).toBeUndefined();
        expect((await runtime.listImages()).map(({ id }) => id)).toContain(image.id);
      });
      it('that cannot be pulled say so', async () => {
        await expect(runtime.pullImage('127.0.0.1:9/none:1', undefined)).rejects.toThrow(ImagePullError);
      });
      it('stay while a container uses them', async () => {
        const { id } = (await runtime.imageStatus(test.image))!;
        expect(await runtime.imagesInUse()).not.toContain(id);
        await container('untilStopped');
        expect(await runtime.imagesInUse()).toContain(id);
        await expect(runtime.removeImage((await runtime.imageStatus(test.image))!.id)).rejects.toThrow(RuntimeError);
        expect(await runtime.imageStatus(test.image)).toBeDefined();
        await runtime.removeImage('dray.local/none:1');
      });
    });
  });
}

const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
async function text(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
