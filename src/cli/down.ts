// `dray down` stops master and agent and leaves containers and Services running; `--purge` takes everything of the cluster
// away and nothing else. On a host that joined there is the agent alone.
import { existsSync } from 'node:fs';
import { realClock, type Clock } from '../util/clock.ts';
import { installedPackages } from '../util/installed-packages.ts';
import { Cluster, UsageError } from './cluster.ts';
import { stopProcess } from './processes.ts';
import { runSteps, type Step } from './progress.ts';

export interface DownHost {
  /** Stops the proxy workers and removes containers, networks, rules, routes, namespaces and mounts of the cluster's node. */
  removeNode(cluster: Cluster, dockerHost: string, say: (text: string) => void): Promise<void>;
  /** Stops the engine when this data directory's set-up started it; true when it did. */
  stopEngine(cluster: Cluster): Promise<boolean>;
}

/** `dockerHost`: of the engine that has the containers; the one the cluster was started with unless it is given. */
export async function down(options: { dataDir: string; purge: boolean; dockerHost?: string }, host: DownHost, clock: Clock = realClock): Promise<void> {
  const cluster = new Cluster(options.dataDir);
  const record = cluster.record() ?? cluster.joined();
  if (!record) {
    // A directory that is not a cluster's may be anything: nothing of it is touched.
    if (existsSync(cluster.dataDir) && options.purge) throw new UsageError(`--data-dir: ${cluster.dataDir} holds no cluster (there is no ${cluster.recordFile})`);
    process.stdout.write(`no cluster in ${cluster.dataDir}\n`);
    return;
  }
  const stop = (role: 'supervisor' | 'agent' | 'master'): Step => ({ title: role, run: async () => ((await stopProcess(cluster, role, clock)) ? `${role} stopped` : `${role} was not running`) });
  // Before the data goes.
  const packages = [...new Set([...record.installedPackages, ...installedPackages(cluster.dataDir)])];
  const steps: Step[] = [...(existsSync(cluster.path('supervisor.pid')) ? [stop('supervisor')] : []), stop('agent'), ...(cluster.joined() ? [] : [stop('master')])];
  if (options.purge) {
    steps.push({ title: 'containers, networks, rules and routes removed', run: (say) => host.removeNode(cluster, options.dockerHost ?? record.dockerHost, say) });
    steps.push({ title: 'engine', run: async () => ((await host.stopEngine(cluster)) ? 'Docker Engine stopped (it was started here)' : 'Docker Engine left running') });
    steps.push({ title: `data in ${cluster.dataDir} removed`, run: async () => { cluster.erase(); } });
  }
  await runSteps(steps);
  if (options.purge && packages.length) process.stdout.write(`kept: packages ${packages.join(', ')} (installed by dray), and all images\n`);
}
