// Docker Swarm on the hosts: one manager, the others workers. Without IP_VS in the kernel there is no routing mesh: each task publishes a port of its host
// (`mode=host`), and a client goes from task to task as the manager lists them.
import Docker from 'dockerode';
import type { DockerHost } from '../hosts/docker-hosts.ts';
import { until, type Address, type Replica, type System, type Version, type Workload } from './system.ts';

interface Task { readonly ID: string; readonly NodeID: string; readonly DesiredState: string; readonly Spec: { readonly ContainerSpec: { readonly Image: string } }; readonly Status: { readonly State: string; readonly PortStatus?: { readonly Ports?: { readonly PublishedPort: number }[] } } }

const second = 1e9;

export class DockerSwarm implements System {
  readonly name = 'Docker Swarm';
  readonly #hosts: readonly DockerHost[];
  readonly #docker: Docker;
  /** Images by ID: by name a worker would ask a registry first. */
  readonly #images: Readonly<Record<Version, string>>;
  #nodes: ReadonlyMap<string, string> = new Map();

  private constructor(hosts: readonly DockerHost[], images: Readonly<Record<Version, string>>) {
    this.#hosts = hosts;
    this.#images = images;
    this.#docker = new Docker({ socketPath: hosts[0]!.dockerHost.replace('unix://', '') });
  }

  static async up(hosts: readonly DockerHost[], images: readonly [string, string]): Promise<DockerSwarm> {
    const [first, ...others] = hosts as [DockerHost, ...DockerHost[]];
    const [v1, v2] = await Promise.all(images.map((image) => first.docker('image', 'inspect', '-f', '{{.Id}}', image)));
    const swarm = new DockerSwarm(hosts, { v1: v1!, v2: v2! });
    await first.docker('swarm', 'init', '--advertise-addr', first.ip, '--listen-addr', `${first.ip}:2377`);
    const token = await first.docker('swarm', 'join-token', '-q', 'worker');
    for (const host of others) await host.docker('swarm', 'join', '--token', token, '--advertise-addr', host.ip, '--listen-addr', `${host.ip}:2377`, `${first.ip}:2377`);
    const ids = await Promise.all(hosts.map((host) => host.docker('info', '-f', '{{.Swarm.NodeID}}')));
    swarm.#nodes = new Map(ids.map((id, i) => [id, hosts[i]!.ip]));
    return swarm;
  }

  async deploy(workload: Workload, version: Version): Promise<void> { await this.#docker.createService(this.#spec(workload, version) as never); }
  async update(workload: Workload, version: Version): Promise<void> {
    const service = this.#docker.getService(workload.name);
    const { Version: { Index } } = (await service.inspect()) as { Version: { Index: number } };
    await service.update({ version: Index, ...this.#spec(workload, version) } as never);
  }
  async replicas(workload: Workload, version?: Version): Promise<Replica[]> {
    const image = version && this.#images[version];
    return (await this.#tasks(workload)).filter(({ DesiredState, Spec }) => DesiredState === 'running' && (!image || Spec.ContainerSpec.Image === image)).flatMap(({ ID, NodeID, Status }) => {
      const port = Status.State === 'running' ? Status.PortStatus?.Ports?.[0]?.PublishedPort : undefined;
      const node = this.#nodes.get(NodeID);
      return port && node ? [{ id: ID, node, host: node, port }] : [];
    });
  }
  entrances(workload: Workload): Promise<Address[]> { return this.replicas(workload); }
  async remove({ name }: Workload): Promise<void> {
    await this.#docker.getService(name).remove();
    // Its tasks go from the manager's list first.
    await until(`no container of ${name}`, async () => (await Promise.all(this.#hosts.map((host) => host.docker('ps', '-aq', '--filter', `label=com.docker.swarm.service.name=${name}`)))).every((ids) => ids === ''), 60_000);
  }
  async down(): Promise<void> { for (const host of [...this.#hosts].reverse()) await host.docker('swarm', 'leave', '--force').catch((error: Error) => { if (!/daemon running/.test(error.message)) throw error; }); }

  #tasks({ name }: Workload): Promise<Task[]> { return this.#docker.listTasks({ filters: { service: [name] } }) as Promise<Task[]>; }
  #spec({ name, replicas, probed }: Workload, version: Version): object {
    const health = { Test: ['CMD', 'wget', '-q', '-O', '/dev/null', 'http://127.0.0.1/version'], Interval: second, Timeout: second, Retries: 3 };
    return {
      Name: name,
      TaskTemplate: { ContainerSpec: { Image: this.#images[version], StopGracePeriod: 10 * second, ...(probed ? { Healthcheck: health } : {}) } },
      Mode: { Replicated: { Replicas: replicas } },
      UpdateConfig: { Parallelism: Math.ceil(replicas / 4), Order: 'start-first', Delay: 0 },
      EndpointSpec: { Mode: 'dnsrr', Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishMode: 'host' }] },
    };
  }
}
