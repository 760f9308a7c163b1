// The runtime on a Docker Engine: CRI's verbs as engine calls, as few as each verb needs.
import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { Clock } from '../../../src/util/clock.ts';
import { DEFAULT_DOCKER_HOST } from '../../../src/util/engine-http.ts';
import type { Log } from '../../../src/util/log.ts';
import { defaultLogLimits, RuntimeNotFound } from '../runtime.ts';
import type {
  Container, ContainerConfig, ContainerStats, ContainerStatus, ExecOptions, ExecResult, ExecSession, Image, LinuxResources, LogOptions, PodSandbox, PodSandboxConfig, PodSandboxStatus,
  LogLimits, PullProgress, RegistryAuth, Runtime, RuntimeEvent, RuntimeInfo,
} from '../runtime.ts';
import { containerOptions, resourceOptions, sandboxOptions } from './create-options.ts';
import type { CreateContext } from './create-options.ts';
import { connect } from './dockerode.ts';
import type { EngineVersion } from './dockerode.ts';
import { engineCall, idempotent, refusesOomScore, startError, translate, withMemoryLimit } from './errors.ts';
import { containerEvents } from './events.ts';
import { execSync, openAttach, openExec } from './exec.ts';
import { findImage, isMissingImage, loadImage, pullImage, removeImage } from './images.ts';
import { containerLogs } from './logs.ts';
import { CONTAINER, label, SANDBOX } from './names.ts';
import { mayLowerOomScore } from './oom-score.ts';
import { KernelResources } from './kernel-resources.ts';
import { userOf } from './kernel-user.ts';
import { Members } from './members.ts';
import { PAUSE_IMAGE, pauseArchive } from './pause.ts';
import { containerStats } from './stats.ts';
import { containerStatus, listedContainer, listedImage, listedSandbox, sandboxStatus } from './status.ts';

export interface DockerRuntimeOptions {
  /** `unix:///path` or `tcp://host:port`; the engine's default socket when absent. */
  readonly host?: string;
  /** Marks this cluster's containers: others on the same engine are never seen. */
  readonly clusterLabel: string;
  readonly logs?: LogLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** @throws RuntimeUnavailable when no engine answers. */
export async function createDockerRuntime(options: DockerRuntimeOptions): Promise<Runtime> {
  const { docker, engine } = await connect(options.host ?? DEFAULT_DOCKER_HOST);
  return new DockerRuntime(docker, engine, options);
}

/** The sandbox's program ends at once on its signal. */
const SANDBOX_GRACE_SECONDS = 2;
const NOT_MODIFIED = 304;
const NOT_FOUND = 404;
const CONFLICT = 409;

class DockerRuntime implements Runtime {
  readonly #docker: Docker;
  readonly #engine: EngineVersion;
  readonly #cluster: string;
  readonly #logs: LogLimits;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #closing = new AbortController();
  /** Pullable names by image id; a later pull of the same content only adds names. */
  readonly #imageRefs = new Map<string, string>();
  readonly #members = new Members();
  readonly #kernel = new KernelResources();
  #negativeOomScore = mayLowerOomScore();

  constructor(docker: Docker, engine: EngineVersion, options: DockerRuntimeOptions) {
    this.#docker = docker;
    this.#engine = engine;
    this.#cluster = options.clusterLabel;
    this.#logs = options.logs ?? defaultLogLimits;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  async info(): Promise<RuntimeInfo> {
    const info = await engineCall(() => this.#docker.info()) as Record<string, string | number | string[]>;
    const securityOptions = (info['SecurityOptions'] ?? []) as string[];
    const text = (key: string): string => String(info[key] ?? '');
    return {
      name: 'docker', version: this.#engine.version, apiVersion: this.#engine.apiVersion, engineId: text('ID'),
      operatingSystem: this.#engine.os, kernelVersion: text('KernelVersion'), architecture: this.#engine.architecture, osImage: text('OperatingSystem'),
      cpus: Number(info['NCPU']), memoryBytes: Number(info['MemTotal']), cgroupDriver: text('CgroupDriver'), cgroupVersion: text('CgroupVersion') || '1',
      rootDirectory: text('DockerRootDir'), rootless: securityOptions.some((option) => option.startsWith('name=rootless')), securityOptions,
    };
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return containerEvents(this.#docker, this.#cluster, this.#clock.now(), AbortSignal.any([signal, this.#closing.signal]));
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<string> {
    const id = await this.#createSandbox(config);
    try {
      await this.#docker.getContainer(id).start();
      this.#members.made(id);
      return id;
    } catch (error) {
      await this.removeContainer(id);
      if (this.#negativeOomScore && refusesOomScore(error)) {
        this.#withoutNegativeOomScores();
        return this.runPodSandbox(config);
      }
      throw startError(error);
    }
  }
  /** The engine has the sandbox image but for the first time, or after someone pruned it. */
  async #createSandbox(config: PodSandboxConfig): Promise<string> {
    const options = sandboxOptions(config, PAUSE_IMAGE, this.#context);
    try {
      return (await this.#docker.createContainer(options)).id;
    } catch (error) {
      if (!isMissingImage(error)) throw translate(error);
    }
    this.#log.info({ image: PAUSE_IMAGE }, 'loading the sandbox image');
    await loadImage(this.#docker, pauseArchive(this.#engine.architecture));
    return (await engineCall(() => this.#docker.createContainer(options))).id;
  }
  get #context(): CreateContext { return { cluster: this.#cluster, negativeOomScore: this.#negativeOomScore, logs: this.#logs }; }
  #withoutNegativeOomScores(): void {
    this.#negativeOomScore = false;
    this.#log.warn({}, 'the engine may not lower OOM scores here: containers run with the default');
  }

  stopPodSandbox(id: string): Promise<void> { return this.stopContainer(id, SANDBOX_GRACE_SECONDS); }
  async removePodSandbox(id: string): Promise<void> {
    const members = this.#members.in(id) ?? (await this.#list(CONTAINER, [`${label.sandboxId}=${id}`])).map((member) => member.Id);
    await Promise.all(members.map((member) => this.removeContainer(member)));
    await this.removeContainer(id);
  }
  async podSandboxStatus(id: string): Promise<PodSandboxStatus> { return sandboxStatus(await this.#inspect(id)); }
  async listPodSandbox(filter: { podUid?: string } = {}): Promise<PodSandbox[]> { return (await this.#list(SANDBOX, ofPod(filter))).map(listedSandbox); }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string> {
    const options = containerOptions(sandboxId, await withProfile(config), sandbox, this.#context);
    try {
      const { id } = await engineCall(() => this.#docker.createContainer(options));
      this.#members.added(sandboxId, id);
      return id;
    } catch (error) {
      // One whose answer was lost is there all the same.
      this.#members.unsure(sandboxId);
      throw withMemoryLimit(error, config.resources);
    }
  }
  async startContainer(id: string): Promise<void> {
    try {
      await this.#docker.getContainer(id).start();
    } catch (error) {
      if (refusesOomScore(error)) this.#withoutNegativeOomScores();
      throw startError(error);
    }
  }
  stopContainer(id: string, graceSeconds: number): Promise<void> {
    return idempotent(() => this.#docker.getContainer(id).stop({ t: Math.max(0, Math.ceil(graceSeconds)) }), [NOT_MODIFIED, NOT_FOUND]);
  }
  /** A conflict is a removal that is already under way. */
  async removeContainer(id: string): Promise<void> {
    await idempotent(() => this.#docker.getContainer(id).remove({ force: true, v: true }), [NOT_FOUND, CONFLICT]);
    this.#members.removed(id);
  }
  async listContainers(filter: { podUid?: string } = {}): Promise<Container[]> { return (await this.#list(CONTAINER, ofPod(filter))).map(listedContainer); }
  async containerStatus(id: string): Promise<ContainerStatus> {
    const info = await this.#inspect(id);
    const status = containerStatus(info, await this.#imageRef(info.Image));
    if (status.state !== 'running') return status;
    const user = userOf(status.id, status.pid);
    return { ...status, resources: this.#kernel.of(status.id, status.pid, status.resources), ...(user ? { user } : {}) };
  }
  containerStats(id: string, { writableLayer }: { writableLayer: boolean }): Promise<ContainerStats> { return containerStats(this.#docker, id, writableLayer); }
  /** The engine has no code of its own for one that is not paused. */
  async unpauseContainer(id: string): Promise<void> {
    try {
      await idempotent(() => this.#docker.getContainer(id).unpause(), [NOT_MODIFIED, NOT_FOUND]);
    } catch (error) {
      if ((await this.#inspect(id)).State.Paused) throw error;
    }
  }
  async updateContainerResources(id: string, resources: LinuxResources): Promise<void> {
    const { OomScoreAdj: _, ...options } = resourceOptions(resources, false); // fixed at creation
    await engineCall(() => this.#docker.getContainer(id).update(options)).catch((error: unknown) => { throw withMemoryLimit(error, resources); });
  }

  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> { return execSync(this.#docker, this.#clock, id, command, timeoutMs); }
  exec(id: string, options: ExecOptions): Promise<ExecSession> { return openExec(this.#docker, this.#clock, id, options); }
  attach(id: string, options: { stdin?: boolean; stdout?: boolean; stderr?: boolean; tty?: boolean }): Promise<ExecSession> { return openAttach(this.#docker, id, options); }
  logs(id: string, options: LogOptions): AsyncIterable<Uint8Array> { return containerLogs(this.#docker, id, options, this.#closing.signal); }

  async imageStatus(reference: string): Promise<Image | undefined> {
    const image = await findImage(this.#docker, reference);
    if (image) this.#remember(image);
    return image;
  }
  pullImage(reference: string, auth: RegistryAuth | undefined, signal?: AbortSignal, onProgress?: (progress: PullProgress) => void): Promise<string> {
    return pullImage(this.#docker, reference, auth, signal, onProgress);
  }
  loadImage(archive: Uint8Array): Promise<void> { return loadImage(this.#docker, archive); }
  async listImages(): Promise<Image[]> {
    return (await engineCall(() => this.#docker.listImages())).map(listedImage).filter((image) => !image.repoTags.includes(PAUSE_IMAGE));
  }
  async imagesInUse(): Promise<ReadonlySet<string>> {
    return new Set((await engineCall(() => this.#docker.listContainers({ all: true }))).map((row) => row.ImageID));
  }
  removeImage(id: string): Promise<void> { return removeImage(this.#docker, id); }
  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  #list(type: string, more: readonly string[]): Promise<Docker.ContainerInfo[]> {
    return engineCall(() => this.#docker.listContainers({ all: true, filters: { label: [`${label.cluster}=${this.#cluster}`, `${label.type}=${type}`, ...more] } }));
  }
  #inspect(id: string): Promise<Docker.ContainerInspectInfo> { return engineCall(() => this.#docker.getContainer(id).inspect()); }

  async #imageRef(imageId: string): Promise<string> {
    const known = this.#imageRefs.get(imageId);
    if (known !== undefined) return known;
    const image = await findImage(this.#docker, imageId);
    return image ? this.#remember(image) : imageId;
  }
  #remember(image: Image): string {
    const reference = image.repoDigests[0] ?? image.id;
    if (this.#imageRefs.size >= 1000) this.#imageRefs.clear();
    this.#imageRefs.set(image.id, reference);
    return reference;
  }
}

const ofPod = ({ podUid }: { podUid?: string }): string[] => podUid === undefined ? [] : [`${label.podUid}=${podUid}`];

/** Docker takes a seccomp profile's text; Kubernetes names a file. */
async function withProfile(config: ContainerConfig): Promise<ContainerConfig> {
  const seccomp = config.security?.seccomp;
  if (typeof seccomp !== 'object') return config;
  const localhostProfile = await readFile(seccomp.localhostProfile, 'utf8').catch((error: Error) => { throw new RuntimeNotFound(`cannot load seccomp profile: ${inGoWords(error)}`); });
  return { ...config, security: { ...config.security, seccomp: { localhostProfile } } };
}

/** As Kubernetes' own programs name a file that cannot be opened. */
const inGoWords = ({ message }: Error): string => message.replace(/^\w+: (.*?), (\w+) '(.*)'$/s, '$2 $3: $1');
