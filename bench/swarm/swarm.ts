// Dray and Docker Swarm side by side on the same three hosts: how soon replicas answer, a rolling update and what it loses, and a host that is lost.
// A replica counts when it has answered HTTP 200 with the version that is wanted, to a client on the first host. Needs root.
import { join } from 'node:path';
import { DEMO_NGINX, ensureDemoImages } from '../../src/cli/demo-images.ts';
import { startDockerHosts, type DockerHosts } from '../hosts/docker-hosts.ts';
import { median, type Figure } from '../report.ts';
import { Asker } from './asker.ts';
import { DockerSwarm } from './docker-swarm.ts';
import { DrayHosts } from './dray.ts';
import { patienceMs, pollMs, rest, until, type System, type Tally, type Version, type Workload } from './system.ts';

const counts = [3, 30, 50] as const;
const updated = 30;
const onLostHosts = 12;
/** Kubernetes' own 40 s until a node counts as gone, and 300 s until its Pods go. */
const defaultsMs = 340_000 + patienceMs;

interface Update { readonly seconds: number; readonly tally: Tally }

class Side {
  readonly system: System;
  readonly asker: Asker;
  readonly starts = new Map<number, number[]>(counts.map((count) => [count, []]));
  readonly updates: Update[] = [];

  constructor(system: System, netns: string) {
    this.system = system;
    this.asker = new Asker(netns);
  }

  /** Until all replicas have answered, those on `without` not counted. */
  async answer(workload: Workload, version: Version, { without, limitMs }: { without?: string; limitMs?: number } = {}): Promise<void> {
    await until(`${this.system.name}: ${workload.replicas} replicas of ${workload.name} answer`, async () => {
      const replicas = (await this.system.replicas(workload, version)).filter(({ node }) => node !== without);
      this.asker.look(replicas, version);
      return replicas.filter(({ id }) => this.asker.answered.has(id)).length >= workload.replicas;
    }, limitMs);
  }

  async start(count: number): Promise<number> {
    const workload = { name: `start-${count}`, replicas: count };
    const from = performance.now();
    await this.system.deploy(workload, 'v1');
    await this.answer(workload, 'v1');
    const seconds = (performance.now() - from) / 1000;
    await this.system.remove(workload);
    return seconds;
  }

  /** Until all answer with the new version and none of the old is meant to run. */
  async update(): Promise<Update> {
    const { system, asker } = this;
    const workload = { name: 'updated', replicas: updated, probed: true };
    await system.deploy(workload, 'v1');
    await this.answer(workload, 'v1');
    let loading = true;
    asker.load(await system.entrances(workload));
    const follow = (async () => { while (loading) { asker.load(await system.entrances(workload)); await rest(pollMs); } })();
    // What the first requests meet is not the update's doing.
    await until(`${system.name}: requests are answered`, async () => { const { sent, lost } = await asker.tally(); return sent > 0 && lost === 0; });
    const from = performance.now();
    await system.update(workload, 'v2');
    await this.answer(workload, 'v2');
    await until(`${system.name}: no replica of before`, async () => (await system.replicas(workload, 'v1')).length === 0);
    const seconds = (performance.now() - from) / 1000;
    loading = false;
    await follow;
    asker.load([]);
    const tally = await asker.tally();
    await system.remove(workload);
    return { seconds, tally };
  }
}

export async function swarm(runs: number, defaults: boolean, say: (text: string) => void): Promise<Figure[]> {
  // Swarm's engines cannot keep containers alive without them.
  const hosts = await startDockerHosts(3, { daemonArgs: ['--live-restore=false'] });
  const sides: Side[] = [];
  let dray: DrayHosts | undefined;
  let dockerSwarm: DockerSwarm | undefined;
  try {
    await loadImages(hosts);
    dray = await DrayHosts.up(hosts.hosts, DEMO_NGINX);
    dockerSwarm = await DockerSwarm.up(hosts.hosts, DEMO_NGINX);
    for (const system of [dray, dockerSwarm]) sides.push(new Side(system, hosts.hosts[0]!.netns));
    // Whoever starts the first containers of an engine reads them from the disk.
    for (const side of sides) await side.start(counts[0]);
    for (let i = 0; i < runs; i++) {
      for (const side of i % 2 === 0 ? sides : [...sides].reverse()) {
        for (const count of counts) side.starts.get(count)!.push(await side.start(count));
        const update = await side.update();
        side.updates.push(update);
        const times = counts.map((count) => `${count}: ${side.starts.get(count)!.at(-1)!.toFixed(1)} s`).join(', ');
        say(`swarm ${i + 1}/${runs}, ${side.system.name}: ${times}, update ${update.seconds.toFixed(1)} s, ${update.tally.lost} of ${update.tally.sent} requests lost ${JSON.stringify(update.tally.causes)}`);
      }
    }
    return [...figuresOf(sides as [Side, Side], runs), ...(await lostHost(hosts, dray, sides as [Side, Side], defaults, say))];
  } finally {
    for (const { asker } of sides) await asker.end();
    await dockerSwarm?.down();
    await dray?.down();
    await hosts.stop();
  }
}

/** Made once: all hosts have the same, by ID too. */
async function loadImages({ hosts: [first, ...others], directory }: DockerHosts): Promise<void> {
  await ensureDemoImages({ dockerHost: first!.dockerHost });
  const archive = join(directory, 'images.tar');
  await first!.docker('save', '-o', archive, ...DEMO_NGINX);
  for (const host of others) await host.docker('load', '-q', '-i', archive);
}

/** One cut for both, and for both the same time. */
async function lostHost(hosts: DockerHosts, dray: DrayHosts, [own, other]: [Side, Side], defaults: boolean, say: (text: string) => void): Promise<Figure[]> {
  const short = { name: 'lost-soon', replicas: onLostHosts, tolerationSeconds: 0 };
  const long = { name: 'lost-late', replicas: onLostHosts };
  for (const [side, workload] of [[own, short], ...(defaults ? [[own, long] as const] : []), [other, long]] as const) {
    await side.system.deploy(workload, 'v1');
    await side.answer(workload, 'v1');
  }
  const host = hosts.hosts.at(-1)!;
  const from = performance.now();
  await hosts.powerOff(host, dray.losing(host));
  const replaced = async (side: Side, workload: Workload, limitMs?: number): Promise<number> => {
    await side.answer(workload, 'v1', { without: host.ip, ...(limitMs === undefined ? {} : { limitMs }) });
    const seconds = (performance.now() - from) / 1000;
    say(`swarm, host lost, ${side.system.name} ${workload.name}: ${seconds.toFixed(1)} s`);
    return seconds;
  };
  const [bySwarm, soon] = await Promise.all([replaced(other, long), replaced(own, short)]);
  const yardstick = { what: other.system.name, value: bySwarm };
  const what = `a host loses power: all ${onLostHosts} replicas answer on the others`;
  return [
    { what: `${what} (tolerationSeconds 0; a node counts as gone 40 s after its last word)`, value: soon, unit: 's', yardstick },
    ...(defaults ? [{ what: `${what} (Kubernetes' defaults: 40 s, then tolerationSeconds 300)`, value: await replaced(own, long, defaultsMs), unit: 's', yardstick } as const] : []),
  ];
}

function figuresOf([own, other]: [Side, Side], runs: number): Figure[] {
  const beside = (value: number): NonNullable<Figure['yardstick']> => ({ what: other.system.name, value });
  const lost = ({ updates }: Side): number => median(updates.map(({ tally }) => tally.lost));
  const seconds = ({ updates }: Side): number => median(updates.map((update) => update.seconds));
  const sent = ({ updates }: Side): number => Math.round(updates.reduce((sum, { tally }) => sum + tally.sent, 0) / runs);
  return [
    ...counts.map((count): Figure => ({ what: `${count} replicas on three hosts, until each has answered (a replica is two containers here, one there)`, value: median(own.starts.get(count)!), unit: 's', yardstick: beside(median(other.starts.get(count)!)) })),
    { what: `rolling update of ${updated}, a quarter more at a time, with health checks each second`, value: seconds(own), unit: 's', yardstick: beside(seconds(other)) },
    { what: `requests lost by it, of ${sent(own)} through a ClusterIP; Swarm: of ${sent(other)} to host-mode ports (no IP_VS), as the manager lists them every ${pollMs} ms`, value: lost(own), unit: '', yardstick: beside(lost(other)) },
  ];
}
