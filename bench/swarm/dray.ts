// Dray on the hosts: the master and an agent on the first, the others joined, all as a person types it there. A client on a host goes to the ClusterIP.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployments } from '../../src/api/apps/deployment.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { Services } from '../../src/api/core/service.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { readKubeconfig } from '../../src/client/kubeconfig.ts';
import type { DockerHost } from '../hosts/docker-hosts.ts';
import { until, type Address, type Replica, type System, type Version, type Workload } from './system.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'dray.js');
const port = 6443;
const namespace = 'default';

export class DrayHosts implements System {
  readonly name = 'Dray';
  readonly #hosts: readonly DockerHost[];
  readonly #images: Readonly<Record<Version, string>>;
  readonly #dataDirs: readonly string[];
  #transport: HttpTransport | undefined;
  #lost: DockerHost | undefined;

  private constructor(hosts: readonly DockerHost[], [v1, v2]: readonly [string, string]) {
    this.#hosts = hosts;
    this.#images = { v1, v2 };
    this.#dataDirs = hosts.map(() => mkdtempSync(join(tmpdir(), 'dray-bench-')));
  }

  static async up(hosts: readonly DockerHost[], images: readonly [string, string]): Promise<DrayHosts> {
    const dray = new DrayHosts(hosts, images);
    const [first, ...others] = hosts as [DockerHost, ...DockerHost[]];
    const dataDir = dray.#dataDirs[0]!;
    await dray.#run(first, 'up', '--detach', '--docker-host', first.dockerHost, '--node-name', first.name, '--advertise-address', first.ip);
    for (const host of others) {
      const [, ...line] = (await dray.#run(first, 'token', 'create')).trim().split(' ');
      await dray.#run(host, ...line, '--detach', '--node-name', host.name, '--docker-host', host.dockerHost);
    }
    dray.#transport = new HttpTransport({ access: { ...readKubeconfig(join(dataDir, 'admin.kubeconfig')), server: `https://${first.ip}:${port}` }, userAgent: 'dray-bench' });
    return dray;
  }

  /** Of the agent on that host; it is told so that nobody looks for the host in the end. */
  losing(host: DockerHost): string {
    this.#lost = host;
    return this.#dataDirs[this.#hosts.indexOf(host)]!;
  }

  async deploy(workload: Workload, version: Version): Promise<void> {
    const labels = { app: workload.name };
    await this.#client.create(Services, { metadata: { namespace, name: workload.name }, spec: { selector: labels, ports: [{ name: 'http', port: 80 }] } } as never);
    await this.#client.create(Deployments, this.#object(workload, version) as never);
  }
  async update({ name }: Workload, version: Version): Promise<void> {
    await this.#client.patch(Deployments, { namespace, name }, { spec: { template: { spec: { containers: [{ name: 'nginx', image: this.#images[version] }] } } } }, { type: 'strategic' });
  }
  async replicas(workload: Workload, version?: Version): Promise<Replica[]> {
    return (await this.#pods(workload)).filter(({ metadata, spec, status }) => status?.podIP && !metadata.deletionTimestamp && (!version || spec.containers[0]!.image === this.#images[version]))
      .map(({ metadata, spec, status }) => ({ id: metadata.uid, node: this.#hosts.find((host) => host.name === spec.nodeName)!.ip, host: status!.podIP!, port: 80 }));
  }
  async entrances({ name }: Workload): Promise<Address[]> { return [{ host: (await this.#client.get(Services, { namespace, name })).spec.clusterIP!, port: 80 }]; }
  async remove(workload: Workload): Promise<void> {
    const key = { namespace, name: workload.name };
    await this.#client.delete(Services, key);
    await this.#client.delete(Deployments, key, { propagationPolicy: 'Background' });
    await until(`no Pod of ${workload.name}`, async () => (await this.#pods(workload)).length === 0, 60_000);
  }
  async down(): Promise<void> {
    await this.#transport?.close();
    for (const [i, host] of [...this.#hosts.entries()].reverse()) {
      if (host !== this.#lost) await this.#run(host, ...(i === 0 ? ['down', '--purge'] : ['leave', '--docker-host', host.dockerHost]));
      rmSync(this.#dataDirs[i]!, { recursive: true, force: true, maxRetries: 10 });
    }
  }

  get #client(): Client { return new Client(this.#transport!); }
  async #pods({ name }: Workload): Promise<readonly Pod[]> { return (await this.#client.list<Pod>(Pods, { namespace, labelSelector: `app=${name}` })).items; }
  #run(host: DockerHost, ...args: string[]): Promise<string> { return host.commands.run(process.execPath, [program, ...args, '--data-dir', this.#dataDirs[this.#hosts.indexOf(host)]!]); }
  #object({ name, replicas, probed, tolerationSeconds }: Workload, version: Version): object {
    const labels = { app: name };
    const tolerations = ['not-ready', 'unreachable'].map((taint) => ({ key: `node.kubernetes.io/${taint}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }));
    const probe = { readinessProbe: { httpGet: { path: '/version', port: 80 }, periodSeconds: 1 } };
    const spec = { terminationGracePeriodSeconds: 10, containers: [{ name: 'nginx', image: this.#images[version], ...(probed ? probe : {}) }], ...(tolerationSeconds === undefined ? {} : { tolerations }) };
    return {
      metadata: { namespace, name },
      // Up to a quarter more, as many at a time as Swarm is told.
      spec: { replicas, selector: { matchLabels: labels }, strategy: { rollingUpdate: { maxSurge: Math.ceil(replicas / 4), maxUnavailable: 0 } }, template: { metadata: { labels }, spec } },
    };
  }
}
