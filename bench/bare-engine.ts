// The yardstick of starting Pods: the same pause container and the same container in its network, by bare dockerode calls.
import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { parseDockerHost } from '../src/util/engine-http.ts';

const pauseImage = 'dray.local/pause:1';
const label = 'dray.io/bench';
/** As the Pods of the benchmarks have it. */
const stopSeconds = 1;

export class BareEngine {
  readonly docker: Docker;
  readonly #run = randomUUID().slice(0, 8);
  #network: Docker.Network | undefined;

  constructor(dockerHost: string) {
    const { socketPath, host, port, protocol, ca, cert, key } = parseDockerHost(dockerHost);
    this.docker = new Docker(socketPath ? { socketPath } : { host: host!, port: port!, protocol, ...(ca ? { ca, cert: cert!, key: key! } : {}) });
  }

  /** Makes the network the pairs join: Pods, too, are on a bridge network of their own. */
  async open(): Promise<void> {
    this.#network = await this.docker.createNetwork({ Name: `dray-bench-${this.#run}`, Driver: 'bridge', Labels: { [label]: this.#run } });
  }
  async close(): Promise<void> {
    await this.removeAll();
    await this.#network?.remove();
  }

  /** Creates and starts pause, then the container; resolves when both run. */
  async startPair(image: string): Promise<void> {
    const { docker } = this;
    const pause = await docker.createContainer({ Image: pauseImage, Labels: { [label]: this.#run }, HostConfig: { NetworkMode: `dray-bench-${this.#run}`, IpcMode: 'shareable' } });
    await pause.start();
    const main = await docker.createContainer({ Image: image, Labels: { [label]: this.#run }, HostConfig: { NetworkMode: `container:${pause.id}`, IpcMode: `container:${pause.id}` } });
    await main.start();
  }

  /** nginx with this configuration on the host's network, as a reverse proxy a person would set up. */
  async startOnHost(image: string, configFile: string): Promise<void> {
    const container = await this.docker.createContainer({
      Image: image, Cmd: ['nginx', '-c', '/bench.conf'], Labels: { [label]: this.#run },
      HostConfig: { NetworkMode: 'host', Binds: [`${configFile}:/bench.conf:ro`] },
    });
    await container.start();
  }

  async removeAll(): Promise<void> { await Promise.all((await this.#list()).map(({ Id }) => this.docker.getContainer(Id).remove({ force: true, v: true }))); }

  /** Ends the pairs as Pods end: the container has its time, then both are removed; `limit` pairs at once. */
  async stopAll(limit: number): Promise<void> {
    const containers = await this.#list();
    const member = (c: Docker.ContainerInfo): boolean => c.HostConfig.NetworkMode.startsWith('container:');
    const members = containers.filter(member);
    await atOnce(members.length, limit, async () => {
      const { Id, HostConfig } = members.pop()!;
      const container = this.docker.getContainer(Id);
      await container.stop({ t: stopSeconds });
      const pause = this.docker.getContainer(HostConfig.NetworkMode.slice('container:'.length));
      await pause.stop({ t: stopSeconds });
      await container.remove({ v: true });
      await pause.remove({ v: true });
    });
  }
  #list(): Promise<Docker.ContainerInfo[]> { return this.docker.listContainers({ all: true, filters: { label: [`${label}=${this.#run}`] } }); }

  async cpus(): Promise<number> { return ((await this.docker.info()) as { NCPU: number }).NCPU; }
}

/** `count` calls, at most `limit` at once. */
export async function atOnce(count: number, limit: number, call: () => Promise<void>): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: limit }, async () => { while (left-- > 0) await call(); }));
}
