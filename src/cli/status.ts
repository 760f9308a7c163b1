// `dray status`: what runs, in a few lines a person reads at a glance. Exit code 1 when something does not.
import { readFileSync } from 'node:fs';
import { Nodes } from '../api/core/node.ts';
import { Pods } from '../api/core/pod.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { readKubeconfig } from '../client/kubeconfig.ts';
import { findCondition } from '../apimachinery/conditions.ts';
import { Cluster } from './cluster.ts';
import { runningPid, type Role } from './processes.ts';

function memoryOf(pid: number): string {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kb ? `${Math.round(Number(kb) / 1024)} MB` : '?';
}

export async function status(options: { dataDir: string }): Promise<boolean> {
  const cluster = new Cluster(options.dataDir);
  const record = cluster.record();
  const print = (line: string): void => { process.stdout.write(`${line}\n`); };
  if (!record) {
    print(`no cluster in ${cluster.dataDir}`);
    return false;
  }
  let healthy = true;
  for (const role of ['master', 'agent'] as const satisfies readonly Role[]) {
    const pid = runningPid(cluster, role);
    healthy &&= pid !== undefined;
    print(`${role.padEnd(8)} ${pid === undefined ? 'not running' : `running (pid ${pid}, ${memoryOf(pid)})`}`);
  }
  const { podCIDR, serviceCIDR, nodePortRange } = record.ranges;
  print(`engine   ${record.dockerHost}`);
  print(`ranges   pods ${podCIDR}, services ${serviceCIDR}, node ports ${nodePortRange.from}-${nodePortRange.to}`);
  if (runningPid(cluster, 'master') === undefined) return false;
  const transport = new HttpTransport({ access: readKubeconfig(cluster.adminKubeconfig), userAgent: 'dray' });
  try {
    const client = new Client(transport);
    const [nodes, pods] = await Promise.all([client.list(Nodes), client.list(Pods)]);
    for (const node of nodes.items) {
      const ready = findCondition(node.status?.conditions as never, 'Ready') as { status: string } | undefined;
      healthy &&= ready?.status === 'True';
      print(`node     ${node.metadata.name} ${ready?.status === 'True' ? 'Ready' : 'NotReady'}`);
    }
    const running = pods.items.filter((p) => p.status?.phase === 'Running').length;
    print(`pods     ${running} of ${pods.items.length} running`);
    print(`kubectl  export KUBECONFIG=${cluster.adminKubeconfig}`);
  } finally {
    await transport.close();
  }
  return healthy;
}
