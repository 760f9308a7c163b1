// Devices of the host that plugins offer: they become a resource of the node, and containers that ask for it get theirs with what
// their plugin says they need. Who holds which is kept in a file, so that a later agent gives nothing away twice.
// upstream: pkg/kubelet/cm/devicemanager/manager.go
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { quantityValue } from '../../../src/apimachinery/quantity.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { replaceFile } from '../../../src/util/replace-file.ts';
import type { ContainerConfig, Mount } from '../../runtime/runtime.ts';
import { initContainers, type Container, type Pod } from '../pod.ts';
import type { PodFailure } from '../pod-status.ts';
import { DeviceLedger, type LedgerRecord } from './device-ledger.ts';
import type { ContainerAllocation } from './plugin-api.ts';
import { DevicePlugin } from './plugin.ts';
import { serveRegistration, type Registration } from './registration-server.ts';

export interface DeviceManagerOptions {
  /** Where plugins and the node find each other's sockets. */
  readonly directory: string;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The node has other resources than it had. */
  readonly onChange: () => void;
}
/** What the node has of a resource: all devices, and those that are well. */
export type DeviceCounts = Readonly<Record<string, { readonly capacity: number; readonly allocatable: number }>>;
/** What a container is given beside what its Pod says. */
export interface DeviceConfig {
  readonly envs: ContainerConfig['envs'];
  readonly mounts: readonly Mount[];
  readonly devices: NonNullable<ContainerConfig['devices']>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cdiDevices: readonly string[];
}

/** So long the devices of a plugin that has gone are told of as ill, in ms; then there are none. upstream: endpointStopGracePeriod */
const absenceMs = 5 * 60_000;

export class DeviceManager {
  readonly #options: DeviceManagerOptions;
  readonly #path: string;
  readonly #ledger: DeviceLedger;
  readonly #plugins = new Map<string, DevicePlugin>();
  /** Resources whose plugin has gone and may come back: what ends the patience with it, and whether it wanted to be asked before a container's start. */
  readonly #absences = new Map<string, { readonly cancel: () => void; readonly preStartRequired: boolean }>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: DeviceManagerOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, 'device-allocations.json');
    this.#ledger = new DeviceLedger(this.#read());
    for (const resource of this.#ledger.record.resources) this.#awaitPlugin(resource, false);
  }

  /** Takes plugins in until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { directory, clock, log } = this.#options;
    await serveRegistration(directory, (registration) => this.#register(registration), { clock, log }, signal);
    for (const plugin of this.#plugins.values()) plugin.close();
    for (const { cancel } of this.#absences.values()) cancel();
  }

  get counts(): DeviceCounts { return this.#ledger.counts(); }

  /** Gives each container of a Pod its devices; why the Pod may not begin when that cannot be. upstream: Allocate, UnexpectedAdmissionError */
  async admit(pod: Pod): Promise<PodFailure | undefined> {
    const { uid } = pod.metadata;
    try {
      // What an init container that ends held is free for those after it.
      const reusable = new Map<string, Set<string>>();
      for (const container of [...initContainers(pod), ...pod.spec.containers]) {
        await this.#allocate(uid, container, reusable);
        const ends = initContainers(pod).includes(container) && container.restartPolicy !== 'Always';
        for (const [resource, { devices }] of Object.entries(this.#ledger.heldBy(uid, container.name))) {
          const known = reusable.get(resource) ?? new Set();
          for (const id of devices) if (ends) known.add(id); else known.delete(id);
          reusable.set(resource, known);
        }
      }
      return undefined;
    } catch (error) {
      this.release(uid);
      return { reason: 'UnexpectedAdmissionError', message: `Allocate failed due to ${(error as Error).message}, which is unexpected` };
    }
  }

  /** Tells the plugins that want to know that the container begins, and what it is to be given. @throws Error in upstream's words */
  async prepare(pod: Pod, container: Container): Promise<DeviceConfig> {
    const held = Object.entries(this.#ledger.heldBy(pod.metadata.uid, container.name));
    for (const [resource, { devices }] of held) await this.#announce(resource, devices);
    return deviceConfig(held.map(([, { allocation }]) => allocation));
  }

  /** The Pod has ended: its devices are free. */
  release(uid: string): void { if (this.#ledger.release(uid)) this.#write(); }
  /** Frees what Pods hold that are not here any more. */
  keepOnly(isHere: (uid: string) => boolean): void { for (const uid of this.#ledger.uids()) if (!isHere(uid)) this.release(uid); }

  /** upstream: callPreStartContainerIfNeeded */
  async #announce(resource: string, devices: readonly string[]): Promise<void> {
    const plugin = this.#plugins.get(resource);
    const absence = this.#absences.get(resource);
    if (!plugin && !absence) throw new Error(`endpoint not found in cache for a registered resource: ${resource}`);
    if (!(plugin ? plugin.options.preStartRequired : absence!.preStartRequired)) return;
    try {
      if (!plugin) throw new Error(`endpoint ${resource} has been stopped`);
      await plugin.preStartContainer(devices);
    } catch (error) {
      throw new Error(`device plugin PreStartContainer rpc failed with err: ${(error as Error).message}`, { cause: error });
    }
  }

  async #allocate(uid: string, { name, resources }: Container, reusable: ReadonlyMap<string, ReadonlySet<string>>): Promise<void> {
    // Requests of such resources are their limits.
    for (const [resource, limit] of Object.entries((resources?.limits ?? {}) as Readonly<Record<string, string>>)) {
      if (!this.#ledger.manages(resource)) continue;
      const choice = this.#ledger.choose(uid, name, resource, quantityValue(limit), [...(reusable.get(resource) ?? [])]);
      if (!choice) continue;
      const plugin = this.#plugins.get(resource);
      if (!plugin) throw new Error(`unknown Device Plugin ${resource}`);
      let preferred: readonly string[] = [];
      if (plugin.options.getPreferredAllocationAvailable && choice.needed > 0) preferred = await plugin.preferred([...choice.reused, ...choice.free], choice.reused, choice.reused.length + choice.needed);
      // Others may have been given some while the plugin was asked.
      const again = this.#ledger.choose(uid, name, resource, quantityValue(limit), choice.reused)!;
      const order = [...preferred.filter((id) => again.free.includes(id)), ...again.free];
      const devices = [...again.reused, ...[...new Set(order)].slice(0, again.needed)];
      const giveBack = this.#ledger.promise(resource, devices);
      try {
        this.#ledger.hold(uid, name, resource, { devices, allocation: await plugin.allocate(devices) });
      } finally {
        giveBack();
      }
      this.#write();
    }
    await this.#writing;
  }

  #register({ resource, socket, options }: Registration): void {
    const { log, onChange } = this.#options;
    const before = this.#plugins.get(resource);
    const plugin: DevicePlugin = new DevicePlugin(resource, socket, options, (devices) => {
      if (this.#plugins.get(resource) !== plugin) return;
      const isNew = !this.#ledger.manages(resource);
      this.#ledger.tell(resource, devices);
      if (isNew) this.#write();
      onChange();
    }, (error) => {
      if (this.#plugins.get(resource) !== plugin) return;
      log.info({ resource, ...(error ? { error: error.message } : {}) }, 'a device plugin has gone');
      this.#plugins.delete(resource);
      this.#ledger.lost(resource);
      this.#awaitPlugin(resource, options.preStartRequired);
      onChange();
    });
    this.#plugins.set(resource, plugin);
    this.#absences.get(resource)?.cancel();
    this.#absences.delete(resource);
    before?.close();
  }
  #awaitPlugin(resource: string, preStartRequired: boolean): void {
    const cancel = this.#options.clock.after(absenceMs, () => {
      this.#absences.delete(resource);
      this.#ledger.tell(resource, []);
      this.#options.onChange();
    });
    this.#absences.set(resource, { cancel, preStartRequired });
  }

  #write(): void {
    this.#writing = this.#writing.then(async () => {
      await replaceFile(this.#path, `${JSON.stringify(this.#ledger.record, undefined, 1)}\n`);
    }).catch((error: unknown) => this.#options.log.warn({ error }, 'who holds which device could not be written down; a later agent may give devices away twice'));
  }
  #read(): LedgerRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as LedgerRecord;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#options.log.warn({ error, path: this.#path }, 'who holds which device cannot be read; all of them count as free');
      return undefined;
    }
  }
}

/** What several plugins say, as one: of what two name, the first stays. Pure. upstream: deviceRunContainerOptions */
export function deviceConfig(allocations: readonly ContainerAllocation[]): DeviceConfig {
  const firsts = <T>(all: readonly T[], key: (one: T) => string): T[] => [...new Map([...all].reverse().map((one) => [key(one), one])).values()].reverse();
  const pairs = (of: (allocation: ContainerAllocation) => Readonly<Record<string, string>>): [string, string][] => firsts(allocations.flatMap((a) => Object.entries(of(a))), ([key]) => key);
  return {
    envs: pairs((a) => a.envs).map(([key, value]) => ({ key, value })),
    mounts: firsts(allocations.flatMap((a) => a.mounts), (m) => m.containerPath).map(({ hostPath, containerPath, readOnly }) => ({ hostPath, containerPath, ...(readOnly ? { readonly: true } : {}) })),
    devices: firsts(allocations.flatMap((a) => a.devices), (d) => d.containerPath).map(({ hostPath, containerPath, permissions }) => ({ hostPath, containerPath, permissions })),
    annotations: Object.fromEntries(pairs((a) => a.annotations)),
    cdiDevices: [...new Set(allocations.flatMap((a) => a.cdiDevices.map(({ name }) => name)))],
  };
}
