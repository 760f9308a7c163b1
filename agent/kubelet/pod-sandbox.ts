// Makes a Pod's sandbox and the two files every container of it gets; takes over one that an earlier agent left.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/util/clock.ts';
import { NameConflict, type Mount, type PodSandboxConfig, type Runtime } from '../runtime/runtime.ts';
import { sandboxConfig } from './container-config.ts';
import type { PodAddressPool } from './kill-pod.ts';
import { cgroupParentKey, runtimeHandlerKey } from './labels.ts';
import { isHostNetwork, quoted, type Pod } from './pod.ts';
import { hostsFile, parseResolvConf, podDns, podHostname, resolvConf, type PodHostname } from './pod-network-files.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import type { KnownSandbox } from './runtime-status.ts';

export interface SandboxOptions {
  readonly runtime: Runtime;
  readonly cache: RuntimeCache;
  readonly clock: Clock;
  readonly addresses: PodAddressPool;
  /** What the engine calls the runtime of the Pod's class; '' for its default one. */
  readonly runtimeHandler: (pod: Pod) => Promise<string>;
  /** Docker network Pods join. */
  readonly network: string;
  readonly nodeName: string;
  readonly clusterDomain: string;
  readonly clusterDNS: readonly string[];
  /** The host's own files: /etc/hosts, /etc/resolv.conf. */
  readonly hostFiles: { readonly hosts: string; readonly resolvConf: string };
}

export class PodSandboxes {
  readonly #options: SandboxOptions;
  constructor(options: SandboxOptions) { this.#options = options; }

  /** The config the sandbox was made with. */
  configOf(pod: Pod, { metadata, ip, annotations }: KnownSandbox): PodSandboxConfig { return this.#config(pod, metadata.attempt, ip, annotations[runtimeHandlerKey] ?? '', annotations[cgroupParentKey] ?? ''); }
  #config(pod: Pod, attempt: number, ip: string, runtimeHandler: string, cgroupParent: string): PodSandboxConfig {
    return sandboxConfig({ pod, attempt, ip, runtimeHandler, cgroupParent, network: this.#options.network, hostname: this.#hostname(pod) });
  }

  /** `cgroupParent` is the Pod's control group, '' for the engine's own. */
  async create(pod: Pod, attempt: number, cgroupParent: string): Promise<KnownSandbox> {
    const { runtime, cache, clock, addresses, runtimeHandler } = this.#options;
    const handler = await runtimeHandler(pod);
    // What the Pod counts on for its isolation, and the engine cannot give to a single Pod.
    if (pod.spec.hostUsers === false) throw new Error(`RuntimeClass handler ${quoted(handler)} does not support user namespaces`);
    const hostNetwork = isHostNetwork(pod);
    const ip = hostNetwork ? '' : addresses.allocate();
    let config: PodSandboxConfig;
    let id: string;
    try {
      config = this.#config(pod, attempt, ip, handler, cgroupParent);
      id = await runtime.runPodSandbox(config).catch((error: unknown) => this.#takeOver(error, config));
    } catch (error) {
      if (ip) addresses.release(ip);
      throw error;
    }
    if (id === '') return this.#adopted(pod, ip);
    const sandbox: KnownSandbox = { id, metadata: config.metadata, state: 'ready', createdAt: clock.now(), labels: config.labels ?? {}, annotations: config.annotations ?? {}, ip, hostNetwork };
    cache.putSandbox(sandbox);
    return sandbox;
  }

  /** /etc/hosts and /etc/resolv.conf of the Pod, as binds for each container that does not bring its own, and what the latter had no room for. */
  async files(pod: Pod, directory: string, podIPs: readonly string[]): Promise<{ readonly mounts: Mount[]; readonly exceeded: readonly string[] }> {
    const { hostFiles, clusterDNS, clusterDomain } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const [hostHosts, hostResolv] = await Promise.all([isHostNetwork(pod) ? readFile(hostFiles.hosts, 'utf8') : '', readFile(hostFiles.resolvConf, 'utf8').catch(() => '')]);
    const dns = podDns(pod, { host: parseResolvConf(hostResolv), clusterDNS, clusterDomain });
    const texts = [
      ['/etc/hosts', join(directory, 'etc-hosts'), hostsFile(pod, { podIPs, hostname: this.#hostname(pod), hostFile: hostHosts })],
      ['/etc/resolv.conf', join(directory, 'resolv.conf'), resolvConf(dns)],
    ] as const;
    const mounts = await Promise.all(texts.map(async ([containerPath, hostPath, text]) => {
      await writeFile(hostPath, text, { mode: 0o644 });
      await chmod(hostPath, 0o644);
      return { hostPath, containerPath };
    }));
    return { mounts, exceeded: dns.exceeded };
  }

  #hostname(pod: Pod): PodHostname { return podHostname(pod, this.#options.clusterDomain, this.#options.nodeName); }

  /** The name is taken by what an earlier agent made: '' when that runs and can be used, else a new sandbox's id. */
  async #takeOver(error: unknown, config: PodSandboxConfig): Promise<string> {
    const { runtime, cache } = this.#options;
    if (!(error instanceof NameConflict) || error.existingId === undefined) throw error;
    const existing = await cache.refreshSandbox(error.existingId);
    if (existing?.state === 'ready' && existing.metadata.uid === config.metadata.uid) return '';
    if (existing) await runtime.removePodSandbox(existing.id);
    cache.forget(error.existingId);
    return runtime.runPodSandbox(config);
  }
  #adopted(pod: Pod, unused: string): KnownSandbox {
    const { cache, addresses } = this.#options;
    const sandbox = cache.get(pod.metadata.uid).sandboxes.find((s) => s.state === 'ready');
    if (unused) addresses.release(unused);
    if (!sandbox) throw new Error('the sandbox that was found is gone again');
    if (sandbox.ip) addresses.reserve(sandbox.ip);
    return sandbox;
  }
}
