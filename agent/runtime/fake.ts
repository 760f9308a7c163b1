// A runtime in memory with Docker's behaviour, for tests and scale runs: programmable images, time from the clock it is given.
import { PassThrough } from 'node:stream';
import { AsyncQueue } from '../../src/util/async-queue.ts';
import type { Clock } from '../../src/util/clock.ts';
import { exitsAfter, FakeLog, RunningProgram, runsUntilStopped } from './fake-process.ts';
import { FakeImages, type FakeImage } from './fake-images.ts';
import { collect, emptyOutput, fakeSession } from './fake-session.ts';
import { NameConflict, RuntimeError, RuntimeNotFound, RuntimeUnavailable, StartError } from './runtime.ts';
import type {
  Container, ContainerConfig, ContainerStats, ContainerStatus, ExecOptions, ExecResult, ExecSession, Image, LinuxResources, LogOptions, PodSandbox, PodSandboxConfig,
  PodSandboxStatus, RegistryAuth, Runtime, RuntimeEvent, RuntimeInfo,
} from './runtime.ts';

interface FakeContainer {
  readonly id: string; readonly name: string; readonly sandbox: boolean; readonly sandboxId: string; readonly config: ContainerConfig | undefined; readonly pod: PodSandboxConfig;
  readonly image: FakeImage; readonly imageId: string; readonly createdAt: number; readonly log: FakeLog; readonly pid: number; readonly ip: string;
  resources: LinuxResources; stats: Required<ContainerStats>;
  state: 'created' | 'running' | 'exited'; startedAt: number; finishedAt: number; exitCode: number; reason: string; message: string;
  process: RunningProgram | undefined; ended: Promise<void>; paused: boolean;
}

const smallStats: Required<ContainerStats> = { memoryWorkingSetBytes: 2 ** 20, processes: 1, writableLayer: { usedBytes: 0, inodesUsed: 0 } };
const PAUSE: FakeImage = { main: runsUntilStopped };

export class FakeRuntime implements Runtime {
  readonly #clock: Clock;
  readonly #containers = new Map<string, FakeContainer>();
  readonly #images: FakeImages;
  readonly #subscribers = new Set<AsyncQueue<RuntimeEvent>>();
  readonly #failures: { verb: keyof Runtime; error: Error }[] = [];
  #sequence = 0;
  #hung: Promise<void> | undefined;

  constructor(options: { clock: Clock; images?: Readonly<Record<string, FakeImage>> }) {
    this.#clock = options.clock;
    this.#images = new FakeImages(options.clock, options.images ?? {});
  }

  // What a test does to it.

  /** Someone gives an image of the store another name. */
  tagImage(reference: string, name: string): void { this.#images.tag(reference, name); }
  /** A container of someone else, which is no Pod's, is made from this image. */
  useElsewhere(reference: string): void { this.#images.useElsewhere(reference); }
  /** The next call of this verb fails. */
  failNext(verb: keyof Runtime, error: Error): void { this.#failures.push({ verb, error }); }
  /** Ends a container's process from outside, as the kernel would. */
  async crash(id: string, exitCode = 137, reason: 'Error' | 'OOMKilled' = 'Error'): Promise<void> {
    const container = this.#get(id);
    container.reason = reason;
    if (reason === 'OOMKilled') this.#tell('oom', container);
    container.process?.kill(exitCode);
    await container.ended;
  }
  /** What a container uses from now on while it runs; its writable layer stays. */
  use(id: string, stats: Partial<ContainerStats>): void {
    const container = this.#get(id);
    container.stats = { ...container.stats, ...stats };
  }
  /** As `docker pause` does. */
  pause(id: string): void {
    const container = this.#get(id);
    container.paused = true;
    this.#tell('paused', container);
  }
  /** The control group a container or sandbox is in; undefined for the engine's own. */
  groupOf(id: string): string | undefined { return this.#get(id).pod.cgroupParent; }
  /** The engine goes away for a moment: every event stream ends with RuntimeUnavailable. */
  disconnect(): void { for (const subscriber of this.#subscribers) subscriber.end(new RuntimeUnavailable('the fake engine was disconnected')); }
  /** The engine still takes questions for lists and usage, but answers none until the result is called. */
  hang(): () => void {
    let go = (): void => undefined;
    this.#hung = new Promise((resolve) => { go = () => { this.#hung = undefined; resolve(); }; });
    return go;
  }

  // Runtime.

  async info(): Promise<RuntimeInfo> {
    this.#enter('info');
    return {
      name: 'fake', version: '1.0.0', apiVersion: '1.41', engineId: 'FAKE', operatingSystem: 'linux', kernelVersion: '6.1.0', architecture: 'amd64', osImage: 'Fake Linux',
      cpus: 4, memoryBytes: 8 * 2 ** 30, cgroupDriver: 'cgroupfs', cgroupVersion: '2', rootDirectory: '/var/lib/fake', rootless: false, securityOptions: [],
    };
  }
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const queue: AsyncQueue<RuntimeEvent> = new AsyncQueue<RuntimeEvent>({ onEnd: () => this.#subscribers.delete(queue) });
    if (signal.aborted) queue.end();
    else this.#subscribers.add(queue);
    signal.addEventListener('abort', () => queue.end(), { once: true });
    return queue;
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<string> {
    this.#enter('runPodSandbox');
    const { name, namespace, uid, attempt } = config.metadata;
    const container = this.#create(`k8s_POD_${name}_${namespace}_${uid}_${attempt}`, config, undefined, '', PAUSE, 'sha256:pause');
    await this.#start(container);
    return container.id;
  }
  async stopPodSandbox(id: string): Promise<void> { this.#enter('stopPodSandbox'); await this.#stop(id, 2); }
  async removePodSandbox(id: string): Promise<void> {
    this.#enter('removePodSandbox');
    for (const container of this.#containers.values()) if (container.sandboxId === id) await this.#remove(container.id);
    await this.#remove(id);
  }
  async podSandboxStatus(id: string): Promise<PodSandboxStatus> {
    this.#enter('podSandboxStatus');
    const container = this.#get(id);
    return { ...sandboxOf(container), ip: container.ip, pid: container.state === 'running' ? container.pid : 0, network: container.pod.network };
  }
  async listPodSandbox(filter: { podUid?: string } = {}): Promise<PodSandbox[]> {
    this.#enter('listPodSandbox');
    await this.#hung;
    return this.#select(true, filter).map(sandboxOf);
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string> {
    this.#enter('createContainer');
    if (!this.#containers.has(sandboxId)) throw new RuntimeNotFound(`No such container: ${sandboxId}`);
    const stored = this.#images.find(config.image);
    if (!stored) throw new RuntimeNotFound(`No such image: ${config.image}`);
    const { name, namespace, uid } = sandbox.metadata;
    return this.#create(`k8s_${config.metadata.name}_${name}_${namespace}_${uid}_${config.metadata.attempt}`, sandbox, config, sandboxId, this.#images.behaviourOf(config.image), stored.id).id;
  }
  async startContainer(id: string): Promise<void> { this.#enter('startContainer'); await this.#start(this.#get(id)); }
  async stopContainer(id: string, graceSeconds: number): Promise<void> { this.#enter('stopContainer'); await this.#stop(id, graceSeconds); }
  async removeContainer(id: string): Promise<void> { this.#enter('removeContainer'); await this.#remove(id); }
  async listContainers(filter: { podUid?: string } = {}): Promise<Container[]> {
    this.#enter('listContainers');
    await this.#hung;
    return this.#select(false, filter).map(containerOf);
  }
  async containerStatus(id: string): Promise<ContainerStatus> {
    this.#enter('containerStatus');
    const container = this.#get(id);
    const { startedAt, finishedAt, exitCode, reason, message } = container;
    return {
      ...containerOf(container), startedAt, finishedAt, exitCode, message, reason: container.state === 'exited' ? reason : '',
      imageRef: container.imageId, pid: container.state === 'running' ? container.pid : 0, logPath: `/var/lib/fake/${id}.log`, mounts: container.config?.mounts ?? [], resources: container.resources,
      ...(container.state === 'running' ? { user: startedAs(container.config?.security) } : {}),
    };
  }
  async containerStats(id: string, { writableLayer }: { writableLayer: boolean }): Promise<ContainerStats> {
    this.#enter('containerStats');
    await this.#hung;
    const { state, stats } = this.#get(id);
    const { writableLayer: layer, ...live } = state === 'running' ? stats : { ...stats, memoryWorkingSetBytes: 0, processes: 0 };
    return { ...live, ...(writableLayer ? { writableLayer: layer } : {}) };
  }
  async unpauseContainer(id: string): Promise<void> {
    this.#enter('unpauseContainer');
    const container = this.#containers.get(id);
    if (!container?.paused) return;
    container.paused = false;
    this.#tell('unpaused', container);
  }
  async updateContainerResources(id: string, resources: LinuxResources): Promise<void> {
    this.#enter('updateContainerResources');
    const container = this.#get(id);
    container.resources = { ...container.resources, ...resources };
    this.#tell('updated', container);
  }

  async execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const session = await this.exec(id, { command });
    const outputs = Promise.all([collect(session.stdout), collect(session.stderr)]);
    let timedOut = false;
    const cancel = this.#clock.after(timeoutMs, () => { timedOut = true; session.close(); });
    const exitCode = await session.wait().catch(() => -1);
    cancel();
    const [stdout, stderr] = await outputs;
    return { exitCode: timedOut ? -1 : exitCode, stdout, stderr, timedOut };
  }
  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    this.#enter('exec');
    const container = this.#get(id);
    if (container.state !== 'running') throw new RuntimeError(`Container ${id} is not running`);
    const stdout = new PassThrough();
    const stderr = options.tty ? stdout : new PassThrough();
    const process = new RunningProgram(container.image.exec ?? exitsAfter(0, 0), { stdout, stderr }, { command: options.command, env: environment(container), clock: this.#clock });
    container.ended.then(() => process.kill(), () => {});
    const finished = process.exited.finally(() => { stdout.end(); stderr.end(); });
    finished.catch(() => {}); // told by wait()
    return fakeSession(process, finished, options, { stdout, stderr: options.tty ? emptyOutput() : stderr });
  }
  async attach(id: string, options: { stdin?: boolean; tty?: boolean }): Promise<ExecSession> {
    this.#enter('attach');
    const container = this.#get(id);
    const { process } = container;
    if (!process) throw new RuntimeError(`Container ${id} is not running`);
    const [stdout, stderr] = [process.stdout, process.stderr].map((output) => (output as PassThrough).pipe(new PassThrough()));
    const finished = container.ended.then(() => { stdout!.end(); stderr!.end(); return 0; });
    return fakeSession(process, finished, options, { stdout: stdout!, stderr: stderr! }, container.config?.stdinOnce ?? false);
  }
  async *logs(id: string, options: LogOptions): AsyncIterable<Uint8Array> { yield* this.#get(id).log.read(options); }

  async imageStatus(reference: string): Promise<Image | undefined> { this.#enter('imageStatus'); return this.#images.find(reference); }
  async pullImage(reference: string, auth?: RegistryAuth, signal?: AbortSignal): Promise<string> { this.#enter('pullImage'); return this.#images.pull(reference, auth, signal); }
  async loadImage(): Promise<void> { this.#enter('loadImage'); }
  async listImages(): Promise<Image[]> { this.#enter('listImages'); await this.#hung; return this.#images.list(); }
  async imagesInUse(): Promise<ReadonlySet<string>> { this.#enter('imagesInUse'); return new Set([...this.#users().keys(), ...this.#images.usedElsewhere]); }
  async removeImage(id: string): Promise<void> { this.#enter('removeImage'); this.#images.remove(id, this.#users()); }
  async close(): Promise<void> { for (const subscriber of this.#subscribers) subscriber.end(); }

  // The engine.

  #enter(verb: keyof Runtime): void {
    const index = this.#failures.findIndex((failure) => failure.verb === verb);
    if (index >= 0) throw this.#failures.splice(index, 1)[0]!.error;
  }
  #get(id: string): FakeContainer {
    const container = this.#containers.get(id);
    if (!container) throw new RuntimeNotFound(`No such container: ${id}`);
    return container;
  }
  #select(sandbox: boolean, { podUid }: { podUid?: string }): FakeContainer[] {
    return [...this.#containers.values()].filter((container) => container.sandbox === sandbox && (podUid === undefined || container.pod.metadata.uid === podUid)).reverse();
  }
  #tell(type: RuntimeEvent['type'], container: FakeContainer): void {
    for (const subscriber of this.#subscribers) subscriber.push({ type, containerId: container.id, podUid: container.pod.metadata.uid, sandbox: container.sandbox, at: this.#clock.now() });
  }
  /** A container of each image that has any, by the image's id. */
  #users(): Map<string, string> { return new Map([...this.#containers.values()].map(({ id, imageId }) => [imageId, id])); }

  #create(name: string, pod: PodSandboxConfig, config: ContainerConfig | undefined, sandboxId: string, image: FakeImage, imageId: string): FakeContainer {
    for (const other of this.#containers.values()) {
      if (other.name === name) throw new NameConflict(`Conflict. The container name "/${name}" is already in use by container "${other.id}".`, other.id);
    }
    const number = ++this.#sequence;
    const container: FakeContainer = {
      id: number.toString(16).padStart(64, '0'), name, sandbox: config === undefined, sandboxId, config, pod, image, imageId,
      createdAt: this.#clock.now(), log: new FakeLog(this.#clock), pid: 1000 + number,
      ip: pod.network === 'host' ? '' : pod.ip ?? `10.88.${(number >> 8) & 255}.${number & 255}`,
      resources: config?.resources ?? {}, stats: smallStats, state: 'created', startedAt: 0, finishedAt: 0, exitCode: 0, reason: '', message: '', process: undefined, ended: Promise.resolve(), paused: false,
    };
    this.#containers.set(container.id, container);
    this.#tell('created', container);
    return container;
  }
  async #start(container: FakeContainer): Promise<void> {
    const { image } = container;
    if (container.state === 'running') return;
    if (image.startDelayMs) await this.#clock.sleep(image.startDelayMs);
    const command = [...container.config?.command ?? [], ...container.config?.args ?? []];
    const refused = image.startError && (image.startError.when?.(command) ?? true) ? image.startError
      : container.sandbox || this.#containers.get(container.sandboxId)?.state === 'running' ? undefined
        : { message: `cannot join network of a non running container: ${container.sandboxId}`, exitCode: 128 };
    if (refused) {
      const now = this.#clock.now();
      Object.assign(container, { state: 'exited', exitCode: refused.exitCode, reason: 'ContainerCannotRun', message: refused.message, startedAt: now, finishedAt: now });
      throw new StartError(refused.message, refused.exitCode);
    }
    Object.assign(container, { state: 'running', startedAt: this.#clock.now(), reason: '' });
    this.#tell('started', container);
    const outputs = { stdout: container.log.output('stdout'), stderr: container.log.output('stderr') };
    const process = new RunningProgram(image.main ?? runsUntilStopped, outputs, { command, env: environment(container), clock: this.#clock });
    container.process = process;
    container.ended = process.exited.then((exitCode) => this.#exit(container, exitCode));
  }
  async #exit(container: FakeContainer, exitCode: number): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve)); // what it wrote last has reached the log
    Object.assign(container, { state: 'exited', exitCode, finishedAt: this.#clock.now(), process: undefined, reason: container.reason || (exitCode === 0 ? 'Completed' : 'Error') });
    container.log.end();
    this.#tell('exited', container);
  }
  async #stop(id: string, graceSeconds: number): Promise<void> {
    const container = this.#containers.get(id);
    if (container?.state !== 'running' || !container.process) return;
    container.process.signal(container.config?.stopSignal ?? container.image.stopSignal ?? 'SIGTERM');
    const cancel = this.#clock.after(graceSeconds * 1000, () => container.process?.kill());
    await container.ended;
    cancel();
  }
  async #remove(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (!container) return;
    container.process?.kill();
    await container.ended;
    if (this.#containers.delete(id)) this.#tell('removed', container);
  }
}

function sandboxOf({ id, pod, state, createdAt, paused }: FakeContainer): PodSandbox {
  return { id, metadata: pod.metadata, state: state === 'running' ? 'ready' : 'notReady', createdAt, labels: pod.labels ?? {}, annotations: pod.annotations ?? {}, ...(paused ? { paused } : {}) };
}
function containerOf({ id, sandboxId, config, pod, imageId, state, createdAt, paused }: FakeContainer): Container {
  return {
    id, podSandboxId: sandboxId, metadata: config!.metadata, pod: { ...pod.metadata, attempt: 0 }, image: config!.imageReference, imageId,
    state, createdAt, labels: config!.labels ?? {}, annotations: config!.annotations ?? {}, ...(paused ? { paused } : {}),
  };
}
const environment = ({ config }: FakeContainer): Record<string, string> => Object.fromEntries((config?.envs ?? []).map(({ key, value }) => [key, value]));
/** In images of this runtime nobody has a name. */
const startedAs = ({ runAsUser = 0, runAsGroup = 0, supplementalGroups = [] }: NonNullable<ContainerConfig['security']> = {}): NonNullable<ContainerStatus['user']> => ({
  uid: runAsUser, gid: runAsGroup, supplementalGroups: [...new Set([runAsGroup, ...supplementalGroups])].sort((a, b) => a - b),
});
