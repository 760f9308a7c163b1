// The container runtime as the kubelet sees it: CRI's verbs with CRI's names, plus what Docker tells for free (events).
// Every implementation passes test/contract/runtime.ts. (upstream: cri-api runtime/v1/api.proto)

/** What identifies a Pod on a node; written into container names and labels as dockershim did. */
export interface PodSandboxMetadata { readonly name: string; readonly namespace: string; readonly uid: string; readonly attempt: number }
export interface PortMapping { readonly protocol: 'TCP' | 'UDP'; readonly containerPort: number; readonly hostPort: number; readonly hostIP?: string }

export interface PodSandboxConfig {
  readonly metadata: PodSandboxMetadata;
  readonly hostname: string;
  /** Docker network the sandbox joins; `host` shares the host's network namespace. */
  readonly network: string;
  /** Address on that network, chosen by the caller; none for the host network. */
  readonly ip?: string;
  readonly portMappings?: readonly PortMapping[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly cgroupParent?: string;
  /** The engine's runtime for the sandbox and its containers; its default one when absent. */
  readonly runtimeHandler?: string;
}

export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: 'ready' | 'notReady';
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Its process was frozen from outside. */
  readonly paused?: true;
}
export interface PodSandboxStatus extends PodSandbox { readonly ip: string; /** Process that owns the namespaces. */ readonly pid: number; readonly network: string }

/** A file system of the network that the engine mounts itself, for one container and as long as that is there. */
export interface EngineVolume { readonly type: 'nfs'; readonly device: string; readonly options: string }
/** A path of the host, or what the engine mounts in its place. */
export type Mount = { readonly containerPath: string; readonly readonly?: boolean; readonly propagation?: 'private' | 'rslave' | 'rshared' } & (
  { readonly hostPath: string; readonly engineVolume?: undefined } | { readonly engineVolume: EngineVolume; readonly hostPath?: undefined });
export interface LinuxResources {
  readonly cpuShares?: number; readonly cpuPeriod?: number; readonly cpuQuota?: number; readonly memoryLimitInBytes?: number; readonly oomScoreAdj?: number; readonly cpusetCpus?: string;
}
export interface LinuxSecurityContext {
  readonly privileged?: boolean; readonly runAsUser?: number; readonly runAsGroup?: number; readonly runAsUserName?: string; readonly supplementalGroups?: readonly number[];
  readonly readonlyRootfs?: boolean; readonly noNewPrivs?: boolean; readonly addCapabilities?: readonly string[]; readonly dropCapabilities?: readonly string[];
  readonly seccomp?: 'runtime/default' | 'unconfined' | { readonly localhostProfile: string }; readonly apparmor?: string; readonly seLinux?: { readonly user?: string; readonly role?: string; readonly type?: string; readonly level?: string }; readonly pidMode?: 'container' | 'pod' | 'host' | { readonly targetId: string }; readonly maskedPathsUnset?: boolean;
}
/** As whom a container's first process was started, in the container's own numbers. */
export interface LinuxContainerUser { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] }
export interface ContainerMetadata { readonly name: string; readonly attempt: number }
export interface ContainerConfig {
  readonly metadata: ContainerMetadata;
  /** An image id or reference present in the image store. */
  readonly image: string;
  /** The reference the Pod asked for, kept in a label. */
  readonly imageReference: string;
  /** Replaces the image's entrypoint; undefined keeps it. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices?: readonly { readonly hostPath: string; readonly containerPath: string; readonly permissions: string }[];
  /** Names of the Container Device Interface, vendor.com/class=name, that the engine looks up. */
  readonly cdiDevices?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly stdin?: boolean; readonly stdinOnce?: boolean; readonly tty?: boolean;
  readonly resources?: LinuxResources;
  readonly security?: LinuxSecurityContext;
  /** Signal name that overrides the image's STOPSIGNAL. */
  readonly stopSignal?: string;
}
export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';
export interface Container {
  readonly id: string; readonly podSandboxId: string; readonly metadata: ContainerMetadata;
  readonly pod: PodSandboxMetadata;
  /** The reference asked for, and the id of the image that runs. */
  readonly image: string; readonly imageId: string;
  readonly state: ContainerState; readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>>;
  /** It runs, but its processes were frozen from outside. */
  readonly paused?: true;
}
export interface ContainerStatus extends Container {
  /** Milliseconds since the epoch; 0 when it has not happened. */
  readonly startedAt: number; readonly finishedAt: number;
  readonly exitCode: number;
  /** `OOMKilled`, `Error`, `Completed`, `ContainerCannotRun` or ''. */
  readonly reason: string; readonly message: string;
  /** `sha256:…` or `repository@sha256:…`, as Kubernetes' imageID shows it without its scheme. */
  readonly imageRef: string;
  readonly pid: number;
  readonly logPath: string;
  readonly mounts: readonly Mount[];
  readonly resources: LinuxResources;
  /** While it runs, where that can be seen. The process may have become another since it was started. */
  readonly user?: LinuxContainerUser;
}

/** What a container uses now; nothing once its process has ended but its writable layer. */
export interface ContainerStats {
  /** Without the file pages the kernel can take back at once. */
  readonly memoryWorkingSetBytes: number;
  readonly processes: number;
  readonly writableLayer?: { readonly usedBytes: number; readonly inodesUsed: number };
}

export interface Image { readonly id: string; readonly repoTags: readonly string[]; readonly repoDigests: readonly string[]; readonly size: number; readonly user: string; readonly createdAt: number }
export interface RegistryAuth { readonly username?: string; readonly password?: string; readonly identityToken?: string; readonly serverAddress?: string }

/** A change of a container or sandbox, told by the engine as it happens. */
export interface RuntimeEvent {
  readonly type: 'started' | 'exited' | 'created' | 'removed' | 'oom' | 'paused' | 'unpaused' | 'updated';
  readonly containerId: string; readonly podUid: string; readonly sandbox: boolean; readonly at: number;
}
export interface RuntimeInfo {
  readonly name: string; readonly version: string; readonly apiVersion: string; readonly engineId: string;
  readonly operatingSystem: string; readonly kernelVersion: string; readonly architecture: string; readonly osImage: string;
  readonly cpus: number; readonly memoryBytes: number; readonly cgroupDriver: string; readonly cgroupVersion: string; readonly rootDirectory: string; readonly rootless: boolean; readonly securityOptions: readonly string[];
}

export interface ExecOptions { readonly command: readonly string[]; readonly tty?: boolean; readonly stdin?: boolean; readonly stdout?: boolean; readonly stderr?: boolean }
/**
 * Streams of an exec or attach. Reads respect back-pressure: read both outputs at once, an unread one stops the other.
 * With `tty` stderr is empty and everything comes on stdout.
 */
export interface ExecSession {
  /** Ending it is end-of-file for the process (exec without tty; attach to a container with stdinOnce), and never loses output. */
  readonly stdin?: NodeJS.WritableStream;
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves with the exit code once the process has ended and its output was read (attach: when the stream ends). */
  wait(): Promise<number>;
  /** Gives it up; `wait` rejects with SessionClosed, once the processes in the terminal of an exec have been told that it is gone. */
  close(): void;
}
export interface LogOptions {
  readonly follow?: boolean; readonly tailLines?: number; readonly sinceMs?: number; readonly timestamps?: boolean; readonly limitBytes?: number; readonly stream?: 'stdout' | 'stderr'; readonly signal?: AbortSignal;
}
/** Bounds of a container's log: bytes of each file, and how many files there are, the present one among them. */
export interface LogLimits { readonly maxSizeBytes: number; readonly maxFiles: number }
/** As upstream's kubelet: containerLogMaxSize 10Mi, containerLogMaxFiles 5. */
export const defaultLogLimits: LogLimits = { maxSizeBytes: 10 * 2 ** 20, maxFiles: 5 };
/** What a pull has done so far, summed over the layers the engine has named. */
export interface PullProgress { readonly status: string; readonly layers: number; readonly layersDone: number; readonly bytes: number; readonly totalBytes: number }
export interface ExecResult { readonly exitCode: number; readonly stdout: Uint8Array; readonly stderr: Uint8Array; readonly timedOut: boolean }

export interface Runtime {
  info(): Promise<RuntimeInfo>;
  /**
   * Live events until the signal aborts; nothing that happens after this call returns is missed, even before the first read.
   * @throws RuntimeUnavailable while iterating when the engine goes away: the caller subscribes again, then re-lists.
   */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;

  /** Creates and starts the sandbox; its id. @throws NameConflict when one of the same name exists. */
  runPodSandbox(config: PodSandboxConfig): Promise<string>;
  /** Stops the sandbox's process; idempotent. */
  stopPodSandbox(id: string): Promise<void>;
  /** Removes it with all its containers; idempotent. */
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<PodSandboxStatus>;
  listPodSandbox(filter?: { podUid?: string }): Promise<PodSandbox[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>;
  /** @throws StartError with exit code 127/126/128 and Docker's message when the process cannot start. */
  startContainer(id: string): Promise<void>;
  /** The stop signal, then SIGKILL after `graceSeconds`; resolves when it has exited; idempotent. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(filter?: { podUid?: string }): Promise<Container[]>;
  containerStatus(id: string): Promise<ContainerStatus>;
  /** The writable layer only when asked for: it has to be measured. @throws RuntimeNotFound */
  containerStats(id: string, options: { writableLayer: boolean }): Promise<ContainerStats>;
  /** Lets a container (or a sandbox) that was paused go on; idempotent. */
  unpauseContainer(id: string): Promise<void>;
  updateContainerResources(id: string, resources: LinuxResources): Promise<void>;

  /** Runs to completion with a time-out in ms; output is capped at 16 KiB a stream. */
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  exec(id: string, options: ExecOptions): Promise<ExecSession>;
  attach(id: string, options: { stdin?: boolean; stdout?: boolean; stderr?: boolean; tty?: boolean }): Promise<ExecSession>;
  /** Log bytes as `kubectl logs` prints them (RFC 3339 nano prefix with `timestamps`). */
  logs(id: string, options: LogOptions): AsyncIterable<Uint8Array>;

  /** Undefined when the reference is not in the store. */
  imageStatus(reference: string): Promise<Image | undefined>;
  /** Resolves with the image id. @throws ImagePullError with the registry's words. */
  pullImage(reference: string, auth: RegistryAuth | undefined, signal?: AbortSignal, onProgress?: (progress: PullProgress) => void): Promise<string>;
  /** Loads an image from a tar archive (docker load). */
  loadImage(archive: Uint8Array): Promise<void>;
  /** Everything but the sandbox image. */
  listImages(): Promise<Image[]>;
  /** Ids of the images that any container of the engine was made from, whoever made it. */
  imagesInUse(): Promise<ReadonlySet<string>>;
  /** With all its tags; idempotent. @throws RuntimeError while a container uses it. */
  removeImage(id: string): Promise<void>;
  close(): Promise<void>;
}

export class RuntimeNotFound extends Error {}
export class NameConflict extends Error {
  readonly existingId: string | undefined;
  constructor(message: string, existingId: string | undefined) {
    super(message);
    this.existingId = existingId;
  }
}
export class StartError extends Error {
  readonly exitCode: number;
  readonly reason: string;
  constructor(message: string, exitCode: number, reason = 'ContainerCannotRun') {
    super(message);
    this.exitCode = exitCode;
    this.reason = reason;
  }
}
export class ImagePullError extends Error {}
/** The engine refused, in its own words. */
export class RuntimeError extends Error {}
/** The engine does not answer. */
export class RuntimeUnavailable extends Error {}
/** An exec or attach was given up by whoever asked for it. */
export class SessionClosed extends RuntimeUnavailable {}
